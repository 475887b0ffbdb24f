"""Sample sizes: what a sample is worth, how many labels a figure still needs, and what a floor without errors shows."""

import math

from apps.stats.arrays import FloatArray, as_floats
from apps.stats.moderation import NU_0

MINIMUM_DF = 15.0
MINIMUM_FLOOR_LABELS = 50.0


def effective_size(pi: FloatArray) -> float | None:
    """Compute Kish's effective sample size (Σd)²/Σd² with d = 1/π.

    Parameters
    ----------
    pi : array (n,), in (0, 1]
        Inclusion probability of each label.

    Returns
    -------
    float or None
        None without labels.

    Raises
    ------
    ValueError
        If a probability is not positive.

    References
    ----------
    Kish (1965), Survey Sampling.

    Examples
    --------
    >>> import numpy as np
    >>> effective_size(np.array([0.5, 0.5, 0.5]))
    3.0
    """
    inclusion = as_floats("pi", pi)
    if len(inclusion) == 0:
        return None
    if not inclusion.min() > 0:
        raise ValueError(f"pi must be positive, got {float(inclusion.min())}")
    design = inclusion.min() / inclusion  # scaled: equal weights give exactly n
    return float(design.sum() ** 2 / (design**2).sum())


def labels_needed(*, df: float, n: int, floor_labels: float | None, expected_labels: float) -> int:
    """Count the labels still needed under the minimum rule: ν + ν₀ ≥ 15 and at least 50 expected floor labels.

    Parameters
    ----------
    df : float
        ν + ν₀ of the interval.
    n : int
        Labels used.
    floor_labels : float or None
        Expected labels of the random floor, n·δ; None where the draw has no separate floor.
    expected_labels : float
        Expected labels of all policies, Σπ. Divided by the floor's, it is the price of one more floor label.

    Returns
    -------
    int
        0 if the figure stands.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Examples
    --------
    >>> labels_needed(df=60.0, n=100, floor_labels=30.0, expected_labels=100.0)
    67
    >>> labels_needed(df=12.0, n=10, floor_labels=None, expected_labels=10.0)
    15
    """
    for name, given in (("df", df), ("n", n), ("floor_labels", floor_labels), ("expected_labels", expected_labels)):
        if given is not None and not 0 <= given <= 1e100:
            raise ValueError(f"{name} must not be negative, nor beyond 1e100, got {given}")
    needed = 0.0
    if df < MINIMUM_DF:
        nu, wanted = df - NU_0, MINIMUM_DF - NU_0
        needed = n * wanted / nu - n if nu > 1e-9 else wanted
    if floor_labels is not None and floor_labels < MINIMUM_FLOOR_LABELS:
        # The other policies draw their share along with every floor label.
        price = max(expected_labels / floor_labels, 1.0) if floor_labels > 1e-9 else 1.0
        needed = max(needed, (MINIMUM_FLOOR_LABELS - floor_labels) * price)
    return math.ceil(max(needed, 1.0)) if needed > 0 else 0


def missed_error_bound(floor_labels: float) -> float:
    """Bound the rate of missed errors where the floor found none: 3/(δn), at 95 %.

    Parameters
    ----------
    floor_labels : float, positive
        Labels of the random floor, n·δ.

    Returns
    -------
    float, in (0, 1]

    Raises
    ------
    ValueError
        If there are no floor labels.

    References
    ----------
    Hanley and Lippman-Hand (1983), If nothing goes wrong, is everything all right?

    Examples
    --------
    >>> missed_error_bound(150)
    0.02
    """
    if not 0 < floor_labels < math.inf:
        raise ValueError(f"floor_labels must be positive, got {floor_labels}")
    return min(1.0, 3.0 / floor_labels)
