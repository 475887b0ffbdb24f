import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from apps.stats.reviewers.quality import reviewer_quality


def team_of(rng, *, mean, strength, labels):
    """Reviewers whose sensitivity follows a beta distribution, with their answers to known positives."""
    sensitivity = rng.beta(mean * strength, (1 - mean) * strength, len(labels))
    reviewer = np.repeat(np.arange(len(labels)), labels)
    return sensitivity, reviewer, (rng.random(len(reviewer)) < sensitivity[reviewer]).astype(int)


@pytest.mark.parametrize(("mean", "strength"), [(0.85, 20), (0.97, 20), (0.85, 100)])
def test_shrunken_rates_are_nearer_to_the_truth_and_their_intervals_cover(mean, strength):
    """Simulation, seed 1: 60 teams of 40 reviewers with 4 to 12 known positives each."""
    rng, covered, squared, raw = np.random.default_rng(1), [], [], []
    for _ in range(60):
        labels = rng.integers(4, 13, 40)
        true, reviewer, label = team_of(rng, mean=mean, strength=strength, labels=labels)
        quality = reviewer_quality(reviewer, label, np.ones_like(label), reviewers=40)
        figures = [quality.rate(one, truth=1, label=1) for one in range(40)]
        covered += [figure.low <= at <= figure.high for figure, at in zip(figures, true, strict=True)]
        squared += [(figure.value - at) ** 2 for figure, at in zip(figures, true, strict=True)]
        raw += list((np.bincount(reviewer, weights=label) / labels - true) ** 2)
    assert np.mean(squared) < 0.4 * np.mean(raw)
    assert 0.92 <= np.mean(covered) <= 0.995


def test_the_intervals_of_small_teams_cover_too():
    """Simulation, seed 2: 400 teams of 5 reviewers with 20 known positives each."""
    rng, covered, of_team = np.random.default_rng(2), [], []
    for _ in range(400):
        true, reviewer, label = team_of(rng, mean=0.85, strength=20, labels=np.full(5, 20))
        quality = reviewer_quality(reviewer, label, np.ones_like(label))
        figures = [quality.rate(one, truth=1, label=1) for one in range(5)]
        covered += [figure.low <= at <= figure.high for figure, at in zip(figures, true, strict=True)]
        team = quality.team_rate(truth=1, label=1)
        of_team.append(team.low <= 0.85 <= team.high)
    assert 0.91 <= np.mean(covered) <= 0.98
    assert 0.90 <= np.mean(of_team) <= 0.99


def test_known_probabilities_correct_a_choice_of_hard_items():
    """Simulation, seed 3: half of the items are hard (right .6 instead of .95) and settled four times as often."""
    rng, weighted, plain = np.random.default_rng(3), [], []
    for _ in range(40):
        hard = rng.random(8000) < 0.5
        pi = np.where(hard, 0.4, 0.1)
        known = rng.random(8000) < pi
        label = (rng.random(8000) < np.where(hard, 0.6, 0.95)).astype(int)[known]
        reviewer = rng.integers(0, 20, len(label))
        with_pi = reviewer_quality(reviewer, label, np.ones_like(label), pi=pi[known])
        weighted.append(with_pi.team_rate(truth=1, label=1))
        plain.append(reviewer_quality(reviewer, label, np.ones_like(label)).team_rate(truth=1, label=1).value)
        assert with_pi.rate(0, truth=1, label=1).n_eff < with_pi.rate(0, truth=1, label=1).n
    assert np.mean([figure.value for figure in weighted]) == pytest.approx(0.775, abs=0.01)
    assert np.mean(plain) < 0.7
    assert sum(figure.low <= 0.775 <= figure.high for figure in weighted) >= 36


def test_two_equal_reviewers_give_the_formula_written_out():
    """By hand: two of 10 labels, 8 right each: no spread, so ρ = √2/(½·9·2) and s = 1/ρ − 1 = 5.364; the average
    reviewer's share is (w·.8 + ½)/(w + 1) with w = 20/(1 + 9ρ), the team's (16 + ½)/21, with a variance like w's."""
    label = ([1] * 8 + [0] * 2) * 2
    quality = reviewer_quality([0] * 10 + [1] * 10, label, [1] * 20)
    rho = math.sqrt(2) / 9
    strength, known = 1 / rho - 1, 20 / (1 + 9 * rho)
    average = (known * 0.8 + 0.5) / (known + 1)
    value = (8 + strength * average) / (10 + strength)
    uncertain = (strength / (10 + strength)) ** 2 * average * (1 - average) / (known + 1)
    se = math.sqrt(value * (1 - value) / (10 + strength + 1) + uncertain)
    size = value * (1 - value) / se**2 - 1
    figure = quality.rate(0, truth=1, label=1)
    assert quality.strength[1] == pytest.approx(strength)
    team = quality.team_rate(truth=1, label=1)
    assert (team.value, team.se) == pytest.approx((16.5 / 21, math.sqrt(16.5 * 4.5 / 21**2 / (known + 1))))
    assert (figure.value, figure.se, figure.n, figure.n_eff) == pytest.approx((value, se, 10, 10))
    expected = stats.beta.ppf([0.025, 0.975], value * size, (1 - value) * size)
    assert (figure.low, figure.high) == pytest.approx(tuple(expected))


def test_a_newcomers_answers_weigh_no_more_in_the_teams_rate_than_anybody_elses():
    """By hand: 132 of 140 and 2 of 11 right are 134 of 151. Weighing people instead of answers, it would be near .6."""
    label = [1] * 132 + [0] * 8 + [1] * 2 + [0] * 9
    quality = reviewer_quality([0] * 140 + [1] * 11, label, [1] * 151)
    figure = quality.team_rate(truth=1, label=1)
    assert figure.value == pytest.approx(134.5 / 152)
    assert figure.n == 151
    assert figure.low < 134 / 151 < figure.high


def test_many_labels_are_hardly_shrunk():
    """Two reviewers who differ widely, with 5,000 labels each."""
    label = [1] * 4500 + [0] * 500 + [1] * 3500 + [0] * 1500
    quality = reviewer_quality([0] * 5000 + [1] * 5000, label, [1] * 10_000)
    assert quality.rate(0, truth=1, label=1).value == pytest.approx(0.9, abs=0.002)
    assert quality.rate(1, truth=1, label=1).value == pytest.approx(0.7, abs=0.002)


def test_rows_of_several_classes_add_up_to_one():
    rng = np.random.default_rng(4)
    reviewer, truth, label = rng.integers(0, 6, 300), rng.integers(0, 3, 300), rng.integers(0, 3, 300)
    quality = reviewer_quality(reviewer, label, truth, classes=3)
    assert quality.reviewers.value.sum(axis=2) == pytest.approx(np.ones((6, 3)))
    assert quality.team.value.sum(axis=1) == pytest.approx(np.ones(3))
    figure = quality.rate(2, truth=0, label=1)
    assert figure.n == ((reviewer == 2) & (truth == 0)).sum()
    assert figure.low < figure.value < figure.high


def test_the_rates_of_two_classes_add_up_to_one():
    quality = reviewer_quality([0, 0, 1, 1, 1], [1, 0, 0, 0, 1], [1, 1, 0, 0, 0])
    assert quality.rate(0, truth=1, label=0).value == pytest.approx(1 - quality.rate(0, truth=1, label=1).value)


def test_a_reviewer_without_errors_has_an_interval_below_one():
    figure = reviewer_quality([0] * 30, [1] * 30, [1] * 30).rate(0, truth=1, label=1)
    assert 0.85 < figure.low < figure.value < 1.0


def test_a_reviewer_without_labels_has_a_code_and_no_number():
    quality = reviewer_quality([0, 0], [1, 0], [1, 1], reviewers=2)
    assert quality.rate(1, truth=1, label=1).code == "no_labels"
    assert quality.rate(0, truth=0, label=0).code == "no_labels"
    assert quality.team_rate(truth=0, label=0).code == "no_labels"
    assert reviewer_quality([], [], [], reviewers=1).rate(0, truth=1, label=1).code == "no_labels"


@pytest.mark.parametrize("cell", [{"reviewer": -1}, {"reviewer": 2}, {"truth": 2}, {"label": -1}])
def test_a_rate_of_an_unknown_cell_is_refused(cell):
    quality = reviewer_quality([0, 1], [1, 0], [1, 1])
    with pytest.raises(ValueError, match="there is no rate"):
        quality.rate(**({"reviewer": 0, "truth": 1, "label": 1} | cell))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"label": [1]}, "label must have length 2"),
        ({"truth": [1, 2]}, "truth must be below 2"),
        ({"label": [np.nan, 1]}, "label holds nan"),
        ({"reviewers": 1}, "reviewer must be below 1"),
        ({"reviewer": [-1, 0]}, "reviewer must not be below 0"),
        ({"classes": 1}, "classes"),
        ({"pi": [0.0, 1.0]}, "pi must be in"),
        ({"level": 1.0}, "level"),
    ],
)
def test_bad_input_is_named(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        reviewer_quality(**({"reviewer": [0, 1], "label": [0, 1], "truth": [0, 1]} | changes))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2), st.sampled_from([1.0, 0.3, 1e-9, 1e-15])),
        max_size=60,
    )
)
def test_any_answers_give_finite_numbers_or_a_code(answers):
    reviewer, label, truth, pi = np.array(answers, dtype=float).reshape(-1, 4).T
    quality = reviewer_quality(reviewer, label, truth, pi=pi, classes=3, reviewers=4)
    cells = [(k, j) for k in range(3) for j in range(3)]
    figures = [quality.rate(one, truth=k, label=j) for one in range(4) for k, j in cells]
    figures += [quality.team_rate(truth=k, label=j) for k, j in cells]
    for figure in figures:
        assert figure.code == "no_labels" or math.isfinite(figure.se)
        assert figure.code == "no_labels" or 0 <= figure.low <= figure.value <= figure.high <= 1
