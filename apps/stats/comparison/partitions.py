"""Which division of the cases explains a difference, and the days on which its groups were not as usual."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from apps.stats.arrays import FloatArray, as_floats
from apps.stats.comparison.decomposition import Decomposition, least_of

#: A division is compared with the one of the largest mix effect where its own is at least this share of it.
OF_ONE_ORDER = 0.5
#: Groups are named until they hold so much of the shift.
MOST_OF_THE_SHIFT = 0.8
#: The scan is quadratic in days.
LONGEST = 400
_RARE = 1e-6


@dataclass(frozen=True)
class Choice:
    """A division by its place, and whether its mix moved the figure by more than chance alone does."""

    place: int
    is_beyond_chance: bool


@dataclass(frozen=True)
class Stretch:
    """Days, first and last by index, with their predictions and those in the groups."""

    first: int
    last: int
    n: float
    inside: float


def choose_partition(found: Sequence[Decomposition]) -> Choice:
    """Choose the division that explains most, of those whose mix effect is beyond chance in all tests together.

    Every division shows some mix effect: shares vary, and the more divisions are tried, the larger the largest looks.
    So a mix effect counts only by what is left of it after its simultaneous range. Of those at least half as large as
    the largest, the one that leaves the least to the groups' means is chosen. Without any, the first.

    Parameters
    ----------
    found : sequence of Decomposition
        One for each division, the preferred one first; at least one.

    Returns
    -------
    Choice
    """
    least = [least_of(each.mix, tests=len(found)) for each in found]
    largest = max(least)
    if largest <= 0:
        return Choice(0, is_beyond_chance=False)
    places = [place for place, size in enumerate(least) if size >= OF_ONE_ORDER * largest]
    return Choice(min(places, key=lambda place: abs(found[place].right.value)), is_beyond_chance=True)


def moved_groups(share: ArrayLike) -> tuple[int, ...]:
    """Name the fewest groups whose share rose, or fell, by most of the shift between two windows.

    Parameters
    ----------
    share : array (2, groups)
        Shares of the groups, first and second.

    Returns
    -------
    tuple of int
        The groups that rose, largest shift first; those that fell where these are fewer; none where nothing moved.

    Examples
    --------
    >>> moved_groups([[0.9, 0.06, 0.04], [0.7, 0.19, 0.11]])
    (0,)
    >>> moved_groups([[0.5, 0.4, 0.04, 0.06], [0.4, 0.3, 0.25, 0.05]])
    (2,)
    """
    before, now = np.asarray(share, dtype=np.float64)
    shift = now - before
    rose, fell = _foremost(np.maximum(shift, 0.0)), _foremost(np.maximum(-shift, 0.0))
    return rose if len(rose) <= len(fell) else fell


def unusual_days(n: ArrayLike, inside: ArrayLike, *, usual: float) -> Stretch | None:
    """Find the stretch of days whose share in some groups is least like the usual one, by its likelihood ratio.

    Parameters
    ----------
    n, inside : array (days,)
        Predictions of each day, and those in the groups.
    usual : float, in [0, 1]
        Their usual share.

    Returns
    -------
    Stretch or None
        None without predictions, with more than 400 days, or where the share is the usual one.

    Raises
    ------
    ValueError
        If lengths differ.

    References
    ----------
    Kulldorff (1997), A spatial scan statistic, with one dimension.

    Examples
    --------
    >>> unusual_days([100] * 6, [8, 7, 97, 99, 9, 8], usual=0.08)
    Stretch(first=2, last=3, n=200.0, inside=196.0)
    """
    every = as_floats("n", n)
    some = as_floats("inside", inside, length=len(every))
    if not every.sum() or len(every) > LONGEST:
        return None
    held = min(max(usual, _RARE), 1 - _RARE)
    ratio = np.triu(_log_ratio(_sums(every), _sums(some), held))
    first, last = np.unravel_index(int(ratio.argmax()), ratio.shape)
    if ratio[first, last] <= 0:
        return None
    stretch = slice(int(first), int(last) + 1)
    return Stretch(int(first), int(last), float(every[stretch].sum()), float(some[stretch].sum()))


def _foremost(shift: FloatArray) -> tuple[int, ...]:
    """Return the fewest groups that hold most of a shift."""
    if not shift.sum():
        return ()
    order = np.argsort(-shift, kind="stable")
    enough = int(np.searchsorted(shift[order].cumsum(), MOST_OF_THE_SHIFT * shift.sum())) + 1
    return tuple(int(place) for place in order[:enough])


def _sums(days: FloatArray) -> FloatArray:
    """Sum each stretch of days, first day by last day; above the diagonal."""
    until = days.cumsum()
    return np.asarray(until[None, :] - (until - days)[:, None])


def _log_ratio(n: FloatArray, inside: FloatArray, usual: float) -> FloatArray:
    n, inside = np.maximum(n, 0.0), np.maximum(inside, 0.0)
    share = np.divide(inside, n, out=np.full(n.shape, usual), where=n > 0)
    share = np.clip(share, 0.0, 1.0)
    return np.asarray(xlogy(inside, share / usual) + xlogy(n - inside, (1 - share) / (1 - usual)))
