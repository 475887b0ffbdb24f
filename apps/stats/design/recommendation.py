"""Which predictions to draw: probabilities that narrow the intervals of several metrics at once."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, as_floats
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS

FLOOR_SHARE = 0.3
FLOOR_SHARE_OF_SMALL = 0.5
SMALL = 200.0


@dataclass(frozen=True, eq=False)
class Recommendation:
    """Probabilities that include the random floor.

    Attributes
    ----------
    probability : array (N,), in (0, 1]
        Inclusion probability of each prediction, or of each in a cell.
    floor : float
        Probability of the random floor alone, the same for all.
    expected : float
        Expected size of the draw, Σp.
    """

    probability: FloatArray
    floor: float
    expected: float


def floor_share(expected: float, *, is_new: bool = False) -> float:
    """Return the share δ of the draw that goes to the random floor.

    It is 0.3, or 0.5 for a new model or a small draw, and large enough for 50 expected labels.

    Parameters
    ----------
    expected : float, positive
        Expected size of the draw.
    is_new : bool
        Whether it is still unknown how far the model's scores can be trusted.

    Raises
    ------
    ValueError
        If expected is not positive.

    Examples
    --------
    >>> floor_share(500), floor_share(150), floor_share(80), floor_share(500, is_new=True)
    (0.3, 0.5, 0.625, 0.5)
    """
    if not (np.isfinite(expected) and expected > 0):
        raise ValueError(f"expected must be positive, got {expected}")
    usual = FLOOR_SHARE_OF_SMALL if is_new or expected < SMALL else FLOOR_SHARE
    return min(1.0, max(usual, MINIMUM_CHANCE_LABELS / expected))


def recommend(
    beta2: Mapping[str, ArrayLike],
    variance: ArrayLike,
    *,
    expected: float,
    delta: float | None = None,
    weights: Mapping[str, float] | None = None,
    n: ArrayLike | None = None,
) -> Recommendation:
    """Recommend p = min(1, δn/N + c·√(Σ_k ω_k β_k² v)), with the c at which Σp is the expected size.

    By default every metric weighs the same: ω_k = w_k / Σ_U β_k² v, so that none is favored for its large unit. Rows
    may be single predictions or population cells.

    Parameters
    ----------
    beta2 : mapping of metric to array (N,)
        Squared influence of each prediction's label on each metric (`BinaryEstimator.influence2`).
    variance : array (N,), not negative
        Variance of each truth as far as it is known: m(1 − m).
    expected : float, positive
        Expected size of the draw; above N everything is drawn.
    delta : float, in (0, 1], optional
        Share of the draw that goes to the random floor; `floor_share(expected)` by default.
    weights : mapping of metric to float, optional
        w_k, how much each metric matters; 1 by default, 0 leaves it out.
    n : array (N,), optional
        Number of predictions behind each row; 1 by default.

    Returns
    -------
    Recommendation
        Probabilities, with the floor among them.

    Raises
    ------
    ValueError
        If there is no metric, all weights are zero, an array is negative or not finite, or a size is not positive.

    References
    ----------
    Neyman (1934); Deville and Tillé (2004) on balanced allocation for several variables.

    Examples
    --------
    >>> draw = recommend({"accuracy": [1.0, 1.0, 1.0]}, [0.25, 0.01, 0.01], expected=1.5, delta=0.2)
    >>> draw.probability.round(2), round(draw.expected, 6), round(draw.floor, 6)
    (array([0.96, 0.27, 0.27]), 1.5, 0.1)
    """
    spread = as_floats("variance", variance, largest=LARGEST)
    size = np.ones(len(spread)) if n is None else as_floats("n", n, length=len(spread), largest=LARGEST)
    if (spread < 0).any() or (size < 0).any():
        raise ValueError("variance and n must not be negative")
    total = float(size.sum())
    if not total > 0:
        raise ValueError("n must hold predictions: it sums to zero")
    share = floor_share(expected) if delta is None else delta
    if not 0 < share <= 1:
        raise ValueError(f"delta must be in (0, 1], got {share}")
    if not (np.isfinite(expected) and expected > 0):
        raise ValueError(f"expected must be positive, got {expected}")
    wanted = min(expected, total)
    floor = min(1.0, share * wanted / total)
    priority = np.sqrt(_weighted_variance(beta2, spread, size, weights or {}))
    probability = _filled(floor, priority, size, wanted)
    return Recommendation(probability, floor, float(size @ probability))


def _weighted_variance(
    beta2: Mapping[str, ArrayLike], spread: FloatArray, size: FloatArray, weights: Mapping[str, float]
) -> FloatArray:
    if not beta2:
        raise ValueError("beta2 must name at least one metric")
    if unknown := set(weights) - set(beta2):
        raise ValueError(f"weights names metrics that beta2 lacks: {', '.join(sorted(unknown))}")
    chosen = {name: weights.get(name, 1.0) for name in beta2}
    if any(not 0 <= weight <= LARGEST for weight in chosen.values()) or not sum(chosen.values()) > 0:
        raise ValueError(f"weights must not be negative, not all zero, and not beyond {LARGEST:.0e}")
    # Only their ratios count, and parts of one never overflow.
    together = sum(chosen.values())
    weighted = np.zeros(len(spread))
    for name, weight in chosen.items():
        squares = as_floats(f"beta2 of {name}", beta2[name], length=len(spread), largest=LARGEST**5)
        if (squares < 0).any():
            raise ValueError(f"beta2 of {name} must not be negative")
        variance = np.where(size > 0, squares * spread, 0.0)
        whole = float(size @ variance)
        # A metric that no label can move needs no labels.
        weighted += weight / together * (variance / whole) if whole > 0 else 0.0
    return weighted


def _filled(floor: float, priority: FloatArray, size: FloatArray, wanted: float) -> FloatArray:
    """Return the floor plus a multiple of the priority, capped at 1, that together expect `wanted`."""
    reachable = float(size @ np.where(priority > 0, 1.0, floor))
    if reachable <= wanted * (1 + 1e-12):
        # Every row with a priority is drawn for certain; the rest of the draw is spread evenly over the others.
        certain = priority > 0
        left = float(size[~certain].sum())
        rest = (wanted - float(size[certain].sum())) / left if left > 0 else 1.0
        return np.where(certain, 1.0, min(1.0, max(rest, floor)))
    return np.minimum(1.0, floor + _multiple(floor, priority, size, wanted) * priority)


def _multiple(floor: float, priority: FloatArray, size: FloatArray, wanted: float) -> float:
    """Return the multiple of the priority that spends what the floor leaves.

    By rank of priority: what the rows from here on need if all before are certain; the first that exceeds 1 nowhere.
    """
    order = np.argsort(-priority)
    ranked, mass = priority[order], size[order]
    before = np.cumsum(mass) - mass
    left = wanted - before - floor * (mass.sum() - before)
    pull = np.cumsum((mass * ranked)[::-1])[::-1]
    multiple = np.maximum(left, 0.0)[pull > 0] / pull[pull > 0]
    is_enough = floor + multiple * ranked[pull > 0] <= 1
    return float(multiple[np.argmax(is_enough) if is_enough.any() else -1])
