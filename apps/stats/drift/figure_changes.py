"""When a figure is not like the weeks before: shares of right decisions by day and group, safe under daily looks."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from apps.stats.arrays import BoolArray, FloatArray, as_array, as_ints, as_level
from apps.stats.drift.figure_weeks import Decisions, Since, Weeks, difference_since, weeks_before
from apps.stats.drift.weeks_before import as_weekdays
from apps.stats.estimate import Estimate
from apps.stats.intervals import LEVEL, wilson_interval
from apps.stats.sequence import sequence_factor

#: Smaller differences are not worth a message: seasons move accuracy by two or three points.
LEAST_DIFFERENCE = 0.05
#: Known outcomes or labels that a difference needs; the sequence is narrowest here.
FIRST_LOOK = 50
#: A sequence starts every day of a quarter; all of them together miss with 5 %.
STARTS = 91
#: A sequence ends after as many days, and a change that lasts longer is the new normal.
LONGEST = 28
RECENT = 7


@dataclass(frozen=True)
class FigureChange:
    """A time in which a share of right decisions is not like the weeks before.

    Attributes
    ----------
    group : int
        Its column.
    first, last : int
        Index of its first day, and of its last, None while it goes on.
    found : int
        Day on which it was found, by that day's and earlier days.
    before, now : Estimate
        Share of right decisions in the weeks before, and from the first day until it was found.
    difference : Estimate
        Their difference, weekdays matched; with `expected`, the difference of measured − expected. Its range holds at
        every look, for every group and day at once.
    ended : str or None
        `back` (like the weeks before again), `stayed` (the new normal), None while it goes on.
    """

    group: int
    first: int
    last: int | None
    found: int
    before: Estimate
    now: Estimate
    difference: Estimate
    ended: Literal["back", "stayed"] | None = None


def find_figure_changes(
    n: ArrayLike,
    hits: ArrayLike,
    expected: ArrayLike | None = None,
    *,
    weekday: ArrayLike,
    least: float = LEAST_DIFFERENCE,
    level: float = LEVEL,
) -> tuple[FigureChange, ...]:
    """Find the times in which a share of right decisions differs from the weeks before.

    A confidence sequence starts every day and runs for 28: the mean since its start, less the 28 days before it that
    are not part of a change, each day against its own weekday. A change is found when on two days running a sequence
    of at least two days and `FIRST_LOOK` rows excludes 0, and the difference is at least `least`. It ends when the
    last 7 days are nearer to the weeks before than to the change, on two days running, or as the new normal after 28
    days. The level is shared among all starts of a quarter and all groups. How much days vary is estimated from the
    weeks before. The verdict on a day uses no later day.

    Parameters
    ----------
    n : array (days, groups) of int
        Known outcomes or labels by day and group; a column may hold all rows. Days without any are skipped.
    hits : array (days, groups) of int
        Right decisions among them.
    expected : array (days, groups), optional
        Right decisions that frozen scores expect among these same cases. With it, measured − expected is watched: a
        difference in differences, which a change in the mix of cases leaves alone.
    weekday : array (days,) of int
        Weekday of each day, 0 to 6.
    least : float, in (0, 1)
        Smallest difference worth a message.
    level : float, in (0, 1)
        Confidence level of all looks of a quarter together.

    Returns
    -------
    tuple of FigureChange
        In the order in which they were found.

    Raises
    ------
    ValueError
        If shapes differ, hits are not between 0 and n, expected is negative or above n, or least or level is out of
        range.

    References
    ----------
    Waudby-Smith et al. (2021), arXiv 2103.06476, for the sequence; Shin, Ramdas and Rinaldo (2022), arXiv 2203.03532,
    for starting one every day.

    Examples
    --------
    >>> n, hits = np.full((50, 1), 200), np.r_[np.full(40, 180), np.full(10, 150)][:, None]
    >>> [change] = find_figure_changes(n, hits, weekday=np.arange(50) % 7)
    >>> change.first, change.found, round(change.difference.value, 2), change.ended
    (40, 42, -0.15, None)
    """
    if not 0 < least < 1:
        raise ValueError(f"least must be in (0, 1), got {least}")
    rows, right = _table("n", n), _table("hits", hits)
    if right.shape != rows.shape or (right > rows).any():
        raise ValueError("hits must have the shape of n and not be above it")
    wanted = np.zeros(rows.shape) if expected is None else as_array("expected", expected)
    if wanted.shape != rows.shape or not ((wanted >= 0) & (wanted <= rows)).all():
        raise ValueError("expected must have the shape of n and be between 0 and n")
    days = as_weekdays(weekday, length=len(rows))
    watch = _FigureWatch(Decisions(rows, right, wanted, days), least=least, level=level)
    for day in range(len(rows)):
        watch.judge(day)
    return tuple(sorted(watch.changes, key=lambda change: (change.found, change.group)))


class _FigureWatch:
    """The state of all groups from one day to the next."""

    def __init__(self, decisions: Decisions, *, least: float, level: float) -> None:
        self.decisions, self.least = decisions, least
        groups = decisions.n.shape[1]
        self.level = 1 - (1 - as_level(level)) / (STARTS * max(groups, 1))
        self.changes: list[FigureChange] = []
        self.weeks: list[Weeks] = []  # before each day
        self.is_usual = np.ones(decisions.n.shape, dtype=np.bool_)  # days that may stand for the weeks before
        self.earliest = np.zeros(groups, dtype=np.int64)  # first day on which a sequence may start
        self.current = np.full(groups, -1)
        self.is_above = np.zeros(groups, dtype=np.bool_)
        self.calm = np.zeros(groups, dtype=np.int64)

    def judge(self, day: int) -> None:
        """Judge a day by all sequences that run on it."""
        self.weeks.append(weeks_before(self.decisions, self.is_usual, day=day))
        has_rows = self.decisions.n[day] > 0
        for group in np.flatnonzero(has_rows & (self.current >= 0)).tolist():
            self._end(day, group)
        self._begin(day, has_rows)

    def _begin(self, day: int, has_rows: BoolArray) -> None:
        starts = range(max(0, day - LONGEST + 1), day)
        can_begin = has_rows & (self.current < 0)
        if not starts or not can_begin.any():
            return
        since = difference_since(self.decisions, self.weeks[starts.start : day], starts=starts, day=day)
        starts_here = (np.array(starts)[:, None] >= self.earliest) & (self.decisions.n[starts.start : day] > 0)
        runs = starts_here & can_begin & since.is_known & (since.rows >= FIRST_LOOK)
        size = np.where(runs, np.abs(since.value) / since.se, 0.0)
        above = runs & (np.abs(since.value) >= self.least) & (size > 2.0)
        for start, group in np.argwhere(above).tolist():
            above[start, group] = size[start, group] > self._factor(since.rows[start, group], since.df[start, group])
        found = above.any(axis=0) & self.is_above
        for group in np.flatnonzero(found).tolist():
            place = int(np.argmax(np.where(above[:, group], size[:, group], 0.0)))
            self._found(day, starts[place], group, since, place)
        self.is_above = np.where(can_begin, above.any(axis=0) & ~found, self.is_above)

    def _factor(self, rows: float, df: float) -> float:
        """Return the factor of the sequence, for a standard error with this many degrees of freedom."""
        factor = sequence_factor(int(rows), first_look=FIRST_LOOK, level=self.level)
        return -float(special.stdtrit(df, float(special.ndtr(-factor))))

    def _found(self, day: int, first: int, group: int, since: Since, place: int) -> None:
        value, se, rows = (float(each[place, group]) for each in (since.value, since.se, since.rows))
        half = se * self._factor(rows, float(since.df[place, group]))
        difference = Estimate(value, value - half, value + half, "sequence", int(rows), se=se)
        before = self.weeks[first]
        here = self.decisions.of(slice(first, day + 1))
        right, known = float(here.hits[:, group].sum()), float(here.n[:, group].sum())
        inflation = float(before.inflation[group])
        self.current[group], self.calm[group] = len(self.changes), 0
        self.is_usual[first:, group] = False
        self.changes.append(
            FigureChange(
                group,
                first,
                None,
                day,
                before=_share(float(before.hits[group]), float(before.n[group]), inflation),
                now=_share(right, known, inflation),
                difference=difference,
            )
        )

    def _end(self, day: int, group: int) -> None:
        change = self.changes[self.current[group]]
        found = change.difference.value or 0.0
        # The weeks before stay those of the first day.
        starts = [max(day - RECENT + 1, change.first)]
        recent = difference_since(self.decisions, [self.weeks[change.first]], starts=starts, day=day)
        is_calm = recent.rows[0, group] > 0 and recent.value[0, group] / found < 0.5
        self.calm[group] = self.calm[group] + 1 if is_calm else 0
        if self.calm[group] >= 2:
            self._ended(group, replace(change, last=self._last(day, group, change, found), ended="back"))
        elif day - change.first + 1 > LONGEST:
            self.is_usual[: change.first, group] = False
            self._ended(group, replace(change, last=day, ended="stayed"))
            self.is_usual[change.first :, group] = True

    def _last(self, day: int, group: int, change: FigureChange, found: float) -> int:
        """Return the day after which the days lie nearer to the weeks before."""
        here = self.decisions.of(slice(change.first, day + 1))
        apart = here.rate[:, group] - self.weeks[change.first].share[here.weekday, group]
        return int(change.first + np.argmax(np.cumsum(here.n[:, group] * (apart / found - 0.5))))

    def _ended(self, group: int, change: FigureChange) -> None:
        assert change.last is not None
        self.changes[self.current[group]] = change
        self.current[group], self.is_above[group] = -1, False
        self.is_usual[change.last + 1 :, group] = True
        self.earliest[group] = change.last + 1  # no sequence starts inside a change


def _share(right: float, n: float, inflation: float) -> Estimate:
    low, high = wilson_interval(right / inflation, n / inflation)
    return Estimate(right / n, low, high, "wilson", int(n), n_eff=n / inflation)


def _table(name: str, given: ArrayLike) -> FloatArray:
    table = as_array(name, given)
    if table.ndim != 2:
        raise ValueError(f"{name} must have shape (days, groups), got {table.shape}")
    as_ints(name, table.ravel())
    return table
