import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from apps.stats.delay.concept_drift import ALPHA, LEAST_REFERENCE, Reference, concept_drift
from apps.stats.delay.mixing import mixed_estimator
from apps.stats.delay.weights import age_shares
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import FORMULAS, Confusion, confusion_of, evaluate
from apps.stats.estimators.population import Population
from apps.stats.estimators.recalibration import RAW_SCORE, Recalibration, recalibrate
from apps.stats.estimators.sample import Sample
from apps.stats.score_bins import LOGIT_BINS

NAN = float("nan")


def drawn_rows(seed, size=2000):
    rng = np.random.default_rng(seed)
    score = rng.uniform(0.01, 0.99, size)
    return {"predicted": (score > 0.5).astype(int), "score": score, "pi": np.ones(size)}


def logit_of(rows):
    return LOGIT_BINS.centers_of(LOGIT_BINS.place(rows["score"]))


def true_to_score(rows, seed):
    return (np.random.default_rng(seed).random(len(rows["score"])) < rows["score"]).astype(float)


def window(rows, label, known=slice(None)):
    items = {name: column[known] for name, column in rows.items()}
    return BinaryEstimator(Population.from_rows(**rows), Sample.of(**items, label=label[known]))


def reference_of(rows, truth, **more):
    return Reference.of(predicted=rows["predicted"], score=rows["score"], truth=truth, **more)


def drift_of(metric, now, reference):
    (drift,) = concept_drift([metric], now, reference)
    return drift


@pytest.fixture(scope="module")
def rows():
    return drawn_rows(91)


@pytest.fixture(scope="module")
def earlier(rows):
    return reference_of(rows, true_to_score(rows, 92))


def plug_in(metric, rows, before):
    m = expit(before.intercept + before.slope * logit_of(rows))
    predicted = rows["predicted"]
    corners = predicted * m, predicted * (1 - m), (1 - predicted) * m, (1 - predicted) * (1 - m)
    return evaluate(metric, Confusion(*(corner.mean() for corner in corners)))


def slopes_of(metric, rows, before, step=1e-6):
    """Numerical derivatives of the plug-in in intercept and slope."""
    at = np.array([before.intercept, before.slope])
    moved = ([Recalibration(*(at + sign * e)) for sign in (1, -1)] for e in np.eye(2) * step)
    ends = [[plug_in(metric, rows, one) for one in pair] for pair in moved]
    return np.array([(above - below) / (2 * step) for above, below in ends])


def of_outcomes(metric, rows, truth, before):
    """V* and ν of known outcomes about m₀: V_d from the residuals, V_a from m₀(1−m₀), as for any moderated variance."""
    m, predicted = before.predict(logit_of(rows)), rows["predicted"]
    corners = np.array([(p * t).mean() for p in (predicted, 1 - predicted) for t in (m, 1 - m)])
    step = 1e-6 * np.eye(4)
    ends = [[evaluate(metric, Confusion(*(corners + sign * e))) for sign in (1, -1)] for e in step]
    by_corner = [(above - below) / 2e-6 for above, below in ends]
    beta = np.where(predicted == 1, by_corner[0] - by_corner[1], by_corner[2] - by_corner[3]) / len(m)
    terms, g = beta**2 * (truth - m) ** 2, m * (1 - m)
    designed, expected = terms.sum(), (beta**2 * g).sum()
    nu = min(designed**2 / (terms**2).sum(), expected**2 / (beta**4 * g * (1 - 3 * g)).sum())
    return max(designed, (nu * designed + 10 * expected) / (nu + 10)), nu + 10


@pytest.mark.parametrize("metric", FORMULAS)
def test_the_difference_in_differences_from_first_principles(rows, metric):
    """Row by row: the halves of the reference, both gaps, and the three kinds of variance that known outcomes leave."""
    then, now = drawn_rows(93, 3000), rows
    truth, label = true_to_score(then, 94), true_to_score(now, 95)
    fit, gap = ({name: column[half] for name, column in then.items()} for half in (slice(0, 1500), slice(1500, None)))
    before = recalibrate(logit_of(fit), truth[:1500], np.ones(1500))
    of_gap = evaluate(metric, confusion_of(gap["predicted"], truth[1500:])) - plug_in(metric, gap, before)
    expected = plug_in(metric, now, before) + of_gap
    slope = slopes_of(metric, now, before) - slopes_of(metric, gap, before)
    of_fit = slope @ before.covariance @ slope
    (of_then, nu_then), (of_now, nu_now) = (
        of_outcomes(metric, rows, known, before) for rows, known in ((gap, truth[1500:]), (now, label))
    )
    variance = of_then + of_now + of_fit
    df = variance**2 / (of_then**2 / nu_then + of_now**2 / nu_now)
    half = stats.t.ppf(0.975, df) * math.sqrt(variance)

    drift = drift_of(metric, window(now, label), reference_of(then, truth))
    assert drift.expected.value == pytest.approx(expected)
    assert drift.expected.se == pytest.approx(math.sqrt(of_then + of_fit), rel=1e-4)
    assert drift.measured.method == "exact"
    assert drift.difference.value == pytest.approx(drift.measured.value - expected)
    assert drift.difference.se == pytest.approx(math.sqrt(variance), rel=1e-4)
    assert drift.difference.high - drift.difference.value == pytest.approx(half, rel=1e-4)
    t = abs(drift.difference.value) / math.sqrt(variance)
    assert drift.p == pytest.approx(2 * stats.t.sf(t, df), rel=1e-3)


def test_labels_add_their_variance_and_their_degrees_of_freedom(rows, earlier):
    """V(D) is V* of the labels and what known outcomes leave, here within a fiftieth; so are df (Welch)."""
    pi = np.full(2000, 0.1)
    labeled = np.random.default_rng(97).random(2000) < pi
    now = window(rows | {"pi": pi}, true_to_score(rows, 96), labeled)
    known, drift = (drift_of("accuracy", one, earlier) for one in (window(rows, true_to_score(rows, 96)), now))
    variance = drift.measured.se**2 + known.difference.se**2
    df = variance**2 / (drift.measured.se**4 / drift.measured.df + known.difference.se**4 / known.difference.df)
    assert drift.difference.se**2 == pytest.approx(variance, rel=0.02)
    assert drift.difference.df == pytest.approx(df, rel=0.02)
    t = abs(drift.difference.value) / drift.difference.se
    assert drift.p == pytest.approx(2 * stats.t.sf(t, drift.difference.df))


def test_what_the_curve_misses_at_all_times_is_no_drift():
    """Truth has a hump that no Platt curve follows. What m₀ misses cancels; a turn of one truth in seven does not."""
    score = np.tile(np.linspace(0.02, 0.98, 1000), 20)
    rows = {"predicted": (score > 0.5).astype(int), "score": score, "pi": np.ones(20_000)}
    truth = ((score > 0.5) & (score < 0.8)).astype(float)
    earlier = reference_of(rows, truth)
    still = drift_of("precision", window(rows, truth), earlier)
    assert abs(plug_in("precision", rows, earlier.before) - still.measured.value) > 0.1
    assert still.difference.value == pytest.approx(0, abs=1e-9)
    assert not still.has_drifted
    turned = np.where(np.arange(20_000) % 7 == 0, 1 - truth, truth)
    moved = drift_of("precision", window(rows, turned), earlier)
    assert moved.difference.value == pytest.approx((1 - 2 * still.measured.value) / 7, abs=0.002)
    assert moved.has_drifted


def test_missing_outcomes_of_the_reference_are_weighted():
    """Half of the positives are unknown: weighted by their class's share they leave no gap."""
    score = np.tile([0.2, 0.8], 10_000)
    rows = {"predicted": (score > 0.5).astype(int), "score": score, "pi": np.ones(20_000)}
    truth = true_to_score(rows, 98)
    gone = (truth == 1) & (np.random.default_rng(99).random(20_000) < 0.5)
    share = np.where(truth == 1, 0.5, 1.0)
    weighted = reference_of(rows, np.where(gone, NAN, truth), known_share=share)
    assert weighted.n == 20_000 - gone.sum()
    now = window(rows, truth)
    assert abs(drift_of("accuracy", now, weighted).difference.value) < 0.012
    assert abs(drift_of("accuracy", now, reference_of(rows, np.where(gone, NAN, truth))).difference.value) > 0.02


def test_the_metrics_share_one_level(rows, earlier):
    """Holm: the smallest p counts three times, the next twice; none is below a smaller one."""
    now = window(rows, true_to_score(rows, 100))
    alone = sorted(drift_of(metric, now, earlier).p for metric in ("accuracy", "precision", "recall"))
    together = sorted(drift.p for drift in concept_drift(["accuracy", "precision", "recall"], now, earlier))
    first, second = min(3 * alone[0], 1.0), min(2 * alone[1], 1.0)
    assert together == pytest.approx([first, max(first, second), max(first, second, alone[2])])


@pytest.mark.slow
def test_complete_windows_without_drift_are_rejected_as_rarely_as_stated(rows):
    """Simulation, seed 93: truths drawn from the score, 300 windows of 2,000 and references of 4,000."""
    fired = []
    for seed in range(300):
        then = drawn_rows([93, seed], 4000)
        earlier = reference_of(then, true_to_score(then, [94, seed]))
        now = window(rows, true_to_score(rows, [95, seed]))
        drifts = concept_drift(["accuracy", "precision", "recall"], now, earlier)
        fired.append(any(drift.has_drifted for drift in drifts))
    assert 0.003 <= np.mean(fired) <= 2 * ALPHA


def test_late_outcomes_can_measure_the_drift(rows, earlier):
    """Truths drawn from the score; age alone decides which half is known."""
    truth, age = true_to_score(rows, 94), np.arange(2000) % 100
    known = age >= 50
    columns = {name: rows[name][known] for name in ("predicted", "score")}
    late = mixed_estimator(
        Population.from_rows(**rows),
        age_shares(age, horizon=50),
        **columns,
        outcome=truth[known],
        delay=np.full(known.sum(), 50),
    )
    drift = drift_of("accuracy", late, earlier)
    assert drift.measured.n == known.sum()
    assert not drift.has_drifted


def test_a_thousand_outcomes_make_a_reference(rows):
    truth = true_to_score(rows, 92)
    short = np.where(np.arange(2000) < LEAST_REFERENCE - 1, truth, NAN)
    enough = np.where(np.arange(2000) < LEAST_REFERENCE, truth, NAN)
    assert reference_of(rows, short) is None
    assert reference_of(rows, enough).n == LEAST_REFERENCE


def test_without_a_reference_the_score_is_the_expectation_and_nothing_is_tested(rows):
    drift = drift_of("accuracy", window(rows, true_to_score(rows, 92)), None)
    assert drift.code == drift.difference.code == "no_reference"
    assert (drift.p, drift.has_drifted) == (None, False)
    assert drift.expected.value == pytest.approx(plug_in("accuracy", rows, RAW_SCORE))
    assert drift.measured.method == "exact"


def test_a_preliminary_figure_bears_no_verdict(rows, earlier):
    """All of a hundred labels are wrong, and twenty of them by chance: too few to speak for the window."""
    pi = np.full(2000, 0.05)
    cells = Population.from_rows(**(rows | {"pi": pi}), chance=np.full(2000, 0.01))
    items = {name: column[::20] for name, column in (rows | {"pi": pi}).items()}
    now = BinaryEstimator(cells, Sample.of(**items, label=1 - items["predicted"]))
    drift = drift_of("accuracy", now, earlier)
    assert drift.measured.code == drift.code == "preliminary"
    assert drift.difference.high < -0.5
    assert (drift.p, drift.has_drifted) == (None, False)


def test_codes_say_why_there_is_no_test(rows, earlier):
    cells = Population.from_rows(**rows)
    items = Sample.of(**{name: column[:0] for name, column in rows.items()}, label=[])
    half = Population.from_rows(**(rows | {"pi": np.full(2000, 0.5)}))
    unlabeled = drift_of("accuracy", BinaryEstimator(half, items), earlier)
    assert unlabeled.code == "no_labels"
    assert unlabeled.expected.value is not None
    nothing = BinaryEstimator(cells.where(np.zeros(len(cells.n), bool)), items)
    assert drift_of("accuracy", nothing, earlier).code == "no_population"
    scoreless = Population.from_rows(**(rows | {"score": np.full(2000, NAN)}))
    assert drift_of("accuracy", BinaryEstimator(scoreless, items), earlier).code == "no_score"
    negative = cells.where(cells.predicted == 0)
    drift = drift_of("precision", BinaryEstimator(negative, items), earlier)
    assert drift.code == drift.difference.code == drift.expected.code == "no_predicted_positives"
    assert (drift.p, drift.has_drifted) == (None, False)


def test_a_reference_that_lacks_the_metric_is_none_for_it(rows):
    low = drawn_rows(101, 4000)
    low = {name: column[low["predicted"] == 0] for name, column in low.items()}
    earlier = reference_of(low, true_to_score(low, 102))
    now = window(rows, true_to_score(rows, 92))
    assert drift_of("precision", now, earlier).code == "no_reference"
    assert drift_of("accuracy", now, earlier).code is None


def test_expectations_stay_within_the_limits_of_the_metric():
    """In the reference no prediction is wrong, and m₀ expects some to be: now it would expect more than all right."""
    score = np.tile([0.1, 0.9], 1000)
    rows = {"predicted": (score > 0.5).astype(int), "score": score, "pi": np.ones(2000)}
    sure = {"predicted": rows["predicted"], "score": np.tile([0.001, 0.999], 1000), "pi": np.ones(2000)}
    drift = drift_of("accuracy", window(sure, sure["predicted"]), reference_of(rows, rows["predicted"]))
    assert 0 <= drift.expected.low <= drift.expected.value <= drift.expected.high <= 1


def test_a_curve_that_leaves_nothing_to_chance_has_no_test():
    known = {"predicted": [1] * 4, "score": [0.99] * 4, "pi": [1.0] * 4}
    four = BinaryEstimator(Population.from_rows(**known), Sample.of(**known, label=[1, 1, 1, 1]))
    certain = Reference(Recalibration(900.0, 1.0), four, n=4)
    assert drift_of("accuracy", four, certain).code == "no_variation"


@pytest.mark.parametrize("metric", ["auc", "brier", "speed"])
def test_a_metric_of_the_score_is_refused(rows, earlier, metric):
    with pytest.raises(ValueError, match="unknown metric"):
        drift_of(metric, window(rows, true_to_score(rows, 92)), earlier)


ROW = st.tuples(st.integers(0, 1), st.floats(0, 1), st.integers(0, 1), st.booleans())
FEW = st.lists(ROW, max_size=8)


def of_rows(rows):
    predicted, score, truth, answered = np.array(rows, dtype=float).reshape(-1, 4).T
    known = answered.astype(bool)
    columns = {"predicted": predicted, "score": score, "pi": np.full(len(rows), 0.5)}
    return window(columns, truth, known)


@settings(deadline=None)  # four estimators
@given(FEW, FEW, st.sampled_from(sorted(FORMULAS)), st.floats(-8, 8), st.floats(-3, 9))
def test_any_window_gives_a_test_or_a_code(rows, then, metric, intercept, slope):
    before = Recalibration(intercept, slope, np.eye(2))
    drift = drift_of(metric, of_rows(rows), Reference(before, of_rows(then), n=len(then)))
    assert (drift.p is None) == (drift.code is not None)
    for figure in (drift.expected, drift.measured, drift.difference):
        assert figure.value is None or figure.low <= figure.value <= figure.high
    if drift.difference.value is None:
        assert drift.difference.code == drift.code is not None
    else:
        assert drift.code in (None, "preliminary")
