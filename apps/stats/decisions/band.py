"""Means over score bins that share their labels: how far each may be off, and how far all of them at once."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, stdtrit

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.estimators.parts import Parts
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.intervals import NU_0, moderate


@dataclass(frozen=True, eq=False)
class Band:
    """Half-widths of many intervals (means,): each for itself, and all at once.

    Attributes
    ----------
    half, joint_half : array (means,)
    se, df : array (means,)
    """

    half: FloatArray
    joint_half: FloatArray
    se: FloatArray
    df: FloatArray


@dataclass(frozen=True, eq=False)
class BinTotals:
    """Pseudo-truths by score bin, times what is at stake; all per prediction. Labels of two bins are independent.

    Attributes
    ----------
    bins : array (bins,) of int
        Bins that hold predictions, ascending.
    stake, truth : array (bins,)
        Σ a/N and the estimate of Σ a·y/N, with a the amount, or 1.
    design, squares : array (bins,)
        Σ v and Σ v² over the terms v of the design variance of `truth`, in units of `largest`.
    anticipated : array (bins,)
        Anticipated variance of `truth`, in units of `largest`.
    largest : float
        The largest of those terms: in units of it no square underflows that would matter.
    """

    bins: IntArray
    stake: FloatArray
    truth: FloatArray
    design: FloatArray
    squares: FloatArray
    anticipated: FloatArray
    largest: float

    @classmethod
    def of(cls, pseudo: PseudoValues, *, uses_amount: bool = False) -> "BinTotals":
        """Totals of a binary model whose predictions all have a score."""
        cells, sample, size = pseudo.population, pseudo.sample, float(pseudo.size[0])
        bins, place = np.unique(cells.bin, return_inverse=True)
        parts = Parts(len(bins), place, np.searchsorted(bins, sample.bin))
        by_bin = replace(pseudo, parts=parts)
        at_stake = cells.sum_amount if uses_amount else cells.n
        odds = cells.sum_amount2_odds if uses_amount else cells.sum_odds
        own = sample.amount if uses_amount else np.ones(len(sample.pi))
        terms, anticipated = by_bin.design_terms(own) / size**2, by_bin.anticipated(odds, own) / size**2
        largest = max(float(terms.max(initial=0.0)), float(anticipated.max(initial=0.0))) or 1.0
        return cls(
            bins=bins,
            stake=parts.sum_cells(at_stake) / size,
            truth=by_bin.total(at_stake, own) / size,
            design=parts.sum_items(terms / largest),
            squares=parts.sum_items((terms / largest) ** 2),
            anticipated=anticipated / largest,
            largest=largest,
        )

    def band(self, weights: FloatArray, *, level: float, draws: int, rng: np.random.Generator) -> Band:
        """Intervals of Σ w·truth for each row of weights (means, bins), one by one and all at once."""
        scale = float(np.abs(weights).max(initial=0.0)) or 1.0
        shares = weights / scale
        design, fourth = shares**2 @ self.design, shares**4 @ self.squares
        nu = np.divide(design**2, fourth, out=np.zeros_like(design), where=fourth > 0)
        variance, df = moderate(design, nu, shares**2 @ self.anticipated)
        se = np.sqrt(variance) * np.sqrt(self.largest) * scale
        joint = self.joint_level(shares, level=level, draws=draws, rng=rng)
        half, joint_half = (np.asarray(stdtrit(df, (1 + each) / 2)) * se for each in (level, joint))
        return Band(half, joint_half, se, df)

    def joint_level(self, weights: FloatArray, *, level: float, draws: int, rng: np.random.Generator) -> float:
        """Level at which each interval must be taken for all of them to hold at once.

        Multiplier bootstrap: the largest standardised deviation over draws in which the influence of every item is
        multiplied by a normal number; those of one bin add up to one normal number with the variance of the bin.

        Parameters
        ----------
        weights : array (means, bins)
            Not so large that their squares overflow.
        level : float, in (0, 1)
        draws : int
        rng : numpy.random.Generator

        Returns
        -------
        float
            At least `level`; every mean then takes its own t quantile at it.

        References
        ----------
        Chernozhukov, Chetverikov and Kato (2013), Gaussian approximations and multiplier bootstrap for maxima of sums
        of high-dimensional random vectors.
        """
        variance = self._moderated()
        scale = np.sqrt(weights**2 @ variance)
        moves = scale > 0
        if not moves.any():
            return level
        noise = rng.standard_normal((draws, len(variance))) * np.sqrt(variance)
        farthest = np.abs(noise @ (weights[moves] / scale[moves, None]).T).max(axis=1)
        # Next to 1 the t quantiles would be beyond all numbers.
        return max(level, min(float(2 * ndtr(np.quantile(farthest, level)) - 1), 1 - 1e-12))

    def _moderated(self) -> FloatArray:
        """Variance by bin. Bins with few labels show too little of it, and the band would be too narrow."""
        squares = float(self.squares.sum())
        nu = float(self.design.sum()) ** 2 / squares if squares > 0 else 0.0
        return np.asarray((nu * self.design + NU_0 * self.anticipated) / (nu + NU_0), dtype=np.float64)
