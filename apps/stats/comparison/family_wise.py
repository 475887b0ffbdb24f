"""Many hypotheses at once, of which not one may be rejected wrongly."""

import math
from collections.abc import Iterable

import numpy as np


def holm(p_values: Iterable[float | None]) -> tuple[float | None, ...]:
    """Adjust p-values so that rejecting below α makes any false rejection at most this likely (Holm).

    Parameters
    ----------
    p_values : iterable of float in [0, 1], None or nan
        None or nan where no test was made; such a hypothesis keeps its place and does not count.

    Returns
    -------
    tuple of float or None
        In the order given; None where no test was made.

    Raises
    ------
    ValueError
        If a p-value is outside [0, 1].

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure.

    Examples
    --------
    >>> holm([0.01, None, 0.04, 0.03])
    (0.03, None, 0.06, 0.06)
    """
    adjusted = np.array([math.nan if p is None else p for p in p_values], dtype=np.float64)
    order = np.argsort(adjusted)[: int((~np.isnan(adjusted)).sum())]  # nan comes last
    if ((adjusted[order] < 0) | (adjusted[order] > 1)).any():
        raise ValueError("p_values must be in [0, 1]")
    steps = adjusted[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return tuple(None if math.isnan(p) else p for p in adjusted.tolist())
