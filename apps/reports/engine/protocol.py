"""What every kind of report can say of a selection."""

from typing import Protocol

from apps.reports.engine.document import Figures, NaiveFigures
from apps.reports.engine.selection import Selection
from apps.stats.estimate import Estimate


class Account(Protocol):
    """One kind of report: its figures of any selection, and what the answered items alone would say."""

    def figures(self, selection: Selection) -> Figures: ...

    def further(self, selection: Selection) -> Figures: ...

    def naive(self, selection: Selection) -> NaiveFigures: ...

    def share(self, selection: Selection) -> Estimate | None:
        """The share by which slices are held against the rest; None where the report is about something else."""
