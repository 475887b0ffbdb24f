import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from apps.stats.delay.concept_drift import concept_drift, expected_performance
from apps.stats.delay.mixing import mixed_estimator
from apps.stats.delay.weights import age_shares
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import FORMULAS, Confusion, evaluate
from apps.stats.estimators.population import Population
from apps.stats.estimators.recalibration import RAW_SCORE, Recalibration, recalibrate
from apps.stats.estimators.sample import Sample
from apps.stats.score_bins import LOGIT_BINS

NAN = float("nan")


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(91)
    score = rng.uniform(0.01, 0.99, 2000)
    return {"predicted": (score > 0.5).astype(int), "score": score, "pi": np.ones(2000)}


@pytest.fixture(scope="module")
def before(rows):
    rng = np.random.default_rng(92)
    return recalibrate(
        LOGIT_BINS.centers_of(LOGIT_BINS.place(rows["score"])), rng.random(2000) < rows["score"], np.ones(2000)
    )


@pytest.mark.parametrize("metric", FORMULAS)
def test_the_expected_figure_is_the_metric_of_the_expected_table(rows, before, metric):
    """First principles, row by row; the error from the fit by numerical derivatives."""
    predicted = rows["predicted"]

    def plug_in(intercept, slope):
        m = expit(intercept + slope * LOGIT_BINS.centers_of(LOGIT_BINS.place(rows["score"])))
        corners = predicted * m, predicted * (1 - m), (1 - predicted) * m, (1 - predicted) * (1 - m)
        return evaluate(metric, Confusion(*(corner.mean() for corner in corners)))

    at, step = np.array([before.intercept, before.slope]), 1e-6
    slopes = [(plug_in(*(at + e)) - plug_in(*(at - e))) / (2 * step) for e in np.eye(2) * step]
    figure = expected_performance(metric, Population.from_rows(**rows), before)
    assert figure.value == pytest.approx(plug_in(*at))
    assert figure.se == pytest.approx(math.sqrt(slopes @ before.covariance @ slopes), rel=1e-4)
    assert figure.high - figure.value == pytest.approx(stats.norm.ppf(0.975) * figure.se)


def test_the_raw_score_has_no_error_of_fit(rows):
    figure = expected_performance("accuracy", Population.from_rows(**rows))
    assert figure.se == 0
    assert figure.value == pytest.approx(np.maximum(rows["score"], 1 - rows["score"]).mean(), abs=2e-3)


def test_a_complete_window_keeps_the_variance_of_its_outcomes():
    """Closed form: 300 of 400 right where .9 is expected; the error is √(.9·.1/400)."""
    known = {"predicted": [1] * 400, "score": [0.9] * 400, "pi": [1.0] * 400}
    window = BinaryEstimator(Population.from_rows(**known), Sample.of(**known, label=[1] * 300 + [0] * 100))
    m = float(RAW_SCORE.predict(LOGIT_BINS.centers_of(LOGIT_BINS.place([0.9])))[0])
    drift = concept_drift("accuracy", window)
    se = math.sqrt(m * (1 - m) / 400)
    assert drift.measured.method == "exact"
    assert (drift.difference.value, drift.difference.se) == (pytest.approx(0.75 - m), pytest.approx(se))
    assert drift.p == pytest.approx(2 * stats.norm.sf(abs(0.75 - m) / se))
    assert drift.z < 0
    assert drift.has_drifted


def test_complete_windows_without_drift_are_rejected_one_time_in_twenty(rows):
    """Simulation, seed 93: truths drawn from the score at its bin's center, 300 windows."""
    rng, rejected = np.random.default_rng(93), []
    m = RAW_SCORE.predict(LOGIT_BINS.centers_of(LOGIT_BINS.place(rows["score"])))
    for _ in range(300):
        label = (rng.random(2000) < m).astype(int)
        window = BinaryEstimator(Population.from_rows(**rows), Sample.of(**rows, label=label))
        rejected.append(concept_drift("f1", window).has_drifted)
    assert 0.02 <= np.mean(rejected) <= 0.09


def test_late_outcomes_can_measure_the_drift(rows):
    """Truths drawn from the score; age alone decides which half is known."""
    rng = np.random.default_rng(94)
    truth, age = (rng.random(2000) < rows["score"]).astype(float), np.arange(2000) % 100
    known = age >= 50
    columns = {name: rows[name][known] for name in ("predicted", "score")}
    late = mixed_estimator(
        Population.from_rows(**rows),
        age_shares(age, horizon=50),
        **columns,
        outcome=truth[known],
        delay=np.full(known.sum(), 50),
    )
    drift = concept_drift("accuracy", late)
    assert drift.measured.n == known.sum()
    assert not drift.has_drifted


def test_codes_say_why_there_is_no_test(rows):
    cells = Population.from_rows(**rows)
    items = Sample.of(**{name: column[:0] for name, column in rows.items()}, label=[])
    half = Population.from_rows(**(rows | {"pi": np.full(2000, 0.5)}))
    assert concept_drift("accuracy", BinaryEstimator(half, items)).code == "no_labels"
    nothing = BinaryEstimator(cells.where(np.zeros(len(cells.n), bool)), items)
    assert concept_drift("accuracy", nothing).code == "no_population"
    scoreless = Population.from_rows(**(rows | {"score": np.full(2000, NAN)}))
    assert concept_drift("accuracy", BinaryEstimator(scoreless, items)).code == "no_score"
    negative = cells.where(cells.predicted == 0)
    drift = concept_drift("precision", BinaryEstimator(negative, items))
    assert drift.code == drift.difference.code == drift.expected.code == "no_predicted_positives"
    assert (drift.p, drift.has_drifted) == (None, False)


def test_a_proxy_that_leaves_nothing_to_chance_has_no_test():
    known = {"predicted": [1] * 4, "score": [0.99] * 4, "pi": [1.0] * 4}
    window = BinaryEstimator(Population.from_rows(**known), Sample.of(**known, label=[1, 1, 1, 0]))
    assert concept_drift("accuracy", window, Recalibration(900.0, 1.0)).code == "no_variation"


@pytest.mark.parametrize("metric", ["auc", "brier", "speed"])
def test_a_metric_of_the_score_is_refused(rows, metric):
    with pytest.raises(ValueError, match="unknown metric"):
        expected_performance(metric, Population.from_rows(**rows))


def test_more_than_two_classes_are_refused():
    with pytest.raises(ValueError, match="predicted of the population"):
        expected_performance("accuracy", Population.from_rows(predicted=[2], score=[0.5], pi=[1.0]))


ROW = st.tuples(st.integers(0, 1), st.floats(0, 1), st.integers(0, 1), st.booleans())


@given(st.lists(ROW, max_size=12), st.sampled_from(sorted(FORMULAS)), st.floats(-8, 8), st.floats(-3, 9))
def test_any_window_gives_a_test_or_a_code(rows, metric, intercept, slope):
    predicted, score, truth, answered = np.array(rows, dtype=float).reshape(-1, 4).T
    pi, known = np.full(len(rows), 0.5), answered.astype(bool)
    columns = {"predicted": predicted, "score": score, "pi": pi}
    items = Sample.of(**{name: column[known] for name, column in columns.items()}, label=truth[known])
    window = BinaryEstimator(Population.from_rows(**columns), items)
    drift = concept_drift(metric, window, Recalibration(intercept, slope, np.eye(2)))
    if drift.code is None:
        assert 0 <= drift.p <= 1
        assert math.isfinite(drift.z)
        assert drift.difference.low <= drift.difference.value <= drift.difference.high
    else:
        assert drift.p is None
        assert drift.difference.value is None
