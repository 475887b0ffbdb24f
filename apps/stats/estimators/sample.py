"""The sample of an estimate: the answered items of a draw."""

from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import (
    LARGEST,
    LEAST_PROBABILITY,
    BoolArray,
    FloatArray,
    IntArray,
    as_floats,
    as_inclusion,
    as_mask,
)
from apps.stats.estimators.keys import as_baseline, as_classes, as_stand_in
from apps.stats.estimators.population import Population
from apps.stats.score_bins import LOGIT_BINS, ScoreBins


@dataclass(frozen=True, eq=False)
class Sample:
    """The answered items, one row each. Make one with `Sample.of`.

    Attributes
    ----------
    predicted, baseline : array (n,) of int
        Class index; the baseline's is -1 where it has none.
    stand_in : array (n,) of int
        Label that stands in for the score, or -1.
    score : array (n,)
        In [0, 1], nan without a score.
    pi : array (n,), in (0, 1]
        Probability that this label counts: π × blind share × response rate (`with_response`).
    label : array (n,)
        L, the reviewer's label.
    adjudicated : array (n,) of 0 or 1
        A = 1: an adjudicator settled the item.
    q : array (n,)
        Adjudication probability, times settled/chosen of its class. 0 while no item of the class is settled; nan
        without a second phase, when the label is the truth.
    truth : array (n,)
        y, the adjudicator's answer; the label where there was no adjudication.
    amount : array (n,), in money
        Amount at stake, nan where unknown.
    agreed : array (n,) of 0 or 1
        1 where the label equals the prediction.
    log_share : array (n,), in (0, 1]
        ℓ, the fraction of such traffic that was logged: the item stands for 1/ℓ predictions before it was drawn.
    score_bins : ScoreBins
        What `bin` counts.
    """

    predicted: IntArray
    baseline: IntArray
    stand_in: IntArray
    score: FloatArray
    pi: FloatArray
    label: FloatArray
    adjudicated: FloatArray
    q: FloatArray
    truth: FloatArray
    amount: FloatArray
    agreed: FloatArray
    log_share: FloatArray
    score_bins: ScoreBins = field(default=LOGIT_BINS, kw_only=True)

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
        stand_in: ArrayLike | None = None,
        log_share: ArrayLike | None = None,
        score_bins: ScoreBins = LOGIT_BINS,
    ) -> "Sample":
        """Make a sample of answered items (n,); without q there is no second phase and labels are the truth.

        Without log_share, all traffic was logged.

        Raises
        ------
        ValueError
            If lengths differ, pi or log_share is outside (0, 1], score or q outside [0, 1], an adjudicated item has no
            q or no truth, an item with q = 1 was not adjudicated, or a label or amount is too large.

        Examples
        --------
        >>> items = Sample.of(predicted=[1, 0], score=[0.9, 0.2], pi=[0.1, 0.1], label=[1, 1])
        >>> items.truth, items.agreed
        (array([1., 1.]), array([1., 0.]))
        """
        classes = as_classes("predicted", predicted)
        n = len(classes)
        labels = as_floats("label", label, length=n, largest=LARGEST)
        settled = np.zeros(n) if adjudicated is None else as_floats("adjudicated", adjudicated, length=n)
        chance = np.full(n, np.nan) if q is None else as_floats("q", q, length=n, allow_nan=True)
        answers = labels if truth is None else _with_gaps("truth", truth, n)
        scores = as_floats("score", score, length=n, allow_nan=True)
        _check_second_phase(settled, chance, answers)
        if ((scores < 0) | (scores > 1)).any():
            raise ValueError("score must be in [0, 1]")
        return cls(
            predicted=classes,
            baseline=as_baseline(baseline, n),
            stand_in=as_stand_in(stand_in, n),
            score=scores,
            pi=as_inclusion("pi", pi, length=n),
            label=labels,
            adjudicated=settled,
            q=chance,
            truth=np.where(settled == 1, answers, labels),
            amount=np.full(n, np.nan) if amount is None else _with_gaps("amount", amount, n),
            agreed=(labels == classes).astype(np.float64),
            log_share=np.ones(n) if log_share is None else as_inclusion("log_share", log_share, length=n),
            score_bins=score_bins,
        )

    @property
    def bin(self) -> IntArray:
        """Score bin of each item."""
        return self.score_bins.place(self.score).astype(np.int64)

    @property
    def logit(self) -> FloatArray:
        """The logit that stands for the score's bin; 0 without a score."""
        return self.score_bins.centers_of(self.bin)

    @property
    def is_adjudication_open(self) -> bool:
        """Whether some class of items chosen for adjudication has none settled yet."""
        return bool((self.q == 0).any())

    @property
    def certain(self) -> BoolArray:
        """Whether each label is known to be the truth: without a second phase, or with all of it done."""
        return np.asarray(np.isnan(self.q) | ((self.q == 1) & (self.adjudicated == 1)), dtype=np.bool_)

    @property
    def constant(self) -> BoolArray:
        """Whether each item is certain to be logged and drawn and its truth is known: it says nothing about chance."""
        return np.asarray(self.certain & (self.pi == 1) & (self.log_share == 1), dtype=np.bool_)

    @property
    def is_drawn_at_random(self) -> BoolArray:
        """Whether chance decides about the label of each item, once it is logged."""
        return np.asarray(~(self.certain & (self.pi == 1)), dtype=np.bool_)

    @property
    def overall(self) -> FloatArray:
        """πℓ, the probability that the item was logged and its label counts: the item stands for 1/(πℓ) predictions."""
        return np.asarray(self.pi * self.log_share)

    def completes(self, population: Population) -> bool:
        """Tell whether all is logged, π ≡ 1 and every truth is known, so that nothing is left to estimate."""
        certain = (
            (self.pi == 1).all() and population.is_all_logged and population.sum_odds.sum() == 0 and self.certain.all()
        )
        left_out = population.n_uncovered.sum() + population.n_unanswered.sum()
        return bool(certain and population.is_all_logged and left_out == 0 and len(self.pi) == population.size > 0)

    def where(self, items: ArrayLike) -> "Sample":
        """Select items by a boolean mask."""
        mask = as_mask("items", items, length=len(self.pi))
        columns = [each.name for each in fields(self) if each.name != "score_bins"]
        return replace(self, **{name: getattr(self, name)[mask] for name in columns})

    def at_word(self) -> "Sample":
        """Take every label for the truth, to show what the second phase corrects."""
        nothing = np.zeros(len(self.pi))
        return replace(self, adjudicated=nothing, q=nothing * np.nan, truth=self.label)

    def with_response(self, rate: ArrayLike) -> "Sample":
        """Replace π by π·r, with rates r (n,) in (0, 1]; answered items cannot have rate 0."""
        rates = as_inclusion("rate", rate, length=len(self.pi))
        return replace(self, pi=as_inclusion("rate times pi", rates * self.pi))


def _with_gaps(name: str, values: ArrayLike, length: int) -> FloatArray:
    return as_floats(name, values, length=length, allow_nan=True, largest=LARGEST)


def _check_second_phase(settled: FloatArray, q: FloatArray, truth: FloatArray) -> None:
    if not np.isin(settled, (0.0, 1.0)).all():
        raise ValueError("adjudicated must be 0 or 1")
    if ((q < 0) | (q > 1) | ((q > 0) & (q < LEAST_PROBABILITY))).any():
        raise ValueError("q must be in [0, 1] and possible to draw with, or nan where there is no adjudication")
    done = settled == 1
    if (done & ~(q > 0)).any():
        raise ValueError("q must be positive where an item was adjudicated")
    if (done & np.isnan(truth)).any():
        raise ValueError("truth is missing where an item was adjudicated")
    if (~done & (q == 1)).any():
        raise ValueError("q is 1 where an item was not adjudicated; use nan where there is no adjudication")
