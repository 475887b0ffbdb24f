"""Non-response: how often drawn items were answered, and by how much that lowers the probability of a label."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, FloatArray, IntArray, as_bools, as_floats, as_ints, sum_by

EXPECTED_ANSWERS = 10.0


@dataclass(frozen=True, eq=False)
class ResponseRates:
    """Answered over drawn, by class.

    Attributes
    ----------
    stratum : array (classes,) of int
        The classes, ascending.
    drawn, answered : array (classes,)
        Number of items drawn from each class, and of those answered.
    code : str or None
        `no_response` where a class was drawn from and has no answer.
    """

    stratum: IntArray
    drawn: FloatArray
    answered: FloatArray

    @property
    def rate(self) -> FloatArray:
        """r of each class, in [0, 1]."""
        return self.answered / self.drawn

    @property
    def overall(self) -> float | None:
        """Answered over drawn of all classes together, None if nothing was drawn."""
        return float(self.answered.sum() / self.drawn.sum()) if len(self.drawn) else None

    @property
    def code(self) -> str | None:
        """`no_response` if a class has no answer at all."""
        return "no_response" if (self.answered == 0).any() else None

    def of(self, strata: ArrayLike) -> FloatArray:
        """Look up r of each row's class; for a class that was never drawn from, r of all classes together.

        Raises
        ------
        ValueError
            If nothing was drawn at all.
        """
        wanted = as_ints("strata", strata)
        if self.overall is None:
            raise ValueError("strata cannot be looked up: nothing was drawn")
        position = np.clip(np.searchsorted(self.stratum, wanted), 0, len(self.stratum) - 1)
        return np.where(self.stratum[position] == wanted, self.rate[position], self.overall)


@dataclass(frozen=True, eq=False)
class DayBlocks:
    """Runs of days, by group, each with enough draws for a rate of its own.

    Attributes
    ----------
    group, first_day : array (blocks,) of int
        Group and first day of each block, ascending; a block ends where the next block of its group begins.
    """

    group: IntArray
    first_day: IntArray

    def of(self, group: ArrayLike, day: ArrayLike) -> IntArray:
        """Return the index of each row's block; days before a group's first block belong to that block.

        For a group that was never drawn from it is the index after the last, which no class has.

        Raises
        ------
        ValueError
            If the lengths differ.
        """
        groups = as_ints("group", group)
        days = as_ints("day", day, length=len(groups))
        blocks = np.full(len(groups), len(self.group), dtype=np.int64)
        for wanted in np.unique(groups):
            start, stop = np.searchsorted(self.group, [wanted, wanted + 1])
            if start < stop:
                rows = groups == wanted
                later = np.searchsorted(self.first_day[start:stop], days[rows], side="right") - 1
                blocks[rows] = start + np.maximum(later, 0)
        return blocks


def response_rates(strata: ArrayLike, answered: ArrayLike) -> ResponseRates:
    """Compute answered over drawn by class: queue × day received × score band.

    Parameters
    ----------
    strata : array (drawn,) of int, not negative
        Class of each drawn item.
    answered : array (drawn,) of bool
        Whether each drawn item was answered.

    Returns
    -------
    ResponseRates
        One rate for each class that was drawn from.

    Raises
    ------
    ValueError
        If the lengths differ.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, 15.6 (response homogeneity groups).

    Examples
    --------
    >>> rates = response_rates([0, 0, 3], [True, False, True])
    >>> rates.of([3, 0, 1]).round(2)
    array([1.  , 0.5 , 0.67])
    """
    has_answer = as_bools("answered", answered)
    classes = as_ints("strata", strata, length=len(has_answer))
    present, position = np.unique(classes, return_inverse=True)
    size = len(present)
    return ResponseRates(
        stratum=present,
        drawn=sum_by(position, np.ones(len(position)), size=size),
        answered=sum_by(position, has_answer.astype(np.float64), size=size),
    )


def merge_sparse_days(
    group: ArrayLike, day: ArrayLike, answered: ArrayLike, *, expected: float = EXPECTED_ANSWERS
) -> DayBlocks:
    """Merge consecutive days into blocks just long enough for a response rate.

    A block is closed once its draws, at the rate of its group, promise `expected` answers: then a block without an
    answer is no accident. Pooling all days instead would mistake a spike in volume for good coverage.

    Parameters
    ----------
    group : array (drawn,) of int, not negative
        Queue × score band of each drawn item.
    day : array (drawn,) of int, not negative
        Day received.
    answered : array (drawn,) of bool
        Whether each drawn item was answered.
    expected : float, positive
        Answers that a block must promise.

    Returns
    -------
    DayBlocks
        The blocks of each group.

    Raises
    ------
    ValueError
        If the lengths differ or expected is not positive.

    Examples
    --------
    >>> blocks = merge_sparse_days([0] * 6, [1, 1, 2, 3, 3, 4], [True] * 6, expected=2)
    >>> blocks.first_day
    array([1, 2])
    >>> blocks.of([0, 0, 0], [0, 1, 9])
    array([0, 0, 1])
    """
    if not expected > 0:
        raise ValueError(f"expected must be positive, got {expected}")
    has_answer = as_bools("answered", answered)
    groups = as_ints("group", group, length=len(has_answer))
    days = as_ints("day", day, length=len(has_answer))
    starts: list[tuple[int, int]] = []
    for one in np.unique(groups):
        rows = groups == one
        starts += [(int(one), first) for first in _first_days(days[rows], has_answer[rows], expected=expected)]
    table = np.array(starts, dtype=np.int64).reshape(-1, 2)
    return DayBlocks(group=table[:, 0], first_day=table[:, 1])


def _first_days(days: IntArray, answered: BoolArray, *, expected: float) -> list[int]:
    present, counts = np.unique(days, return_counts=True)
    rate = float(answered.mean())
    first_days, promised = [int(present[0])], 0.0
    for day, count in zip(present, counts, strict=True):
        if promised >= expected:
            first_days.append(int(day))
            promised = 0.0
        promised += rate * int(count)
    if promised < expected and len(first_days) > 1:
        first_days.pop()  # the rest is too short for a block: it joins the one before
    return first_days


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
