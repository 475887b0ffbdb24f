"""Planning before any label: how wide an interval will be, how many labels a target needs, which draw serves it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from apps.stats.arrays import LEAST_PROBABILITY, FloatArray, as_binary, as_floats, as_level
from apps.stats.design.recommendation import Recommendation, recommend
from apps.stats.estimators.conclusion import Linearized, refusal
from apps.stats.estimators.confusion import Metric
from apps.stats.estimators.metrics import linearize
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.recalibration import RAW_SCORE, Recalibration
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix, linearize_value
from apps.stats.intervals import LEVEL

VALUE = "value"

_NOBODY = Sample.of(predicted=[], score=[], pi=[], label=[])
_STEPS = 60
_CLOSE = 1e-6


@dataclass(frozen=True)
class Planned:
    """Expected result of a draw.

    Attributes
    ----------
    half_width : float or None
        z√V_a, on the scale of the metric: "± 0.9 points".
    labels : float or None
        Expected number of labels, Σπ.
    code : str or None
        Why there is no number: `no_population`, `not_estimable`, `no_response`, `no_score`, `no_amount`, `no_positives`
        and the other codes of the metric; `out_of_reach` where even labeling everything misses the target.
    """

    half_width: float | None
    labels: float | None
    code: str | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    """A draw from a population, before there are any labels.

    Attributes
    ----------
    population : Population
        Cells, or single predictions (`Population.of_each`), with the probabilities of the draw.
    proxy : Recalibration
        Expected truth at a score: fitted on earlier labels, by default the raw score.
    matrix : ValueMatrix, optional
        Needed for the metric "value", the mean value of a decision.
    level : float, in (0, 1)
        Confidence level of the intervals.

    Raises
    ------
    ValueError
        If a predicted class is not 0 or 1, the matrix is not two by two, or the level is outside (0, 1).

    Examples
    --------
    >>> cells = Population.of(
    ...     predicted=[0, 1], bin=[70, 130], n=[8000, 2000], sum_pi=[400, 100], sum_odds=[152000, 38000]
    ... )
    >>> plan = Plan(cells)
    >>> round(plan.half_width("accuracy").half_width, 4), plan.half_width("accuracy").labels
    (0.0184, 500.0)
    >>> round(plan.labels_for("accuracy", 0.009).labels)
    1805
    """

    population: Population
    proxy: Recalibration = RAW_SCORE
    matrix: ValueMatrix | None = None
    level: float = LEVEL

    def __post_init__(self) -> None:
        as_binary("predicted of the population", self.population.predicted)
        as_level(self.level)
        if self.matrix is not None and len(self.matrix.matrix) != 2:
            raise ValueError("matrix must be two by two")

    def half_width(self, metric: Metric) -> Planned:
        """Return the expected half-width of the interval that this draw gives."""
        linear = self._linearized(metric)
        if isinstance(linear, str):
            return Planned(None, None, code=linear)
        variance = float(linear.beta2_odds(self.population) @ self._variance) / self.population.size**2
        return Planned(self._z * math.sqrt(variance), float(self.population.sum_pi.sum()))

    def labels_for(self, metric: Metric, half_width: float) -> Planned:
        """Return the labels that a draw in these proportions needs for a target; p stays at most 1 in every cell.

        Raises
        ------
        ValueError
            If the target is not positive.
        """
        return self._solve(metric, half_width, self.scaled, most=1 / max(self._least_probability, LEAST_PROBABILITY))

    def labels_for_best(
        self, metric: Metric, half_width: float, *, metrics: Sequence[str] = (), delta: float | None = None
    ) -> Planned:
        """Return the labels that the recommended draw needs for a target.

        The draw is recommended for `metrics`, by default for this metric alone.

        Raises
        ------
        ValueError
            If the target is not positive, or a metric cannot be served.
        """
        chosen: Sequence[Metric] = metrics or (metric,)

        def drawn(labels: float) -> "Plan":
            return self.with_probability(self.recommended(chosen, expected=labels, delta=delta).probability)

        return self._solve(metric, half_width, drawn, most=self.population.size)

    def recommended(
        self,
        metrics: Sequence[Metric],
        *,
        expected: float,
        delta: float | None = None,
        weights: Sequence[float] | None = None,
    ) -> Recommendation:
        """Recommend the probabilities, one for each cell (or prediction), that serve these metrics best.

        Raises
        ------
        ValueError
            If there is no metric, one cannot be planned (the message has its code), or an argument of `recommend` is
            out of range.
        """
        if not metrics:
            raise ValueError("metrics must hold at least one")
        even = replace(self, population=_at_even_odds(self.population))
        beta2 = {}
        for index, metric in enumerate(metrics):
            linear = even._linearized(metric)
            if isinstance(linear, str):
                raise ValueError(f"metrics holds {metric!r}, which cannot be planned: {linear}")
            beta2[str(index)] = linear.beta2_odds(even.population) / np.maximum(self.population.n, 1.0)
        by_index = {str(index): weight for index, weight in enumerate(weights)} if weights is not None else None
        return recommend(beta2, self._variance, expected=expected, delta=delta, weights=by_index, n=self.population.n)

    def with_probability(self, probability: ArrayLike) -> "Plan":
        """Return the same population, drawn with these probabilities (cells,), in (0, 1].

        Raises
        ------
        ValueError
            If a probability is outside (0, 1], or their number is not that of the cells.
        """
        n = self.population.n
        p = as_floats("probability", probability, length=len(n))
        if ((p <= 0) | (p > 1)).any():
            raise ValueError("probability must be in (0, 1]")
        odds = (1 - p) / p
        drawn = replace(
            self.population,
            sum_pi=n * p,
            sum_odds=n * odds,
            sum_amount2_odds=n * self.population.mean_amount2 * odds,
            n_uncovered=np.zeros(len(n)),
            n_unanswered=np.zeros(len(n)),
        )
        return replace(self, population=drawn)

    def scaled(self, factor: float) -> "Plan":
        """Return the same draw with each probability times a factor, at most 1; within a cell all are taken as equal.

        Raises
        ------
        ValueError
            If the factor is not positive.
        """
        if not 1e-100 <= factor <= 1e100:
            raise ValueError(f"factor must be positive and between 1e-100 and 1e100, got {factor}")
        cells = self.population
        covered = cells.n - cells.n_uncovered
        odds = np.maximum((cells.sum_odds + covered) / factor - covered, 0.0)
        drawn = replace(
            cells,
            sum_pi=np.minimum(cells.sum_pi * factor, covered),
            sum_odds=odds,
            sum_amount2_odds=cells.mean_amount2 * odds,
        )
        return replace(self, population=drawn)

    @property
    def _z(self) -> float:
        return float(stats.norm.ppf((1 + self.level) / 2))

    @property
    def _variance(self) -> FloatArray:
        expected = self.proxy.predict(self.population.logit)
        return expected * (1 - expected)

    @property
    def _least_probability(self) -> float:
        covered = self.population.n > self.population.n_uncovered
        return float((self.population.sum_pi[covered] / self.population.n[covered]).min(initial=1.0))

    def _linearized(self, metric: Metric) -> Linearized | str:
        cells, mean = self.population, self.proxy.predict(self.population.logit)
        pseudo = PseudoValues(
            population=cells,
            sample=_NOBODY,
            mean_cells=mean,
            variance_cells=mean * (1 - mean),
            fourth_cells=np.zeros(len(mean)),
            mean_items=np.zeros(0),
            of_label=np.zeros(0),
            of_truth=np.zeros(0),
        )
        if metric == VALUE:
            if self.matrix is None:
                raise ValueError("matrix is needed for the metric 'value'")
            linear = linearize_value(pseudo, self.matrix)
        else:
            linear = linearize(metric, pseudo)
        return refusal(cells, linear, n=1) or linear

    def _solve(self, metric: Metric, half_width: float, drawn: Callable[[float], "Plan"], *, most: float) -> Planned:
        """Find the smallest draw that meets the target, by bisection: the width falls as the draw grows."""
        if not (math.isfinite(half_width) and half_width > 0):
            raise ValueError(f"half_width must be positive, got {half_width}")
        if code := self.half_width(metric).code:
            return Planned(None, None, code=code)
        low, high = 0.0, most
        if (best := drawn(high).half_width(metric)).half_width is None or best.half_width > half_width:
            return Planned(best.half_width, best.labels, code="out_of_reach")
        for _ in range(_STEPS):
            middle = (low + high) / 2 if low else high / 8
            wide = (drawn(middle).half_width(metric).half_width or 0.0) > half_width
            low, high = (middle, high) if wide else (low, middle)
            if high - low <= _CLOSE * high:
                break
        return drawn(high).half_width(metric)


def _at_even_odds(population: Population) -> Population:
    """Return the population as if drawn with probability ½: then Σβ²·odds is Σβ²."""
    return replace(
        population,
        sum_odds=population.n,
        sum_amount2_odds=population.mean_amount2 * population.n,
        n_uncovered=np.zeros(len(population.n)),
        n_unanswered=np.zeros(len(population.n)),
    )
