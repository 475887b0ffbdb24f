"""One row for each feature: what moved, at which stage, over time, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.common.numerals import fixed
from apps.monitoring.models import Series, Stage
from apps.monitoring.pages.days_seen import Seen, shares
from apps.monitoring.services.describing import percent
from apps.stats.arrays import IntArray
from apps.stats.drift.alerts import DriftVerdict, judge_drift
from apps.stats.drift.choice import drift_test
from apps.stats.drift.histograms import Histogram
from apps.stats.estimate import Estimate
from apps.stats.intervals import wilson_interval

# Below half a tenth of a point, a cost reads as nothing.
NOTHING = 0.0005


@dataclass(frozen=True, eq=False)
class FeatureRow:
    """A feature now and as a rule."""

    seen: Seen
    series: Series
    verdict: DriftVerdict
    processed: DriftVerdict | None
    cost: Estimate | None
    usual: IntArray
    now: IntArray

    @property
    def label(self) -> str:
        return self.seen.names.label(self.series.stage, self.series.name)

    @property
    def moved(self) -> bool:
        return self.verdict.is_alert

    @property
    def stage_text(self) -> str:
        """Say where it moved: raw stable and processed moved means a bug between the two."""
        if self.processed is None:
            return "moved" if self.moved else "steady"
        if self.moved and self.processed.is_alert:
            return "moved in both"
        if self.moved:
            return "moved as sent only"
        return "steady, then moved: check the pipeline" if self.processed.is_alert else "steady in both"

    @property
    def is_bug(self) -> bool:
        return self.processed is not None and self.processed.is_alert and not self.moved

    @property
    def effect(self) -> float:
        return self.verdict.test.effect or 0.0

    @property
    def order(self) -> tuple[Any, ...]:
        """Costliest first, then what moved most."""
        cost = self.cost.value if self.cost is not None and self.cost.value is not None else 0.0
        return (-self.is_bug, -self.moved, round(cost, 4), -self.effect, self.label)

    @property
    def bin(self) -> int:
        """The bin that moved most."""
        return int(np.argmax(np.abs(shares(self.now) - shares(self.usual))))

    @property
    def change(self) -> str:
        share = shares(self.now)[self.bin]
        return f"{percent(float(share))} {self.seen.names.bin(self.series, self.bin)}"

    @property
    def change_note(self) -> str:
        low, high = wilson_interval(float(self.now[self.bin]), max(float(self.now.sum()), 1.0))
        return f"{percent(float(shares(self.usual)[self.bin]))} as a rule; {percent_range(low, high)}"

    @property
    def cost_text(self) -> str:
        if self.cost is None or self.cost.value is None:
            return ""
        points = round(-100 * self.cost.value, 1)
        if abs(self.cost.value) < NOTHING:
            return "nothing"
        return fixed(points, 1) if points > 0 else f"{fixed(-points, 1)} gained"

    @property
    def cost_range(self) -> str:
        if self.cost is None or self.cost.low is None or self.cost.high is None:
            return ""
        low, high = -100 * self.cost.high, -100 * self.cost.low
        if self.cost.value is not None and self.cost.value >= NOTHING:
            low, high = -high, -low
        return f"{fixed(low, 1)} to {fixed(high, 1)}".replace("-", "−")

    @property
    def shares(self) -> list[float | None]:
        """The share of the bin that moved most, by week."""
        return [week.share_of(self.series, [self.bin]) for week in self.seen.weeks]

    @property
    def band(self) -> tuple[float, float]:
        """The usual range of that share in a week: the reference with the chance of a week's rows."""
        p, rows = float(shares(self.usual)[self.bin]), max(float(np.median(self.seen.days.rows)) * 7, 1.0)
        half = 2 * float(np.sqrt(p * (1 - p) / rows))
        return max(p - half, 0.0), min(p + half, 1.0)


def feature_rows(seen: Seen) -> list[FeatureRow]:
    """List the features: pipeline bugs first, then the costliest, then what moved most."""
    raw, processed = seen.layout.of_stage(Stage.FEATURE), seen.layout.of_stage(Stage.PROCESSED)
    return sorted(_rows(seen, raw, processed), key=lambda row: row.order)


def feature_row(seen: Seen, name: str) -> FeatureRow | None:
    """Return one feature, judged alone; None if there is none of that name."""
    raw, processed = (seen.layout.get(stage, name) for stage in (Stage.FEATURE, Stage.PROCESSED))
    return None if raw is None else _rows(seen, [raw], [processed] if processed else [])[0]


def _rows(seen: Seen, raw: Sequence[Series], processed: Sequence[Series]) -> list[FeatureRow]:
    usual, now, both = seen.usual_counts, seen.now_counts, [*raw, *processed]
    verdicts = dict(zip((each.pk for each in both), _judged(both, usual, now), strict=True))
    by_name = {each.name: verdicts[each.pk] for each in processed}
    return [
        FeatureRow(
            seen,
            each,
            verdicts[each.pk],
            by_name.get(each.name),
            _cost(seen, each),
            usual[each.within],
            now[each.within],
        )
        for each in raw
    ]


def percent_range(low: float, high: float) -> str:
    """
    >>> percent_range(0.977, 0.983), percent_range(0.0, 0.001)
    ('97.7 to 98.3', '0.0 to 0.1')
    """
    return f"{fixed(100 * low, 1)} to {fixed(100 * high, 1)}"


def _judged(series: Sequence[Series], usual: IntArray, now: IntArray) -> Sequence[DriftVerdict]:
    tests = [
        drift_test(Histogram(each.frozen, usual[each.within]), Histogram(each.frozen, now[each.within]))
        for each in series
    ]
    return judge_drift(tests)


def _cost(seen: Seen, series: Series) -> Estimate | None:
    if seen.expectation is None or seen.usual is None:
        return None
    cost = seen.expectation.cost_of(series, seen.now, seen.usual)
    return None if cost.value is None else cost
