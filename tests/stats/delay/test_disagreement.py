import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stats.delay.disagreement import outcome_disagreement
from apps.stats.delay.weights import age_shares
from apps.stats.estimators.hajek import hajek_mean
from apps.stats.reviewers.agreement import agreement_table, cohen_kappa

NAN = float("nan")
HORIZON = 60
MATURE = age_shares([100], horizon=HORIZON)


def test_the_share_is_weighted_by_review_and_by_delay():
    """By hand: weights 1/(.5·1), 1/(.25·.5), 1/(.5·.5); the second and third differ: 12/14, of label 1 8/10."""
    ages = age_shares([70, 20], horizon=HORIZON)
    found = outcome_disagreement([1, 1, 0], [1, 0, 1], [5, 60, 30], ages, pi=[0.5, 0.25, 0.5])
    assert found.share.value == pytest.approx(12 / 14)
    assert found.by_label[1].value == pytest.approx(0.8)
    assert found.by_label[0].value == 1.0
    assert found.share.n == 3


def test_its_interval_is_that_of_hajeks_share():
    rng = np.random.default_rng(101)
    label, outcome, pi = rng.integers(0, 2, 80), rng.integers(0, 2, 80), rng.uniform(0.2, 0.9, 80)
    found = outcome_disagreement(label, outcome, np.full(80, 5), MATURE, pi=pi)
    expected = hajek_mean((label != outcome).astype(float), pi, is_bounded=True)
    assert found.share == expected


def test_equal_weights_give_the_kappa_of_the_table():
    table = np.array([[20, 5], [10, 15]])
    label, outcome = np.repeat([0, 0, 1, 1], table.ravel()), np.repeat([0, 1, 0, 1], table.ravel())
    found = outcome_disagreement(label, outcome, np.full(50, 5), MATURE, pi=np.full(50, 0.3))
    assert found.kappa.value == pytest.approx(cohen_kappa(table).value)
    assert found.share.value == pytest.approx(0.3)
    assert [found.by_label[one].value for one in (0, 1)] == pytest.approx([0.2, 0.4])


def test_all_reviewed_and_all_known_is_exact():
    found = outcome_disagreement([0, 1, 2, 2], [0, 1, 1, 2], [5, 5, 5, 5], MATURE, pi=np.ones(4))
    assert (found.share.value, found.share.low, found.share.method) == (0.25, 0.25, "exact")


def test_no_disagreement_found_has_an_upper_bound():
    found = outcome_disagreement([0, 1] * 40, [0, 1] * 40, [5] * 80, MATURE, pi=[0.5] * 80)
    assert (found.share.value, found.share.low, found.share.code) == (0.0, 0.0, "boundary")
    assert 0.005 < found.share.high < 0.1


def test_the_interval_covers_the_disagreement_of_the_whole_window():
    """Simulation, seed 102: 2,000 predictions, positives known early, reviewers who miss three of ten positives."""
    rng, covered, kappas, early, errors = np.random.default_rng(102), 0, 0, [], []
    for _ in range(200):
        truth = (rng.random(2000) < 0.4).astype(int)
        label = np.where((truth == 1) & (rng.random(2000) < 0.3), 0, truth)
        label = np.where((truth == 0) & (rng.random(2000) < 0.05), 1, label)
        age = rng.integers(0, 100, 2000)
        delay = np.where(truth == 1, rng.integers(1, 40, 2000), HORIZON)
        pi = np.where(label == 1, 0.3, 0.6)
        reviewed, known = rng.random(2000) < pi, delay <= age
        outcome = np.where(known, truth, NAN)[reviewed]
        late = np.where(known, delay, NAN)[reviewed]
        ages = age_shares(age, horizon=HORIZON)
        found = outcome_disagreement(label[reviewed], outcome, late, ages, pi=pi[reviewed])
        share, figure = (label != truth).mean(), found.share
        kappa = cohen_kappa(agreement_table(label, truth, classes=2)).value
        kappas += found.kappa.low <= kappa <= found.kappa.high
        covered += figure.low <= share <= figure.high
        errors.append(figure.value - share)
        early.append((label != truth)[reviewed & known].mean() - share)
    assert covered >= 182
    assert kappas >= 182
    assert abs(np.mean(errors)) < 4 * np.std(errors) / math.sqrt(200)
    assert np.mean(early) > 0.02, "unweighted, what is known early counts too much"


def test_codes_say_why_there_is_no_share():
    young = age_shares([10], horizon=HORIZON)
    cases = {
        "no_labels": outcome_disagreement([], [], [], MATURE, pi=[]),
        "no_outcomes": outcome_disagreement([1], [NAN], [NAN], MATURE, pi=[0.5]),
        "not_mature": outcome_disagreement([1], [1], [3], young, pi=[0.5]),
        "no_population": outcome_disagreement([1], [1], [3], age_shares([], horizon=HORIZON), pi=[0.5]),
    }
    for code, found in cases.items():
        assert (found.code, found.share.value, found.kappa.code, dict(found.by_label)) == (code, None, code, {})


def test_one_class_alone_has_a_share_and_no_kappa():
    found = outcome_disagreement([1, 1], [1, 1], [3, 3], MATURE, pi=[0.5, 0.5])
    assert (found.share.value, found.kappa.code) == (0.0, "no_variation")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"label": [-1]}, "label must not be below 0"),
        ({"label": [NAN]}, "label holds nan"),
        ({"outcome": [0.5]}, "outcome must hold whole"),
        ({"outcome": [1, 1]}, "outcome must have length"),
        ({"delay": [NAN]}, "delay is missing"),
        ({"delay": [-2]}, "delay must not be negative"),
        ({"pi": [0.0]}, "pi must be in"),
        ({"stratum": [4]}, "stratum has none"),
    ],
)
def test_bad_input_is_named(change, complaint):
    given = {"label": [1], "outcome": [1], "delay": [3], "ages": MATURE, "pi": [0.5]} | change
    with pytest.raises(ValueError, match=complaint):
        outcome_disagreement(**given)


ROW = st.tuples(st.integers(0, 3), st.one_of(st.integers(0, 3), st.just(NAN)), st.floats(0, 200), st.floats(1e-6, 1))


@given(st.lists(ROW, max_size=12), st.integers(0, 200))
def test_whatever_was_said_there_is_a_share_or_a_code(rows, oldest):
    label, outcome, delay, pi = np.array(rows, dtype=float).reshape(-1, 4).T
    outcome = np.where(np.minimum(delay, HORIZON) <= oldest, outcome, NAN)
    found = outcome_disagreement(label, outcome, delay, age_shares([0, oldest], horizon=HORIZON), pi=pi)
    for figure in (found.share, found.kappa, *found.by_label.values()):
        assert figure.value is None or figure.low <= figure.value <= figure.high
