"""Shares of right decisions in the weeks before a day, and how far later days are from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray, IntArray
from apps.stats.drift.weeks_before import BASELINE_DAYS, WEEKDAYS

#: Two of each weekday, and rows, that the weeks before need.
LEAST_DAYS, LEAST_ROWS = 14, 100
#: Days that are part of a change make the weeks before reach further back.
_FARTHEST = 84
#: Degrees of freedom given to independent rows, as for the variance of an estimate.
NU_0 = 10.0


@dataclass(frozen=True, eq=False)
class Decisions:
    """Known decisions by day and group, (days, groups), and the weekday of each day."""

    n: FloatArray
    hits: FloatArray
    expected: FloatArray
    weekday: IntArray

    @property
    def rate(self) -> FloatArray:
        """Share of right decisions less the expected ones; 0 without any."""
        return np.asarray((self.hits - self.expected) / np.maximum(self.n, 1.0))

    def of(self, span: slice) -> "Decisions":
        """Keep some of the days."""
        return Decisions(self.n[span], self.hits[span], self.expected[span], self.weekday[span])

    def by_weekday(self, values: FloatArray) -> FloatArray:
        """Sum values (…, days, groups) by weekday."""
        of_weekday = (self.weekday == np.arange(WEEKDAYS)[:, None]).astype(np.float64)
        return np.asarray(np.matmul(of_weekday, values))


@dataclass(frozen=True, eq=False)
class Weeks:
    """Right decisions of the weeks before a day.

    Attributes
    ----------
    share : array (7, groups)
        Share of right decisions less the expected ones, by weekday.
    rows : array (7, groups)
        Rows that it rests on.
    variance : array (groups,)
        Rows times the variance of a day's share.
    df : array (groups,)
        Its degrees of freedom.
    inflation : array (groups,)
        How many times more days vary than independent rows would make them.
    n, hits : array (groups,)
        Rows and right decisions.
    usual_rows : array (groups,)
        Rows that a row's day usually has.
    is_known : array (groups,) of bool
        Whether the days and rows suffice.
    """

    share: FloatArray
    rows: FloatArray
    variance: FloatArray
    df: FloatArray
    inflation: FloatArray
    n: FloatArray
    hits: FloatArray
    usual_rows: FloatArray
    is_known: BoolArray


@dataclass(frozen=True, eq=False)
class Since:
    """Differences of the days since some starts from the weeks before them, (starts, groups)."""

    value: FloatArray
    se: FloatArray
    df: FloatArray
    rows: FloatArray
    is_known: BoolArray


def weeks_before(decisions: Decisions, is_usual: BoolArray, *, day: int) -> Weeks:
    """Sum up the last 28 usual days with rows before a day."""
    span = slice(max(0, day - _FARTHEST), day)
    then = decisions.of(span)
    taken = is_usual[span] & (then.n > 0)
    taken &= np.cumsum(taken[::-1], axis=0)[::-1] <= BASELINE_DAYS
    rows, days = np.where(taken, then.n, 0.0), taken.sum(axis=0)
    total, right = rows.sum(axis=0), np.where(taken, then.hits, 0.0).sum(axis=0)
    usual_rows = (rows**2).sum(axis=0) / np.maximum(total, 1.0)
    weight = np.minimum(rows, usual_rows)
    by_weekday, sums = then.by_weekday(weight), then.by_weekday(weight * then.rate)
    has_rows, all_rows = by_weekday > 0, by_weekday.sum(axis=0)
    share = np.where(has_rows, sums / np.where(has_rows, by_weekday, 1.0), sums.sum(axis=0) / np.maximum(all_rows, 1.0))
    df = np.maximum(days - has_rows.sum(axis=0), 0).astype(np.float64)
    squares = (weight * (then.rate - share[then.weekday]) ** 2).sum(axis=0)
    p = (right + 1) / (total + 2)
    independent = p * (1 - p)
    variance = np.maximum((squares + NU_0 * independent) / (df + NU_0), independent)
    return Weeks(
        share=share,
        rows=np.where(has_rows, by_weekday, all_rows),
        variance=variance,
        df=df + NU_0,
        inflation=variance / independent,
        n=total,
        hits=right,
        usual_rows=usual_rows,
        is_known=(days >= LEAST_DAYS) & (total >= LEAST_ROWS),
    )


def difference_since(decisions: Decisions, weeks: Sequence[Weeks], *, starts: Sequence[int], day: int) -> Since:
    """Compare the days from each start to a day with the weeks before that start, each with its own weekday."""
    first = min(starts)
    here = decisions.of(slice(first, day + 1))
    runs = (np.arange(first, day + 1) >= np.array(starts)[:, None])[:, :, None]
    weight = np.where(runs, np.minimum(here.n, np.stack([one.usual_rows for one in weeks])[:, None]), 0.0)
    usual = np.stack([one.share for one in weeks])[:, here.weekday]
    by_weekday = here.by_weekday(weight)
    rows = by_weekday.sum(axis=1)
    total = np.maximum(rows, 1.0)
    earlier = np.maximum(np.stack([one.rows for one in weeks]), 1e-9)
    per_row = 1 / total + (by_weekday**2 / earlier).sum(axis=1) / total**2
    return Since(
        value=(weight * (here.rate - usual)).sum(axis=1) / total,
        se=np.sqrt(np.stack([one.variance for one in weeks]) * per_row),
        df=np.stack([one.df for one in weeks]),
        rows=rows,
        is_known=np.stack([one.is_known for one in weeks]),
    )
