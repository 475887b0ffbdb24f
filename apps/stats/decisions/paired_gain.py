"""What a newly trained candidate gains over the live model: paired differences on cases that did not train it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, IntArray, as_floats, as_ints, sum_by
from apps.stats.estimate import Estimate, missing
from apps.stats.intervals import LEVEL, t_quantile
from apps.stats.moderation import degrees_of_freedom

#: A variance from training sets is no larger than this multiple of the variance from cases: with five folds, that of
#: Nadeau and Bengio, (1/5 + 1/4)·5 − 1.
MOST_FROM_TRAINING = 1.25


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Cases with their weights, the people they are about, and the fold in which each was held out.

    Attributes
    ----------
    weight : array (n,), positive
        Predictions of the population for which each case stands, 1/π.
    subject : array (n,) of int
        Whom each case is about; all cases of one subject are in one fold.
    fold : array (n,) of int
        Fold in which the case was held out.
    """

    weight: FloatArray
    subject: IntArray
    fold: IntArray

    @classmethod
    def of(cls, *, weight: ArrayLike, subject: ArrayLike, fold: ArrayLike) -> "HeldOut":
        """Check and convert the columns.

        Raises
        ------
        ValueError
            If lengths differ, a weight is not positive, there are no cases, or a subject is in two folds.

        Examples
        --------
        >>> HeldOut.of(weight=[1, 1], subject=[0, 0], fold=[0, 1])
        Traceback (most recent call last):
        ValueError: a subject is in more than one fold
        """
        weights = as_floats("weight", weight, largest=LARGEST)
        people, folds = (
            as_ints(name, given, length=len(weights)) for name, given in (("subject", subject), ("fold", fold))
        )
        if not len(weights) or (weights <= 0).any():
            raise ValueError("weight must hold positive numbers")
        numbered = np.unique(people, return_inverse=True)[1].reshape(-1)
        pairs = np.unique(np.stack([numbered, folds]), axis=1)
        if pairs.shape[1] > int(numbered.max()) + 1:
            raise ValueError("a subject is in more than one fold")
        return cls(weights / weights.mean(), numbered.astype(np.int64), folds)

    def __len__(self) -> int:
        return len(self.weight)

    def mean(self, values: FloatArray) -> float:
        """Return Hájek's mean."""
        return float(self.weight @ values / self.weight.sum())

    def by_subject(self, values: FloatArray) -> FloatArray:
        """Return each subject's part of the linearized mean: they add up to zero."""
        parts = self.weight * (values - self.mean(values)) / self.weight.sum()
        return sum_by(self.subject, parts, size=int(self.subject.max()) + 1)

    def where(self, mask: "np.typing.NDArray[np.bool_]") -> "HeldOut":
        """Keep some of the cases."""
        kept = np.unique(self.subject[mask], return_inverse=True)[1].reshape(-1).astype(np.int64)
        return replace(self, weight=self.weight[mask], subject=kept, fold=self.fold[mask])


def paired_gain(
    gains: ArrayLike, cases: HeldOut, *, training_variance: float = 0.0, training_df: float = 1.0, level: float = LEVEL
) -> Estimate:
    """Estimate how much a candidate gains over the live model, per prediction, by Hájek's mean of paired differences.

    V = G/(G−1)·Σ_g u_g² + V_t. u_g sums the linearized differences of one subject, so cases about the same subject may
    depend on each other, and the gain is that on future cases. V_t is the variance between candidates that learned from
    different labels. Degrees of freedom by Satterthwaite.

    Parameters
    ----------
    gains : array (n,)
        Loss of the live model minus that of the candidate, on cases that did not train it; above 0 the candidate is
        better.
    cases : HeldOut
        The cases.
    training_variance : float, not negative
        V_t, see `training_variance`.
    training_df : float, positive
        Its degrees of freedom.
    level : float, in (0, 1)
        Confidence level.

    Returns
    -------
    Estimate
        Method "hajek"; `too_few` with fewer than two subjects, `no_variation` where all differences are the same.

    Raises
    ------
    ValueError
        If lengths differ or a number is out of range.

    References
    ----------
    Binder (1983), On the variances of asymptotically normal estimators from complex surveys, for clusters; Nadeau and
    Bengio (2003), Inference for the generalization error, for the training sets.

    Examples
    --------
    >>> cases = HeldOut.of(weight=np.ones(400), subject=np.arange(400), fold=np.arange(400) % 5)
    >>> found = paired_gain(np.tile([1.0, 0.0, 0.0, -1.0], 100), cases)
    >>> found.value, round(found.se, 4)  # √(½/399)
    (0.0, 0.0354)
    """
    differences = as_floats("gains", gains, length=len(cases), largest=LARGEST)
    if not 0 <= training_variance <= LARGEST or not training_df > 0:
        raise ValueError("training_variance must not be negative, and training_df must be positive")
    parts = cases.by_subject(differences)
    if len(parts) < 2:
        return missing("too_few", n=len(cases))
    own = len(parts) / (len(parts) - 1) * float((parts**2).sum())
    if own == 0:
        return missing("no_variation", n=len(cases))
    variance = own + training_variance
    freedom = variance**2 / (own**2 / degrees_of_freedom(parts**2) + training_variance**2 / training_df)
    value, half = cases.mean(differences), t_quantile(level, freedom) * math.sqrt(variance)
    return Estimate(value, value - half, value + half, "hajek", len(cases), se=math.sqrt(variance), df=freedom)


@dataclass(frozen=True)
class TrainingVariance:
    """How much candidates differ that learned from different labels.

    Attributes
    ----------
    per_label : float, not negative
        κ of V_t(m) = κ/m.
    df : float
        Its degrees of freedom: pairs of candidates, no more than are independent.
    """

    per_label: float
    df: float

    def at(self, size: float, *, most: float = math.inf) -> float:
        """Return V_t of candidates that learn from so many labels, and at most `most`.

        Examples
        --------
        >>> TrainingVariance(0.5, 10.0).at(100.0), TrainingVariance(0.5, 10.0).at(100.0, most=0.001)
        (0.005, 0.001)
        """
        return min(self.per_label / size, most)


def training_variance(trials: Sequence[tuple[float, FloatArray]], cases: HeldOut) -> TrainingVariance:
    """Estimate how much the gain varies between candidates that learned from disjoint sets of labels.

    In each fold, the mean gains of J candidates vary by V_t, and by less than chance since all are judged by the same
    cases. V_t is the variance between them less that part, which the cases' differences show. It is pooled over folds
    and sizes as κ = m·V_t(m). Candidates vary less than 1/m as m grows, so κ/m errs on the careful side.

    Parameters
    ----------
    trials : sequence of (size, array (J, n))
        For each size m, the gains of each case under the J candidates of its fold.
    cases : HeldOut
        The cases.

    Returns
    -------
    TrainingVariance
        Zero where no size has two candidates.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> cases = HeldOut.of(weight=np.ones(5000), subject=np.arange(5000), fold=np.arange(5000) % 5)
    >>> shift = np.array([[0.1], [-0.1]])  # V_t = 0.02 at 50 labels: κ = 1
    >>> noise = np.random.default_rng(2).normal(0, 0.1, (2, 5000))
    >>> round(training_variance([(50.0, shift + noise)], cases).per_label, 1)
    1.0
    """
    found: list[tuple[float, int]] = []
    for size, gains in trials:
        if gains.ndim != 2 or gains.shape[1] != len(cases):
            raise ValueError(f"gains must have shape (candidates, {len(cases)}), got {gains.shape}")
        if len(gains) > 1:
            found += [(size * each, len(gains) - 1) for each in _by_fold(gains, cases)]
    if not found:
        return TrainingVariance(0.0, 1.0)
    values, freedom = np.array(found).T
    return TrainingVariance(max(0.0, float(values @ freedom / freedom.sum())), float(freedom.sum()))


def _by_fold(gains: FloatArray, cases: HeldOut) -> list[float]:
    """Return, for each fold, the variance between its candidates less what the choice of its cases adds."""
    found = []
    for fold in np.unique(cases.fold):
        mask = cases.fold == fold
        within, held = cases.where(mask), gains[:, mask]
        if len(np.unique(within.subject)) < 2:
            continue
        apart = held - held.mean(axis=0)
        means = np.array([within.mean(each) for each in apart])
        noise = sum(float((within.by_subject(each) ** 2).sum()) for each in apart)
        found.append((float(means @ means) - noise) / (len(held) - 1))
    return found
