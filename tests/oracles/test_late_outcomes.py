"""Simulated late outcomes: loans that default within 90 days, or are known on day 90 not to have defaulted.

The study of the method found for such a portfolio a precision of .72 so far, .44 with "not yet = negative", .57 from
mature cohorts and by weighting by age, and a truth of .56. Here each replicate has 3,000 loans of the last 147 days,
gamma delays of mean 31 days, and three in ten loans have a review that is right nine times in ten. Measured with 400
replicates, precision (truth .55): so far + .16; not yet = negative − .12; mature cohorts ± 0, width .104; Hájek with ϖ
± 0, coverage 94 %, width .066; mixed with the score 94 % and .062; with labels too 96 % and .056.

Weighting by age takes delay and truth not to vary with the day of arrival. In three more portfolios they do.
"""

import numpy as np
import pytest
from scipy.special import expit

from apps.stats.delay.horizon import settle_outcomes
from apps.stats.delay.mixing import mixed_estimator
from apps.stats.delay.nowcast import count_outcomes
from apps.stats.delay.weights import age_shares
from apps.stats.estimate import Estimate
from apps.stats.estimators.confusion import confusion_of, evaluate
from apps.stats.estimators.exact import uncorrected_figure
from apps.stats.estimators.hajek import hajek_mean
from apps.stats.estimators.population import Population
from apps.stats.estimators.value import ValueMatrix

REPLICATES = 100
N, HORIZON, OLDEST = 3_000, 90, 147
METRICS = ("accuracy", "precision", "recall", "f1", "specificity", "mcc", "auc", "brier")
MONEY = ValueMatrix.of([[0, -1], [-0.25, 1]])
NAN = np.nan


class Window:
    """One replicate: the loans, their outcomes delivered by today, and their labels.

    `riskier` loans default more often the newer they are, at the same score; `slower` ones default later the newer they
    are. With a `moving_mix`, newer loans have higher scores, and the same score means the same.
    """

    def __init__(self, rng, *, riskier=0.0, slower=0.0, moving_mix=0.0):
        self.age = rng.integers(0, OLDEST + 1, N).astype(float)
        newness = 0.5 - self.age / OLDEST
        z = rng.normal(-1.2, 1.3, N) + moving_mix * newness
        self.truth = (rng.random(N) < expit(z + riskier * newness)).astype(float)
        self.score = expit(1.3 * z + 0.3 + rng.normal(0, 0.5, N))
        self.predicted = (self.score >= 0.42).astype(int)
        delay = np.ceil(np.minimum(rng.gamma(2.0, 15.5 + slower * newness, N), HORIZON - 1))
        came = (self.truth == 1) & (delay <= self.age)
        delivered = {"outcome": np.where(came, 1.0, NAN), "delay": np.where(came, delay, NAN)}
        self.settled = settle_outcomes(**delivered, age=self.age, horizon=HORIZON, absent=0)
        self.label = np.where(rng.random(N) < 0.9, self.truth, 1 - self.truth)
        self.is_reviewed = rng.random(N) < 0.3
        self.ages = age_shares(self.age, horizon=HORIZON, stratum=self.predicted)
        self.population = Population.from_rows(predicted=self.predicted, score=self.score, pi=np.ones(N))

    def mixed(self, reviewed=None, *, drained=True):
        """Return the mixed estimator, with the labels of the reviewed loans."""
        label = np.full(N, NAN) if reviewed is None else np.where(reviewed, self.label, NAN)
        rows = self.settled.known | ~np.isnan(label)
        return mixed_estimator(
            self.population,
            self.ages,
            predicted=self.predicted[rows],
            score=self.score[rows],
            outcome=self.settled.outcome[rows],
            delay=self.settled.delay[rows],
            label=label[rows],
            stratum=self.predicted[rows],
            drained=drained,
        )

    def hajek_precision(self):
        used = self.settled.known & (self.predicted == 1)
        pi = self.ages.of(self.settled.delay[used], stratum=self.predicted[used])
        return hajek_mean(self.settled.outcome[used], pi, is_bounded=True, size=float(self.predicted.sum()))

    def gaps(self, estimator, rng):
        """Compare the estimator with the nowcast of each week."""
        each = Population.of_each(predicted=self.predicted, score=self.score, pi=np.ones(N))
        known = {"age": self.age, "outcome": self.settled.outcome, "delay": self.settled.delay}
        return count_outcomes(estimator, each, **known, horizon=HORIZON).gaps(rng)

    def naive(self, rows, outcome):
        return uncorrected_figure("precision", predicted=self.predicted[rows], truth=outcome[rows])

    def true(self, metric):
        if metric == "value":
            return MONEY.of_rows(self.predicted, self.truth.astype(int)).sum()
        if metric == "brier":
            return np.mean((self.truth - self.score) ** 2)
        if metric == "auc":
            order = np.argsort(np.argsort(self.score)) + 1.0
            positives = self.truth.sum()
            return ((order * self.truth).sum() - positives * (positives + 1) / 2) / (positives * (N - positives))
        return evaluate(metric, confusion_of(self.predicted, self.truth))


def plain_total(predicted, outcome, rows):
    """Estimate the value of all loans as if these rows were a simple random sample."""
    value = MONEY.of_rows(predicted[rows], outcome[rows]) * N
    half = 1.96 * value.std(ddof=1) / np.sqrt(len(value))
    return Estimate(value.mean(), value.mean() - half, value.mean() + half, "plain", len(value))


@pytest.fixture(scope="module")
def windows():
    rng = np.random.default_rng(51)
    return [Window(rng) for _ in range(REPLICATES)]


@pytest.fixture(scope="module")
def by_score(windows):
    return [window.mixed() for window in windows]


@pytest.fixture(scope="module")
def with_labels(windows):
    return [window.mixed(window.is_reviewed) for window in windows]


def summary(windows, figures, metric="precision"):
    """Return the mean error with its standard error, the coverage of 100 and the mean width."""
    truths = [window.true(metric) for window in windows]
    errors = [figure.value - truth for figure, truth in zip(figures, truths, strict=True)]
    covered = sum(figure.low <= truth <= figure.high for figure, truth in zip(figures, truths, strict=True))
    width = np.mean([figure.high - figure.low for figure in figures])
    return np.mean(errors), np.std(errors) / np.sqrt(len(errors)), covered, width


def test_precision_of_the_outcomes_so_far_is_too_high(windows):
    figures = [window.naive(window.settled.known, window.settled.outcome) for window in windows]
    bias, _, covered, _ = summary(windows, figures)
    assert bias > 0.12
    assert covered == 0


def test_precision_with_open_outcomes_as_negative_is_too_low(windows):
    figures = [window.naive(window.age >= 0, np.nan_to_num(window.settled.outcome)) for window in windows]
    bias, _, covered, _ = summary(windows, figures)
    assert bias < -0.09
    assert covered == 0


def test_mature_cohorts_are_unbiased_and_wide(windows, by_score):
    figures = [window.naive(window.age >= HORIZON, window.truth) for window in windows]
    bias, error, covered, width = summary(windows, figures)
    assert abs(bias) < 4 * error
    assert covered >= 90
    assert width > 1.5 * summary(windows, [one.estimate("precision") for one in by_score])[3]


def test_weighting_by_age_covers_the_truth(windows):
    bias, error, covered, _ = summary(windows, [window.hajek_precision() for window in windows])
    assert abs(bias) < 4 * error
    assert covered >= 90


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
def test_mixing_covers_the_truth_of_every_metric(windows, with_labels, metric):
    bias, error, covered, _ = summary(windows, [one.estimate(metric) for one in with_labels], metric)
    assert abs(bias) < 4 * error
    assert covered >= 90


def test_mixing_covers_the_true_value(windows, with_labels):
    bias, error, covered, _ = summary(windows, [one.value(MONEY) for one in with_labels], "value")
    assert abs(bias) < 4 * error
    assert covered >= 90


def test_the_value_so_far_and_the_value_without_open_outcomes_are_both_off(windows):
    """Known loans scaled up to all, and all loans with open outcomes as negative; normal intervals.

    Measured: 93 too high and 53 too low, 61 and 55 of 100 intervals cover.
    """
    so_far = [plain_total(window.predicted, window.settled.outcome, window.settled.known) for window in windows]
    never = [
        plain_total(window.predicted, np.nan_to_num(window.settled.outcome), window.age >= 0) for window in windows
    ]
    for figures in (so_far, never):
        bias, error, covered, _ = summary(windows, figures, "value")
        assert abs(bias) > 8 * error
        assert covered <= 75


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["accuracy", "precision", "recall"])
def test_labels_narrow_the_interval_of_the_score_alone(windows, by_score, with_labels, metric):
    labeled = summary(windows, [one.estimate(metric) for one in with_labels], metric)[3]
    assert labeled < 0.98 * summary(windows, [one.estimate(metric) for one in by_score], metric)[3]


def test_mixing_is_narrower_than_weighting_alone(windows, with_labels):
    """The study of this file: .056 against .066."""
    plain = summary(windows, [window.hajek_precision() for window in windows])[3]
    assert summary(windows, [one.estimate("precision") for one in with_labels])[3] < 0.9 * plain


def test_the_estimated_standard_error_is_the_spread_over_windows(windows, with_labels):
    figures = [one.estimate("accuracy") for one in with_labels]
    spread = summary(windows, figures, "accuracy")[1] * np.sqrt(REPLICATES)
    assert np.mean([figure.se for figure in figures]) == pytest.approx(spread, rel=0.2)


@pytest.mark.slow
def test_labels_of_a_queue_that_is_not_drained_would_bias_the_estimate(windows):
    """Only loans that waited for 60 days are reviewed: labels depend on age, so they are ignored."""
    forced = [window.mixed(window.age >= 60) for window in windows]
    bias, error, covered, _ = summary(windows, [one.estimate("precision") for one in forced])
    assert abs(bias) > 8 * error
    assert covered <= 5
    ignoring = windows[0].mixed(windows[0].age >= 60, drained=False)
    assert ignoring.estimate("precision") == windows[0].mixed().estimate("precision")


RISKIER, SLOWER, MOVING_MIX = {"riskier": 2.0}, {"slower": 22.0}, {"moving_mix": 1.5}


@pytest.fixture(scope="module", params=[10, pytest.param(30, marks=pytest.mark.slow)])
def checked(request):
    """For each portfolio, some windows with their estimators and gaps."""
    rng = np.random.default_rng(52)
    found = {}
    for name, change in {"stable": {}, "riskier": RISKIER, "slower": SLOWER, "mix": MOVING_MIX}.items():
        portfolio = [Window(rng, **change) for _ in range(request.param)]
        estimators = [window.mixed() for window in portfolio]
        pairs = zip(portfolio, estimators, strict=True)
        found[name] = [(window, one, window.gaps(one, rng)) for window, one in pairs]
    return found


def is_shown(gaps):
    return all(gap.is_closed for gap in gaps.values())


def covers(window, estimator, metric):
    figure = estimator.estimate(metric)
    return figure.low <= window.true(metric) <= figure.high


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stable", "mix"])
def test_where_the_weighting_holds_both_estimates_agree(checked, name):
    """Measured over 100: 91 of the stable windows shown, 83 with a moving mix."""
    shown = [(window, one) for window, one, gaps in checked[name] if is_shown(gaps)]
    assert len(shown) >= 0.75 * len(checked[name])
    for metric in ("accuracy", "precision", "recall", "f1"):
        assert np.mean([covers(window, one, metric) for window, one in shown]) >= 0.8


def test_the_weighting_misses_every_precision_of_loans_that_grow_riskier(checked):
    assert not any(covers(window, one, "precision") for window, one, _ in checked["riskier"])


@pytest.mark.parametrize("name", ["riskier", "slower"])
@pytest.mark.parametrize("metric", ["accuracy", "precision", "recall", "f1"])
def test_where_it_fails_there_is_no_figure_or_one_that_covers_the_truth(checked, name, metric):
    """Measured over 60: 3 and 1 windows shown."""
    assert np.mean([not is_shown(gaps) or covers(window, one, metric) for window, one, gaps in checked[name]]) >= 0.9


def test_the_nowcast_follows_loans_that_grow_riskier_and_not_those_that_default_later(checked):
    def bias(name):
        return np.mean([gaps["precision"].nowcast - window.true("precision") for window, _, gaps in checked[name]])

    assert abs(bias("riskier")) < 0.02
    assert bias("slower") < -0.08


def test_the_gap_s_standard_deviation_is_its_spread_over_windows(checked):
    gaps = [gaps["accuracy"] for _, _, gaps in checked["stable"]]
    spread = np.std([gap.weighted - gap.nowcast for gap in gaps])
    assert np.mean([gap.sd for gap in gaps]) == pytest.approx(spread, rel=0.3)
