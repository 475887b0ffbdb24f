"""The probability with which each policy draws each prediction: its shape over the predictions times its factor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.registry.models import MonitoredModel
from apps.sampling.models import PolicyKind, SamplingPolicy
from apps.sampling.services import conditions
from apps.sampling.services.columns import Floats, Table
from apps.sampling.services.priorities import Priorities

# The prefix of a slice's column, before its key
SLICE = "slices."


@dataclass(frozen=True)
class Pace:
    """What a policy's shape is multiplied with, and for the recommended kind the priorities that are its shape."""

    factor: float
    priorities: Priorities | None = None

    @classmethod
    def set_by(cls, policy: SamplingPolicy) -> "Pace":
        """Return the pace that the policy itself names. Rates of bands and of slice values are part of the shape."""
        return cls(1.0 if policy.kind in (PolicyKind.BANDS, PolicyKind.SLICE) else float(policy.settings["rate"]))


# By policy version
Paces = Mapping[int, Pace]


def matrix(policies: list[SamplingPolicy], rows: Table, *, model: MonitoredModel, paces: Paces | None = None) -> Floats:
    """Return p_ij, shape (policies, rows): every policy is evaluated for every prediction."""
    if not policies:
        return np.zeros((0, rows.size))
    given = paces or {}
    return np.vstack([probabilities(each, rows, model=model, pace=given.get(each.pk)) for each in policies])


def by_chance(policies: list[SamplingPolicy]) -> float:
    """Return the probability with which chance alone draws each prediction: the widest policy that asks for nothing."""
    alike = (Pace.set_by(each).factor for each in policies if each.is_on and is_alike(each))
    return min(1.0, max(alike, default=0.0))


def is_alike(policy: SamplingPolicy) -> bool:
    """Say whether the policy draws every prediction with the same probability."""
    return policy.kind in (PolicyKind.FLOOR, PolicyKind.UNIFORM) and not policy.condition


def probabilities(policy: SamplingPolicy, rows: Table, *, model: MonitoredModel, pace: Pace | None = None) -> Floats:
    """Return the p_ij of one policy: zero for rows outside its condition, and for all while it is off."""
    if not policy.is_on:
        return np.zeros(rows.size)
    pace = pace or Pace.set_by(policy)
    p = np.clip(pace.factor * shape(policy, rows, model=model, priorities=pace.priorities), 0.0, 1.0)
    return np.where(conditions.holds(policy.condition, rows), p, 0.0)


def shape(
    policy: SamplingPolicy, rows: Table, *, model: MonitoredModel, priorities: Priorities | None = None
) -> Floats:
    """Return how the policy spreads over the predictions: its probabilities at factor 1, before its condition."""
    if policy.kind == PolicyKind.UNCERTAINTY:
        return np.nan_to_num(_uncertainty(rows.numbers("score"), model=model))
    if policy.kind == PolicyKind.DISAGREEMENT:
        baseline = rows.numbers("baseline_index")
        return np.where(np.isnan(baseline), False, baseline != rows.numbers("predicted_index")).astype(np.float64)
    if policy.kind == PolicyKind.RECOMMENDED and priorities is not None:
        return priorities.of(rows, model=model)
    by_settings = _BY_SETTINGS.get(PolicyKind(policy.kind))
    return by_settings(policy.settings, rows) if by_settings else np.ones(rows.size)


def _banded(settings: dict[str, Any], rows: Table) -> Floats:
    """Return the rate of the band [low, high) that holds the score; the last band includes 1."""
    score = rows.numbers("score")
    rates = np.zeros(len(score))
    for band in settings["bands"]:
        inside = (score >= band["low"]) & ((score < band["high"]) | ((band["high"] >= 1) & (score == 1)))
        rates[inside] = band["rate"]
    return rates


def _by_slice(settings: dict[str, Any], rows: Table) -> Floats:
    """Return the rate of the row's slice value; that of all others where the value is not listed or not known."""
    values = rows.coded(SLICE + settings["key"])
    listed = {each["value"]: float(each["rate"]) for each in settings["rates"]}
    rates = np.array([listed.get(value, settings["rate"]) for value in values.values], dtype=np.float64)
    return np.asarray(rates[values.codes])


def _by_amount(settings: dict[str, Any], rows: Table) -> Floats:
    """Return the amount's share of the one from which on the full rate applies. A missing amount counts as 0."""
    amount = np.abs(np.nan_to_num(rows.numbers("amount")))
    return np.minimum(1.0, amount / settings["full_at"])


_BY_SETTINGS: dict[PolicyKind, Callable[[dict[str, Any], Table], Floats]] = {
    PolicyKind.BANDS: _banded,
    PolicyKind.SLICE: _by_slice,
    PolicyKind.AMOUNT: _by_amount,
}


def _uncertainty(score: Floats, *, model: MonitoredModel) -> Floats:
    """Return 1 where the model is undecided and 0 where it is certain.

    Two classes: 4 s (1 − s). K classes: 1 minus the top probability, over its maximum (K − 1)/K.
    """
    if len(model.classes) == 2:
        return 4.0 * score * (1.0 - score)
    k = max(2, len(model.classes))
    return (1.0 - score) * k / (k - 1.0)
