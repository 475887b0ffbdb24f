"""Score bins, shared by draw and report: 200 equal bins of the logit."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

from apps.stats.arrays import FloatArray, as_floats, as_ints

SCORE_BINS = 200
LOGIT_LIMIT = 10.0
NO_SCORE = -1

_BIN_WIDTH = 2 * LOGIT_LIMIT / SCORE_BINS


def logit_bin(score: ArrayLike) -> NDArray[np.int16]:
    """Return the bin of each score: 200 equal bins of its logit on [-10, 10], the outermost open.

    Parameters
    ----------
    score : array (N,), in [0, 1]
        Score of the positive class, nan where there is none.

    Returns
    -------
    array (N,) of int16
        0 to 199, and -1 (`NO_SCORE`) where the score is nan.

    Raises
    ------
    ValueError
        If a score is outside [0, 1].

    Examples
    --------
    >>> logit_bin([0.0, 0.5, 1.0, float("nan")])
    array([  0, 100, 199,  -1], dtype=int16)
    """
    scores = as_floats("score", score, allow_nan=True)
    missing = np.isnan(scores)
    if ((scores < 0) | (scores > 1)).any():
        raise ValueError("score must be in [0, 1]")
    logits = np.clip(logit(np.where(missing, 0.5, scores)), -LOGIT_LIMIT, LOGIT_LIMIT)
    bins = np.minimum(np.floor((logits + LOGIT_LIMIT) / _BIN_WIDTH), SCORE_BINS - 1)
    return np.where(missing, NO_SCORE, bins).astype(np.int16)


def bin_centers(bins: ArrayLike) -> FloatArray:
    """Return the logit at the middle of each bin; 0 where there is no score.

    Parameters
    ----------
    bins : array (N,) of int, -1 to 199
        Bins from `logit_bin`.

    Raises
    ------
    ValueError
        If a bin does not exist.

    Examples
    --------
    >>> bin_centers([0, 100, 199]).round(2)
    array([-9.95,  0.05,  9.95])
    """
    numbers = as_ints("bins", bins, minimum=NO_SCORE)
    if (numbers >= SCORE_BINS).any():
        raise ValueError(f"bins must be below {SCORE_BINS}")
    return np.where(numbers == NO_SCORE, 0.0, -LOGIT_LIMIT + (numbers + 0.5) * _BIN_WIDTH)


def bin_edges() -> FloatArray:
    """Return the 201 edges of the bins, in logits; the outermost bins extend beyond theirs.

    Examples
    --------
    >>> bin_edges()[[0, 100, 200]]
    array([-10.,   0.,  10.])
    """
    return np.linspace(-LOGIT_LIMIT, LOGIT_LIMIT, SCORE_BINS + 1)
