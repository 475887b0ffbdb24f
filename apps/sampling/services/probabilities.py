"""The probability with which each policy would draw each prediction."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.registry.models import MonitoredModel
from apps.sampling.models import PolicyKind, SamplingPolicy
from apps.sampling.services import conditions

Floats = NDArray[np.float64]


def matrix(policies: list[SamplingPolicy], rows: pd.DataFrame, *, model: MonitoredModel) -> Floats:
    """p_ij, of shape (policies, rows): every policy is evaluated for every prediction."""
    if not policies:
        return np.zeros((0, len(rows)))
    return np.vstack([probabilities(policy, rows, model=model) for policy in policies])


def probabilities(policy: SamplingPolicy, rows: pd.DataFrame, *, model: MonitoredModel) -> Floats:
    """p_ij of one policy: zero for rows outside its condition."""
    shape = _shape(policy, rows, model=model)
    return np.where(conditions.holds(policy.condition, rows), np.clip(shape, 0.0, 1.0), 0.0)


def _shape(policy: SamplingPolicy, rows: pd.DataFrame, *, model: MonitoredModel) -> Floats:
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
    """The rate of the band [low, high) in which the score lies; the last one includes 1."""
    found = np.zeros(len(score))
    for band in bands:
        inside = (score >= band["low"]) & ((score < band["high"]) | ((band["high"] >= 1) & (score == 1)))
        found[inside] = band["rate"]
    return found


def _uncertainty(score: Floats, *, model: MonitoredModel) -> Floats:
    """1 where the model cannot tell, 0 where it is sure: 4 s (1 − s) for two classes; for K classes the
    shortfall of the top probability from 1, over the largest possible one."""
    if len(model.classes) == 2:
        return 4.0 * score * (1.0 - score)
    k = max(2, len(model.classes))
    return (1.0 - score) * k / (k - 1.0)
