"""The ratio of two shares from their ranges."""

import math

from apps.stats.estimate import Estimate, missing


def ratio_of(share: Estimate, reference: Estimate) -> Estimate:
    """Compute share / reference with a range from the ranges of both (MOVER), such as the adverse-impact ratio.

    Parameters
    ----------
    share, reference : Estimate
        Two shares of different items, with intervals at the level wanted.

    Returns
    -------
    Estimate
        Method "exact" where both are; the code of a share without a value; `no_positives` where the reference is 0. The
        range has no upper end (`open_above`) where the reference may be 0.

    References
    ----------
    Donner and Zou (2012), Closed-form confidence intervals for functions of the normal mean and standard deviation
    (MOVER-R).

    Examples
    --------
    >>> from apps.stats.intervals import wilson_interval
    >>> women, men = [Estimate(x / n, *wilson_interval(x, n), "wilson", n) for x, n in ((30, 100), (50, 100))]
    >>> ratio = ratio_of(women, men)
    >>> round(ratio.value, 3), round(ratio.low, 3), round(ratio.high, 3)
    (0.6, 0.419, 0.852)
    """
    n = share.n + reference.n
    for side in (share, reference):
        if side.value is None:
            return missing(side.code or "no_labels", n=n)
    assert share.value is not None
    assert reference.value is not None
    if reference.value == 0:
        return missing("no_positives", n=n)
    value = share.value / reference.value
    codes = {share.code, reference.code}
    code = next((each for each in ("preliminary", "adjudication_open") if each in codes), None)
    if share.method == reference.method == "exact":
        return Estimate(value, value, value, "exact", n, code=code)
    if None in (share.low, share.high, reference.low, reference.high):
        return Estimate(value, None, None, "uncorrected", n, code=code)
    assert share.low is not None
    assert share.high is not None
    assert reference.low is not None
    assert reference.high is not None
    low = _end(share.value, reference.value, toward=share.low, against=reference.high, sign=-1)
    if reference.low <= 0:
        return Estimate(value, low, None, "mover", n, code=code or "open_above")
    high = _end(share.value, reference.value, toward=share.high, against=reference.low, sign=1)
    return Estimate(value, low, high, "mover", n, code=code)


def _end(share: float, reference: float, *, toward: float, against: float, sign: int) -> float:
    """Return one end: the root of the quadratic in which share − r·reference meets its own MOVER limit."""
    both, a, b = share * reference, toward * (2 * share - toward), against * (2 * reference - against)
    root = math.sqrt(max(both**2 - a * b, 0.0))
    return max((both + sign * root) / b, 0.0)
