"""The usual values of a feature: in the model's most recent predictions, drawn or not."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from django.core.cache import caches

from apps.common.numerals import fixed
from apps.predictions.models import Payload, Prediction
from apps.registry.models import MonitoredModel
from apps.registry.models.features import Feature, is_number

RECENT = 500
# With fewer predictions, no value is called usual.
FEWEST = 50
KEPT_SECONDS = 600
# 95 % of the values lie in the range; a code in fewer than 5 % of cases is rare.
OUTSIDE = 0.05


@dataclass(frozen=True)
class Usual:
    """The range of most of a feature's numbers, or the share of each of its codes."""

    low: float | None = None
    high: float | None = None
    shares: dict[str, float] = field(default_factory=dict)

    def is_odd(self, value: Any) -> bool:
        """True for a number outside the range."""
        if self.low is None or self.high is None or not is_number(value):
            return False
        return not self.low <= value <= self.high

    def words(self, feature: Feature, value: Any) -> str:
        """Return the range, or how rare a rare code is."""
        if self.low is not None:
            bare = replace(feature, unit="", codes={})
            low, high = bare.meaning(self.low), bare.meaning(self.high)
            return f"usually {low}–{high}" if low != high else f"mostly {low}"
        if value is None or not self.shares:
            return ""
        share = self.shares.get(str(value), 0.0)
        if share >= OUTSIDE:
            return ""
        return f"{fixed(100 * share, 0)} % of cases" if share >= 0.01 else "under 1 % of cases"


def usual_values(model: MonitoredModel) -> dict[str, Usual]:
    """Return the usual values of each feature, cached for ten minutes."""
    usual: dict[str, Usual] = (
        caches["process"].get_or_set(f"usual:{model.pk}", lambda: _read(model), KEPT_SECONDS) or {}
    )
    return usual


def _read(model: MonitoredModel) -> dict[str, Usual]:
    recent = Prediction.objects.filter(model=model).order_by("-predicted_at")
    ids, moments = zip(*recent.values_list("id", "received_at")[:RECENT], strict=True) if recent.exists() else ((), ())
    # The moments select the partitions.
    rows = Payload.objects.filter(prediction_id__in=ids, received_at__in=set(moments)).values_list(
        "features", flat=True
    )
    sent = list(rows)
    if len(sent) < FEWEST:
        return {}
    coded = {feature.name for feature in model.feature_list if feature.codes or feature.type == "category"}
    names = {name for features in sent for name in features}
    return {name: _of([each.get(name) for each in sent], is_coded=name in coded) for name in names}


def _of(values: list[Any], *, is_coded: bool) -> Usual:
    known = [value for value in values if value is not None and not isinstance(value, list | dict)]
    if len(known) < FEWEST:
        return Usual()
    if not is_coded and all(is_number(value) for value in known):
        low, high = np.quantile(np.array(known, dtype=np.float64), [OUTSIDE / 2, 1 - OUTSIDE / 2], method="nearest")
        return Usual(low=float(low), high=float(high))
    counts = Counter(str(value) for value in known)
    # Texts that nearly all differ are names; none is rarer than the others.
    return (
        Usual(shares={value: n / len(known) for value, n in counts.items()})
        if 2 * len(counts) < len(known)
        else Usual()
    )
