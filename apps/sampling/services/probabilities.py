"""The probability with which each policy draws each prediction."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.registry.models import MonitoredModel
from apps.sampling.models import PolicyKind, SamplingPolicy
from apps.sampling.services import conditions
from apps.sampling.services.rates import RatedPolicy

Floats = NDArray[np.float64]


def shapes(policies: Sequence[RatedPolicy], rows: pd.DataFrame, *, model: MonitoredModel) -> Floats:
    """Return each policy's probability at rate 1, shape (policies, rows): zero for rows outside its condition."""
    if not policies:
        return np.zeros((0, len(rows)))
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
    return min(1.0, max((each.factor for each in policies if is_alike(each.policy)), default=0.0))


def is_alike(policy: SamplingPolicy) -> bool:
    """Say whether the policy draws every prediction with the same probability."""
    return policy.kind in (PolicyKind.FLOOR, PolicyKind.UNIFORM) and not policy.condition


def _shape(rated: RatedPolicy, rows: pd.DataFrame, *, model: MonitoredModel) -> Floats:
    policy = rated.policy
    score = rows["score"].to_numpy(dtype=np.float64, na_value=np.nan)
    if policy.kind == PolicyKind.BANDS:
        return _banded(policy.settings["bands"], score)
    if policy.kind == PolicyKind.UNCERTAINTY:
        return np.nan_to_num(_uncertainty(score, model=model))
    if policy.kind == PolicyKind.DISAGREEMENT:
        differs = rows["baseline_index"].notna() & (rows["baseline_index"] != rows["predicted_index"])
        return np.where(differs, 1.0, 0.0)
    return np.ones(len(rows))


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
