"""One estimate from the outcomes known so far, the score and reviewers' labels: ỹ = m′ + (O/ϖ)(Y − m′)."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, FloatArray, IntArray, as_binary, as_floats, as_inclusion, as_ints
from apps.stats.delay.proxy import MixedProxy, fit_mixed_proxy
from apps.stats.delay.weights import AgeShares
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.keys import NO_BASELINE, NO_STAND_IN
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.intervals import LEVEL
from apps.stats.score_bins import ScoreBins


@dataclass(frozen=True, eq=False)
class MixedEstimator(BinaryEstimator):
    """Estimator of every figure of a binary model from the outcomes known so far. Made by `mixed_estimator`.

    Without any score, figures are Hájek's, from outcomes alone.
    """

    proxy: MixedProxy | None = None

    def expected_truth(self, rows: Population | Sample) -> FloatArray:
        """Return m′ of each cell or item."""
        return super().expected_truth(rows) if self.proxy is None else self.proxy.expect(rows)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Predictions with an outcome or a label: the columns as given, checked."""

    predicted: IntArray
    score: FloatArray
    outcome: FloatArray
    delay: FloatArray
    label: FloatArray
    baseline: IntArray
    amount: FloatArray
    stratum: IntArray
    log_share: FloatArray

    @classmethod
    def of(
        cls,
        *,
        predicted: ArrayLike,
        score: ArrayLike,
        outcome: ArrayLike,
        delay: ArrayLike,
        label: ArrayLike | None,
        baseline: ArrayLike | None,
        amount: ArrayLike | None,
        stratum: ArrayLike | None,
        log_share: ArrayLike | None,
    ) -> "_Rows":
        classes = as_binary("predicted", predicted).astype(np.int64)
        n = len(classes)
        rows = cls(
            predicted=classes,
            score=as_floats("score", score, length=n, allow_nan=True),
            outcome=_binary_or_nan("outcome", outcome, n),
            delay=as_floats("delay", delay, length=n, allow_nan=True),
            label=_binary_or_nan("label", label, n),
            baseline=np.full(n, NO_BASELINE)
            if baseline is None
            else as_ints("baseline", baseline, length=n, minimum=-1),
            amount=np.full(n, np.nan) if amount is None else as_floats("amount", amount, length=n, allow_nan=True),
            stratum=np.zeros(n, np.int64) if stratum is None else as_ints("stratum", stratum, length=n),
            log_share=np.ones(n) if log_share is None else as_inclusion("log_share", log_share, length=n),
        )
        if np.isnan(rows.delay[rows.known]).any():
            raise ValueError("delay is missing where an outcome is known")
        return rows

    @property
    def known(self) -> BoolArray:
        return ~np.isnan(self.outcome)

    @property
    def reviewed(self) -> BoolArray:
        return ~np.isnan(self.label)

    @property
    def stand_in(self) -> IntArray:
        return np.where(self.reviewed, np.nan_to_num(self.label), NO_STAND_IN).astype(np.int64)


def mixed_estimator(
    population: Population,
    ages: AgeShares,
    *,
    predicted: ArrayLike,
    score: ArrayLike,
    outcome: ArrayLike,
    delay: ArrayLike,
    label: ArrayLike | None = None,
    drained: bool = False,
    baseline: ArrayLike | None = None,
    amount: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    log_share: ArrayLike | None = None,
    response: float = 1.0,
    proxy: MixedProxy | None = None,
    level: float = LEVEL,
) -> MixedEstimator | str:
    """Make the estimator of a window whose outcomes are still coming in.

    It is unbiased for any m′ that does not depend on the age of a prediction: reviewers' labels, right or wrong, only
    narrow the interval. While review queues still hold items of the window, the presence of a label depends on age, so
    labels are ignored unless `drained`.

    Parameters
    ----------
    population : Population
        Cells of all predictions of the window; their π are ignored.
    ages : AgeShares
        Ĝ of the window, from `age_shares`.
    predicted : array (n,) of 0 or 1
        Predicted class, one row for each prediction with an outcome or a label.
    score : array (n,), in [0, 1]
        Score of the positive class, nan where there is none.
    outcome : array (n,) of 0 or 1
        Y; nan where it is not known yet.
    delay : array (n,), in days
        T, or H where the outcome is known by rule; nan where the outcome is.
    label : array (n,) of 0 or 1, optional
        The reviewer's label; nan where there is no review.
    drained : bool
        Whether all review queues of the window are empty.
    baseline : array (n,) of int, optional
        Class index, -1 for none.
    amount : array (n,), optional, in money
        Value at stake.
    stratum : array (n,) of int, optional
        The strata given for the ages.
    log_share : array (n,), in (0, 1], optional
        The fraction of such traffic that was logged; 1 by default.
    response : float, in [0, 1]
        Share of the due outcomes that came, where no rule settles the others.
    proxy : MixedProxy, optional
        Proxy of the whole window, for a slice of it; by default fitted on the rows.
    level : float, in (0, 1)
        Confidence level of the intervals.

    Returns
    -------
    MixedEstimator, or a code where outcomes cannot bear one
        `not_mature`: no prediction is older than the horizon, so the human label is the target; `no_population`;
        `no_response`.

    Raises
    ------
    ValueError
        If lengths differ, a class, label or outcome is not 0 or 1, an outcome has no delay, or rows are not part of the
        population.

    References
    ----------
    Robins, Rotnitzky and Zhao (1994), Estimation of regression coefficients when some regressors are not always
    observed (the augmented inverse probability weighted estimator).

    Examples
    --------
    >>> from apps.stats.delay.weights import age_shares
    >>> cells = Population.from_rows(predicted=[1] * 60, score=[0.7] * 60, pi=[1] * 60)
    >>> ages = age_shares([30] * 30 + [95] * 30, horizon=90)
    >>> known = {"outcome": [1] * 40 + [0] * 10, "delay": [10] * 40 + [90] * 10}
    >>> figures = mixed_estimator(cells, ages, predicted=[1] * 50, score=[0.7] * 50, **known)
    >>> round(figures.estimate("precision").value, 3)  # 40 of 40 + 10/ϖ, ϖ = ½
    0.667
    >>> mixed_estimator(cells, age_shares([30] * 60, horizon=90), predicted=[], score=[], outcome=[], delay=[])
    'not_mature'
    """
    if not 0 <= response <= 1:
        raise ValueError(f"response must be in [0, 1], got {response}")
    rows = _Rows.of(
        predicted=predicted,
        score=score,
        outcome=outcome,
        delay=delay,
        label=label if drained else None,
        baseline=baseline,
        amount=amount,
        stratum=stratum,
        log_share=log_share,
    )
    if code := "no_population" if population.size == 0 else ages.code:
        return code
    if response == 0:
        return "no_response"
    sample = _sample(rows, ages, response, score_bins=population.score_bins)
    least = float(ages.reached.min()) * response
    fitted = proxy or fit_mixed_proxy(sample, largest_odds=(1 - least) / least)
    cells = fitted.weigh(_stand_in(population, rows))
    share_known = len(sample.pi) / population.size_logged
    by_chance = cells.logged * share_known
    return MixedEstimator(replace(cells, sum_pi=by_chance, sum_chance=by_chance), sample, level=level, proxy=fitted)


def _binary_or_nan(name: str, values: ArrayLike | None, n: int) -> FloatArray:
    if values is None:
        return np.full(n, np.nan)
    vector = as_floats(name, values, length=n, allow_nan=True)
    as_binary(name, vector[~np.isnan(vector)])
    return vector


def _sample(rows: _Rows, ages: AgeShares, response: float, *, score_bins: ScoreBins) -> Sample:
    known = rows.known
    return Sample.of(
        predicted=rows.predicted[known],
        score=rows.score[known],
        pi=ages.of(rows.delay[known], stratum=rows.stratum[known]) * response,
        label=rows.outcome[known],
        baseline=rows.baseline[known],
        amount=rows.amount[known],
        stand_in=rows.stand_in[known],
        log_share=rows.log_share[known],
        score_bins=score_bins,
    )


def _stand_in(population: Population, rows: _Rows) -> Population:
    """Return the cells, with the predictions that have a label as a stand-in moved to cells of their own."""
    reviewed = rows.reviewed

    def cells(*, pi: float, stand_in: IntArray | None) -> Population:
        return Population.from_rows(
            predicted=rows.predicted[reviewed],
            score=rows.score[reviewed],
            pi=np.full(int(reviewed.sum()), pi),
            baseline=rows.baseline[reviewed],
            amount=np.nan_to_num(rows.amount[reviewed]),
            stand_in=stand_in,
            log_share=rows.log_share[reviewed],
            score_bins=population.score_bins,
        )

    # π = ½ has odds 1, so the new cells keep Σa². π = 1 has odds 0, so `less` takes no odds from the old ones.
    marked = cells(pi=0.5, stand_in=rows.stand_in[reviewed])
    return population.less(cells(pi=1.0, stand_in=None)).plus(marked)
