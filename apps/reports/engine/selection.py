"""Parts of a window: which cells, items and rows belong to a stretch of days or to a slice."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.reports.engine.evidence import Evidence
from apps.reports.engine.figures_of import Basis
from apps.reports.services import window_frames
from apps.truth.services.cohorts import MATURING, PROVISIONAL, Cohort

Mask = NDArray[np.bool_]
State = Literal["final", "maturing", "provisional"]
Step = Literal["day", "week", "month"]

LONGEST_DAILY = 45


@dataclass(frozen=True, eq=False)
class Selection:
    """Some days of the window, of everyone or of one slice."""

    evidence: Evidence
    days: frozenset[date]
    slice_name: str = ""
    slice_value: str = ""
    # All other values of the slice instead.
    is_rest: bool = False

    @property
    def rest(self) -> "Selection":
        """Everybody else on the same days."""
        return replace(self, is_rest=not self.is_rest)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Its population cells."""
        return self._of(self._cell_frame)

    @property
    def cell_mask(self) -> Mask:
        """Which of the evidence's cells (of everyone) these are."""
        return self._mask(self._cell_frame)

    @cached_property
    def item_mask(self) -> Mask:
        """Which of the known rows and of the review sample belong to it, rows first."""
        parts = [self._mask(self.evidence.known_rows), self._mask(self.evidence.items)]
        return np.concatenate(parts)

    @cached_property
    def draws(self) -> pd.DataFrame:
        return self._of(self.evidence.draws)

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Its predictions of closed days."""
        return self._of(self.evidence.rows)

    @cached_property
    def cohorts(self) -> list[Cohort]:
        return [cohort for cohort in self.evidence.cohorts if cohort.day in self.days]

    @property
    def size(self) -> float:
        return float(self.cells["n"].sum())

    @property
    def is_closed(self) -> bool:
        """All of its days are closed."""
        return bool(self.cohorts) and all(cohort.day in self.evidence.closed for cohort in self.cohorts)

    @property
    def state(self) -> State:
        """That of its youngest day."""
        states = {cohort.state for cohort in self.cohorts}
        if PROVISIONAL in states:
            return "provisional"
        return "maturing" if MATURING in states else "final"

    @property
    def basis(self) -> Basis:
        counted = self.draws[self.draws["is_open"] & self.draws["is_blind"]]
        return Basis(
            response_rate=float(counted["is_answered"].mean()) if len(counted) else None,
            outcome_share=self._outcome_share(),
            covered_share=1 - float(self.cells["n_uncovered"].sum()) / self.size if self.size else None,
            lacks_outcomes=bool(self.rows["truth"].isna().any()),
        )

    @property
    def _cell_frame(self) -> pd.DataFrame:
        return self.evidence.slices if self.slice_name else self.evidence.cells

    def _outcome_share(self) -> float | None:
        if not self.slice_name:
            n = sum(cohort.n for cohort in self.cohorts)
            return sum(cohort.outcomes for cohort in self.cohorts) / n if n else None
        # Outcomes of open days are counted by day only.
        if self.cells["is_open"].any() or not len(self.rows):
            return None
        return float(self.rows["outcome"].notna().mean())

    def _of(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[self._mask(frame)]

    def _is_mine(self, values: pd.Series) -> pd.Series:
        return (values != self.slice_value) if self.is_rest else (values == self.slice_value)

    def _mask(self, frame: pd.DataFrame) -> Mask:
        mask = frame["day"].isin(self.days)
        if not self.slice_name:
            return mask.to_numpy(dtype=np.bool_)
        if "slice_name" in frame:
            mask &= (frame["slice_name"] == self.slice_name) & self._is_mine(frame["slice_value"])
        else:
            mask &= self._is_mine(frame[window_frames.SLICE + self.slice_name])
        return mask.to_numpy(dtype=np.bool_)


def whole(evidence: Evidence) -> Selection:
    return Selection(evidence, frozenset(cohort.day for cohort in evidence.cohorts))


def closed_part(evidence: Evidence) -> Selection:
    return Selection(evidence, evidence.closed)


def open_part(evidence: Evidence) -> Selection:
    return Selection(evidence, whole(evidence).days - evidence.closed)


def headline_part(evidence: Evidence) -> Selection:
    """What the report speaks of first: the closed days where there are any, else the whole window."""
    return closed_part(evidence) if evidence.closed else whole(evidence)


def slices_of(evidence: Evidence, *, days: frozenset[date] | None = None) -> Iterable[Selection]:
    """Each value of each slice over these days (of the whole window, unless said), the most frequent first."""
    days = whole(evidence).days if days is None else days
    sizes = evidence.slices.groupby(["slice_name", "slice_value"])["n"].sum()
    for name in evidence.slice_names:
        if name in sizes.index.get_level_values(0):
            for value in sizes[name].sort_values(ascending=False).index:
                yield Selection(evidence, days, name, str(value))


def step_of(start: date, end: date) -> Step:
    return "day" if (end - start).days <= LONGEST_DAILY else "week"


def stretches(start: date, end: date, step: Step) -> list[tuple[date, date]]:
    """The days, weeks (from the window's first day) or calendar months of [start, end)."""
    edges, at = [start], start
    while (at := _next(at, step)) < end:
        edges.append(at)
    return list(zip(edges, [*edges[1:], end], strict=True))


def between(evidence: Evidence, start: date, end: date) -> Selection:
    return Selection(evidence, frozenset(c.day for c in evidence.cohorts if start <= c.day < end))


def day_after(day: date) -> date:
    return day + timedelta(days=1)


def _next(day: date, step: Step) -> date:
    if step == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=1 if step == "day" else 7)
