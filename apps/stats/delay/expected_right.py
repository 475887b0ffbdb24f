"""The share of right decisions to expect of a window before its outcomes are known, from frozen cells of the score."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from apps.stats.arrays import FloatArray, IntArray, as_array, as_binary, as_floats, as_inclusion, as_ints, sum_by
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.expected_loss import fit_expected_loss
from apps.stats.intervals import LEVEL, Interval, logit_mod, plain_mod

#: With fewer earlier outcomes nothing is expected, as for concept drift.
LEAST_REFERENCE = 1_000
#: What expectation and outcomes of the second half may differ by: overall, and typically in a cell.
TOLERANCE, CELL_TOLERANCE = 0.02, 0.05
ALPHA = 0.05
_MANY = 1e6  # degrees of freedom of a normal quantile


@dataclass(frozen=True, eq=False)
class ExpectedRight:
    """Expected share of right decisions by cell (predicted class × bin of the score), frozen on earlier outcomes.

    Make one with `fit_expected_right`.

    Attributes
    ----------
    mean, variance : array (cells,) or None
        Shrunk means of all earlier outcomes, and their sampling variance; None without enough outcomes.
    off : Estimate
        Right decisions of the second half less those that the first half let one expect.
    off_cells : float or None
        Root mean square of that difference over cells, less what chance makes of it.
    code : str or None
        Why the expectation is not valid: `no_reference`, `too_few`, `not_calibrated` (the second half was not as the
        first let one expect).
    """

    mean: FloatArray | None
    variance: FloatArray | None
    off: Estimate
    off_cells: float | None
    code: str | None = None

    def of(self, cells: ArrayLike, *, level: float = LEVEL) -> Estimate:
        """Compute what to expect of a window by its counts alone.

        Parameters
        ----------
        cells : array (cells,)
            Predictions of the window by cell.
        level : float, in (0, 1)
            Confidence level.

        Returns
        -------
        Estimate
            Its range is that of the outcomes to come: errors of the means, and chance of the outcomes. Not valid: the
            code, without a value.

        Raises
        ------
        ValueError
            If there is not one count for each cell, or one is negative.

        Examples
        --------
        >>> frozen = fit_expected_right(np.tile([0, 1], 1000), np.arange(2000) % 4 != 1, count=2)
        >>> window = frozen.of([300, 100])
        >>> round(window.value, 2), round(window.low, 2), round(window.high, 2)
        (0.87, 0.85, 0.9)
        """
        if self.mean is None or self.variance is None or self.code is not None:
            return missing(self.code or "no_reference")
        n = as_floats("cells", cells, length=len(self.mean))
        if (n < 0).any():
            raise ValueError("cells must not be negative")
        if n.sum() == 0:
            return missing("no_population")
        share = n / n.sum()
        variance = float(share**2 @ self.variance + share @ (self.mean * (1 - self.mean)) / n.sum())
        interval = logit_mod(float(share @ self.mean), variance=variance, df=_MANY, n=float(n.sum()), level=level)
        return _estimate(interval, n=int(n.sum()))

    def cost_of_shift(self, reference: ArrayLike, now: ArrayLike, *, level: float = LEVEL) -> Estimate:
        """Compute how much the share of right decisions changes by one feature's shift alone.

        The reference is weighted so that the feature's bins hold the shares that they hold now; within a bin, cells
        stay as they were.

        Parameters
        ----------
        reference : array (bins, cells)
            Predictions of the reference by bin of the feature and cell.
        now : array (bins,)
            Predictions of now by bin of the feature.
        level : float, in (0, 1)
            Confidence level.

        Returns
        -------
        Estimate
            Negative where right decisions get fewer; a difference, in [−1, 1]. Bins that the reference does not have
            are left out; `covered_share` is the share of the others. Its range counts the sampling errors of both
            shares, of the cells within bins, and of the means (delta method).

        Raises
        ------
        ValueError
            If shapes differ or a count is negative.

        Examples
        --------
        >>> frozen = fit_expected_right(np.tile([0, 1], 1000), np.arange(2000) % 4 != 1, count=2)
        >>> cost = frozen.cost_of_shift([[500, 0], [0, 500]], [250, 750])  # a quarter moves from .998 to .501
        >>> round(cost.value, 2), round(cost.low, 2), round(cost.high, 2)
        (-0.12, -0.15, -0.1)
        """
        if self.mean is None or self.variance is None or self.code is not None:
            return missing(self.code or "no_reference")
        joint = as_array("reference", reference)
        if joint.ndim != 2 or joint.shape[1] != len(self.mean) or not (joint >= 0).all():
            raise ValueError(f"reference must hold counts of (bins, {len(self.mean)}), got shape {joint.shape}")
        today = as_floats("now", now, length=len(joint))
        if (today < 0).any():
            raise ValueError("now must not be negative")
        rows = joint.sum(axis=1)
        seen = rows > 0
        if today[seen].sum() == 0 or rows.sum() == 0:
            return missing("no_population" if rows.sum() else "no_reference")
        cells = joint[seen] / rows[seen, None]
        p, q = rows[seen] / rows.sum(), today[seen] / today[seen].sum()
        right = cells @ self.mean
        within = cells @ self.mean**2 - right**2
        by_means = (q - p) @ cells
        variance = (
            (q @ right**2 - (q @ right) ** 2) / today[seen].sum()
            + (p @ right**2 - (p @ right) ** 2) / rows.sum()
            + float((q - p) ** 2 @ (within / rows[seen]))
            + float(by_means**2 @ self.variance)
        )
        interval = plain_mod(
            float((q - p) @ right), variance=float(variance), df=_MANY, limits=(-1.0, 1.0), level=level
        )
        covered = float(today[seen].sum() / today.sum())
        return _estimate(interval, n=int(today.sum()), covered_share=covered)


def fit_expected_right(cell: ArrayLike, right: ArrayLike, pi: ArrayLike | None = None, *, count: int) -> ExpectedRight:
    """Freeze the means of earlier outcomes by cell, and check that they hold.

    The first half, in time, says what to expect of the second. The means are valid unless the second half is
    significantly off *and* by more than `TOLERANCE` overall, or `CELL_TOLERANCE` in its cells.

    Parameters
    ----------
    cell : array (n,) of int
        Cell of each earlier prediction with a known outcome, from 0, in the order of their time.
    right : array (n,) of 0 or 1
        Whether its decision was right.
    pi : array (n,), in (0, 1], optional
        Probability with which it was drawn; 1 if left out.
    count : int, positive
        Number of cells.

    Returns
    -------
    ExpectedRight

    Raises
    ------
    ValueError
        If lengths differ, a cell does not exist, right is not 0 or 1, or pi is outside (0, 1].

    References
    ----------
    Garg et al. (2022), Leveraging unlabeled data to predict out-of-distribution performance, for what such an
    expectation can and cannot see.

    Examples
    --------
    >>> frozen = fit_expected_right(np.tile([0, 1], 1000), np.arange(2000) % 4 != 1, count=2)
    >>> frozen.code, frozen.mean.round(3).tolist(), abs(round(frozen.off.value, 3))
    (None, [0.999, 0.501], 0.0)
    >>> fit_expected_right([0, 1], [1, 0], count=2).code
    'too_few'
    """
    if count < 1:
        raise ValueError(f"count must be positive, got {count}")
    hits = as_binary("right", right)
    places = as_ints("cell", cell, length=len(hits))
    inclusion = np.ones(len(hits)) if pi is None else as_inclusion("pi", pi, length=len(hits))
    if places.size and places.max() >= count:
        raise ValueError(f"cell must be below {count}, got {places.max()}")
    if len(hits) < LEAST_REFERENCE:
        code = "too_few" if len(hits) else "no_reference"
        return ExpectedRight(None, None, missing(code, n=len(hits)), None, code)
    rows, half = _Rows(places, hits, inclusion, count), len(hits) // 2
    off, off_cells, holds = _held_out(*rows.slice(0, half).means(), rows.slice(half, len(hits)))
    return ExpectedRight(*rows.means(), off, off_cells, None if holds else "not_calibrated")


@dataclass(frozen=True, eq=False)
class _Rows:
    places: IntArray
    hits: FloatArray
    pi: FloatArray
    count: int

    def slice(self, first: int, end: int) -> "_Rows":
        return _Rows(self.places[first:end], self.hits[first:end], self.pi[first:end], self.count)

    @property
    def weight(self) -> FloatArray:
        return np.asarray((1 / self.pi) / (1 / self.pi).mean())

    def by_cell(self, values: FloatArray) -> FloatArray:
        return sum_by(self.places, values, size=self.count)

    def means(self) -> tuple[FloatArray, FloatArray]:
        """Return the means of the cells, and the sampling variance of each.

        A cell of few labels rests on the mean of all, to which it may not belong: its variance is that of one label.
        """
        fitted = fit_expected_loss(self.places, self.hits, self.pi, count=self.count)
        mean = np.clip(fitted.mean, 0.0, 1.0)
        squares = self.by_cell(self.weight**2) / np.maximum(fitted.weight, 1e-9) ** 2
        return mean, np.where(fitted.weight > 0, np.minimum(squares, 1.0), 1.0) * mean * (1 - mean)


def _held_out(mean: FloatArray, variance: FloatArray, later: _Rows) -> tuple[Estimate, float, bool]:
    """Compare later outcomes with earlier means: overall, in cells, and whether both are near enough."""
    of_cell = later.by_cell(later.weight)
    here = of_cell > 0
    rows, share = of_cell[here], of_cell[here] / of_cell.sum()
    apart = later.by_cell(later.weight * (later.hits - mean[later.places]))[here] / rows
    squares = later.by_cell(later.weight**2)[here] / rows**2
    spread = squares * (mean * (1 - mean))[here] + variance[here]
    interval = plain_mod(float(share @ apart), variance=float(share**2 @ spread), df=_MANY, limits=(-1.0, 1.0))
    is_off = abs(interval.value) > TOLERANCE and not interval.low <= 0 <= interval.high
    # Cells count by their rows: one of few rows says little. Satterthwaite's χ² for their weighted sum.
    weighted, by_chance = float(share @ apart**2), float(share @ spread)
    off_cells = math.sqrt(max(weighted - by_chance, 0.0))
    degrees = by_chance**2 / max(float(share**2 @ spread**2), 1e-300)
    p = float(stats.chi2.sf(degrees * weighted / max(by_chance, 1e-300), max(degrees, 1e-9)))
    return _estimate(interval, n=len(later.hits)), off_cells, not is_off and (off_cells <= CELL_TOLERANCE or p >= ALPHA)


def _estimate(interval: Interval, *, n: int, covered_share: float | None = None) -> Estimate:
    return Estimate(
        interval.value, interval.low, interval.high, "plug-in", n, se=interval.se, covered_share=covered_share
    )
