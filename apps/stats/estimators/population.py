"""The population of an estimate: all predictions of a window, as cells."""

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, IntArray, as_floats, as_inclusion, as_mask, as_probability, sum_by
from apps.stats.estimators.keys import Keyed, as_baseline, as_classes, as_stand_in, key_of
from apps.stats.score_bins import LOGIT_BINS, ScoreBins


@dataclass(frozen=True, eq=False)
class Population:
    """All predictions of a window, in cells of equal predicted class, baseline, score bin and stand-in.

    Cells may be split further (by day, by version); the sums stay the same. Make one with `Population.of` or
    `Population.from_rows`. Of some traffic only a fraction ℓ was logged: such a prediction stands for w = 1/ℓ, itself
    and others like it that nobody logged. Elsewhere w = 1.

    Attributes
    ----------
    predicted, baseline : array (cells,) of int
        Class index; the baseline's is -1 where it has none.
    bin : array (cells,) of int
        Score bin, -1 without a score.
    stand_in : array (cells,) of int
        The reviewer's label where it stands in for the score until the outcome arrives; -1 elsewhere.
    n : array (cells,)
        Σ w: the number of predictions, those that were not logged included.
    sum_score, sum_score2 : array (cells,)
        Σ ws and Σ ws².
    sum_pi, sum_odds : array (cells,)
        Σ π and Σ w²(1−π)/π over predictions with π > 0, where π is the probability that a label of one that was logged
        counts.
    sum_odds2 : array (cells,)
        Σ w⁴o²(1+o) with o = (1−π)/π, over the same.
    sum_chance : array (cells,)
        Σ of the probability that chance alone, the floor or another policy that draws from all alike, yields a label.
    sum_amount, sum_amount2_odds, sum_amount4_odds2 : array (cells,), in powers of money
        Σ wa, Σ w²a²o and Σ w⁴a⁴o²(1+o).
    n_uncovered : array (cells,)
        Number of logged predictions with π = 0.
    n_unanswered : array (cells,)
        Number of logged predictions in a response class without any answer.
    logged : array (cells,)
        Number of predictions that were logged; n where all were.
    sum_logging : array (cells,)
        Σ (1−ℓ)/ℓ², the variance of n.
    sum_amount2_logging : array (cells,), in squared money
        Σ a²(1−ℓ)/ℓ².
    score_bins : ScoreBins
        What `bin` counts.
    """

    predicted: IntArray
    baseline: IntArray
    bin: IntArray
    stand_in: IntArray
    n: FloatArray
    sum_score: FloatArray
    sum_score2: FloatArray
    sum_pi: FloatArray
    sum_odds: FloatArray
    sum_odds2: FloatArray
    sum_chance: FloatArray
    sum_amount: FloatArray
    sum_amount2_odds: FloatArray
    sum_amount4_odds2: FloatArray
    n_uncovered: FloatArray
    n_unanswered: FloatArray
    logged: FloatArray
    sum_logging: FloatArray
    sum_amount2_logging: FloatArray
    score_bins: ScoreBins = field(default=LOGIT_BINS, kw_only=True)

    @classmethod
    def of(
        cls,
        *,
        predicted: ArrayLike,
        bin: ArrayLike,  # noqa: A002  # (every table of this project calls it so)
        n: ArrayLike,
        sum_pi: ArrayLike,
        sum_odds: ArrayLike,
        sum_score: ArrayLike | None = None,
        sum_score2: ArrayLike | None = None,
        baseline: ArrayLike | None = None,
        sum_odds2: ArrayLike | None = None,
        sum_chance: ArrayLike | None = None,
        sum_amount: ArrayLike | None = None,
        sum_amount2_odds: ArrayLike | None = None,
        sum_amount4_odds2: ArrayLike | None = None,
        n_uncovered: ArrayLike | None = None,
        logged: ArrayLike | None = None,
        sum_logging: ArrayLike | None = None,
        sum_amount2_logging: ArrayLike | None = None,
        score_bins: ScoreBins = LOGIT_BINS,
    ) -> "Population":
        """Make a population from stored cells; sums left out are zero.

        Without `sum_odds2`, π is taken as equal within each cell; without `sum_chance`, the whole draw is by chance;
        without `logged`, all predictions were logged.

        Raises
        ------
        ValueError
            If lengths differ, a bin does not exist, or a sum is negative, not finite or too large.

        Examples
        --------
        >>> cells = Population.of(predicted=[0, 1], bin=[9, 99], n=[9, 1], sum_pi=[0.9, 1], sum_odds=[81, 0])
        >>> cells.size
        10.0
        """
        classes = as_classes("predicted", predicted)
        cells = len(classes)

        def sums(name: str, values: ArrayLike | None) -> FloatArray:
            largest = LARGEST**5 if name in _POWERS else LARGEST
            vector = np.zeros(cells) if values is None else as_floats(name, values, length=cells, largest=largest)
            if (vector < 0).any() and name != "sum_amount":
                raise ValueError(f"{name} must not be negative")
            return vector

        uncovered, size, drawn = sums("n_uncovered", n_uncovered), sums("n", n), sums("sum_pi", sum_pi)
        rows = size if logged is None else sums("logged", logged)
        if (rows > size * (1 + 1e-9)).any():
            raise ValueError("logged must not exceed n")
        if (uncovered > rows).any():
            raise ValueError("n_uncovered must not exceed n")
        if (drawn > rows * (1 + 1e-9)).any():
            raise ValueError("sum_pi must not exceed n")
        odds, spread = sums("sum_odds", sum_odds), sums("sum_logging", sum_logging)
        weight2 = size + spread
        mean_weight2 = np.divide(weight2, rows, out=np.ones(cells), where=rows > 0)
        mean_odds = odds / np.maximum(weight2 - uncovered * mean_weight2, 1.0)
        return cls(
            predicted=classes,
            baseline=as_baseline(baseline, cells),
            bin=score_bins.checked("bin", bin, length=cells),
            stand_in=as_stand_in(None, cells),
            n=size,
            sum_score=sums("sum_score", sum_score),
            sum_score2=sums("sum_score2", sum_score2),
            sum_pi=drawn,
            sum_odds=odds,
            sum_odds2=odds * mean_odds * (1 + mean_odds) * mean_weight2
            if sum_odds2 is None
            else sums("sum_odds2", sum_odds2),
            sum_chance=drawn if sum_chance is None else sums("sum_chance", sum_chance),
            sum_amount=sums("sum_amount", sum_amount),
            sum_amount2_odds=sums("sum_amount2_odds", sum_amount2_odds),
            sum_amount4_odds2=sums("sum_amount4_odds2", sum_amount4_odds2),
            n_uncovered=uncovered,
            n_unanswered=np.zeros(cells),
            logged=rows,
            sum_logging=spread,
            sum_amount2_logging=sums("sum_amount2_logging", sum_amount2_logging),
            score_bins=score_bins,
        )

    @classmethod
    def of_each(
        cls,
        *,
        predicted: ArrayLike,
        score: ArrayLike,
        pi: ArrayLike,
        chance: ArrayLike | None = None,
        baseline: ArrayLike | None = None,
        amount: ArrayLike | None = None,
        stand_in: ArrayLike | None = None,
        log_share: ArrayLike | None = None,
        score_bins: ScoreBins = LOGIT_BINS,
    ) -> "Population":
        """Make a population of single predictions (N,), one cell each; pi may be 0, score may be nan.

        `chance` is the probability of a label by chance alone; without it, the whole draw is by chance. `log_share` is
        the fraction ℓ of traffic that was logged; without it, all was.

        Raises
        ------
        ValueError
            If lengths differ, pi or score is outside [0, 1], log_share is outside (0, 1], a class is not a whole
            number, or an amount too large.
        """
        classes = as_classes("predicted", predicted)
        rows = len(classes)
        scores = as_floats("score", score, length=rows, allow_nan=True)
        inclusion = as_probability("pi", pi, length=rows)
        by_chance = inclusion if chance is None else as_probability("chance", chance, length=rows)
        money = np.zeros(rows) if amount is None else as_floats("amount", amount, length=rows, largest=LARGEST)
        share = np.ones(rows) if log_share is None else as_inclusion("log_share", log_share, length=rows)
        covered = inclusion > 0
        odds = np.where(covered, (1 - inclusion) / np.where(covered, inclusion, 1.0), 0.0)
        known = np.nan_to_num(scores)
        weight, spread = 1 / share, (1 - share) / share**2
        return cls(
            predicted=classes,
            baseline=as_baseline(baseline, rows),
            bin=score_bins.place(scores).astype(np.int64),
            stand_in=as_stand_in(stand_in, rows),
            n=weight,
            sum_score=weight * known,
            sum_score2=weight * known**2,
            sum_pi=inclusion,
            sum_odds=weight**2 * odds,
            sum_odds2=weight**4 * odds**2 * (1 + odds),
            sum_chance=by_chance,
            sum_amount=weight * money,
            sum_amount2_odds=weight**2 * money**2 * odds,
            sum_amount4_odds2=weight**4 * money**4 * odds**2 * (1 + odds),
            n_uncovered=(~covered).astype(np.float64),
            n_unanswered=np.zeros(rows),
            logged=np.ones(rows),
            sum_logging=spread,
            sum_amount2_logging=money**2 * spread,
            score_bins=score_bins,
        )

    @classmethod
    def from_rows(cls, **rows: ArrayLike | ScoreBins | None) -> "Population":
        """Make the cells of single predictions, given as for `of_each`.

        Examples
        --------
        >>> cells = Population.from_rows(predicted=[0, 1, 1], score=[0.2, 0.9, 0.9], pi=[0.5, 1.0, 1.0])
        >>> cells.n, cells.sum_odds
        (array([1., 2.]), array([1., 0.]))
        """
        return cls.of_each(**rows).compact()  # type: ignore[arg-type]  # checked there

    @property
    def logit(self) -> FloatArray:
        """The logit that stands for the scores of each cell; 0 without a score."""
        return self.score_bins.centers_of(self.bin)

    @property
    def size(self) -> float:
        """N, the number of predictions: those logged, and those that they stand for as well."""
        return float(self.n.sum())

    @property
    def size_logged(self) -> float:
        """The number of predictions that were logged."""
        return float(self.logged.sum())

    @property
    def is_all_logged(self) -> bool:
        """Whether every prediction was logged, so that N is known."""
        return not self.sum_logging.any()

    @property
    def covered_share(self) -> float | None:
        """Share of the logged predictions that the draw can reach, None without predictions."""
        return float(1 - self.n_uncovered.sum() / self.size_logged) if self.size else None

    @property
    def weight2(self) -> FloatArray:
        """Σ w² by cell."""
        return np.asarray(self.n + self.sum_logging)

    @property
    def mean_weight2(self) -> FloatArray:
        """Mean w² of the logged predictions by cell; Σ w⁴ is about Σ w² times it, exactly where ℓ is equal."""
        return np.divide(self.weight2, self.logged, out=np.ones(len(self.n)), where=self.logged > 0)

    @property
    def covered_weight2(self) -> FloatArray:
        """Σ w² by cell of what the draw can reach; ℓ and whether it can are taken as uncorrelated within a cell."""
        return np.asarray(self.weight2 - self.n_uncovered * self.mean_weight2)

    @property
    def mean_amount2(self) -> FloatArray:
        """Mean a² by cell: Σw²a²·odds/Σw²odds where there are odds, else its lower bound (Σwa/n)²."""
        odds, n = self.sum_odds, np.maximum(self.n, 1.0)
        has_odds = odds > 1e-30  # a nonzero (1−π)/π is at least 1e-16
        from_odds = self.sum_amount2_odds / np.where(has_odds, odds, 1.0)
        return np.where(has_odds, from_odds, (self.sum_amount / n) ** 2)

    @property
    def mean_amount4(self) -> FloatArray:
        """Mean a⁴ by cell: Σa⁴o²(1+o)/Σo²(1+o) where there are odds, else its lower bound."""
        has_odds = self.sum_odds2 > 1e-30
        from_odds = self.sum_amount4_odds2 / np.where(has_odds, self.sum_odds2, 1.0)
        return np.where(has_odds, from_odds, self.mean_amount2**2)

    def holds(self, items: Keyed) -> bool:
        """Tell whether every item has a cell of its class, score bin and stand-in."""
        return bool(np.isin(key_of(items), np.unique(key_of(self))).all())

    def where(self, cells: ArrayLike) -> "Population":
        """Select cells by a boolean mask."""
        mask = as_mask("cells", cells, length=len(self.n))
        return replace(self, **{name: getattr(self, name)[mask] for name in _CELL_FIELDS})

    def compact(self) -> "Population":
        """Add up cells of equal predicted class, baseline, bin and stand-in, so that a figure costs little."""
        code = key_of(self) * (int(self.baseline.max(initial=0)) + 2) + self.baseline + 1
        _, first, place = np.unique(code, return_index=True, return_inverse=True)
        cells: dict[str, Any] = {name: getattr(self, name)[first] for name in _KEY_FIELDS}
        cells |= {name: sum_by(place, getattr(self, name), size=len(first)) for name in _SUM_FIELDS}
        return replace(self, **cells)

    def plus(self, other: "Population") -> "Population":
        """Add the cells of another population."""
        return self._joined(other, sign=1.0)

    def less(self, part: "Population") -> "Population":
        """Take away the cells of a part, and drop cells left empty.

        Raises
        ------
        ValueError
            If a cell has fewer predictions than the part takes away.
        """
        rest = self._joined(part, sign=-1.0)
        if (rest.logged < 0).any():
            raise ValueError("part has predictions that the population lacks")
        return rest.where(rest.logged > 0)

    def _joined(self, other: "Population", *, sign: float) -> "Population":
        cells: dict[str, Any] = {}
        for name in _CELL_FIELDS:
            own, others = getattr(self, name), getattr(other, name)
            cells[name] = np.concatenate([own, others if name in _KEY_FIELDS else sign * others])
        return replace(self, **cells).compact()

    def with_response(self, rate: ArrayLike) -> "Population":
        """Replace π by π·r, for a response rate or a blind share r.

        Σ(1−πr)/(πr) = (Σodds + n)/r − n is exact; Σa²(1−πr)/(πr) assumes that amounts and π are uncorrelated within
        a cell; Σo²(1+o) is exact where π is equal within a cell, else too large. A cell with rate 0 counts as
        unanswered. Where not all was logged, Σw² takes the place of n.

        Parameters
        ----------
        rate : array (cells,), in [0, 1]
            Rate r of each cell.

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
        rates = as_probability("rate", rate, length=len(self.n))
        answering = rates > 0
        safe = np.where(answering, rates, 1.0)
        covered = self.covered_weight2
        odds = np.where(answering, (self.sum_odds + covered) / safe - covered, 0.0)
        amount2 = self.mean_amount2 * covered
        amount2_odds = np.where(answering, (self.sum_amount2_odds + amount2) / safe - amount2, 0.0)
        odds2 = np.where(answering, self._lowered_odds2(covered, safe), 0.0)
        return replace(
            self,
            sum_pi=self.sum_pi * rates,
            sum_odds=odds,
            sum_odds2=odds2,
            sum_amount4_odds2=odds2 * self.mean_amount4,
            sum_chance=self.sum_chance * rates,
            sum_amount2_odds=amount2_odds,
            n_unanswered=np.where(answering, self.n_unanswered, self.logged - self.n_uncovered),
        )

    def _lowered_odds2(self, covered: FloatArray, rates: FloatArray) -> FloatArray:
        """Compute Σo²(1+o) for π·r, from the moments of w = 1/π: o²(1+o) = w³ − 2w² + w.

        The cells do not hold Σw²; √(w̄·s̄) + w̄ bounds its mean from above (Cauchy and Schwarz), exactly where w is equal.
        Where not all was logged, each sum is in units of the mean square of what a prediction stands for.
        """
        n = np.maximum(covered, 1.0)
        first, odds2 = 1 + self.sum_odds / n, self.sum_odds2 / n / self.mean_weight2
        second = np.maximum(first + np.sqrt(first * odds2), first**2)
        third = odds2 + 2 * second - first
        return np.asarray(covered * (third / rates**3 - 2 * second / rates**2 + first / rates) * self.mean_weight2)


_POWERS = ("sum_amount2_odds", "sum_amount4_odds2", "sum_odds2", "sum_amount2_logging")
_CELL_FIELDS = tuple(each.name for each in fields(Population) if each.name != "score_bins")
_KEY_FIELDS, _SUM_FIELDS = _CELL_FIELDS[:4], _CELL_FIELDS[4:]
