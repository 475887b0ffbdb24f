"""How each feature looks today, beside the seven days before."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from apps.monitoring.models import FeatureDay
from apps.registry.models import MonitoredModel

DAYS_BEFORE = 7
# Below a percent of the rows, or within what chance would do to so many, a difference is none.
LEAST_DIFFERENCE = 0.01
STANDARD_ERRORS = 4
# Of fewer rows, a share says little, and its standard error less.
LEAST_ROWS = 30


@dataclass(frozen=True)
class Share:
    """A share of the rows of today and of the days before; None where there were no rows."""

    name: str
    today: float | None
    before: float | None
    stands_out: bool

    @property
    def difference(self) -> float:
        return abs((self.today or 0.0) - (self.before or 0.0))

    @property
    def is_nothing(self) -> bool:
        return not (self.today or self.before)


@dataclass(frozen=True)
class FeatureHealth:
    """One feature's shares; `label` is its name for people, where it has one."""

    name: str
    label: str
    rows: int
    shares: list[Share]

    @property
    def stands_out(self) -> bool:
        return any(share.stands_out for share in self.shares)

    @property
    def is_plain(self) -> bool:
        """Nothing to be told of it, today or before."""
        return all(share.is_nothing for share in self.shares)

    @property
    def difference(self) -> float:
        return max(share.difference for share in self.shares)


COUNTED = {
    "empty": ("missing", "nulls"),
    "of another type": ("unexpected_type",),
    "out of range": ("out_of_range",),
    "new category": ("unseen_category",),
}


def health(model: MonitoredModel, *, now: datetime) -> list[FeatureHealth]:
    """Those that stand out first, then those that changed most."""
    today = now.astimezone(model.zone).date()
    days = FeatureDay.objects.filter(model=model).exclude(feature="")
    new = days.between(today, today + timedelta(days=1)).by_feature()
    old = days.between(today - timedelta(days=DAYS_BEFORE), today).by_feature()
    labels = {feature.name: feature.label for feature in model.feature_list}
    found = [_health(name, labels.get(name, name), new.get(name, {}), old.get(name, {})) for name in new | old]
    return sorted(found, key=lambda each: (not each.stands_out, each.is_plain, -each.difference, each.name))


def _health(name: str, label: str, new: dict[str, int], old: dict[str, int]) -> FeatureHealth:
    shares = []
    for said, counted in COUNTED.items():
        now, n = sum(new.get(each, 0) for each in counted), new.get("rows", 0)
        then, m = sum(old.get(each, 0) for each in counted), old.get("rows", 0)
        shares.append(Share(said, now / n if n else None, then / m if m else None, _stands_out(now, n, then, m)))
    return FeatureHealth(name, label, new.get("rows", 0), shares)


def _stands_out(now: int, n: int, then: int, m: int) -> bool:
    """Whether two shares differ by more than chance: against the pooled share's standard error."""
    if min(n, m) < LEAST_ROWS:
        return False
    difference = abs(now / n - then / m)
    pooled = (now + then) / (n + m)
    error = sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return difference > max(LEAST_DIFFERENCE, STANDARD_ERRORS * error)
