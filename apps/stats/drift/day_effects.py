"""Recent days against the weeks before: effect and p-value of many series and windows at once."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from apps.stats.arrays import BoolArray, FloatArray, IntArray
from apps.stats.drift.distances import MINIMUM_EXPECTED
from apps.stats.drift.result import MINIMUM_ROWS


@dataclass(frozen=True, eq=False)
class Window:
    """Recent shares beside those to expect, one row for each comparison.

    Attributes
    ----------
    now, before : array (…, bins)
        Shares in the recent days; shares that the weeks before let one expect of the same weekdays.
    m, n : array (…,)
        Rows of each.
    spread : array (…, bins)
        Rows times the variance of a day's share.
    df : array (…,)
        Degrees of freedom of the spread.
    """

    now: FloatArray
    before: FloatArray
    m: FloatArray
    n: FloatArray
    spread: FloatArray
    df: FloatArray

    def spans(self, places: slice | list[int]) -> "Window":
        """Keep some of the time spans, the first axis."""
        now, before, m, n, spread = (each[places] for each in (self.now, self.before, self.m, self.n, self.spread))
        return Window(now, before, m, n, spread, self.df)

    def of_series(self, series: int | IntArray) -> "Window":
        """Keep all time spans of one series, or of several."""
        now, before, m, n, spread = (each[:, series] for each in (self.now, self.before, self.m, self.n, self.spread))
        return Window(now, before, m, n, spread, self.df[series])

    def pick(self, chosen: BoolArray) -> "Window":
        """Keep some of the comparisons, in one dimension."""
        return Window(
            self.now[chosen],
            self.before[chosen],
            self.m[chosen],
            self.n[chosen],
            self.spread[chosen],
            np.broadcast_to(self.df, chosen.shape)[chosen],
        )


@dataclass(frozen=True, eq=False)
class Merged:
    """Windows after sparse bins have been merged into one, which comes last.

    Attributes
    ----------
    now, before, spread : array (…, bins + 1)
        As in `Window`; 0 in bins that were merged or hold no rows.
    both : array (…, bins + 1)
        Share in both together.
    bins : array (…,)
        Number of bins that remain.
    unit : array (…,)
        1/m + 1/n.
    """

    now: FloatArray
    before: FloatArray
    spread: FloatArray
    both: FloatArray
    bins: FloatArray
    unit: FloatArray

    @property
    def inflation(self) -> FloatArray:
        """How many times more days vary than independent rows would make them, at least 1."""
        return np.asarray(np.maximum(self._parts.sum(axis=-1) / np.maximum(self.bins - 1, 1), 1.0))

    @property
    def degrees(self) -> FloatArray:
        """Satterthwaite's degrees of freedom: few where one bin varies much more than the rest."""
        parts = self._parts
        ratio = parts.sum(axis=-1) ** 2 / np.maximum((parts**2).sum(axis=-1), 1e-300)
        return np.asarray(np.clip(ratio, 1.0, np.maximum(self.bins - 1, 1)))

    @property
    def _parts(self) -> FloatArray:
        return self.spread / np.where(self.both > 0, self.both, np.inf)


def surprise(window: Window) -> FloatArray:
    """Measure χ² of each comparison, in units of one independent row's."""
    return _surprise(merged(window))


def merged(window: Window) -> Merged:
    """Merge the bins in which the smaller sample can expect fewer than five rows, as `pooled_counts` does."""
    m, n = window.m[..., None], window.n[..., None]
    both = (window.now * m + window.before * n) / np.maximum(m + n, 1e-9)
    expected = both * np.minimum(m, n)
    is_sparse = expected < MINIMUM_EXPECTED
    of_sparse = np.where(is_sparse, expected, 0.0).sum(axis=-1, keepdims=True)
    lacks = (of_sparse > 0) & (of_sparse < MINIMUM_EXPECTED)
    large = np.where(is_sparse, np.inf, expected)
    is_sparse |= lacks & (large == large.min(axis=-1, keepdims=True))

    def joined(values: FloatArray) -> FloatArray:
        sparse = np.where(is_sparse, values, 0.0)
        return np.concatenate([values - sparse, sparse.sum(axis=-1, keepdims=True)], axis=-1)

    shares = joined(both)
    bins = (shares > 0).sum(axis=-1).astype(np.float64)
    unit = 1 / np.maximum(window.m, 1e-9) + 1 / np.maximum(window.n, 1e-9)
    spread = joined(np.broadcast_to(window.spread, both.shape))
    return Merged(joined(window.now), joined(window.before), spread, shares, bins, unit)


def p_values(window: Window) -> FloatArray:
    """Test whether recent days differ: Pearson's χ² over the variation between days; nan without a test.

    References
    ----------
    Rao and Scott (1981), The analysis of categorical data from complex sample surveys, for a χ² over its inflation.
    """
    table = merged(window)
    ratio = _surprise(table) / (table.inflation * np.maximum(table.bins - 1, 1))
    p = special.fdtrc(table.degrees, np.maximum(window.df, 1.0), ratio)
    is_tested = (np.minimum(window.m, window.n) >= MINIMUM_ROWS) & (table.bins >= 2)
    return np.where(is_tested, p, np.nan)


def effects(window: Window) -> tuple[FloatArray, FloatArray]:
    """Measure the PSI less what chance alone makes of it, at least 0; and that chance part.

    The chance part is the mean of the PSI's null, (1/m + 1/n)(B − 1), times the inflation.
    """
    table = merged(window)
    here = table.both > 0
    half = 0.5 * table.bins[..., None]
    p = (table.before * window.n[..., None] + 0.5) / (window.n[..., None] + half)
    q = (table.now * window.m[..., None] + 0.5) / (window.m[..., None] + half)
    psi = np.where(here, (p - q) * np.log(p / q), 0.0).sum(axis=-1)
    by_chance = table.unit * (table.bins - 1) * table.inflation
    return np.maximum(psi - by_chance, 0.0), by_chance


def same_direction(window: Window, newest: Window) -> FloatArray:
    """Measure how far the newest day lies on the way from the weeks before to the window: 0 there, 1 here."""
    weight = 1 / np.maximum((window.now + window.before) / 2, 1e-9)
    move = (window.now - window.before) * weight
    along = ((newest.now - newest.before) * move).sum(axis=-1)
    return np.asarray(along / np.maximum(((window.now - window.before) * move).sum(axis=-1), 1e-300))


def _surprise(table: Merged) -> FloatArray:
    apart = (table.now - table.before) ** 2 / np.where(table.both > 0, table.both, np.inf)
    return np.asarray(apart.sum(axis=-1) / table.unit)
