"""Sample sizes: what a sample is worth, how many labels a figure still needs, and what a floor without errors shows."""

import math

from apps.stats.arrays import FloatArray, as_floats

#: A figure stands from this many anticipated degrees of freedom on …
MINIMUM_DF = 5.0
#: … and from this many labels expected by chance alone; in a slice from this many.
MINIMUM_CHANCE_LABELS = 50.0
MINIMUM_CHANCE_LABELS_OF_SLICE = 10.0


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


def labels_needed(
    *,
    nu: float,
    n: int,
    by_chance: float | None,
    expected: float,
    left: float = math.inf,
    least_by_chance: float = MINIMUM_CHANCE_LABELS,
) -> int:
    """Count the labels still needed under the minimum rule: ν_a ≥ 5 and at least 50 labels expected by chance alone.

    The rule looks at what the draw may be expected to give, never at the variance it happened to give.

    Parameters
    ----------
    nu : float, not negative
        ν_a; may be infinite.
    n : int
        Labels that are not certain.
    by_chance : float or None
        Labels expected by chance alone; None where the whole draw is one random sample.
    expected : float
        Labels expected from all policies, Σπ. Divided by `by_chance`, it is the price of one more label by chance.
    left : float
        Decisions without a label; more cannot be needed.
    least_by_chance : float
        Labels by chance that the figure takes: `MINIMUM_CHANCE_LABELS`, or fewer in a slice.

    Returns
    -------
    int
        0 if the figure stands.

    Raises
    ------
    ValueError
        If a number is negative or nan.

    Examples
    --------
    >>> labels_needed(nu=40.0, n=100, by_chance=30.0, expected=100.0)
    67
    >>> labels_needed(nu=2.0, n=10, by_chance=None, expected=10.0)
    15
    >>> labels_needed(nu=2.0, n=10, by_chance=0.0, expected=10.0, left=8)
    8
    """
    for name, given in (("nu", nu), ("n", n), ("by_chance", by_chance), ("expected", expected), ("left", left)):
        if given is not None and not given >= 0:
            raise ValueError(f"{name} must not be negative, got {given}")
    needed = 0.0
    if nu < MINIMUM_DF:
        needed = n * (MINIMUM_DF / nu - 1) if n and nu > 0 else MINIMUM_DF
    if by_chance is not None and by_chance < least_by_chance:
        # The other policies draw their share along with every label by chance.
        price = max(expected / by_chance, 1.0) if by_chance > 0 else math.inf
        needed = max(needed, (least_by_chance - by_chance) * price)
    if needed == 0:
        return 0
    return max(1, math.ceil(min(needed, left, 1e15)))


def missed_error_bound(floor_labels: float) -> float:
    """Bound the rate of missed errors where chance alone found none: 3/(expected labels), at 95 %.

    Parameters
    ----------
    floor_labels : float, positive
        Labels that chance alone is expected to give, as drawn and answered.

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
