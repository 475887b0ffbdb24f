"""Golden reports: of models that predict numbers or one of several classes, all figures of all three kinds."""

import numpy as np
import pytest
from sklearn import metrics

from apps.accounts.models import Role
from apps.reports.pages.sheets import sheet_of
from apps.reports.services.small_cases import NOTHING
from apps.reports.services.visible import visible
from tests.reports.task_worlds import CLASSES, WORTH, close, label, make_numbers, make_several, price, report_on
from tests.reports.worlds import figures_of

pytestmark = pytest.mark.django_db

KINDS = ("performance", "baseline", "value")
MATRIX = np.array([[float(WORTH[predicted][true]) for true in CLASSES] for predicted in CLASSES])


def right(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Within 5 % of the larger number."""
    return np.abs(one - other) <= 0.05 * np.maximum(np.abs(one), np.abs(other))


def cost(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.where(predicted > true, 0.3 * (predicted - true), 0.9 * (true - predicted))


def values_of(report, part="all"):
    return {metric: figure["value"] for metric, figure in figures_of(report, part).items()}


def test_numbers_whose_outcomes_are_all_known_are_counted():
    world = make_numbers(300)
    close(world, 6)
    price(world)
    own, true, has = world.predicted, world.truth, ~np.isnan(world.baseline)
    other, paired, known = world.baseline[has], world.predicted[has], world.truth[has]

    found = values_of(report_on(world, "performance"))
    assert found == pytest.approx(
        {
            "within": right(own, true).mean(),
            "mae": metrics.mean_absolute_error(true, own),
            "rmse": metrics.root_mean_squared_error(true, own),
            "bias": (own - true).mean(),
            "r2": metrics.r2_score(true, own),
        },
        rel=1e-12,
    )
    report = report_on(world, "baseline")
    apart = ~right(paired, other)
    nearer = np.sign(np.abs(paired - known) - np.abs(other - known))[apart]
    assert values_of(report) == pytest.approx(
        {
            "disagreement_rate": apart.mean(),
            "win_rate": (nearer < 0).mean(),
            "loss_rate": (nearer > 0).mean(),
            "tie_rate": (nearer == 0).mean(),
            "mae": metrics.mean_absolute_error(true, own),
            "baseline_mae": metrics.mean_absolute_error(known, other),
            "mae_gain": np.abs(other - known).mean() - np.abs(paired - known).mean(),
            "within": right(own, true).mean(),
            "baseline_within": right(other, known).mean(),
            "within_gain": right(paired, known).mean() - right(other, known).mean(),
        },
        rel=1e-12,
    )
    section = report.document["baseline"]
    assert (section["matrix"], section["disagreements"]) == (None, apart.sum())
    assert (section["model_right"], section["baseline_right"]) == ((nearer < 0).sum(), (nearer > 0).sum())
    # A baseline of −1 kWh is a number like others.
    assert section["without_baseline"] == (~has).sum()

    saved = cost(other, known).sum() - cost(paired, known).sum()
    assert values_of(report_on(world, "value")) == pytest.approx(
        {
            "value_total": -cost(own, true).sum(),
            "value_per_1000": -cost(own, true).mean() * 1_000,
            "baseline_value_total": -cost(other, known).sum(),
            "baseline_value_per_1000": -cost(other, known).mean() * 1_000,
            "value_difference": saved,
            "value_difference_per_1000": saved / has.sum() * 1_000,
            "within": right(own, true).mean(),
        },
        rel=1e-12,
    )


def test_cost_per_unit_of_the_amount_multiplies_each_error():
    world = make_numbers(200)
    close(world, 6)
    price(world, is_per_amount=True)
    report = report_on(world, "value")
    assert values_of(report)["value_total"] == pytest.approx(-(cost(world.predicted, world.truth) * world.amount).sum())
    assert report.document["value"]["shift"] is None


@pytest.mark.slow
def test_ranges_of_numbers_that_are_open_hold_the_truth():
    """All days open, 300 of 1,200 labeled: the 95 % ranges of this draw hold all figures of all rows."""
    world = make_numbers(floor=0.25)
    label(world)
    price(world)
    has = ~np.isnan(world.baseline)
    own, other, true = world.predicted[has], world.baseline[has], world.truth[has]
    truths = {
        "within": right(world.predicted, world.truth).mean(),
        "mae": np.abs(world.predicted - world.truth).mean(),
        "bias": (world.predicted - world.truth).mean(),
        "mae_gain": (np.abs(other - true) - np.abs(own - true)).mean(),
        "within_gain": right(own, true).mean() - right(other, true).mean(),
        "baseline_within": right(other, true).mean(),
        "value_total": -cost(world.predicted, world.truth).sum(),
        "value_difference": (cost(other, true) - cost(own, true)).sum(),
    }
    for kind in KINDS:
        found = figures_of(report_on(world, kind))
        for metric in truths.keys() & found.keys():
            assert found[metric]["low"] <= truths[metric] <= found[metric]["high"], metric
            assert found[metric]["low"] < found[metric]["high"]


def test_several_classes_whose_outcomes_are_all_known_are_counted():
    world = make_several(300)
    close(world, 6)
    price(world)
    own, other, true = world.predicted, world.baseline, world.truth

    found = values_of(report_on(world, "performance"))
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(true, own), abs=1e-12)
    for position, name in enumerate(CLASSES):
        each = metrics.precision_recall_fscore_support(true, own, labels=[position], zero_division=0)
        expected = [float(values[0]) for values in each[:3]]
        assert [found[f"{metric}:{name}"] for metric in ("precision", "recall", "f1")] == pytest.approx(expected)
    for average in ("macro", "weighted"):
        assert found[f"{average}_f1"] == pytest.approx(metrics.f1_score(true, own, average=average), abs=1e-12)
    # With one class each, micro-averaged figures are the accuracy.
    assert found["accuracy"] == pytest.approx(metrics.f1_score(true, own, average="micro"), abs=1e-12)

    report = report_on(world, "baseline")
    apart = own != other
    found = values_of(report)
    assert found["win_rate"] == pytest.approx((own == true)[apart].mean())
    assert found["kappa"] == pytest.approx(metrics.cohen_kappa_score(own, other))
    assert found["accuracy_difference"] == pytest.approx((own == true).mean() - (other == true).mean())
    assert report.document["baseline"]["matrix"]["counts"] == metrics.confusion_matrix(own, other).tolist()

    report = report_on(world, "value")
    found, worth, others = values_of(report), MATRIX[own, true], MATRIX[other, true]
    assert found["value_total"] == pytest.approx(worth.sum())
    assert found["value_difference"] == pytest.approx(worth.sum() - others.sum())
    wrong = own != true
    gained = MATRIX[true, true][wrong] - worth[wrong]
    assert found["accuracy_point_value"] == pytest.approx(0.01 * len(own) * gained.mean())
    assert report.document["value"]["by_error"][0]["value"] == pytest.approx(0.01 * len(own) * gained.max())


@pytest.mark.parametrize("make", [make_numbers, make_several])
def test_every_figure_of_every_task_reads_as_people_say_it(make):
    """Half of the days closed, half open: nothing is "not defined", and no number has an exponent."""
    world = make(240, days=4, floor=0.3)
    label(world)
    close(world, 2)
    price(world)
    for kind in KINDS:
        report = report_on(world, kind)
        codes = {result["code"] for result in report.document["results"]}
        assert not codes & {"unsupported_task", "failed", "undefined"}
        said = str(sheet_of(report))
        for never in ("not defined", "could not be computed", "e-0", "e+0"):
            assert never not in said


def test_advice_on_numbers_of_few_cases_is_hidden_below_engineer():
    """Eight predictions: whoever may not see single cases sees no figure and no shift made of them."""
    world = make_numbers(8, days=1)
    close(world, 1)
    price(world)
    report = report_on(world, "value")
    assert report.document["value"]["shift"]["shift"]["n"] == 8
    seen = visible(report, role=Role.STAKEHOLDER).document
    assert seen["value"]["shift"] is None
    assert all(figure == NOTHING for figure in seen["sections"]["all"].values())
