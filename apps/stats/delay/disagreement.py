"""Human against outcome: how often the outcome that came later differs from what the reviewer said."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, FloatArray, IntArray, as_floats, as_inclusion, as_ints
from apps.stats.delay.weights import AgeShares
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.hajek import hajek_mean
from apps.stats.intervals import LEVEL
from apps.stats.reviewers.agreement import cohen_kappa_weighted


@dataclass(frozen=True)
class OutcomeDisagreement:
    """Disagreement of reviewers' labels and later outcomes, for all predictions of the window.

    Attributes
    ----------
    share : Estimate
        Share of predictions whose outcome differs from the label they get, or would get.
    kappa : Estimate
        Cohen's κ of label and outcome.
    by_label : mapping of int to Estimate
        The share among those that the reviewer put in each class.
    """

    share: Estimate
    kappa: Estimate
    by_label: Mapping[int, Estimate] = field(default_factory=dict)

    @property
    def code(self) -> str | None:
        """Why there is no share, or what holds beside it."""
        return self.share.code


def outcome_disagreement(
    label: ArrayLike,
    outcome: ArrayLike,
    delay: ArrayLike,
    ages: AgeShares,
    *,
    pi: ArrayLike,
    stratum: ArrayLike | None = None,
    level: float = LEVEL,
) -> OutcomeDisagreement:
    """Share, and κ, of reviewed items whose later outcome differs from the human label, weighted by 1/(πϖ).

    Supposes that whether an item was reviewed does not go with its age: all of the window's queues are drained, or π
    holds the response rate of its day.

    Parameters
    ----------
    label : array (n,) of int, not negative
        What the reviewer said, of all reviewed items.
    outcome : array (n,) of int, not negative
        nan where it is not known yet.
    delay : array (n,), in days
        T, or H where known by rule; nan where the outcome is.
    ages : AgeShares
        Ĝ of the window.
    pi : array (n,), in (0, 1]
        Probability of a review, response included.
    stratum : array (n,) of int, optional
        As given for the ages.
    level : float, in (0, 1)

    Returns
    -------
    OutcomeDisagreement
        `no_labels` without reviews, `no_outcomes` while none of them has an outcome, `not_mature` or `no_population` as
        the ages say; κ `no_variation` where both always say the same one thing.

    Raises
    ------
    ValueError
        If lengths differ, a class is not a whole number, pi is outside (0, 1], or an outcome has no delay.

    References
    ----------
    Hájek (1971); Lin, Kim and Williamson (2003) for κ.

    Examples
    --------
    >>> from apps.stats.delay.weights import age_shares
    >>> ages = age_shares([95, 95, 30, 30], horizon=90)
    >>> nan = float("nan")
    >>> found = outcome_disagreement([1, 1, 0, 0], [1, 0, 0, nan], [10, 90, 90, nan], ages, pi=[1, 1, 1, 1])
    >>> found.share.value, found.by_label[0].value  # weights 1, 2 and 2
    (0.4, 0.0)
    """
    inclusion = as_inclusion("pi", pi)
    n = len(inclusion)
    said = as_ints("label", label, length=n)
    came = as_floats("outcome", outcome, length=n, allow_nan=True)
    waited = as_floats("delay", delay, length=n, allow_nan=True)
    strata = np.zeros(n, np.int64) if stratum is None else as_ints("stratum", stratum, length=n)
    known = ~np.isnan(came)
    if np.isnan(waited[known]).any():
        raise ValueError("delay is missing where an outcome is known")
    truth = as_ints("outcome", came[known])
    if code := _refusal(n, int(known.sum()), ages):
        return OutcomeDisagreement(missing(code), missing(code))
    weight = inclusion[known] * ages.of(waited[known], stratum=strata[known])
    return _disagreement(said[known], truth, weight, level=level)


def _refusal(reviewed: int, known: int, ages: AgeShares) -> str | None:
    if reviewed == 0:
        return "no_labels"
    return ages.code or (None if known else "no_outcomes")


def _disagreement(label: IntArray, outcome: IntArray, pi: FloatArray, *, level: float) -> OutcomeDisagreement:
    differs = (label != outcome).astype(np.float64)

    def share(rows: BoolArray) -> Estimate:
        return hajek_mean(differs[rows], pi[rows], is_bounded=True, level=level)

    return OutcomeDisagreement(
        share=share(np.ones(len(label), dtype=np.bool_)),
        kappa=cohen_kappa_weighted(label, outcome, pi, level=level),
        by_label={int(one): share(label == one) for one in np.unique(label)},
    )
