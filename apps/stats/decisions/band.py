"""Means over score bins that share their labels: intervals for each mean, and a band for all of them at once."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.estimators.first_phase import logging_of
from apps.stats.estimators.groups import Groups
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.moderation import NU_0, anticipated_degrees, moderate


@dataclass(frozen=True, eq=False)
class Band:
    """Half-widths of many intervals: for each mean alone, and for all of them at once.

    Attributes
    ----------
    half, joint_half : array (means,)
        Half-width of the interval of one mean, and of the band that holds all means together.
    se, df : array (means,)
        Standard error and degrees of freedom of each mean.
    nu : array (means,)
        ν_a, the degrees of freedom to expect; infinite where nothing is left to chance.
    """

    half: FloatArray
    joint_half: FloatArray
    se: FloatArray
    df: FloatArray
    nu: FloatArray


@dataclass(frozen=True, eq=False)
class BinTotals:
    """Pseudo-truths by score bin, times what is at stake, per prediction. Labels of different bins are independent.

    Where not every prediction was logged, so is how many of them are: each bin then has two more parts, its predictions
    with a truth of 1 and those with a truth of 0. `parts` counts all of them: bins, or three times as many.

    Attributes
    ----------
    bins : array (bins,) of int
        Bins that hold predictions, ascending.
    stake, truth : array (bins,)
        Σ a/N and the estimate of Σ a·y/N, where a is the amount, or 1.
    share : array (bins,)
        Share of the predictions.
    design, squares : array (parts,)
        Σ v and Σ v² over the terms v of the design variance, in units of `largest`.
    anticipated : array (parts,)
        Anticipated variance, in units of `largest`.
    first, fourth : array (parts,)
        Numerator and denominator of its ν_a, in units of `largest` and of its square.
    largest : float
        The largest of these terms. In units of it, no square that matters underflows.
    """

    bins: IntArray
    stake: FloatArray
    truth: FloatArray
    share: FloatArray
    design: FloatArray
    squares: FloatArray
    anticipated: FloatArray
    first: FloatArray
    fourth: FloatArray
    largest: float

    @classmethod
    def of(cls, pseudo: PseudoValues, *, uses_amount: bool = False) -> "BinTotals":
        """Sum up a binary model whose predictions all have a score."""
        cells, sample, size = pseudo.population, pseudo.sample, pseudo.population.size
        bins, position = np.unique(cells.bin, return_inverse=True)
        by_bin = Groups(len(bins), position, np.searchsorted(bins, sample.bin))
        at_stake = cells.sum_amount if uses_amount else cells.n
        odds = cells.sum_amount2_odds if uses_amount else cells.sum_odds
        odds2 = cells.sum_amount4_odds2 if uses_amount else cells.sum_odds2
        own = sample.amount if uses_amount else np.ones(len(sample.pi))
        terms, anticipated = [pseudo.design_terms(own) / size**2], [by_bin.anticipated(pseudo, odds, own) / size**2]
        first, fourth = ([moment] for moment in by_bin.moments(pseudo, odds, odds2, own))
        if not cells.is_all_logged:
            logged = logging_of(cells, uses_amount=uses_amount)
            for truth, chance in ((1, pseudo.mean_cells), (0, 1 - pseudo.mean_cells)):
                terms.append(pseudo.logging_terms(own * (sample.truth == truth)) / size**2)
                first.append(by_bin.sum_cells(logged.variance * chance))
                fourth.append(by_bin.sum_cells(logged.fourth * chance))
                anticipated.append(first[-1] / size**2)
        largest = max(float(part.max(initial=0.0)) for part in (*terms, *anticipated)) or 1.0
        return cls(
            bins=bins,
            stake=by_bin.sum_cells(at_stake) / size,
            truth=by_bin.totals(pseudo, at_stake, own) / size,
            share=by_bin.sum_cells(cells.n) / size,
            design=np.concatenate([by_bin.sum_items(part / largest) for part in terms]),
            squares=np.concatenate([by_bin.sum_items((part / largest) ** 2) for part in terms]),
            anticipated=np.concatenate(anticipated) / largest,
            first=np.concatenate(first) / size**2 / largest,
            fourth=np.concatenate(fourth) / size**2 / largest / size**2 / largest,
            largest=largest,
        )

    def mean(self, certain: FloatArray, slopes: FloatArray) -> FloatArray:
        """Estimate Σ certain·stake + slope·truth for each row of both (means, bins)."""
        return np.asarray(certain @ self.stake + slopes @ self.truth)

    def band(
        self, certain: FloatArray, slopes: FloatArray, *, level: float, draws: int, rng: np.random.Generator
    ) -> Band:
        """Return intervals of each `mean`, one by one and all at once."""
        weights = self._weights(certain, slopes)
        scale = float(np.abs(weights).max(initial=0.0)) or 1.0
        shares = weights / scale
        design, fourth = shares**2 @ self.design, shares**4 @ self.squares
        nu = np.divide(design**2, fourth, out=np.zeros_like(design), where=fourth > 0)
        nu_a = anticipated_degrees(shares**2 @ self.first, shares**4 @ self.fourth)
        variance, df = moderate(design, np.minimum(nu, nu_a), shares**2 @ self.anticipated)
        se = np.sqrt(variance) * np.sqrt(self.largest) * scale
        joint = self.joint_level(shares, level=level, draws=draws, rng=rng)
        half, joint_half = (np.asarray(stdtrit(df, (1 + each) / 2)) * se for each in (level, joint))
        return Band(half, joint_half, se, df, nu_a)

    def _weights(self, certain: FloatArray, slopes: FloatArray) -> FloatArray:
        """Return the weight of each part (means, parts): what a prediction of it adds, less the mean."""
        if len(self.design) == len(self.bins):
            return slopes
        amount = np.divide(self.stake, self.share, out=np.zeros(len(self.bins)), where=self.share > 0)
        mean = self.mean(certain, slopes)[:, None]
        apart = certain - np.divide(mean, amount, out=np.zeros_like(certain), where=amount != 0)
        return np.hstack([slopes, apart + slopes, apart])

    def joint_level(self, weights: FloatArray, *, level: float, draws: int, rng: np.random.Generator) -> float:
        """Find the level that each interval needs so that all of them hold at once.

        Multiplier bootstrap: each draw multiplies the influence of every item by a standard normal number, and the
        largest standardized deviation counts. The items of one bin add up to one normal number with the variance of the
        bin.

        Parameters
        ----------
        weights : array (means, parts)
            Weights of each mean, not so large that their squares overflow.
        level : float, in (0, 1)
            Level at which all intervals should hold together.
        draws : int
            Bootstrap draws.
        rng : numpy.random.Generator
            Source of the normal numbers.

        Returns
        -------
        float
            At least `level`; the interval of each mean then uses its own t quantile at this level.

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
        # At a level of exactly 1 the t quantiles are infinite.
        return max(level, min(float(2 * ndtr(np.quantile(farthest, level)) - 1), 1 - 1e-12))

    def _moderated(self) -> FloatArray:
        """Return the moderated variance by bin: few labels show too little of it, and the band would be too narrow."""
        squares = float(self.squares.sum())
        nu = float(self.design.sum()) ** 2 / squares if squares > 0 else 0.0
        nu = min(nu, float(anticipated_degrees([self.first.sum()], [self.fourth.sum()])[0]))
        return np.asarray((nu * self.design + NU_0 * self.anticipated) / (nu + NU_0), dtype=np.float64)
