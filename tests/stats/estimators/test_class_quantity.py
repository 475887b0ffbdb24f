"""Moments of a quantity under the proxy, against the sum over all classes written out."""

import numpy as np
import pytest

from apps.stats.estimators.class_margins import Slopes
from apps.stats.estimators.class_proxy import ClassProxy
from apps.stats.estimators.class_quantity import of_slopes, of_values
from apps.stats.estimators.value import ValueMatrix

CLASSES, ROWS = 6, 50


@pytest.fixture
def rng():
    return np.random.default_rng(31)


@pytest.fixture
def proxy(rng):
    instead = rng.dirichlet(np.ones(CLASSES), CLASSES)
    np.fill_diagonal(instead, 0.0)
    return ClassProxy(np.zeros(CLASSES), np.ones(CLASSES), instead / instead.sum(axis=1, keepdims=True))


def written_out(proxy, predicted, chance, values):
    """Return mean and central moments 2 and 4 of values (ROWS, CLASSES) under the truths."""
    expected = (1 - chance)[:, None] * proxy.instead[predicted]
    expected[np.arange(ROWS), predicted] = chance
    mean = (expected * values).sum(axis=1)
    return mean, *((expected * (values - mean[:, None]) ** power).sum(axis=1) for power in (2, 4))


def agrees(moments, expected):
    for found, right in zip((moments.mean, moments.second, moments.fourth), expected, strict=True):
        assert found == pytest.approx(right, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("some", [[], [2], [0, 5], list(range(CLASSES))], ids=len)
def test_the_influence_on_a_metric(rng, proxy, some):
    by_true, by_right = np.zeros(CLASSES), rng.normal(size=CLASSES)
    by_true[some] = rng.normal(size=len(some))
    slopes = Slopes(0 * by_true, by_true, by_right)
    predicted, chance = rng.integers(0, CLASSES, ROWS), rng.random(ROWS)
    values = np.array([slopes.under(np.full(CLASSES, one), np.arange(CLASSES)) for one in predicted])
    agrees(of_slopes(slopes, proxy).moments(predicted, chance), written_out(proxy, predicted, chance, values))


@pytest.mark.parametrize("at_once", [1, 1_000_000])
def test_the_value_against_a_baseline(rng, proxy, monkeypatch, at_once):
    monkeypatch.setattr("apps.stats.estimators.class_quantity._AT_ONCE", at_once)
    matrix = ValueMatrix.of(rng.normal(size=(CLASSES, CLASSES)))
    predicted, baseline, chance = *rng.integers(0, CLASSES, (2, ROWS)), rng.random(ROWS)
    expected = written_out(proxy, predicted, chance, matrix.by_truth(predicted, baseline))
    agrees(of_values(matrix, predicted, baseline, proxy).moments(np.arange(ROWS), chance), expected)
    expected = written_out(proxy, predicted, chance, matrix.by_truth(predicted))
    agrees(of_values(matrix, np.arange(CLASSES), None, proxy).moments(predicted, chance), expected)


def test_what_no_truth_can_change_does_not_vary(proxy):
    only, nothing = np.eye(CLASSES)[3], np.zeros(CLASSES)
    assert of_slopes(Slopes(0 * only, 0 * only, only), proxy).varies.tolist() == [
        False,
        False,
        False,
        True,
        False,
        False,
    ]
    assert of_slopes(Slopes(nothing, only, nothing), proxy).varies.all()
    matrix = ValueMatrix.of(np.diag([1.0, 0, 0, 0, 0, 0]) + 0.1)
    quantity = of_values(matrix, np.array([0, 1, 0, 2]), np.array([0, 2, 1, 0]), proxy)
    assert quantity.varies.tolist() == [False, False, True, True]
