"""How each feature looks today, compared with the seven days before."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from apps.monitoring.models import FeatureDay
from apps.registry.models import MonitoredModel

DAYS_BEFORE = 7
# Ignore differences below one percent of the rows, or within this many standard errors.
LEAST_DIFFERENCE = 0.01
STANDARD_ERRORS = 4
# With fewer rows, neither a share nor its standard error is reliable.
LEAST_ROWS = 30


@dataclass(frozen=True)
class Share:
    """One kind of anomaly as a share of the rows, today and before; None where there were no rows."""

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
    """One feature's shares; `label` is its display name."""

    name: str
    label: str
    rows: int
    shares: list[Share]

    @property
    def stands_out(self) -> bool:
        return any(share.stands_out for share in self.shares)

    @property
    def is_plain(self) -> bool:
        """Say whether every share is zero or unknown, today and before."""
        return all(share.is_nothing for share in self.shares)

    @property
    def difference(self) -> float:
        return max(share.difference for share in self.shares)


SHARES = {
    "empty": ("missing", "nulls"),
    "wrong type": ("unexpected_type",),
    "out of range": ("out_of_range",),
    "new category": ("unseen_category",),
}


def feature_health(model: MonitoredModel, *, now: datetime) -> list[FeatureHealth]:
    """List the features: those that stand out first, then by the largest change."""
    today = now.astimezone(model.zone).date()
    days = FeatureDay.objects.filter(model=model).exclude(feature="")
    new = days.between(today, today + timedelta(days=1)).by_feature()
    old = days.between(today - timedelta(days=DAYS_BEFORE), today).by_feature()
    labels = {feature.name: feature.label for feature in model.feature_list}
    features = [_health(name, labels.get(name, name), new.get(name, {}), old.get(name, {})) for name in new | old]
    return sorted(features, key=lambda each: (not each.stands_out, each.is_plain, -each.difference, each.name))


def _health(name: str, label: str, new: dict[str, int], old: dict[str, int]) -> FeatureHealth:
    shares = []
    for anomaly, counted in SHARES.items():
        now, n = sum(new.get(each, 0) for each in counted), new.get("rows", 0)
        then, m = sum(old.get(each, 0) for each in counted), old.get("rows", 0)
        shares.append(Share(anomaly, now / n if n else None, then / m if m else None, _stands_out(now, n, then, m)))
    return FeatureHealth(name, label, new.get("rows", 0), shares)


def _stands_out(now: int, n: int, then: int, m: int) -> bool:
    """Say whether two shares differ by more than chance, measured by the pooled standard error."""
    if min(n, m) < LEAST_ROWS:
        return False
    difference = abs(now / n - then / m)
    pooled = (now + then) / (n + m)
    error = sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return difference > max(LEAST_DIFFERENCE, STANDARD_ERRORS * error)
