"""What an estimate is made from: a Population of cells, and the Sample of answered items drawn from it."""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, IntArray, as_floats, as_inclusion, as_ints, as_mask, sum_by
from apps.stats.draws import NO_SCORE, SCORE_BINS, logit_bin

NO_BASELINE = -1


@dataclass(frozen=True, eq=False)
class Population:
    """All predictions of a window, as cells with the same predicted class, baseline and score bin.

    Cells may be split further (by day, by version): what is summed is the same. Made by
    `Population.of` or `Population.from_rows`.

    Attributes
    ----------
    predicted, baseline, bin : array (cells,) of int
        Class index; class index or -1 for none; score bin or -1 for none.
    n : array (cells,)
        Predictions.
    sum_score, sum_score2 : array (cells,)
        Σ s and Σ s².
    sum_pi, sum_odds : array (cells,)
        Σ π and Σ (1−π)/π over predictions with π > 0, π being the probability that a label counts.
    sum_amount, sum_amount2_odds : array (cells,), in money and money²
        Σ a and Σ a²(1−π)/π.
    n_uncovered : array (cells,)
        Predictions with π = 0.
    n_unanswered : array (cells,)
        Predictions of a response class in which nobody answered.
    """

    predicted: IntArray
    baseline: IntArray
    bin: IntArray
    n: FloatArray
    sum_score: FloatArray
    sum_score2: FloatArray
    sum_pi: FloatArray
    sum_odds: FloatArray
    sum_amount: FloatArray
    sum_amount2_odds: FloatArray
    n_uncovered: FloatArray
    n_unanswered: FloatArray

    @classmethod
    def of(
        cls,
        *,
        predicted: ArrayLike,
        bin: ArrayLike,  # noqa: A002  # (the word for it in every table of this project)
        n: ArrayLike,
        sum_pi: ArrayLike,
        sum_odds: ArrayLike,
        sum_score: ArrayLike | None = None,
        sum_score2: ArrayLike | None = None,
        baseline: ArrayLike | None = None,
        sum_amount: ArrayLike | None = None,
        sum_amount2_odds: ArrayLike | None = None,
        n_uncovered: ArrayLike | None = None,
    ) -> "Population":
        """Cells as they are stored; what is left out is zero (baseline: none).

        Raises
        ------
        ValueError
            If lengths differ, a sum is negative or not finite, or a bin does not exist.

        Examples
        --------
        >>> cells = Population.of(predicted=[0, 1], bin=[9, 99], n=[9, 1], sum_pi=[0.9, 1], sum_odds=[81, 0])
        >>> cells.size
        10.0
        """
        classes = as_ints("predicted", predicted)
        cells = len(classes)

        def sums(name: str, values: ArrayLike | None) -> FloatArray:
            vector = np.zeros(cells) if values is None else as_floats(name, values, length=cells)
            if (vector < 0).any() and name != "sum_amount":
                raise ValueError(f"{name} must not be negative")
            return vector

        bins = as_ints("bin", bin, length=cells, minimum=NO_SCORE)
        if (bins >= SCORE_BINS).any():
            raise ValueError(f"bin must be below {SCORE_BINS}")
        uncovered, size = sums("n_uncovered", n_uncovered), sums("n", n)
        if (uncovered > size).any():
            raise ValueError("n_uncovered must not exceed n")
        return cls(
            predicted=classes,
            baseline=_baseline(baseline, cells),
            bin=bins,
            n=size,
            sum_score=sums("sum_score", sum_score),
            sum_score2=sums("sum_score2", sum_score2),
            sum_pi=sums("sum_pi", sum_pi),
            sum_odds=sums("sum_odds", sum_odds),
            sum_amount=sums("sum_amount", sum_amount),
            sum_amount2_odds=sums("sum_amount2_odds", sum_amount2_odds),
            n_uncovered=uncovered,
            n_unanswered=np.zeros(cells),
        )

    @classmethod
    def from_rows(
        cls,
        *,
        predicted: ArrayLike,
        score: ArrayLike,
        pi: ArrayLike,
        baseline: ArrayLike | None = None,
        amount: ArrayLike | None = None,
    ) -> "Population":
        """The cells of single predictions (N,); pi may be 0, score may be nan.

        Raises
        ------
        ValueError
            If lengths differ, pi or score is outside [0, 1], or a class is not a whole number.

        Examples
        --------
        >>> cells = Population.from_rows(predicted=[0, 1, 1], score=[0.2, 0.9, 0.9], pi=[0.5, 1.0, 1.0])
        >>> cells.n, cells.sum_odds
        (array([1., 2.]), array([1., 0.]))
        """
        classes = as_ints("predicted", predicted)
        rows = len(classes)
        scores = as_floats("score", score, length=rows, allow_nan=True)
        inclusion = as_floats("pi", pi, length=rows)
        if ((inclusion < 0) | (inclusion > 1)).any():
            raise ValueError("pi must be in [0, 1]")
        money = np.zeros(rows) if amount is None else as_floats("amount", amount, length=rows)
        covered = inclusion > 0
        odds = np.where(covered, (1 - inclusion) / np.where(covered, inclusion, 1.0), 0.0)
        known = np.nan_to_num(scores)
        return cls(
            predicted=classes,
            baseline=_baseline(baseline, rows),
            bin=logit_bin(scores).astype(np.int64),
            n=np.ones(rows),
            sum_score=known,
            sum_score2=known**2,
            sum_pi=inclusion,
            sum_odds=odds,
            sum_amount=money,
            sum_amount2_odds=money**2 * odds,
            n_uncovered=(~covered).astype(np.float64),
            n_unanswered=np.zeros(rows),
        ).compact()

    @property
    def size(self) -> float:
        """Number of predictions, N."""
        return float(self.n.sum())

    @property
    def covered_share(self) -> float | None:
        """Share of predictions that could be drawn, None without any."""
        return float(1 - self.n_uncovered.sum() / self.size) if self.size else None

    def holds(self, sample: "Sample") -> bool:
        """Whether every item has a cell of its class and score bin."""
        cells = np.unique(_class_and_bin(self.predicted, self.bin))
        return bool(np.isin(_class_and_bin(sample.predicted, sample.bin), cells).all())

    def where(self, cells: ArrayLike) -> "Population":
        """The cells that a boolean mask selects."""
        mask = as_mask("cells", cells, length=len(self.n))
        return replace(self, **{name: getattr(self, name)[mask] for name in _CELL_FIELDS})

    def compact(self) -> "Population":
        """Cells with the same predicted class, baseline and bin added up, so that a figure costs little."""
        keys = np.column_stack([self.predicted, self.baseline, self.bin])
        span = (int(self.baseline.max(initial=0)) + 2) * (SCORE_BINS + 1)
        code = self.predicted * span + (self.baseline + 1) * (SCORE_BINS + 1) + self.bin + 1
        _, first, place = np.unique(code, return_index=True, return_inverse=True)
        sums = {name: sum_by(place, getattr(self, name), size=len(first)) for name in _SUM_FIELDS}
        predicted, baseline, bins = keys[first].T
        return Population(predicted=predicted, baseline=baseline, bin=bins, **sums)

    def with_response(self, rate: ArrayLike) -> "Population":
        """The cells with π replaced by π·r; the same formula serves the blind share.

        Σ(1−πr)/(πr) = (Σodds + n)/r − n is exact; Σa²(1−πr)/(πr) supposes that within a cell amounts
        and π do not vary together. A cell whose class nobody answered (rate 0) is marked, not divided by.

        Parameters
        ----------
        rate : array (cells,), in [0, 1]

        Returns
        -------
        Population

        Raises
        ------
        ValueError
            If a rate is outside [0, 1].

        Examples
        --------
        >>> cells = Population.from_rows(predicted=[0, 0], score=[0.2, 0.2], pi=[0.5, 0.25])
        >>> float(cells.with_response([0.5]).sum_odds[0])  # (1 − .25)/.25 + (1 − .125)/.125
        10.0
        """
        rates = as_floats("rate", rate, length=len(self.n))
        if ((rates < 0) | (rates > 1)).any():
            raise ValueError("rate must be in [0, 1]")
        answering = rates > 0
        safe = np.where(answering, rates, 1.0)
        covered = self.n - self.n_uncovered
        odds = np.where(answering, (self.sum_odds + covered) / safe - covered, 0.0)
        amount2 = _amount2(self, covered)
        amount2_odds = np.where(answering, (self.sum_amount2_odds + amount2) / safe - amount2, 0.0)
        return replace(
            self,
            sum_pi=self.sum_pi * rates,
            sum_odds=odds,
            sum_amount2_odds=amount2_odds,
            n_unanswered=np.where(answering, self.n_unanswered, covered),
        )


@dataclass(frozen=True, eq=False)
class Sample:
    """The answered items, one row each. Make one with `Sample.of`.

    Attributes
    ----------
    predicted, baseline : array (n,) of int
        Class index; class index or -1 for none.
    score : array (n,)
        In [0, 1], nan where there is none.
    pi : array (n,), in (0, 1]
        Probability that this label counts: π times blind share, times response rate (`with_response`).
    label : array (n,)
        What the reviewer said, L.
    adjudicated : array (n,) of 0 or 1
        A: an adjudicator settled it.
    q : array (n,)
        Adjudication probability, times settled/chosen of its class. 0: none of its class is settled yet.
        nan: there is no second phase, the label is the truth.
    truth : array (n,)
        What the adjudicator said, y; equal to the label where not adjudicated.
    amount : array (n,), in money
    agreed : array (n,) of 0 or 1
        The label equals the prediction.
    """

    predicted: IntArray
    baseline: IntArray
    score: FloatArray
    pi: FloatArray
    label: FloatArray
    adjudicated: FloatArray
    q: FloatArray
    truth: FloatArray
    amount: FloatArray
    agreed: FloatArray

    @classmethod
    def of(
        cls,
        *,
        predicted: ArrayLike,
        score: ArrayLike,
        pi: ArrayLike,
        label: ArrayLike,
        baseline: ArrayLike | None = None,
        adjudicated: ArrayLike | None = None,
        q: ArrayLike | None = None,
        truth: ArrayLike | None = None,
        amount: ArrayLike | None = None,
    ) -> "Sample":
        """Answered items (n,); without q there is no second phase and labels are the truth.

        Raises
        ------
        ValueError
            If lengths differ, pi is outside (0, 1], score or q outside [0, 1], an adjudicated item has no q
            or no truth, or an item with q = 1 was not adjudicated.

        Examples
        --------
        >>> items = Sample.of(predicted=[1, 0], score=[0.9, 0.2], pi=[0.1, 0.1], label=[1, 1])
        >>> items.known, items.agreed
        (array([1., 1.]), array([1., 0.]))
        """
        classes = as_ints("predicted", predicted)
        n = len(classes)
        labels = as_floats("label", label, length=n)
        settled = np.zeros(n) if adjudicated is None else as_floats("adjudicated", adjudicated, length=n)
        chance = np.full(n, np.nan) if q is None else as_floats("q", q, length=n, allow_nan=True)
        given = labels if truth is None else as_floats("truth", truth, length=n, allow_nan=True)
        scores = as_floats("score", score, length=n, allow_nan=True)
        _check_second_phase(settled, chance, given)
        if ((scores < 0) | (scores > 1)).any():
            raise ValueError("score must be in [0, 1]")
        return cls(
            predicted=classes,
            baseline=_baseline(baseline, n),
            score=scores,
            pi=as_inclusion("pi", pi, length=n),
            label=labels,
            adjudicated=settled,
            q=chance,
            truth=np.where(settled == 1, given, labels),
            amount=np.full(n, np.nan) if amount is None else as_floats("amount", amount, length=n, allow_nan=True),
            agreed=(labels == classes).astype(np.float64),
        )

    @property
    def bin(self) -> IntArray:
        """Score bin of each item."""
        return logit_bin(self.score).astype(np.int64)

    @property
    def known(self) -> FloatArray:
        """Best known truth: the adjudicator's word where there is one, else the reviewer's."""
        return self.truth

    @property
    def is_adjudication_open(self) -> bool:
        """Whether some class of items chosen for adjudication has none settled."""
        return bool((self.q == 0).any())

    @property
    def is_certain(self) -> bool:
        """Whether every label is known to be the truth: no second phase, or all of it done."""
        return bool((np.isnan(self.q) | ((self.q == 1) & (self.adjudicated == 1))).all())

    def completes(self, population: Population) -> bool:
        """Whether π ≡ 1 and the truth of every prediction is known: nothing is left to estimate."""
        certain = (self.pi == 1).all() and population.sum_odds.sum() == 0 and self.is_certain
        left_out = population.n_uncovered.sum() + population.n_unanswered.sum()
        return bool(certain and left_out == 0 and len(self.pi) == population.size > 0)

    def where(self, items: ArrayLike) -> "Sample":
        """The items that a boolean mask selects."""
        mask = as_mask("items", items, length=len(self.pi))
        return replace(self, **{item.name: getattr(self, item.name)[mask] for item in fields(self)})

    def with_response(self, rate: ArrayLike) -> "Sample":
        """The items with π replaced by π·r, rate (n,) in (0, 1]: answered items have no rate 0."""
        return replace(self, pi=self.pi * as_inclusion("rate", rate, length=len(self.pi)))


_CELL_FIELDS = tuple(field.name for field in fields(Population))
_SUM_FIELDS = _CELL_FIELDS[3:]


def _class_and_bin(predicted: IntArray, bins: IntArray) -> IntArray:
    return predicted * (SCORE_BINS + 1) + bins + 1


def _baseline(baseline: ArrayLike | None, length: int) -> IntArray:
    if baseline is None:
        return np.full(length, NO_BASELINE, dtype=np.int64)
    return as_ints("baseline", baseline, length=length, minimum=NO_BASELINE)


def _amount2(population: Population, covered: FloatArray) -> FloatArray:
    """Σa² of the covered part, from Σa²·odds and Σodds where there are odds, else its lower bound (Σa)²/n."""
    odds, n = population.sum_odds, np.maximum(population.n, 1.0)
    from_odds = population.sum_amount2_odds * covered / np.where(odds > 0, odds, 1.0)
    return np.where(odds > 0, from_odds, population.sum_amount**2 / n)


def _check_second_phase(settled: FloatArray, q: FloatArray, truth: FloatArray) -> None:
    if not np.isin(settled, (0.0, 1.0)).all():
        raise ValueError("adjudicated must be 0 or 1")
    if ((q < 0) | (q > 1)).any():
        raise ValueError("q must be in [0, 1], or nan where there is no adjudication")
    done = settled == 1
    if (done & ~(q > 0)).any():
        raise ValueError("q must be positive where an item was adjudicated")
    if (done & np.isnan(truth)).any():
        raise ValueError("truth is missing where an item was adjudicated")
    if (~done & (q == 1)).any():
        raise ValueError("q is 1 where an item was not adjudicated; use nan where there is no adjudication")
