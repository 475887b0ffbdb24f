import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stats.decisions.worth_of_labels import best_number_of_labels, worth_of_labels
from apps.stats.estimate import Estimate, exactly, missing
from tests.stats.soundness import judged

TERMS = {"decisions": 50_000, "cost_per_label": 2.5}


def ahead_by(value, *, se=0.5, n=300):
    return Estimate(value, value - 2 * se, value + 2 * se, "plain-mod", n, se=se)


@pytest.mark.parametrize(("value", "k"), [(0.0, 100), (0.4, 100), (-0.4, 300), (1.0, 3_000)])
def test_the_worth_is_that_of_a_simulated_change_of_mind(value, k):
    """Normal prior and posterior, seed 64: draw the truth, then the mean of k labels, then decide again.

    Labels so far leave N(Δ̂, V); k more, at the variance nV a label, have the mean N(δ, nV/k).
    """
    rng, n, variance = np.random.default_rng(64), 300, 0.25
    truth = rng.normal(value, math.sqrt(variance), 1_000_000)
    seen = rng.normal(truth, math.sqrt(n * variance / k))
    after = (n * value + k * seen) / (n + k)
    gained = np.where(after > 0, truth, 0.0).mean() - max(value, 0.0)
    error = truth.std() / 1_000
    labels = worth_of_labels(ahead_by(value, n=n), k, **TERMS)
    assert labels.worth / TERMS["decisions"] == pytest.approx(gained, abs=3 * error)
    assert labels.net == labels.worth - 2.5 * k


def test_the_worth_of_labels_for_a_tie_has_a_closed_form():
    """Closed form at Δ̂ = 0: scale·s·φ(0), with s² = V·k/(n + k)."""
    expected = 50_000 * 0.5 * math.sqrt(100 / 400) / math.sqrt(2 * math.pi)
    assert worth_of_labels(ahead_by(0.0), 100, **TERMS).worth == pytest.approx(expected)


def test_it_does_not_matter_which_option_is_ahead():
    assert worth_of_labels(ahead_by(0.3), 50, **TERMS) == worth_of_labels(ahead_by(-0.3), 50, **TERMS)


def test_no_number_of_labels_is_worth_more_than_perfect_information():
    """The limit is the expected value of perfect information, scale·√V·[φ(u) − uΦ(−u)] with u = |Δ̂|/√V."""
    worths = [worth_of_labels(ahead_by(0.3), k, **TERMS).worth for k in (0, 1, 10, 1_000, 10**9)]
    assert worths == sorted(worths)
    assert worths[0] == 0
    perfect = 50_000 * 0.5 * (math.exp(-0.18) / math.sqrt(2 * math.pi) - 0.6 * 0.5 * math.erfc(0.6 / math.sqrt(2)))
    assert worths[-1] == pytest.approx(perfect, rel=1e-6)


def test_labels_that_cannot_turn_a_lead_are_worth_exactly_nothing():
    assert worth_of_labels(ahead_by(1e6), 10, **TERMS).worth == 0


def test_the_best_number_has_the_largest_net_worth():
    numbers = range(0, 3_000, 10)
    best = best_number_of_labels(ahead_by(0.3), numbers, **TERMS)
    nets = [worth_of_labels(ahead_by(0.3), k, **TERMS).net for k in numbers]
    assert best.k == numbers[int(np.argmax(nets))] > 0


def test_the_best_number_is_zero_where_no_number_pays_off():
    best = best_number_of_labels(ahead_by(2.0), [10, 100], decisions=100, cost_per_label=2.5)
    assert (best.k, best.worth, best.net) == (0, 0, 0)


def test_a_certain_difference_makes_labels_worthless():
    labels = worth_of_labels(exactly(0.3, n=300), 100, **TERMS)
    assert (labels.worth, labels.net, labels.code) == (0, -250, "certain")
    assert best_number_of_labels(exactly(0.3, n=300), [10], **TERMS).code == "certain"


@pytest.mark.parametrize(
    ("difference", "code"),
    [
        (missing("no_labels"), "no_labels"),
        (missing("no_baseline"), "no_baseline"),
        (Estimate(0.3, None, None, "uncorrected", 40), "no_labels"),
    ],
)
def test_without_a_difference_there_is_a_reason(difference, code):
    labels = worth_of_labels(difference, 100, **TERMS)
    assert (labels.worth, labels.cost, labels.net, labels.code) == (None, None, None, code)
    assert best_number_of_labels(difference, [10], **TERMS).code == code


@pytest.mark.parametrize("bad", [-1, math.nan, math.inf, 10**31])
@pytest.mark.parametrize("name", ["k", "decisions", "cost_per_label"])
def test_bad_input_is_named(name, bad):
    with pytest.raises(ValueError, match=f"{name} must not be"):
        worth_of_labels(ahead_by(0.1), **({"k": 10} | TERMS | {name: bad}))


@given(
    figure=st.tuples(st.floats(), st.floats(min_value=0), st.integers(0, 10)),
    k=st.integers(),
    decisions=st.floats(),
    cost=st.floats(),
)
def test_any_input_gives_an_error_numbers_or_a_code(figure, k, decisions, cost):
    value, se, n = figure

    def called():
        difference = Estimate(value, value, value, "plain-mod", n, se=se)
        return best_number_of_labels(difference, [k], decisions=decisions, cost_per_label=cost)

    labels = judged(called, "value", "se", "difference", "k", "decisions", "cost_per_label")
    assert labels is None or labels.code == "no_labels" or labels.net >= 0 or labels.code == "certain"
