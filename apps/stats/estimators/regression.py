"""The estimator of a model that predicts a number: mean losses, against a baseline as well, and what they cost."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, BoolArray, FloatArray, IntArray, as_floats, as_ints, as_level, as_mask, sum_by
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators.conclusion import NO_LIMITS, Linearized, conclude, unfit, weighted_variance
from apps.stats.estimators.expected_loss import BINS, LARGEST_LOSS, fit_expected_loss, quantile_bins
from apps.stats.estimators.gaps import CODES, EQUAL, WITHIN
from apps.stats.estimators.keys import NO_BASELINE
from apps.stats.estimators.number_losses import (
    EXACTLY,
    LIMITS,
    METRICS,
    NOT_NEGATIVE,
    Loss,
    loss_of,
    uncorrected_error,
    varies,
)
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues, overturn_rates
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.scoring import MINIMUM_LABELS
from apps.stats.estimators.unit_cost import UnitCost
from apps.stats.intervals import LEVEL, UNIT, Limits
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS
from apps.stats.tolerance import Tolerance

#: A quantity of items, given their prediction, their baseline and their truth.
Under = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
Who = Literal["model", "baseline"]


@dataclass(frozen=True)
class Quantity:
    """What a figure is the mean of.

    Attributes
    ----------
    under : callable
        The quantity of items under a truth, each array (n,).
    limits : (float, float)
        What it can be.
    since : int
        The code of `gaps` from which on it depends on the truth; below, it is 0 whatever the truth. From 1 on, it is a
        comparison with the baseline, and expected by the gap between the two.
    """

    under: Under
    limits: Limits = NO_LIMITS
    since: int = NO_BASELINE

    @property
    def is_by_gap(self) -> bool:
        return self.since > EQUAL

    @property
    def reach(self) -> float:
        """How far the truth of one item can move it; infinite where it has no bounds."""
        return self.limits[1] - self.limits[0]


@dataclass(frozen=True, eq=False)
class RegressionEstimator:
    """Errors of a model that predicts a number: absolute and squared error, bias, R², share within a tolerance, cost.

    Attributes
    ----------
    population : Population
        Cells by bin of the prediction, on edges frozen at registration; its predicted class is always 0, its baseline
        the code of `gaps`.
    sample : Sample
        Answered items; classes as in the population, labels and truths are numbers.
    predicted : array (n,)
        The predicted number of each item.
    bins : array (n,) of int
        Bin of each prediction, on the same edges.
    baseline : array (n,), optional
        The baseline's number of each item; nan without one.
    least_by_chance : float
        As for `ClassEstimator`.
    level : float, in (0, 1)
        Confidence level of the intervals.
    tolerance : Tolerance
        A label this close to the prediction agrees with it, and a prediction this close to the truth is right.
    whole : RegressionEstimator or None
        The estimator of the whole window, which expected losses are fitted on; this one if left out.

    Raises
    ------
    ValueError
        If lengths differ, a number is not finite or too large, or the population lacks a bin.

    Examples
    --------
    >>> cells = Population.of(predicted=[0, 0], bin=[3, 7], n=[2, 1], sum_pi=[2, 1], sum_odds=[0, 0])
    >>> items = Sample.of(predicted=[0] * 3, score=[float("nan")] * 3, pi=[1.0] * 3, label=[9.0, 12.0, 30.0])
    >>> estimator = RegressionEstimator(cells, items, predicted=[10.0, 10.0, 30.0], bins=[3, 3, 7])
    >>> estimator.estimate("mae").value, estimator.estimate("mae").method
    (1.0, 'exact')
    """

    population: Population
    sample: Sample
    predicted: ArrayLike
    bins: ArrayLike
    baseline: ArrayLike | None = None
    least_by_chance: float = MINIMUM_CHANCE_LABELS
    level: float = LEVEL
    tolerance: Tolerance = EXACTLY
    whole: "RegressionEstimator | None" = None

    def __post_init__(self) -> None:
        n = len(self.sample.pi)
        numbers = as_floats("predicted", self.predicted, length=n, largest=LARGEST)
        others = np.full(n, np.nan) if self.baseline is None else self.baseline
        as_level(self.level)
        if not self.least_by_chance >= 0:
            raise ValueError(f"least_by_chance must not be negative, got {self.least_by_chance}")
        agreed = self.tolerance.holds(self.sample.label, numbers).astype(np.float64)
        object.__setattr__(self, "sample", replace(self.sample, agreed=agreed))
        object.__setattr__(self, "predicted", numbers)
        others = as_floats("baseline", others, length=n, allow_nan=True, largest=LARGEST)
        object.__setattr__(self, "baseline", others)
        object.__setattr__(self, "bins", as_ints("bins", self.bins, length=n))
        if not np.isin(self._bins, self.population.bin).all():
            raise ValueError("bins holds a bin that the population lacks")
        if max(self.population.baseline.max(initial=0), self.sample.baseline.max(initial=0)) >= CODES:
            raise ValueError(f"the baseline of population and sample must be a code below {CODES}")

    def restrict(self, *, cells: ArrayLike | None = None, items: ArrayLike | None = None) -> "RegressionEstimator":
        """Select a slice by masks over cells and items; expected losses stay those of the whole window."""
        population = self.population if cells is None else self.population.where(cells)
        return self.within(population, items=items)

    def within(self, population: Population, *, items: ArrayLike | None = None) -> "RegressionEstimator":
        """Replace the cells by those of a slice and select its items; expected losses stay the same."""
        n = len(self.sample.pi)
        mask = np.ones(n, dtype=np.bool_) if items is None else as_mask("items", items, length=n)
        return replace(
            self,
            population=population,
            sample=self.sample.where(mask),
            predicted=self._numbers[mask],
            bins=self._bins[mask],
            baseline=self._others[mask],
            whole=self.whole or self,
        )

    def estimate(self, metric: str, *, of: Who = "model") -> Estimate:
        """Estimate mae, rmse or bias in the unit of the prediction, mse in its square, within as a share, or r2.

        Of the baseline, all but r2, over the predictions that have one.

        Returns
        -------
        Estimate
            `too_few` where one label, or labels with equal errors, cannot say how far off the others are;
            `no_variation` for r2 where all truths are equal.

        Raises
        ------
        ValueError
            If the metric is unknown.
        """
        if metric not in METRICS or (metric == "r2" and of == "baseline"):
            raise ValueError(f"unknown metric {metric!r} of the {of}; known are {', '.join(METRICS)}")
        if metric == "r2":
            return self._r2()
        name = "mse" if metric == "rmse" else metric
        figure = self._mean_loss(loss_of(name, self.tolerance), limits=LIMITS[name], of=of, is_squared=name == "mse")
        return _root(figure) if metric == "rmse" else figure

    def mean(self, loss: Loss) -> Estimate:
        """Estimate the mean of any loss(predicted, truth), without a check of its spread.

        Raises
        ------
        ValueError
            If the loss of an item is not finite or too large.
        """
        return self._mean(Quantity(_of_model(loss)))

    def gain(self, metric: str) -> Estimate:
        """Estimate by how much the model is better than its baseline, over the predictions that have one.

        Of mae and mse the baseline's less the model's, of within the model's less the baseline's. Where both say the
        same, the gain is 0 without any label.

        Raises
        ------
        ValueError
            If the metric is none of mae, mse and within.
        """
        if metric not in ("mae", "mse", "within"):
            raise ValueError(f"there is no gain of {metric!r}")
        gained = self._gained(metric)
        return self._compared(gained.under, limits=gained.limits)

    def lost(self, metric: str) -> PseudoValues:
        """Make the pseudo-values whose mean is mae, mse, bias or within."""
        return self._pseudo(Quantity(_of_model(loss_of(metric, self.tolerance)), LIMITS[metric]))

    def gained(self, metric: str) -> PseudoValues:
        """Make the pseudo-values whose mean is the gain of mae, mse or within; all must have a baseline."""
        return self._pseudo(self._gained(metric))

    def valued(self, cost: Loss, *, against_baseline: bool = False) -> PseudoValues:
        """Make the pseudo-values of each prediction's value, its cost below zero; of a `UnitCost` by amount, per unit.

        Against the baseline, every prediction must have one.
        """
        if against_baseline:
            return self._pseudo(Quantity(lambda own, other, true: cost(other, true) - cost(own, true), since=EQUAL + 1))
        return self._pseudo(Quantity(_of_model(lambda own, true: -cost(own, true))))

    def _gained(self, metric: str) -> Quantity:
        sign, limits = (1.0, (-1.0, 1.0)) if metric == "within" else (-1.0, NO_LIMITS)
        loss = loss_of(metric, self.tolerance)
        return Quantity(lambda own, other, true: sign * (loss(own, true) - loss(other, true)), limits, since=EQUAL + 1)

    def closer(self, who: Who | None) -> Estimate:
        """Estimate the share of disagreements in which model or baseline is closer to the truth; None: neither.

        The two disagree where they differ by more than the tolerance.
        """
        signs = {"model": -1.0, "baseline": 1.0, None: 0.0}

        def under(own: FloatArray, other: FloatArray, true: FloatArray) -> FloatArray:
            return np.asarray(np.sign(np.abs(own - true) - np.abs(other - true)) == signs[who], dtype=np.float64)

        compared = self.with_baseline
        apart = compared.restrict(cells=compared.population.baseline > WITHIN, items=compared.sample.baseline > WITHIN)
        if apart.population.size == 0:
            return missing("no_disagreement" if compared.population.size else "no_baseline")
        return apart._mean(Quantity(under, UNIT, since=WITHIN + 1))

    def mean_value(self, cost: UnitCost, *, of: Who = "model", against_baseline: bool = False) -> Estimate:
        """Estimate the mean value of a prediction, its cost below zero; against the baseline, what the model saves."""
        return self._valued(cost, of=of, against_baseline=against_baseline, is_total=False)

    def value(self, cost: UnitCost, *, of: Who = "model", against_baseline: bool = False) -> Estimate:
        """Estimate the total value of the window's predictions, in money."""
        return self._valued(cost, of=of, against_baseline=against_baseline, is_total=True)

    @cached_property
    def with_baseline(self) -> "RegressionEstimator":
        """The part of the window that has a baseline."""
        cells, items = self.population.baseline != NO_BASELINE, self.sample.baseline != NO_BASELINE
        return self if cells.all() and items.all() else self.restrict(cells=cells, items=items)

    @cached_property
    def cells(self) -> Population:
        """The population with like cells added up."""
        return self.population.compact()

    @cached_property
    def bin_ends(self) -> IntArray:
        """Last cell of each bin but the last, of 20 bins with equal counts."""
        bins, place = np.unique(self.cells.bin, return_inverse=True)
        return quantile_bins(bins, sum_by(place, self.cells.n, size=len(bins)))

    @property
    def _numbers(self) -> FloatArray:
        return np.asarray(self.predicted, dtype=np.float64)

    @property
    def _others(self) -> FloatArray:
        return np.asarray(self.baseline, dtype=np.float64)

    @property
    def _bins(self) -> IntArray:
        return np.asarray(self.bins, dtype=np.int64)

    def _mean_loss(self, loss: Loss, *, limits: Limits, of: Who, is_squared: bool = False) -> Estimate:
        if of == "model":
            window, quantity = self, Quantity(_of_model(loss), limits)
        else:
            window, quantity = self.with_baseline, Quantity(_of_baseline(loss), limits, since=EQUAL)
            if window.population.size == 0:
                return missing("no_baseline")
        return window._unless_alike(quantity) or window._mean(quantity, minimum=MINIMUM_LABELS if is_squared else 0)

    def _compared(self, under: Under, *, limits: Limits) -> Estimate:
        compared = self.with_baseline
        if compared.population.size == 0:
            return missing("no_baseline")
        quantity = Quantity(under, limits, since=EQUAL + 1)
        return compared._unless_alike(quantity) or compared._mean(quantity)

    def _valued(self, cost: UnitCost, *, of: Who, against_baseline: bool, is_total: bool) -> Estimate:
        window = self.with_baseline if against_baseline or of == "baseline" else self
        if window is not self and window.population.size == 0:
            return missing("no_baseline")
        if against_baseline:
            quantity = Quantity(lambda own, other, true: cost(own, true) - cost(other, true), since=EQUAL + 1)
        elif of == "baseline":
            quantity = Quantity(_of_baseline(cost), NOT_NEGATIVE, since=EQUAL)
        else:
            quantity = Quantity(_of_model(cost), NOT_NEGATIVE)
        figure = window._unless_alike(quantity) or window._mean(
            quantity, uses_amount=cost.uses_amount, is_total=is_total
        )
        return figure.scaled(-max(window.population.size, 1.0) if is_total else -1.0)

    def _mean(
        self, quantity: Quantity, *, uses_amount: bool = False, is_total: bool = False, minimum: int = 0
    ) -> Estimate:
        cells, n = self.cells, len(self._numbers)
        if uses_amount and not np.isfinite(self.sample.amount).all():
            return missing("no_amount", n=n, covered_share=cells.covered_share)
        if self.sample.completes(cells):
            amount = self.sample.amount if uses_amount else np.ones(n)
            return exactly(float((self._values(quantity, self.sample.truth) * amount).mean()), n=n)
        on_cells, on_items = cells.baseline >= quantity.since, self.sample.baseline >= quantity.since
        if cells.size and not on_cells.any():
            return exactly(0.0, n=0, covered_share=cells.covered_share)
        if code := self._unfit(on_cells, n=int(on_items.sum())):
            return missing(code, n=int(on_items.sum()), covered_share=cells.covered_share)
        pseudo = self._pseudo(quantity)
        beta = self.sample.amount if uses_amount else np.ones(n)
        amounts = cells.sum_amount if uses_amount else cells.n
        linearized = Linearized(
            value=pseudo.total(amounts, beta) / cells.size,
            plug_in=pseudo.plug_in(amounts) / cells.size,
            beta_cells=on_cells.astype(np.float64),
            beta=np.where(on_items, beta, 0.0),
            on_cells=on_cells,
            on_items=on_items,
            spread=weighted_variance((pseudo.of_truth * beta)[on_items], self.sample.overall[on_items])
            * float(cells.n[on_cells].sum())
            / cells.size,
            limits=self._limits(quantity, on_cells, on_items, pseudo.of_truth, uses_amount=uses_amount),
            is_share=quantity.limits == UNIT,
            is_total=is_total,
            uses_amount=uses_amount,
            minimum=minimum,
        )
        return conclude(pseudo, linearized, level=self.level)

    def _limits(
        self, quantity: Quantity, on_cells: BoolArray, on_items: BoolArray, own: FloatArray, *, uses_amount: bool
    ) -> Limits:
        """Bound the mean by what is certain, and by what the quantity of all others can be."""
        low, high = quantity.limits
        amount = self.sample.amount if uses_amount else np.ones(len(own))
        if math.isinf(low) or (uses_amount and ((amount < 0).any() or (self.population.sum_amount < 0).any())):
            return NO_LIMITS
        certain, size = self.sample.constant & on_items, self.cells.size
        known = float((own * amount)[certain].sum())
        if math.isinf(high):
            return known / size, math.inf
        if not self.cells.is_all_logged:
            return quantity.limits
        left = max(float(self.cells.n[on_cells].sum()) - int(certain.sum()), 0.0)
        return (known + low * left) / size, (known + high * left) / size

    def _unfit(self, on_cells: BoolArray, *, n: int) -> str | None:
        """Say why there is no value; known truths alone say nothing of predictions that nobody has checked."""
        is_checked = (self.whole or self).sample.is_drawn_at_random.any()
        is_open = self.cells.sum_odds[on_cells].sum() > 0
        code = unfit(self.cells, n=n, on_cells=on_cells)
        return code or ("no_labels" if is_open and not is_checked else None)

    def _unless_alike(self, quantity: Quantity) -> Estimate | None:
        """Say that there are too few labels where they leave open how far other losses lie.

        There is one label, or all losses are equal; bounds on the loss say enough by themselves.
        """
        cells, on_cells = self.cells, self.cells.baseline >= quantity.since
        n = int((self.sample.baseline >= quantity.since).sum())
        if math.isfinite(quantity.reach) or self.sample.completes(cells) or not on_cells.any():
            return None
        if self._unfit(on_cells, n=n):
            return None
        whole = self.whole or self
        losses = whole._values(quantity, whole.sample.truth)[whole.sample.baseline >= quantity.since]
        return missing("too_few", n=n, covered_share=cells.covered_share) if np.ptp(losses) == 0 else None

    def _r2(self) -> Estimate:
        """Estimate 1 − MSE/variance of the truth; the ratio cannot be negative.

        Sums are of t = y − c, c the weighted mean of the labels: squares of y itself would cancel. Linearized, the
        influence of one item on the ratio is (e² − ratio·(t² − 2t̄t))/σ², up to a constant.
        """
        truth, pi = self.sample.truth, self.sample.overall
        if self.sample.completes(self.cells):
            return uncorrected_error("r2", predicted=self._numbers, truth=truth, is_complete=True)
        mse = self.estimate("mse")
        if mse.value is None:
            return mse
        center = float(np.average(truth, weights=pi.min() / pi))
        shift = self._mean_of(lambda _, true: true - center)
        variance = self._mean_of(lambda _, true: (true - center) ** 2) - shift**2
        if not varies(variance, truth):
            return missing("no_variation", n=len(truth), covered_share=self.cells.covered_share)
        ratio = mse.value / variance
        if not ratio < LARGEST:
            return missing("no_variation", n=len(truth), covered_share=self.cells.covered_share)

        def influence(predicted: FloatArray, true: FloatArray) -> FloatArray:
            spread = (true - center) * (true - center - 2 * shift)
            return np.asarray(((predicted - true) ** 2 - ratio * spread) / variance)

        pseudo, every = self._pseudo(Quantity(_of_model(influence))), np.ones(len(truth), dtype=np.bool_)
        cells = np.ones(len(self.cells.n), dtype=np.bool_)
        linearized = Linearized(
            value=ratio,
            plug_in=None,
            beta_cells=cells.astype(np.float64),
            beta=every.astype(np.float64),
            on_cells=cells,
            on_items=every,
            spread=weighted_variance(pseudo.of_truth, pi),
            limits=NOT_NEGATIVE,
            is_share=False,
            minimum=MINIMUM_LABELS,
        )
        return conclude(pseudo, linearized, level=self.level).scaled(-1).shifted(1)

    def _mean_of(self, loss: Loss) -> float:
        pseudo = self._pseudo(Quantity(_of_model(loss)))
        return pseudo.total(self.cells.n, np.ones(len(self._numbers))) / self.cells.size

    def _pseudo(self, quantity: Quantity) -> PseudoValues:
        whole = self.whole or self
        on_whole = whole.sample.baseline >= quantity.since
        on_cells, on_items = self.cells.baseline >= quantity.since, self.sample.baseline >= quantity.since
        in_whole = whole._values(quantity, whole.sample.truth)[on_whole]
        pi = whole.sample.overall[on_whole]
        count = CODES if quantity.is_by_gap else BINS
        fitted = fit_expected_loss(whole._groups(quantity)[on_whole], in_whole, pi, count=count)
        # Labels that are all alike leave the spread of a bounded quantity open: one more, of the largest, stands for it
        reach = quantity.reach if math.isfinite(quantity.reach) else 0.0
        n, extra = len(in_whole), int(reach > 0)
        of_cells = np.searchsorted(whole.bin_ends, self.cells.bin) if not quantity.is_by_gap else self.cells.baseline
        groups = np.where(on_cells, of_cells, 0)
        own, half = self._values(quantity, self.sample.truth), weighted_variance(in_whole, pi) / 2
        mean_items = np.zeros(len(own))
        mean_items[on_items] = fitted.without_item(
            self._groups(quantity)[on_items],
            own[on_items],
            self.sample.pi[on_items],
            log_share=self.sample.log_share[on_items],
        )
        prior = (half, half) if extra == 0 else (reach**2 / 2, reach**2 / 2)
        return PseudoValues(
            population=self.cells,
            sample=self.sample,
            mean_cells=np.where(on_cells, fitted.mean[groups], 0.0),
            variance_cells=np.where(on_cells, (n * fitted.variance[groups] + reach**2 / 4) / (n + extra), 0.0),
            fourth_cells=np.where(on_cells, (n * fitted.fourth[groups] + reach**4 / 16) / (n + extra), 0.0),
            mean_items=mean_items,
            of_label=self._values(quantity, self.sample.label),
            of_truth=own,
            overturn=prior if self.whole is None else self._overturned(self.whole, quantity, prior=prior),
            least_by_chance=self.least_by_chance,
        )

    def _groups(self, quantity: Quantity) -> IntArray:
        """Return the group of each item by which its quantity is expected."""
        if quantity.is_by_gap:
            return self.sample.baseline
        return np.searchsorted((self.whole or self).bin_ends, self._bins)

    def _overturned(
        self, whole: "RegressionEstimator", quantity: Quantity, *, prior: tuple[float, float]
    ) -> tuple[float, float]:
        """Return what to expect of adjudication in a slice, from the whole window."""
        of_label, of_truth = (whole._values(quantity, answers) for answers in (whole.sample.label, whole.sample.truth))
        return overturn_rates(whole.sample, of_label, of_truth, beta=np.ones(len(of_label)), prior=prior)

    def _values(self, quantity: Quantity, truth: FloatArray) -> FloatArray:
        """Compute the quantity of each item if this were the truth; 0 where it is certain."""
        on = self.sample.baseline >= quantity.since
        values = np.zeros(len(truth))
        found = quantity.under(self._numbers[on], self._others[on], truth[on])
        values[on] = as_floats("loss", found, length=int(on.sum()), largest=LARGEST_LOSS)
        return values


def _of_model(loss: Loss) -> Under:
    return lambda own, _, true: loss(own, true)


def _of_baseline(loss: Loss) -> Under:
    return lambda _, other, true: loss(other, true)


def _root(figure: Estimate) -> Estimate:
    """Take the square root of a figure and of the ends of its interval; its error by the delta method."""
    if figure.value is None:
        return figure
    value, low, high = (math.sqrt(end or 0.0) for end in (figure.value, figure.low, figure.high))
    se = figure.se / (2 * value) if figure.se is not None and value > 0 else None
    return replace(figure, value=value, low=low, high=high, se=se)
