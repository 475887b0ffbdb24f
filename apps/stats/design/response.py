"""Non-response: how often drawn items were answered, and by how much that lowers the probability of a label."""

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, FloatArray, IntArray, as_bools, as_floats, as_ints, sum_by

#: A block of days is long enough once its draws promise this many answers.
EXPECTED_ANSWERS = 10.0
#: Queues without an answer take the rates of others while their share of Σ1/π is no larger.
MOST_UNANSWERED = 0.1


def response_rates(
    *,
    queue: ArrayLike,
    band: ArrayLike,
    day: ArrayLike,
    answered: ArrayLike,
    weight: ArrayLike,
    expected: float = EXPECTED_ANSWERS,
) -> FloatArray:
    """Compute r = answered/drawn of each drawn item's class: queue × day received × score band.

    Sparse days merge into blocks whose draws promise `expected` answers at the rate of their queue and band. Pooling
    all days instead would mistake a spike in volume for good coverage. A class without an answer merges with the
    neighboring block of its queue and band; without one there, with the nearest band of its queue; without one there,
    with another queue, if all such queues together hold at most `MOST_UNANSWERED` of Σ weight.

    Parameters
    ----------
    queue, band : array (drawn,) of int, not negative
        Queue and score band of each drawn item.
    day : array (drawn,) of int, not negative
        Day received. Drop days on which nothing at all was answered first.
    answered : array (drawn,) of bool
        Whether each drawn item was answered.
    weight : array (drawn,), positive
        Design weight 1/π of each drawn item.
    expected : float, positive
        Answers that a block of days must promise.

    Returns
    -------
    array (drawn,), in [0, 1]
        r of each item's class; 0 in queues without an answer that hold more than `MOST_UNANSWERED`.

    Raises
    ------
    ValueError
        If lengths differ, or a weight or expected is not positive.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, 15.6 (response homogeneity groups).

    Examples
    --------
    >>> response_rates(queue=[0] * 4, band=[0, 0, 1, 1], day=[1] * 4, answered=[1, 0, 1, 1], weight=[9] * 4)
    array([0.5, 0.5, 1. , 1. ])

    The only item of queue 7 waits. It joins the items of its band in queue 0:

    >>> response_rates(queue=[0] * 9 + [7], band=[0] * 10, day=[1] * 10, answered=[1] * 9 + [0], weight=[9] * 10)[-1]
    np.float64(0.9)
    """
    if not expected > 0:
        raise ValueError(f"expected must be positive, got {expected}")
    has_answer = as_bools("answered", answered)
    n = len(has_answer)
    queues, bands, days = (
        as_ints(name, values, length=n) for name, values in (("queue", queue), ("band", band), ("day", day))
    )
    weights = as_floats("weight", weight, length=n)
    if not (weights > 0).all():
        raise ValueError("weight must be positive")
    classes = _classes(_answering_groups(queues, bands, has_answer, weights), days, has_answer, expected=expected)
    size = int(classes.max(initial=-1)) + 1
    answers = sum_by(classes, has_answer.astype(np.float64), size=size)
    return np.asarray(answers[classes] / np.bincount(classes, minlength=size)[classes], dtype=np.float64)


def _answering_groups(queue: IntArray, band: IntArray, answered: BoolArray, weight: FloatArray) -> IntArray:
    """Number each item's queue and band; those without an answer get the number of the nearest that has one."""
    _, of_queue = np.unique(queue, return_inverse=True)
    levels, of_band = np.unique(band, return_inverse=True)
    bands = max(len(levels), 1)
    present, group = np.unique(of_queue * bands + of_band, return_inverse=True)
    answers = sum_by(group, answered.astype(np.float64), size=len(present))
    is_silent = ~np.isin(queue, queue[answered])
    may_leave = weight[is_silent].sum() <= MOST_UNANSWERED * weight.sum()
    joined = np.arange(len(present))
    for silent in np.flatnonzero(answers == 0):
        other_queue = present // bands != present[silent] // bands
        distance = np.abs(present % bands - present[silent] % bands)
        for one in np.lexsort((-answers, distance, other_queue)):
            if answers[one] > 0 and (may_leave or not other_queue[one]):
                joined[silent] = one
                break
    return np.asarray(joined[group], dtype=np.int64)


def _classes(group: IntArray, day: IntArray, answered: BoolArray, *, expected: float) -> IntArray:
    """Number each item's class: its group and block of days."""
    classes, size = np.zeros(len(group), dtype=np.int64), 0
    for one in np.unique(group):
        rows = group == one
        classes[rows] = size + _blocks(day[rows], answered[rows], expected=expected)
        size = int(classes[rows].max()) + 1
    return classes


def _blocks(day: IntArray, answered: BoolArray, *, expected: float) -> IntArray:
    """Number each item's block: consecutive days that promise enough answers, and hold one."""
    present, place = np.unique(day, return_inverse=True)
    drawn, answers = np.bincount(place), np.bincount(place, answered)
    promises = drawn * answered.mean()
    blocks, block, promised, found = np.zeros(len(present), dtype=np.int64), 0, 0.0, 0.0
    for position in range(len(present)):
        if promised >= expected and found > 0:
            block, promised, found = block + 1, 0.0, 0.0
        promised += promises[position]
        found += answers[position]
        blocks[position] = block
    if promised < expected or found == 0:
        blocks[blocks == block] = max(block - 1, 0)  # too short for a block: it joins the one before
    return np.asarray(blocks[place], dtype=np.int64)


def settled_probability(q: ArrayLike, *, chosen: ArrayLike, settled: ArrayLike, strata: ArrayLike) -> FloatArray:
    """Multiply the adjudication probability by settled/chosen of the class: open adjudications are non-response.

    Parameters
    ----------
    q : array (n,), in [0, 1]
        Recorded probability, nan where there is no adjudication.
    chosen, settled : array (n,) of bool
        Whether the item was chosen for adjudication, and whether it is settled.
    strata : array (n,) of int, not negative
        Class, such as: agreed with the model or not.

    Returns
    -------
    array (n,)
        Input for `Sample.q`; 0 in a class without a settled item.

    Raises
    ------
    ValueError
        If the lengths differ, q is outside [0, 1], or an item is settled that was not chosen.

    Examples
    --------
    >>> settled_probability([0.5, 0.5, 1.0], chosen=[1, 1, 1], settled=[1, 0, 0], strata=[0, 0, 1])
    array([0.25, 0.25, 0.  ])
    """
    is_chosen, is_settled = as_bools("chosen", chosen), as_bools("settled", settled)
    if len(is_chosen) != len(is_settled) or (is_settled & ~is_chosen).any():
        raise ValueError("settled must be among the chosen, item by item")
    probability = as_floats("q", q, length=len(is_chosen), allow_nan=True)
    if ((probability < 0) | (probability > 1)).any():
        raise ValueError("q must be in [0, 1], or nan where there is no adjudication")
    classes = as_ints("strata", strata, length=len(is_chosen))
    _, position = np.unique(classes, return_inverse=True)
    size = int(position.max(initial=-1)) + 1
    all_chosen = sum_by(position, is_chosen.astype(np.float64), size=size)
    all_settled = sum_by(position, is_settled.astype(np.float64), size=size)
    # A class without a chosen item has nothing open: its q stays as recorded.
    share = np.where(all_chosen > 0, all_settled / np.maximum(all_chosen, 1.0), 1.0)
    return np.asarray(probability * share[position], dtype=np.float64)
