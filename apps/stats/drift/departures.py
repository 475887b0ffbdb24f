"""How far the newest week is from a fixed reference: for slow drift that the weeks before hide."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, as_ints
from apps.stats.comparison.multiple import q_values
from apps.stats.drift.day_test import Window, effects, p_values
from apps.stats.drift.moves import Move, moves_of
from apps.stats.drift.result import refusal
from apps.stats.drift.weeks_before import BASELINE_DAYS, WEEKDAYS, WeeksBefore, as_weekdays, stacked


@dataclass(frozen=True)
class Departure:
    """The newest week of a series against its reference.

    Attributes
    ----------
    series : str
        Its name.
    effect : float or None
        PSI, less what chance makes of it.
    q_value : float or None
        Adjusted for all series.
    moves : tuple of Move
        The bins that grew or shrank most, largest first.
    n, m : int
        Rows of reference and week.
    code : str or None
        Why there is no effect: `no_reference`, `no_population`, `too_few`, `one_bin`.
    """

    series: str
    effect: float | None
    q_value: float | None
    moves: tuple[Move, ...]
    n: int
    m: int
    code: str | None = None


def compare_with_reference(
    counts: Mapping[str, ArrayLike], reference: Mapping[str, ArrayLike], weekday: ArrayLike
) -> tuple[Departure, ...]:
    """Compare the newest 7 days of each series with a fixed reference.

    How much days vary is estimated from the up to 28 days before them. An old reference differs from every week, and a
    large sample shows it: call this once a week, and send a message where the cost that the move lets one expect
    (`ExpectedRight.cost_of_shift`) is above a threshold.

    Parameters
    ----------
    counts : mapping of str to array (days, bins) of int
        Rows of each series by day and frozen bin, the newest day last.
    reference : mapping of str to array (bins,) of int
        Rows of the reference by bin.
    weekday : array (days,) of int
        Weekday of each day, 0 to 6.

    Returns
    -------
    tuple of Departure
        In the order of `counts`.

    Raises
    ------
    ValueError
        If a series lacks a reference or has other bins, or a count is negative or not a whole number.

    Examples
    --------
    >>> [moved] = compare_with_reference({"group": [[60, 40]] * 35}, {"group": [800, 200]}, np.arange(35) % 7)
    >>> round(moved.effect, 2), moved.q_value < 0.01, moved.moves[0].bin
    (0.19, True, 0)
    """
    days = as_weekdays(weekday)
    if lacking := set(counts) - set(reference):
        raise ValueError(f"reference lacks {', '.join(sorted(lacking))}")
    if not counts or len(days) == 0:
        return ()
    table = stacked(counts, len(days))
    before = np.zeros((len(table), table.shape[2]))
    for place, (name, given) in enumerate(counts.items()):
        bins = np.shape(given)[1]
        before[place, :bins] = as_ints(f"reference of {name}", reference[name], length=bins)
    window = _newest_week(table, before, WeeksBefore(table, days))
    effect, p = effects(window)[0], p_values(window)
    rows = table[:, -WEEKDAYS:].sum(axis=(1, 2))
    return tuple(
        _departure(name, window, place, n=int(before[place].sum()), m=int(rows[place]), effect=effect, p=p, q=q)
        for place, (name, q) in enumerate(zip(counts, q_values(p), strict=True))
    )


def _newest_week(table: FloatArray, before: FloatArray, weeks: WeeksBefore) -> Window:
    everyone, days = np.ones(len(table), dtype=np.bool_), table.shape[1]
    for day in range(max(0, days - WEEKDAYS - BASELINE_DAYS), max(0, days - WEEKDAYS)):
        weeks.add(day, everyone)
    usual = weeks.usual()
    n = weeks.n[:, -WEEKDAYS:]
    rows = np.minimum(n, weeks.usual_rows[:, None])
    now = (table[:, -WEEKDAYS:] * (rows / np.maximum(n, 1.0))[:, :, None]).sum(axis=1)
    m, of_reference = rows.sum(axis=1), before.sum(axis=1)
    return Window(
        now / np.maximum(m, 1e-9)[:, None],
        before / np.maximum(of_reference, 1e-9)[:, None],
        m,
        of_reference,
        usual.persistence(np.array([WEEKDAYS]))[0][:, None] * usual.spread,
        usual.df,
    )


def _departure(
    name: str, window: Window, place: int, *, n: int, m: int, effect: FloatArray, p: FloatArray, q: float | None
) -> Departure:
    if np.isnan(p[place]):
        return Departure(name, None, None, (), n, m, refusal(n, m) or "one_bin")
    alone = np.arange(len(window.m)) == place
    return Departure(name, float(effect[place]), q, moves_of(window.pick(alone)), n, m)
