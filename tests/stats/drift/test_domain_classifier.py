import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from apps.stats.drift.domain_classifier import _delong, domain_classifier

CELLS = st.one_of(st.floats(-1e3, 1e3), st.sampled_from([0.0, 1.0]), st.just(1e300))


def shift_of(first, second, seed=0, **change):
    return domain_classifier(first, second, rng=np.random.default_rng(seed), **change)


def rows(seed, n, m, shift=(0.0, 0.0, 0.0)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, len(shift))), rng.normal(shift, 1, size=(m, len(shift)))


def test_a_shift_is_detected_and_its_feature_named():
    """Closed form: a shift of one standard deviation has an AUC of Φ(1/√2) = .760."""
    shift = shift_of(*rows(1, 2000, 1500, (0.0, 1.0, 0.0)), names=["age", "amount", "tenure"])
    assert shift.p_value < 1e-12
    assert shift.auc.low < 0.760 < shift.auc.high
    assert shift.contributions[0].name == "amount"
    assert shift.contributions[0].coefficient > 0.8
    assert [abs(one.coefficient) for one in shift.contributions] == sorted(
        (abs(one.coefficient) for one in shift.contributions), reverse=True
    )


def test_a_shift_that_no_single_feature_shows_is_detected():
    """Each feature keeps its distribution; their product, given as a column, does not."""
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(1500, 2)), rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 1500)
    assert shift_of(first, second).p_value > 0.01
    with_product = [np.column_stack([table, table[:, 0] * table[:, 1]]) for table in (first, second)]
    assert shift_of(*with_product).p_value < 1e-6


def test_coefficients_are_those_of_scikit_learn_on_standardized_features():
    first, second = rows(3, 300, 500, (0.4, 0.0, -0.2))
    table = StandardScaler().fit_transform(np.concatenate([first, second]))
    oracle = LogisticRegression(C=0.5, tol=1e-12, max_iter=10_000).fit(table, [0] * 300 + [1] * 500)
    by_feature = {one.feature: one.coefficient for one in shift_of(first, second, penalty=2.0).contributions}
    assert [by_feature[place] for place in range(3)] == pytest.approx(oracle.coef_[0].tolist(), abs=1e-5)


def test_auc_is_scikit_learn_s_and_its_variance_that_of_the_placements():
    """DeLong's variance by its definition, one placement at a time; ties count half."""
    rng = np.random.default_rng(4)
    negative, positive = rng.integers(0, 6, 40).astype(float), rng.integers(2, 8, 30).astype(float)
    auc, variance = _delong(negative, positive)
    assert auc == pytest.approx(roc_auc_score([0] * 40 + [1] * 30, [*negative, *positive]))
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    assert variance == pytest.approx(wins.mean(axis=1).var(ddof=1) / 30 + wins.mean(axis=0).var(ddof=1) / 40)


def test_a_perfect_separation_is_not_certain():
    shift = shift_of(*rows(5, 100, 100, (50.0,)))
    assert (shift.auc.value, shift.auc.high, shift.code) == (1.0, 1.0, "boundary")
    assert 0.9 < shift.auc.low < 1.0


def test_the_same_rng_gives_the_same_figure():
    pair = rows(6, 80, 90)
    assert shift_of(*pair) == shift_of(*pair)
    assert shift_of(*pair) != shift_of(*pair, seed=1)


def test_a_constant_feature_is_ignored():
    first, second = rows(7, 100, 100, (1.0,))
    shift = shift_of(np.column_stack([first, np.full(100, 0.1)]), np.column_stack([second, np.full(100, 0.1)]))
    assert shift.contributions[1].coefficient == 0.0
    assert shift.auc == shift_of(first, second).auc


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (np.zeros((0, 2)), np.zeros((60, 2)), "too_few"),
        (np.ones((60, 2)), np.ones((49, 2)), "too_few"),
        (np.ones((60, 2)), np.ones((60, 2)), "no_variation"),
    ],
)
def test_samples_that_cannot_be_compared_have_a_code(first, second, code):
    shift = shift_of(first, second)
    assert (shift.code, shift.auc.code, shift.p_value, shift.contributions) == (code, code, None, ())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"first": np.zeros(60)}, "reference must have shape"),
        ({"second": np.zeros((60, 3))}, "window must have 2 features"),
        ({"second": np.full((60, 2), math.nan)}, "window holds nan"),
        ({"names": ["one"]}, "names must have length 2"),
        ({"level": 0.0}, "level must be"),
        ({"penalty": -1.0}, "penalty"),
    ],
)
def test_bad_input_is_named(change, complaint):
    first, second = rows(8, 60, 60, (0.0, 0.0))
    with pytest.raises(ValueError, match=complaint):
        shift_of(**({"first": first, "second": second} | change))


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (60, 2), elements=CELLS), arrays(np.float64, (55, 2), elements=CELLS))
def test_any_input_gives_an_error_finite_numbers_or_a_code(first, second):
    shift = shift_of(first, second)
    if shift.p_value is None:
        assert shift.code
    else:
        assert 0 <= shift.p_value <= 1
        assert 0 <= shift.auc.low <= shift.auc.value <= shift.auc.high <= 1
        assert all(math.isfinite(one.coefficient) for one in shift.contributions)
