"""Pseudo-values: ỹ = m + (I/π)·b for every prediction, their sums, and the variances of those sums.

Where a client logs only a fraction ℓ of its traffic, each logged prediction counts 1/ℓ times: see `first_phase`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.moderation import anticipated_degrees
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS

#: What adjudication is expected to overturn before any case was settled, where f is 0 or 1.
NOT_KNOWN = (0.5, 0.5)


@dataclass(frozen=True, eq=False)
class PseudoValues:
    """Pseudo-values of a quantity f(y): the truth itself, whether a prediction is right, a loss, a sum of money.

    Attributes
    ----------
    population : Population
        All predictions of the window.
    sample : Sample
        Its answered items.
    mean_cells, variance_cells, fourth_cells : array (cells,)
        Expectation, variance κ₂ and fourth central moment κ₄ of f by cell, from the proxy.
    mean_items : array (n,)
        The same expectation for the sampled items. Both terms must use one function of the cell.
    of_label, of_truth : array (n,)
        f of the reviewer's label and of the adjudicated truth.
    overturn : (float, float)
        Expected square of what adjudication changes, where the reviewer differed from the model and where they agreed,
        before these items are looked at; it counts as one item.
    least_by_chance : float
        Labels by chance alone that a figure takes to stand.
    """

    population: Population
    sample: Sample
    mean_cells: FloatArray
    variance_cells: FloatArray
    fourth_cells: FloatArray
    mean_items: FloatArray
    of_label: FloatArray
    of_truth: FloatArray
    overturn: tuple[float, float] = NOT_KNOWN
    least_by_chance: float = MINIMUM_CHANCE_LABELS

    @cached_property
    def bracket(self) -> FloatArray:
        """b = (L − m) + (A/q)(y − L), by item."""
        corrected = self.sample.adjudicated / self._q * (self.of_truth - self.of_label)
        return self.of_label - self.mean_items + corrected

    def total(self, coefficient_cells: FloatArray, coefficient_items: FloatArray) -> float:
        """Estimate Σ_U c·ỹ, given the sum of c over each cell and c of each item."""
        return self.plug_in(coefficient_cells) + float(self.corrections(coefficient_items).sum())

    def plug_in(self, coefficient_cells: FloatArray) -> float:
        """Compute Σ_U c·m, the total that the proxy alone expects."""
        return float((coefficient_cells * self.mean_cells).sum())

    def corrections(self, coefficient_items: FloatArray) -> FloatArray:
        """Compute c·b/(πℓ): what each item adds to the total that the proxy expects."""
        return np.asarray(coefficient_items * self.bracket / self.sample.overall)

    def design_terms(self, beta: FloatArray) -> FloatArray:
        """Compute the terms of V_d by item, draw and adjudication, for influences beta (n,) on a total."""
        return np.asarray(beta**2 * self._of_both_phases, dtype=np.float64)

    def logging_terms(self, values: FloatArray) -> FloatArray:
        """Compute the terms that logging adds to V_d, (1−ℓ)/(πℓ²)·û², for û (n,) on a total; see `first_phase`."""
        share = self.sample.log_share
        return np.asarray((1 - share) / (self.sample.pi * share**2) * values**2, dtype=np.float64)

    def anticipated(self, beta2_odds: FloatArray, beta: FloatArray) -> float:
        """Compute V_a: Σ β²o·κ₂ over the cells, and what the second phase is expected to add."""
        return self.first_phase(beta2_odds) + float(self.second_phase_terms(beta).sum())

    def first_phase(self, beta2_odds: FloatArray) -> float:
        """Compute Σ β²o·κ₂ over the cells: the variance that the draw is expected to add."""
        return float((beta2_odds * self.variance_cells).sum())

    def second_phase_terms(self, beta: FloatArray) -> FloatArray:
        """Compute what the second phase is expected to add to V_a, by item: (1−q)/(qπ²ℓ²)·β²ε."""
        return np.asarray(beta**2 * self._adjudication_odds * self._overturned(beta))

    def fourth_terms(self, beta: FloatArray) -> FloatArray:
        """Compute what the second phase adds to the denominator of ν_a, by item."""
        pi, q = self.sample.pi, self._q
        spread = (1 - pi) / (pi * q) ** 2 + (1 - q) / (q**2 * pi)
        return np.where(q < 1, (beta / self.sample.log_share) ** 4 * q * self._overturned(beta) * spread**2, 0.0)

    def anticipated_df(
        self,
        beta2_odds: FloatArray,
        beta4_odds2: FloatArray,
        beta: FloatArray,
        *,
        logging: tuple[float, float] = (0.0, 0.0),
    ) -> float:
        """Compute ν_a of a total, given Σ β²o and Σ β⁴o²(1+o) of each cell and β of each item.

        Infinite where nothing is left to chance, 0 where the proxy has no idea of the spread. `logging` is what logging
        adds to numerator and denominator.
        """
        first = self.first_phase(beta2_odds)
        if first == 0 and beta4_odds2.any():
            return 0.0
        fourth = float((beta4_odds2 * self.fourth_cells).sum()) + float(self.fourth_terms(beta).sum())
        return float(anticipated_degrees([first + logging[0]], [fourth + logging[1]])[0])

    def _overturned(self, beta: FloatArray) -> FloatArray:
        """Return ε of each item: of its own kind, agreed or not, each settled item weighted as it enters V_a."""
        rates = overturn_rates(self.sample, self.of_label, self.of_truth, beta=beta, prior=self.overturn)
        return np.asarray(np.array(rates)[self.sample.agreed.astype(np.int64)])

    def linear(self, base: tuple[FloatArray, FloatArray], slope: tuple[FloatArray, FloatArray]) -> "PseudoValues":
        """Return the pseudo-values of base + slope·f, each given for the cells and for the items."""
        (on_cells, on_items), (by_cells, by_items) = base, slope
        steepest = float(max(np.abs(by_cells).max(initial=0.0), np.abs(by_items).max(initial=0.0)))
        return replace(
            self,
            mean_cells=on_cells + by_cells * self.mean_cells,
            variance_cells=by_cells**2 * self.variance_cells,
            fourth_cells=by_cells**4 * self.fourth_cells,
            mean_items=on_items + by_items * self.mean_items,
            of_label=on_items + by_items * self.of_label,
            of_truth=on_items + by_items * self.of_truth,
            overturn=(self.overturn[0] * steepest**2, self.overturn[1] * steepest**2),
        )

    def where(self, cells: BoolArray, items: BoolArray) -> "PseudoValues":
        """Keep the selected cells and items, with the same pseudo-values."""
        return replace(
            self,
            population=self.population.where(cells),
            sample=self.sample.where(items),
            mean_cells=self.mean_cells[cells],
            variance_cells=self.variance_cells[cells],
            fourth_cells=self.fourth_cells[cells],
            mean_items=self.mean_items[items],
            of_label=self.of_label[items],
            of_truth=self.of_truth[items],
        )

    @cached_property
    def _of_both_phases(self) -> FloatArray:
        pi, q = self.sample.pi, self._q
        first = (1 - pi) / pi**2 * self.bracket**2
        second = self.sample.adjudicated * (1 - q) / (q**2 * pi) * (self.of_truth - self.of_label) ** 2
        return np.asarray((first + second) / self.sample.log_share**2)

    @cached_property
    def _adjudication_odds(self) -> FloatArray:
        return _adjudication_odds(self.sample.overall, self._q)

    @property
    def _q(self) -> FloatArray:
        # Without a second phase, or while no item of a class is settled, b is L − m and phase two adds nothing.
        return _possible(self.sample.q)


def without_proxy(groups: Sequence[PseudoValues]) -> list[PseudoValues]:
    """Expect the mean of all items everywhere, where no score says more: Σ_U ỹ is then N times Hájek's mean.

    Parameters
    ----------
    groups : sequence of PseudoValues
        The pseudo-values of all parts of a window.

    Examples
    --------
    >>> cells = Population.of(predicted=[1], bin=[-1], n=[100], sum_pi=[4], sum_odds=[2400])
    >>> items = Sample.of(predicted=[1] * 4, score=[np.nan] * 4, pi=[0.04] * 4, label=[1, 1, 1, 0])
    >>> ones, none = np.ones(4), np.zeros(1)
    >>> right = PseudoValues(cells, items, none, none, none, 0 * ones, items.label, items.truth)
    >>> round(without_proxy([right])[0].total(cells.n, ones), 9)
    75.0
    """
    own = [each.bracket + each.mean_items for each in groups]
    weights = [1 / each.sample.overall for each in groups]
    size = sum(float(weight.sum()) for weight in weights)
    if not size:
        return list(groups)

    def moment(power: int, center: float) -> float:
        sums = (float(weight @ (each - center) ** power) for weight, each in zip(weights, own, strict=True))
        return sum(sums) / size

    mean = moment(1, 0.0)
    second, fourth = moment(2, mean), moment(4, mean)
    return [
        replace(
            each,
            mean_cells=np.full(len(each.mean_cells), mean),
            variance_cells=np.full(len(each.mean_cells), second),
            fourth_cells=np.full(len(each.mean_cells), fourth),
            mean_items=np.full(len(each.mean_items), mean),
        )
        for each in groups
    ]


def overturn_rates(
    sample: Sample, of_label: FloatArray, of_truth: FloatArray, *, beta: FloatArray, prior: tuple[float, float]
) -> tuple[float, float]:
    """Compute ε = (Σw·change² + prior)/(Σw + 1) over adjudicated items, w ∝ (1−q)β²/(qπ²) scaled to mean 1.

    Unweighted, the many cheap cases of an uneven draw would speak for the few that carry the variance.

    Parameters
    ----------
    sample : Sample
        Answered items (n,).
    of_label, of_truth : array (n,)
        f of label and truth.
    beta : array (n,)
        Influence of each item.
    prior : (float, float)
        Expected change² before looking, in the square of the unit of f: where reviewer and model differ, and where they
        agree.

    Returns
    -------
    differed, agreed : float

    Examples
    --------
    >>> settled = {"adjudicated": [1, 0], "q": [0.5, 0.5], "truth": [0, 0]}
    >>> items = Sample.of(predicted=[1, 1], score=[0.9, 0.9], pi=[0.1, 0.1], label=[1, 1], **settled)
    >>> overturn_rates(items, items.label, items.truth, beta=np.ones(2), prior=(0.5, 0.5))
    (0.5, 0.75)
    """
    weight = sample.adjudicated * _adjudication_odds(sample.overall, _possible(sample.q)) * beta**2
    change2 = (of_truth - of_label) ** 2
    differed, agreed = (
        _shrunk_mean(change2[kind], weight[kind], prior=expected)
        for kind, expected in zip((sample.agreed == 0, sample.agreed == 1), prior, strict=True)
    )
    return differed, agreed


def _shrunk_mean(values: FloatArray, weight: FloatArray, *, prior: float) -> float:
    counted = weight > 0
    n = float(counted.sum())
    if n == 0:
        return prior
    scaled = weight[counted] / weight[counted].max()
    return float((scaled @ values[counted] * n / scaled.sum() + prior) / (n + 1))


def _possible(q: FloatArray) -> FloatArray:
    """Return q, and 1 where there is no second phase, or none settled yet."""
    return np.where(q > 0, q, 1.0)


def _adjudication_odds(pi: FloatArray, q: FloatArray) -> FloatArray:
    """Return (1−q)/(qπ²), with the probability of both phases for π."""
    return np.asarray((1 - q) / (q * pi**2))
