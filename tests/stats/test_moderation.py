import numpy as np
import pytest

from apps.stats.moderation import anticipated_degrees, degrees_of_freedom, moderate


def test_the_variance_equals_the_formula():
    """By hand: terms 1, 2, 3 → V_d = 6, ν = 36/14; V_a = 10; (ν·6 + 10·10)/(ν + 10) = 9.182."""
    nu = degrees_of_freedom([1.0, 2.0, 3.0])
    variance, df = moderate([6.0], [nu], [10.0])
    assert nu == pytest.approx(36 / 14)
    assert variance[0] == pytest.approx((nu * 6 + 100) / (nu + 10))
    assert df[0] == pytest.approx(nu + 10)


def test_moderation_never_lowers_the_design_variance():
    assert moderate([6.0], [2.0], [0.1])[0] == 6.0


def test_without_residuals_only_the_anticipated_variance_counts():
    variance, df = moderate([0.0], [degrees_of_freedom([0.0, 0.0])], [0.25])
    assert (variance[0], df[0]) == (0.25, 10.0)


def test_equal_terms_give_their_number_as_degrees_of_freedom_even_when_tiny():
    assert degrees_of_freedom([1e-200] * 7) == pytest.approx(7.0)


@pytest.mark.slow
def test_the_degrees_to_expect_are_those_of_the_variance_over_all_draws():
    """ν_a = 2·E(V_d)²/Var(V_d) up to the variance of a square, here simulated: V_d = Σ I(1−π)/π²·r²."""
    rng = np.random.default_rng(3)
    pi, error = np.repeat([0.02, 0.2], 2_000), 0.05
    odds, kappa_2, kappa_4 = (1 - pi) / pi, error * (1 - error), error * (1 - error) * (1 - 3 * error * (1 - error))
    nu = anticipated_degrees([(odds * kappa_2).sum()], [(odds**2 * (1 + odds) * kappa_4).sum()])[0]
    drawn = rng.random((4_000, len(pi))) < pi
    residual = (rng.random(drawn.shape) < error) - error
    found = (drawn * (1 - pi) / pi**2 * residual**2).sum(axis=1)
    assert nu == pytest.approx(found.mean() ** 2 / found.var(), rel=0.1)


def test_with_nothing_left_to_chance_the_degrees_are_infinite():
    assert anticipated_degrees([0.0], [0.0]).tolist() == [np.inf]
