"""When the data of a model are not like the weeks before: day histograms of many series, judged day by day."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, FloatArray, IntArray
from apps.stats.comparison.multiple import q_values
from apps.stats.drift.day_effects import Window, effects, p_values, same_direction, surprise
from apps.stats.drift.moves import Move, moves_of
from apps.stats.drift.weeks_before import Usual, WeeksBefore, as_weekdays, stacked

#: A season of ±.3 standard deviations in half a year moves .2 between the weeks before and now: a PSI of .04. A change
#: begins at twice that, and ends below it.
BEGINS, ENDS = 0.08, 0.04
LEVEL = 0.05
WINDOWS = (1, 3, 7)
#: Two of each weekday; with fewer days before, nothing is judged.
LEAST_DAYS = 14
#: A change that lasts longer is the new normal.
LONGEST = 28
#: A change that begins again within a week of its end is the same one.
SAME = 7
#: Where the windows stand among all spans, and the newest day beside each of them.
PLACES, NEWEST = [span - 1 for span in WINDOWS], [0] * len(WINDOWS)


@dataclass(frozen=True)
class Change:
    """A time in which a series is not like the weeks before.

    Attributes
    ----------
    series : str
        Its name.
    first, last : int
        Index of its first day, and of its last, None while it goes on.
    found : int
        Day on which it was found, by that day's and earlier days.
    effect : float
        PSI when found, less what chance makes of it; the largest of its windows.
    q_value : float
        Smallest of its windows then, adjusted for all series and windows of that day.
    moves : tuple of Move
        The bins that grew or shrank most, largest first.
    ended : str or None
        `back` (like the weeks before again), `stayed` (the new normal), None while it goes on.
    """

    series: str
    first: int
    last: int | None
    found: int
    effect: float
    q_value: float
    moves: tuple[Move, ...]
    ended: Literal["back", "stayed"] | None = None


def find_changes(
    counts: Mapping[str, ArrayLike], weekday: ArrayLike, *, begins: float = BEGINS, ends: float = ENDS
) -> tuple[Change, ...]:
    """Find the times in which a series differs from the weeks before.

    The last 1, 3 and 7 days are compared with the 28 days before them that are not part of a change, each day with its
    own weekday. A change is found when on two days running the effect is above `begins`, q < .05 over all series and
    windows of the day, and the newest day lies nearer to the recent days than to the weeks before. It ends when the
    effect stays below `ends` on two days running, or as the new normal after 28 days; one that begins again within a
    week goes on. How much days vary, and how alike neighboring days are, is estimated from the weeks before: rows come
    in batches and from customers. The verdict on a day uses no later day.

    Parameters
    ----------
    counts : mapping of str to array (days, bins) of int
        Rows of each series by day and frozen bin. Days without rows are skipped.
    weekday : array (days,) of int
        Weekday of each day, 0 to 6.
    begins, ends : float
        Effects at which a change begins and ends.

    Returns
    -------
    tuple of Change
        In the order in which they were found.

    Raises
    ------
    ValueError
        If a series is not a table of whole numbers with a row for each weekday, or `ends` is above `begins`.

    References
    ----------
    Yurdakul and Naranjo (2020) for the PSI; Rao and Scott (1981) for χ² of correlated rows; Benjamini and Hochberg
    (1995).

    Examples
    --------
    >>> quiet, other = [[92, 8]] * 40, [[2, 98]] * 6
    >>> [change] = find_changes({"group": quiet + other + quiet}, np.arange(86) % 7)
    >>> change.first, change.last, change.found, change.ended
    (40, 45, 41, 'back')
    >>> change.moves[0].bin, round(change.moves[0].before.value, 2), round(change.moves[0].now.value, 2)
    (0, 0.92, 0.02)
    """
    if not 0 <= ends <= begins:
        raise ValueError(f"ends must be between 0 and begins, got {ends} and {begins}")
    days = as_weekdays(weekday)
    if not counts or len(days) == 0:
        return ()
    watch = _Watch(tuple(counts), stacked(counts, len(days)), days, begins=begins, ends=ends)
    for day in range(len(days)):
        watch.judge(day)
    return tuple(sorted(watch.changes, key=lambda change: (change.found, change.series)))


class _Watch:
    """The state of all series from one day to the next."""

    def __init__(
        self, names: tuple[str, ...], counts: FloatArray, weekday: IntArray, *, begins: float, ends: float
    ) -> None:
        self.names, self.counts, self.weekday = names, counts, weekday
        self.begins, self.ends = begins, ends
        self.before = WeeksBefore(counts, weekday)
        self.changes: list[Change] = []
        size = len(names)
        self.current = np.full(size, -1)  # index of the change that goes on
        self.latest: dict[int, int] = {}  # the change that each series went back from
        self.first = np.full(size, np.iinfo(np.int64).max)
        self.last = np.full(size, -1)
        self.is_above = np.zeros(size, dtype=np.bool_)  # on the last day judged
        self.calm = np.zeros(size, dtype=np.int64)  # days running below `ends`
        self.latest_unlike = np.full(size, -1)

    def judge(self, day: int) -> None:
        """Judge a day, then let the day that leaves the longest window enter the weeks before."""
        usual = self.before.usual()
        can_judge = (usual.days >= LEAST_DAYS) & (usual.df > 0) & (self.before.n[:, day] > 0)
        if day >= WINDOWS[-1] and can_judge.any():
            recent = self._recent(day, usual, can_judge)
            self._end(day, recent, can_judge)
            self._begin(day, recent, can_judge)
        leaving = day - WINDOWS[-1] + 1
        if leaving >= 0:
            self.before.add(leaving, (leaving > self.last) & (leaving < self.first))

    def _recent(self, day: int, usual: Usual, can_judge: BoolArray) -> Window:
        """Return today, the last two days, … the last seven, against the weeks before, (7, series)."""
        span = np.arange(day, day - WINDOWS[-1], -1)
        n = self.before.n[:, span]
        rows = np.minimum(n, self.before.usual_rows[:, None]) * can_judge[:, None]
        weight = rows / np.maximum(n, 1.0)
        now = np.cumsum(weight[:, :, None] * self.counts[:, span], axis=1)
        expected = np.cumsum(rows[:, :, None] * usual.share[:, self.weekday[span]], axis=1)
        m = np.cumsum(rows, axis=1)
        per_row = np.cumsum(rows**2 / np.maximum(usual.rows[:, self.weekday[span]], 1e-9), axis=1)
        total = np.maximum(m, 1e-9)
        n_before = total**2 / np.maximum(per_row, 1e-9)
        now, before = (np.moveaxis(each / total[:, :, None], 1, 0) for each in (now, expected))
        spread = usual.persistence(np.arange(1, WINDOWS[-1] + 1))[:, :, None] * usual.spread
        return Window(now, before, m.T, n_before.T, spread, usual.df)

    def _begin(self, day: int, recent: Window, can_judge: BoolArray) -> None:
        windows = recent.spans(PLACES)
        p = np.where(can_judge & (self.current < 0), p_values(windows), np.nan)
        q = _q_values(p)
        above, effect = q < LEVEL, np.zeros(q.shape)
        if above.any():
            chosen, newest = windows.pick(above), recent.spans(NEWEST).pick(above)
            effect[above] = effects(chosen)[0] * (same_direction(chosen, newest) > 0.5)
            above &= effect > self.begins
        found = above.any(axis=0) & self.is_above
        for series in np.flatnonzero(found).tolist():
            self._found(day, series, recent, effect=float(effect[:, series].max()), q=float(np.nanmin(q[:, series])))
        self.is_above = np.where(can_judge, above.any(axis=0) & ~found, self.is_above)

    def _found(self, day: int, series: int, recent: Window, *, effect: float, q: float) -> None:
        """Date the change: it began where the days since then differ most, at least a day before it was found."""
        spans = recent.of_series(series)
        since = 1 + int(np.argmax(surprise(spans)[1:]))
        self.calm[series], self.latest_unlike[series] = 0, day
        earlier = self.latest.get(series)
        if earlier is not None and day - since <= self.last[series] + SAME:
            # Two messages about one change are one too many.
            again = self.changes[earlier]
            self.current[series], self.first[series] = earlier, again.first
            self.changes[earlier] = replace(again, last=None, ended=None)
            return
        here = spans.spans(slice(since, since + 1))
        self.current[series], self.first[series] = len(self.changes), day - since
        self.latest[series] = len(self.changes)
        self.changes.append(Change(self.names[series], day - since, None, day, effect, q, moves_of(here)))

    def _end(self, day: int, recent: Window, can_judge: BoolArray) -> None:
        going_on = np.flatnonzero(can_judge & (self.current >= 0))
        if len(going_on) == 0:
            return
        effect, by_chance = effects(recent.of_series(going_on).spans(PLACES))
        # The shortest window that can tell; with few rows, the longest.
        can_tell = by_chance < self.ends
        can_tell[-1] = True
        is_calm = effect[can_tell.argmax(axis=0), np.arange(len(going_on))] < self.ends
        self.calm[going_on] = np.where(is_calm, self.calm[going_on] + 1, 0)
        self.latest_unlike[going_on[effect[0] >= self.ends]] = day
        for series in going_on.tolist():
            change = self.changes[self.current[series]]
            if self.calm[series] >= 2:
                last = max(min(int(self.latest_unlike[series]), day - 2), change.first)
                self._ended(series, replace(change, last=last, ended="back"))
            elif day - change.first + 1 > LONGEST:
                self._ended(series, replace(change, last=day, ended="stayed"))
                self.before.restart(series, range(change.first, day - WINDOWS[-1] + 1))
                self.last[series] = day - WINDOWS[-1]
                del self.latest[series]

    def _ended(self, series: int, change: Change) -> None:
        assert change.last is not None
        self.changes[self.current[series]] = change
        self.current[series], self.first[series] = -1, np.iinfo(np.int64).max
        self.last[series], self.is_above[series] = change.last, False


def _q_values(p: FloatArray) -> FloatArray:
    """Adjust p-values; without the work where none can be below the level."""
    tested = np.sort(p[~np.isnan(p)])
    if not (tested < LEVEL * np.arange(1, len(tested) + 1) / max(len(tested), 1)).any():
        return np.ones(p.shape)
    return np.array(q_values(p.ravel()), dtype=np.float64).reshape(p.shape)
