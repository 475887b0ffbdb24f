"""The difference of two figures from their ranges."""

import math

from apps.stats.estimate import Estimate, missing


def difference_of(first: Estimate, second: Estimate, *, correlation: float = 0.0) -> Estimate:
    """Compute second − first with a range from the ranges of both (MOVER): each end uses the ends that face it.

    Parameters
    ----------
    first, second : Estimate
        Two figures of one metric.
    correlation : float, in [-1, 1]
        Of the two estimates; 0 where they share no label.

    Returns
    -------
    Estimate
        Method "exact" where both are; without a range where one has none; the code of a figure without a value. A
        figure that is preliminary makes the difference so.

    Raises
    ------
    ValueError
        If the correlation is out of range.

    References
    ----------
    Zou and Donner (2008), Construction of confidence limits about effect measures; Newcombe (1998), Interval estimation
    for the difference between independent proportions, method 10.

    Examples
    --------
    >>> from apps.stats.intervals import wilson_interval
    >>> two = [Estimate(x / n, *wilson_interval(x, n), "wilson", n) for x, n in ((48, 80), (56, 70))]
    >>> found = difference_of(*two)  # Newcombe's example (a): 56/70 − 48/80
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    if not -1 <= correlation <= 1:
        raise ValueError(f"correlation must be in [-1, 1], got {correlation}")
    n = first.n + second.n
    for side in (second, first):
        if side.value is None:
            return missing(side.code or "no_labels", n=n)
    assert first.value is not None
    assert second.value is not None
    value = second.value - first.value
    codes = {first.code, second.code}
    code = next((each for each in ("preliminary", "adjudication_open", "boundary") if each in codes), None)
    if first.method == second.method == "exact":
        return Estimate(value, value, value, "exact", n, code=code)
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return Estimate(value, None, None, "uncorrected", n, code=code)
    low = value - _reach(second.value - second.low, first.high - first.value, correlation)
    high = value + _reach(second.high - second.value, first.value - first.low, correlation)
    return Estimate(value, low, high, "mover", n, code=code)


def _reach(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(one**2 + other**2 - 2 * correlation * one * other, 0.0))
