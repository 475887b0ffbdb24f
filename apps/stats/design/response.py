"""Non-response: who was drawn and did not answer, and by how much that lowers the probability of a label."""

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
    code : str or None
        `no_response` where a class has been drawn from and nobody answered.
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
        """r of each row's class; of all classes together where a class was never drawn from.

        Raises
        ------
        ValueError
            If nothing was drawn at all.
        """
        wanted = as_ints("strata", strata)
        if self.overall is None:
            raise ValueError("strata cannot be looked up: nothing was drawn")
        place = np.clip(np.searchsorted(self.stratum, wanted), 0, len(self.stratum) - 1)
        return np.where(self.stratum[place] == wanted, self.rate[place], self.overall)


@dataclass(frozen=True, eq=False)
class DayBlocks:
    """Runs of days, by group, each with enough draws for a rate of its own.

    Attributes
    ----------
    group, first_day : array (blocks,) of int
        Blocks in ascending order of both; a block ends where the next of its group begins.
    """

    group: IntArray
    first_day: IntArray

    def of(self, group: ArrayLike, day: ArrayLike) -> IntArray:
        """Index of the block of each row; days before a group's first block belong to that one.

        A group that was never drawn from gets the index after the last, which no class has.

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
    """Answered over drawn by class: queue × day received × score band.

    Parameters
    ----------
    strata : array (drawn,) of int, not negative
        Class of each drawn item.
    answered : array (drawn,) of bool

    Returns
    -------
    ResponseRates

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
    said = as_bools("answered", answered)
    classes = as_ints("strata", strata, length=len(said))
    present, place = np.unique(classes, return_inverse=True)
    size = len(present)
    return ResponseRates(
        stratum=present,
        drawn=sum_by(place, np.ones(len(place)), size=size),
        answered=sum_by(place, said.astype(np.float64), size=size),
    )


def merge_sparse_days(
    group: ArrayLike, day: ArrayLike, answered: ArrayLike, *, expected: float = EXPECTED_ANSWERS
) -> DayBlocks:
    """Blocks of consecutive days that are long enough for a response rate, and no longer.

    A block is closed once its draws, at the rate of its group, promise `expected` answers: then a block without an
    answer is no accident. Pooling all days instead would mistake a volume spike for good coverage.

    Parameters
    ----------
    group : array (drawn,) of int, not negative
        Queue × score band of each drawn item.
    day : array (drawn,) of int, not negative
        Day received.
    answered : array (drawn,) of bool
    expected : float, positive

    Returns
    -------
    DayBlocks

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
    said = as_bools("answered", answered)
    groups, days = as_ints("group", group, length=len(said)), as_ints("day", day, length=len(said))
    starts: list[tuple[int, int]] = []
    for one in np.unique(groups):
        rows = groups == one
        starts += [(int(one), first) for first in _first_days(days[rows], said[rows], expected=expected)]
    table = np.array(starts, dtype=np.int64).reshape(-1, 2)
    return DayBlocks(group=table[:, 0], first_day=table[:, 1])


def _first_days(days: IntArray, answered: BoolArray, *, expected: float) -> list[int]:
    present, counts = np.unique(days, return_counts=True)
    rate = float(answered.mean())
    first_days, promised = [int(present[0])], 0.0
    for at, count in zip(present, counts, strict=True):
        if promised >= expected:
            first_days.append(int(at))
            promised = 0.0
        promised += rate * int(count)
    if promised < expected and len(first_days) > 1:
        first_days.pop()  # the rest is too short to stand alone: it joins the block before
    return first_days


def settled_probability(q: ArrayLike, *, chosen: ArrayLike, settled: ArrayLike, strata: ArrayLike) -> FloatArray:
    """Adjudication probability times settled/chosen of the class: what is still open is non-response.

    Parameters
    ----------
    q : array (n,), in [0, 1], nan where there is no adjudication
        Recorded probability.
    chosen, settled : array (n,) of bool
        Chosen for adjudication, and settled by now.
    strata : array (n,) of int, not negative
        Class, such as: agreed with the model or not.

    Returns
    -------
    array (n,)
        As `Sample.q` wants it: 0 in a class with none settled.

    Raises
    ------
    ValueError
        If the lengths differ, q is outside [0, 1], or an item is settled that was not chosen.

    Examples
    --------
    >>> settled_probability([0.5, 0.5, 1.0], chosen=[1, 1, 1], settled=[1, 0, 0], strata=[0, 0, 1])
    array([0.25, 0.25, 0.  ])
    """
    picked, done = as_bools("chosen", chosen), as_bools("settled", settled)
    if len(picked) != len(done) or (done & ~picked).any():
        raise ValueError("settled must be among the chosen, item by item")
    probability = as_floats("q", q, length=len(picked), allow_nan=True)
    if ((probability < 0) | (probability > 1)).any():
        raise ValueError("q must be in [0, 1], or nan where there is no adjudication")
    classes = as_ints("strata", strata, length=len(picked))
    _, place = np.unique(classes, return_inverse=True)
    size = int(place.max(initial=-1)) + 1
    all_chosen = sum_by(place, picked.astype(np.float64), size=size)
    all_settled = sum_by(place, done.astype(np.float64), size=size)
    # A class with nobody chosen yet has nothing open: its q stands as recorded.
    share = np.where(all_chosen > 0, all_settled / np.maximum(all_chosen, 1.0), 1.0)
    return np.asarray(probability * share[place], dtype=np.float64)
