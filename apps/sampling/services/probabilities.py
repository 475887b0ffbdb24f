"""The probability with which each policy draws each prediction."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.registry.models import MonitoredModel
from apps.sampling.models import PolicyKind, SamplingPolicy
from apps.sampling.services import conditions

Floats = NDArray[np.float64]


def matrix(policies: list[SamplingPolicy], rows: pd.DataFrame, *, model: MonitoredModel) -> Floats:
    """Return p_ij, shape (policies, rows): every policy is evaluated for every prediction."""
    if not policies:
        return np.zeros((0, len(rows)))
    return np.vstack([probabilities(policy, rows, model=model) for policy in policies])


def by_chance(policies: list[SamplingPolicy]) -> float:
    """Return the probability with which chance alone draws each prediction: the widest policy that asks for nothing."""
    return min(1.0, max((float(each.settings["rate"]) for each in policies if is_alike(each)), default=0.0))


def is_alike(policy: SamplingPolicy) -> bool:
    """Say whether the policy draws every prediction with the same probability."""
    return policy.kind in (PolicyKind.FLOOR, PolicyKind.UNIFORM) and not policy.condition


def probabilities(policy: SamplingPolicy, rows: pd.DataFrame, *, model: MonitoredModel) -> Floats:
    """Return the p_ij of one policy: zero for rows outside its condition."""
    rates = _rates(policy, rows, model=model)
    return np.where(conditions.holds(policy.condition, rows), np.clip(rates, 0.0, 1.0), 0.0)


def _rates(policy: SamplingPolicy, rows: pd.DataFrame, *, model: MonitoredModel) -> Floats:
    score = rows["score"].to_numpy(dtype=np.float64, na_value=np.nan)
    if policy.kind == PolicyKind.BANDS:
        return _banded(policy.settings["bands"], score)
    rate = float(policy.settings["rate"])
    if policy.kind == PolicyKind.UNCERTAINTY:
        return rate * np.nan_to_num(_uncertainty(score, model=model))
    if policy.kind == PolicyKind.DISAGREEMENT:
        differs = rows["baseline_index"].notna() & (rows["baseline_index"] != rows["predicted_index"])
        return np.where(differs, rate, 0.0)
    return np.full(len(rows), rate)


def _banded(bands: list[dict[str, float]], score: Floats) -> Floats:
    """Return the rate of the band [low, high) that holds the score; the last band includes 1."""
    rates = np.zeros(len(score))
    for band in bands:
        inside = (score >= band["low"]) & ((score < band["high"]) | ((band["high"] >= 1) & (score == 1)))
        rates[inside] = band["rate"]
    return rates


def _uncertainty(score: Floats, *, model: MonitoredModel) -> Floats:
    """Return 1 where the model is undecided and 0 where it is certain.

    Two classes: 4 s (1 − s). K classes: 1 minus the top probability, over its maximum (K − 1)/K.
    """
    if len(model.classes) == 2:
        return 4.0 * score * (1.0 - score)
    k = max(2, len(model.classes))
    return (1.0 - score) * k / (k - 1.0)
