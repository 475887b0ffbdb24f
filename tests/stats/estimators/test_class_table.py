"""Derivatives against the complex step (Squire and Trapp 1998) of each metric written out for a table of numbers."""

from itertools import product

import numpy as np
import pytest

from apps.stats.estimators.class_margins import Margins
from apps.stats.estimators.class_table import AVERAGES, table_formula

CLASSES = 4
STEP = 1e-30
# Shares of a window, with an estimate below 0 among them.
TABLES = [
    table / table.sum()
    for table in (
        np.random.default_rng(21).dirichlet(np.full(CLASSES**2, 0.6)).reshape(CLASSES, CLASSES)
        + 0.02 * np.eye(CLASSES),
        np.random.default_rng(22).dirichlet(np.full(CLASSES**2, 5.0)).reshape(CLASSES, CLASSES)
        - 0.01 * np.eye(CLASSES)[0],
        np.diag([5.0, 2.0, 1.0, 2.0]) + 1.0,
    )
]


def corners(table, label):
    right, predicted, true = table[label, label], table[label].sum(), table[:, label].sum()
    return right, predicted - right, true - right, table.sum() - predicted - true + right


OF_CORNERS = {
    "precision": lambda tp, fp, fn, tn: tp / (tp + fp),
    "recall": lambda tp, fp, fn, tn: tp / (tp + fn),
    "specificity": lambda tp, fp, fn, tn: tn / (tn + fp),
    "f1": lambda tp, fp, fn, tn: 2 * tp / (2 * tp + fp + fn),
}


def of_class(metric, label, average):
    formula = OF_CORNERS[metric]

    def of_table(table):
        if label is not None:
            return formula(*corners(table, label))
        each = [corners(table, one) for one in range(CLASSES)]
        if average == "micro":
            return formula(*(sum(corner) for corner in zip(*each, strict=True)))
        shares = table.sum(axis=0) / table.sum() if average == "weighted" else np.full(CLASSES, 1 / CLASSES)
        return np.array([formula(*one) for one in each]) @ shares

    return of_table


def accuracy(table):
    return np.trace(table) / table.sum()


def balanced_accuracy(table):
    return (np.diag(table) / table.sum(axis=0)).mean()


def kappa(table):
    shares = table / table.sum()
    chance = shares.sum(axis=0) @ shares.sum(axis=1)
    return (np.trace(shares) - chance) / (1 - chance)


def mcc(table):
    shares = table / table.sum()
    true, predicted = shares.sum(axis=0), shares.sum(axis=1)
    return (np.trace(shares) - predicted @ true) / ((1 - predicted @ predicted) * (1 - true @ true)) ** 0.5


METRICS = [((one.__name__, None, None), one) for one in (accuracy, balanced_accuracy, kappa, mcc)] + [
    ((metric, label, average), of_class(metric, label, average))
    for metric in OF_CORNERS
    for label, average in [(0, None), (CLASSES - 1, None), *((None, average) for average in AVERAGES)]
]


NAMES = [" ".join(str(part) for part in name if part is not None) for name, _ in METRICS]


def complex_step(of_table, table):
    """Compute the derivative by each share, exact to rounding."""
    stepped, slopes = table.astype(np.complex128), np.zeros_like(table)
    for place in np.ndindex(*table.shape):
        stepped[place] += 1j * STEP
        slopes[place] = np.imag(of_table(stepped)) / STEP
        stepped[place] = table[place]
    return slopes


def spread(slopes, table):
    """Compute the variance of the slopes over a population with these shares."""
    return max((table * slopes**2).sum() - (table * slopes).sum() ** 2, 0.0)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(("name", "of_table"), METRICS, ids=NAMES)
def test_every_metric_has_its_value_and_its_derivatives(name, of_table, table):
    metric, label, average = name
    formula = table_formula(metric, label=label, average=average, classes=CLASSES)
    margins = Margins.of_table(table)
    assert formula.undefined(margins) is None
    assert formula.value(margins) == pytest.approx(of_table(table), rel=1e-14)
    slopes, classes = formula.slopes(margins), np.arange(CLASSES)
    under = np.array([slopes.under(np.full(CLASSES, one), classes) for one in classes])
    found, expected = slopes.by_predicted[:, None] + under, complex_step(of_table, table)
    # Up to a constant: the shares add up to 1.
    assert found - found[0, 1] == pytest.approx(expected - expected[0, 1], rel=1e-11, abs=1e-12)
    assert slopes.spread(table) == pytest.approx(spread(expected, table), rel=1e-10)


@pytest.mark.parametrize("table", TABLES)
def test_the_reach_is_the_range_of_the_derivatives(table):
    margins = Margins.of_table(table)
    slopes = table_formula("kappa", label=None, average=None, classes=CLASSES).slopes(margins)
    predicted, truth = (each.ravel() for each in np.indices(table.shape))
    assert slopes.reach == np.ptp(slopes.under(predicted, truth))


@pytest.mark.parametrize(
    ("metric", "label", "average", "code"),
    [
        ("precision", 2, None, "no_predicted_positives"),
        ("precision", None, "macro", "no_predicted_positives"),
        ("recall", 1, None, "no_positives"),
        ("f1", None, "weighted", "no_positives"),
        ("balanced_accuracy", None, None, "no_positives"),
        ("recall", None, "micro", None),
    ],
)
def test_a_class_that_does_not_occur_leaves_its_metrics_undefined(metric, label, average, code):
    """Class 1 is never true, class 2 never predicted."""
    margins = Margins.of_rows(np.array([0, 0, 1]), np.array([0, 2, 0]), classes=3)
    assert table_formula(metric, label=label, average=average, classes=3).undefined(margins) == code


def test_one_class_alone_has_no_variation_and_no_negatives():
    margins = Margins.of_rows(np.array([0, 0]), np.array([0, 0]), classes=2)
    codes = [table_formula(one, label=None, average=None, classes=2).undefined(margins) for one in ("mcc", "kappa")]
    assert codes == ["no_variation"] * 2
    assert table_formula("specificity", label=0, average=None, classes=2).undefined(margins) == "no_negatives"


@pytest.mark.parametrize(
    ("metric", "label", "average"),
    [
        ("accuracy", None, None),
        ("balanced_accuracy", None, None),
        ("precision", 0, None),
        ("recall", 1, None),
        ("specificity", 2, None),
        ("f1", 1, None),
        ("f1", None, "macro"),
        ("f1", None, "micro"),
        ("specificity", None, "micro"),
        ("precision", None, "weighted"),
        ("kappa", None, None),
    ],
)
def test_no_truth_of_the_open_predictions_leads_out_of_the_limits(metric, label, average):
    """All 3⁴ truths of four open predictions, beside six that are certain."""
    formula = table_formula(metric, label=label, average=average, classes=3)
    predicted, truth, left = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 1, 2, 0]), np.array([0, 1, 1, 2])
    certain = Margins.of_rows(predicted, truth, classes=3)
    low, high = formula.limits(certain, np.bincount(left, minlength=3).astype(float))
    every = np.concatenate([predicted, left])
    values = [
        formula.value(Margins.of_rows(every, np.concatenate([truth, ends]), classes=3))
        for ends in product(range(3), repeat=len(left))
    ]
    assert low <= min(values) + 1e-12
    assert max(values) <= high + 1e-12
    if label is not None or metric == "accuracy" or average == "micro":
        assert (low, high) == pytest.approx((min(values), max(values)))
