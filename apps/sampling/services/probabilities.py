"""The probability with which each policy draws each prediction: its shape over the predictions times its factor."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from apps.registry.models import MonitoredModel
from apps.sampling.models import PolicyKind, SamplingPolicy
from apps.sampling.services import conditions
from apps.sampling.services.columns import Floats, Table
from apps.sampling.services.priorities import Priorities
from apps.sampling.services.rates import RatedPolicy

# The prefix of a slice's column, before its key
SLICE = "slices."


def shapes(policies: Sequence[RatedPolicy], rows: Table, *, model: MonitoredModel) -> Floats:
    """Return each policy's probability at factor 1, shape (policies, rows).

    Zero for rows outside its condition, and for all while it is off.
    """
    if not policies:
        return np.zeros((0, rows.size))
    return np.vstack(
        [
            np.where(conditions.holds(each.policy.condition, rows), _shape(each, rows, model=model), 0.0)
            for each in policies
        ]
    )


def matrix(policies: Sequence[RatedPolicy], shape: Floats) -> Floats:
    """Return p_ij = min(1, factor × shape_ij): every policy is evaluated for every prediction."""
    factors = np.array([each.factor for each in policies], dtype=np.float64)
    return np.clip(factors[:, None] * shape, 0.0, 1.0)


def by_chance(policies: Sequence[RatedPolicy]) -> float:
    """Return the probability with which chance alone draws each prediction: the widest policy that asks for nothing."""
    alike = (each.factor for each in policies if each.policy.is_on and is_alike(each.policy))
    return min(1.0, max(alike, default=0.0))


def is_alike(policy: SamplingPolicy) -> bool:
    """Say whether the policy draws every prediction with the same probability."""
    return policy.kind in (PolicyKind.FLOOR, PolicyKind.UNIFORM) and not policy.condition


def _shape(rated: RatedPolicy, rows: Table, *, model: MonitoredModel) -> Floats:
    policy = rated.policy
    if not policy.is_on:
        return np.zeros(rows.size)
    if policy.kind == PolicyKind.UNCERTAINTY:
        return np.nan_to_num(_uncertainty(rows.numbers("score"), model=model))
    if policy.kind == PolicyKind.DISAGREEMENT:
        baseline = rows.numbers("baseline_index")
        agrees = model.agrees(rows.numbers("predicted_index"), baseline)
        return np.where(~np.isnan(baseline) & ~agrees, 1.0, 0.0)
    if policy.kind == PolicyKind.RECOMMENDED and rated.weights is not None:
        return Priorities.from_document(rated.weights).of(rows, model=model)
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
    other = settings.get("rate", 0.0)
    rates = np.array([listed.get(value, other) for value in values.values], dtype=np.float64)
    return np.asarray(rates[values.codes])


def _by_amount(settings: dict[str, Any], rows: Table) -> Floats:
    """Return the amount's share of the one from which on the full rate applies. A missing amount counts as 0."""
    share = np.abs(np.nan_to_num(rows.numbers("amount"))) / float(settings["full_at"])
    return np.minimum(1.0, share)


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
