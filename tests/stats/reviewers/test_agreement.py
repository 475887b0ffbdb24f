import numpy as np
import pytest

from apps.stats.reviewers.agreement import agreement_table, cohen_kappa, cohen_kappa_weighted, raw_agreement


def test_equal_weights_give_the_unweighted_figure():
    table = np.array([[20, 5], [10, 15]])
    first, second = np.repeat([0, 0, 1, 1], table.ravel()), np.repeat([0, 1, 0, 1], table.ravel())
    assert agreement_table(first, second, classes=2).tolist() == table.tolist()
    weighted, plain = cohen_kappa_weighted(first, second, np.full(50, 0.2)), cohen_kappa(table)
    assert weighted.value == pytest.approx(plain.value)
    assert weighted.se == pytest.approx(plain.se)


def test_the_weighted_error_is_the_spread_over_samples():
    """Monte Carlo, seed 13: fresh items, drawn more often where raters differ."""
    rng, found = np.random.default_rng(13), []
    for _ in range(300):
        first = rng.integers(0, 2, 3000)
        second = np.where(rng.random(3000) < 0.8, first, 1 - first)
        pi = np.where(first == second, 0.08, 0.3)
        drawn = rng.random(3000) < pi
        found.append(cohen_kappa_weighted(first[drawn], second[drawn], pi[drawn]))
    assert np.mean([figure.value for figure in found]) == pytest.approx(0.6, abs=0.01)
    spread = np.std([figure.value for figure in found], ddof=1)
    assert np.mean([figure.se for figure in found]) == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize(("table", "code"), [([[0, 0], [0, 0]], "no_labels"), ([[9, 0], [0, 0]], "no_variation")])
def test_kappa_without_variation_has_a_reason(table, code):
    assert cohen_kappa(table).code == code


def test_raw_agreement_of_nothing_has_a_reason():
    assert raw_agreement([[0, 0], [0, 0]]).code == "no_labels"
    assert cohen_kappa_weighted([], [], []).code == "no_labels"


def test_kappa_stays_between_minus_one_and_one():
    assert cohen_kappa([[3, 0], [1, 2]]).high == 1.0


@pytest.mark.parametrize(("table", "complaint"), [([[1, 2, 3]], "square"), ([[1, -2], [3, 4]], "negative")])
def test_bad_tables_are_named(table, complaint):
    with pytest.raises(ValueError, match=complaint):
        cohen_kappa(table)


def test_a_class_out_of_range_is_refused():
    with pytest.raises(ValueError, match="below 2"):
        agreement_table([0, 2], [0, 1], classes=2)
