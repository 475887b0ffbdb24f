import pytest

from apps.stats.moderation import moderated_variance


def test_the_variance_equals_the_formula():
    """By hand: terms 1, 2, 3 → V_d = 6, ν = 36/14; V_a = 10; (ν·6 + 10·10)/(ν + 10) = 9.182."""
    nu = 36 / 14
    variance, df = moderated_variance([1.0, 2.0, 3.0], 10.0)
    assert variance == pytest.approx((nu * 6 + 100) / (nu + 10))
    assert df == pytest.approx(nu + 10)


def test_moderation_never_lowers_the_design_variance():
    assert moderated_variance([3.0, 3.0], 0.1)[0] == 6.0


def test_without_residuals_only_the_anticipated_variance_counts():
    assert moderated_variance([0.0, 0.0], 0.25) == (0.25, 10.0)


def test_equal_terms_give_their_number_as_degrees_of_freedom_even_when_tiny():
    assert moderated_variance([1e-200] * 7, 0.0)[1] == pytest.approx(17.0)
