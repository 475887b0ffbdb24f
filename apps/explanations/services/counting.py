"""Count contributions by day: their sums at once, their cells once there are rows enough to freeze bins.

Before that, bins move with every push, and the cells of the few rows are made anew.
"""

from itertools import chain

from apps.common.clock import database_now
from apps.explanations.models import AttributionDay, PushBins
from apps.explanations.services import push_bins, unusual, usual_pushes
from apps.explanations.services.day_sums import DaySums
from apps.explanations.services.day_tables import MOST_PLACES
from apps.explanations.services.push_bins import MOST_NAMES, Placer
from apps.explanations.services.push_rows import PushRows, Source
from apps.registry.models import MonitoredModel

# Bins freeze on so many rows.
ENOUGH = 1_000


class PushCounter:
    """Counts rows with contributions of one method in one unit, in the caller's transaction.

    The source reads rows again: all before bins are frozen, and the newest of a version to learn what is usual.
    """

    def __init__(self, model: MonitoredModel, *, method: str, space: str, source: Source) -> None:
        self.model, self.source = model, source
        PushBins.objects.get_or_create(model=model, method=method, space=space)
        # The lock admits one counter at a time.
        self.bins = PushBins.objects.select_for_update().get(model=model, method=method, space=space)
        self.sums = DaySums()
        # Rows that wait for bins
        self.waiting: list[PushRows] = []
        self.unusual: list[unusual.Line] = []
        self._placer: Placer | None = None
        self._usual: dict[int, usual_pushes.Usual] | None = None

    def add(self, rows: PushRows) -> None:
        """Count rows; call `keep` in the end."""
        if not rows.names:
            return
        self.bins.rows += len(rows)
        self._adopt(rows)
        if self.bins.frozen_at is None:
            self.waiting.append(rows)
            if self.bins.rows < ENOUGH:
                return
            self._make_cells()
            self.bins.frozen_at = database_now()
        else:
            self._add(rows)

    def keep(self) -> None:
        """Store what was counted."""
        if self.waiting and self.bins.frozen_at is None:
            self._make_cells()
        self.sums.save(self.bins)
        self.bins.save()
        unusual.keep(self.model, unusual.Kind.CONTRIBUTIONS, self.unusual)

    def _add(self, rows: PushRows) -> None:
        names = self._named(rows)
        if self._placer is None:
            self._placer = Placer(self.bins)
        if self._usual is None:
            self._usual = usual_pushes.of(self.bins, source=self.source)
        self.sums.add(rows, names=names, places=self._places())
        placed = self.sums.add_cells(rows, self._placer, names=names)
        self.unusual += usual_pushes.unusual_among(rows, placed, names=names, usual=self._usual)

    def _make_cells(self) -> None:
        """Make bins of all rows so far, and their cells anew."""
        before = list(self.source.before())
        self.bins.edges, self.bins.values = push_bins.make([*before, *self.waiting], model=self.model)
        placer, places = Placer(self.bins), self._places()
        AttributionDay.objects.filter(bins=self.bins).update(cells=b"")
        for each in self.waiting:
            self.sums.add(each, names=self._named(each), places=places)
        for each in chain(before, self.waiting):
            self.sums.add_cells(each, placer, names=self._named(each))
        self.waiting.clear()

    def _adopt(self, rows: PushRows) -> None:
        """Give what is new a place: features, once bins are frozen, and slice values."""
        new = dict.fromkeys(name for name in rows.names if name not in self.bins.values)
        if self.bins.frozen_at is not None and new and len(self.bins.values) < MOST_NAMES:
            self.bins.values |= push_bins.of_names([rows], new, model=self.model)
            self._placer = None
        known = self._places()
        for each in self.model.slice_list:
            for value in sorted({row.get(each.key, "") for row in rows.slices} - {""}):
                if (each.key, value) not in known and len(self.bins.places) < MOST_PLACES:
                    self.bins.places.append([each.key, value])

    def _named(self, rows: PushRows) -> list[str]:
        """The features that have bins."""
        return [name for name in rows.names if name in self.bins.values]

    def _places(self) -> dict[tuple[str, str], int]:
        return {(key, value): place for place, (key, value) in enumerate(self.bins.places)}
