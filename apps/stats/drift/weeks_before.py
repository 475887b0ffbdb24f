"""The weeks before a day, for many series at once: shares by weekday, and how much days vary around them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, FloatArray, IntArray, as_array, as_ints

WEEKDAYS = 7
#: Four of each weekday.
BASELINE_DAYS = 28
MOST_ALIKE = 0.9
_NO_ROWS = 0.5  # sums of weights that came and went leave rounding errors


@dataclass(frozen=True, eq=False)
class Usual:
    """What the weeks before let one expect of each series.

    Attributes
    ----------
    share : array (series, 7, bins)
        Shares by weekday; those of all days where a weekday has no rows.
    rows : array (series, 7)
        Rows that they rest on.
    spread : array (series, bins)
        Rows times the variance of a day's share around its weekday's; p(1 − p) if rows are independent.
    df : array (series,)
        Degrees of freedom of the spread: days less weekdays.
    alike : array (series,)
        Correlation of a day with the day before, at least 0: what stays for some days, such as a large customer.
    days : array (series,) of int
        Days that they rest on.
    """

    share: FloatArray
    rows: FloatArray
    spread: FloatArray
    df: FloatArray
    alike: FloatArray
    days: IntArray

    def persistence(self, spans: IntArray) -> FloatArray:
        """Return how many times more the mean of some days varies than that of independent days, (spans, series).

        With correlation ρ at lag 1 that falls off geometrically, it is 1 + 2 Σ (1 − k/w) ρᵏ.
        """
        lag = np.arange(1, WEEKDAYS)
        left = np.maximum(1 - lag / spans[:, None], 0.0)
        return np.asarray(1 + 2 * left @ self.alike ** lag[:, None])


class WeeksBefore:
    """Sums over the last 28 days with rows that are not part of a change; days enter one by one.

    A day weighs as many rows as it has, but at most as many as a day usually has: rows of one day are alike, and a
    burst must not outweigh its week.

    Parameters
    ----------
    counts : array (series, days, bins)
        Rows.
    weekday : array (days,) of int
        From 0 to 6.
    """

    def __init__(self, counts: FloatArray, weekday: IntArray) -> None:
        self.counts, self.weekday = counts, weekday
        self.n = counts.sum(axis=2)
        series, days, bins = counts.shape
        self._weight = np.zeros((series, days))
        self._days = np.full((series, BASELINE_DAYS), -1)
        self._next = np.zeros(series, dtype=np.int64)
        self._rows = np.zeros((series, WEEKDAYS))
        self._cells = np.zeros((series, WEEKDAYS, bins))
        self._squares = np.zeros((series, bins))
        self._n, self._n_squared = np.zeros(series), np.zeros(series)
        self._expected = np.zeros((series, WEEKDAYS, bins))
        self._apart = np.zeros((series, bins))  # of the latest day that entered, in units of its chance
        self._own, self._with_previous = np.zeros(series), np.zeros(series)

    @property
    def usual_rows(self) -> FloatArray:
        """Rows that a row's day usually has, Σn²/Σn; infinite without days."""
        rows = np.full(len(self._n), np.inf)
        np.divide(self._n_squared, self._n, out=rows, where=self._n > _NO_ROWS)
        return rows

    def add(self, day: int, series: BoolArray) -> None:
        """Let a day enter for some series; each one's oldest day leaves."""
        chosen = np.flatnonzero(series & (self.n[:, day] > 0))
        place = self._next[chosen]
        oldest = self._days[chosen, place]
        is_full = oldest >= 0
        self._move(chosen[is_full], oldest[is_full], -1.0)
        self._weight[chosen, day] = np.minimum(self.n[chosen, day], self.usual_rows[chosen])
        self._move(chosen, np.full(len(chosen), day), 1.0)
        self._remember(day, chosen)
        self._days[chosen, place] = day
        self._next[chosen] = (place + 1) % BASELINE_DAYS

    def restart(self, series: int, days: range) -> None:
        """Forget the days of one series, and take these instead."""
        for sums in (self._rows, self._cells, self._squares, self._n, self._n_squared, self._next):
            sums[series] = 0
        self._days[series] = -1
        only = np.arange(len(self._n)) == series
        for day in days:
            self.add(day, only)

    def usual(self) -> Usual:
        """Return what to expect after the days so far."""
        has_rows = self._rows > _NO_ROWS
        rows = np.where(has_rows, self._rows, 0.0)
        cells = np.maximum(self._cells, 0.0)
        overall = cells.sum(axis=1) / np.maximum(rows.sum(axis=1), 1.0)[:, None]
        share = cells / np.where(has_rows, rows, np.inf)[:, :, None]
        between = np.einsum("skb,skb->sb", share, cells)
        days = (self._days >= 0).sum(axis=1)
        df = np.maximum(days - has_rows.sum(axis=1), 0)
        spread = np.maximum(self._squares - between, 0.0) / np.maximum(df, 1)[:, None]
        if not has_rows.all():
            share = np.where(has_rows[:, :, None], share, overall[:, None, :])
            rows = np.where(has_rows, rows, rows.sum(axis=1)[:, None])
        self._expected = share
        alike = np.clip(self._with_previous / np.maximum(self._own, 1e-9), 0.0, MOST_ALIKE)
        return Usual(share, rows, spread, df.astype(np.float64), alike, days)

    def _remember(self, day: int, series: IntArray) -> None:
        """Keep how far a day was from what the weeks before it let one expect, beside the day before it."""
        expected = self._expected[series, self.weekday[day]]
        is_known = expected.sum(axis=1) > 0
        share = self.counts[series, day] / self.n[series, day][:, None]
        unit = np.sqrt(
            self._weight[series, day][:, None] / np.maximum(expected, 1 / self._weight[series, day][:, None])
        )
        apart = np.where(is_known[:, None], (share - expected) * unit, 0.0)
        for sums, product in ((self._own, apart), (self._with_previous, self._apart[series])):
            sums[series] = sums[series] * (1 - 1 / BASELINE_DAYS) + (apart * product).sum(axis=1)
        self._apart[series] = apart

    def _move(self, series: IntArray, day: IntArray, sign: float) -> None:
        weekday, rows = self.weekday[day], self.n[series, day]
        weight = sign * self._weight[series, day]
        share = self.counts[series, day] / rows[:, None]
        weighted = weight[:, None] * share
        self._rows[series, weekday] += weight
        self._cells[series, weekday] += weighted
        self._squares[series] += weighted * share
        self._n[series] += sign * rows
        self._n_squared[series] += sign * rows**2


def as_weekdays(weekday: ArrayLike, *, length: int | None = None) -> IntArray:
    """Check weekdays, 0 to 6; a ValueError names the argument.

    >>> as_weekdays([5, 6, 0])
    array([5, 6, 0])
    """
    days = as_ints("weekday", weekday, length=length)
    if (days >= WEEKDAYS).any():
        raise ValueError(f"weekday must be below {WEEKDAYS}, got {days.max()}")
    return days


def stacked(counts: Mapping[str, ArrayLike], days: int) -> FloatArray:
    """Return (series, days, bins), with empty bins where a series has fewer than others."""
    tables = [_whole(f"counts of {name}", given, days) for name, given in counts.items()]
    together = np.zeros((len(tables), days, max(table.shape[1] for table in tables)))
    for place, table in enumerate(tables):
        together[place, :, : table.shape[1]] = table
    return together


def _whole(name: str, given: ArrayLike, days: int) -> FloatArray:
    table = as_array(name, given)
    if table.ndim != 2 or len(table) != days:
        raise ValueError(f"{name} must have shape (days, bins) with {days} days, got {table.shape}")
    as_ints(name, table.ravel())
    return table
