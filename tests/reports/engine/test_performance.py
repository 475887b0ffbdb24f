"""Performance: closed days equal scikit-learn, open days cover the truth, and both together hold for all."""

from datetime import timedelta

import numpy as np
import pytest
from django.db.models import F
from sklearn import metrics

from apps.reports import services as reports
from apps.reports.engine.document import PERFORMANCE_METRICS
from apps.review.models import ReviewItem
from apps.sampling.models import Draw, PopulationCell
from apps.sampling.services.policies import put_document
from apps.truth.services import resolving as truth
from tests.factories import draw_all, make_model, push_outcomes, push_predictions
from tests.reports.worlds import (
    FIRST,
    caveat_codes,
    close_days,
    figures_of,
    label_draws,
    make_world,
    report_of,
    send_outcomes,
)

pytestmark = pytest.mark.django_db

EVERYTHING = {"floor": 1.0}


def by_scikit_learn(predicted, score, true) -> dict[str, float]:
    return {
        "accuracy": metrics.accuracy_score(true, predicted),
        "precision": metrics.precision_score(true, predicted),
        "recall": metrics.recall_score(true, predicted),
        "f1": metrics.f1_score(true, predicted),
        "auc": metrics.roc_auc_score(true, score),
        "brier": metrics.brier_score_loss(true, score),
    }


@pytest.mark.slow
def test_closed_days_equal_scikit_learn_and_open_days_cover_the_truth():
    world = make_world(3_000, days=20)
    send_outcomes(world, [number for number in range(3_000) if number % 20 < 10])
    label_draws(world, answered=0.8)
    close_days(world, before=10)
    document = report_of(world).document

    closed, opened, whole = (document["sections"][part] for part in ("closed", "open", "all"))
    for metric, expected in by_scikit_learn(*world.select(range(10))).items():
        assert closed[metric]["value"] == pytest.approx(expected, abs=1e-12)
        assert closed[metric]["low"] == closed[metric]["value"] == closed[metric]["high"]
        assert closed[metric]["method"] == "exact"

    of_open, of_all = by_scikit_learn(*world.select(range(10, 20))), by_scikit_learn(*world.select(range(20)))
    for metric in PERFORMANCE_METRICS:
        assert opened[metric]["low"] <= of_open[metric] <= opened[metric]["high"]
        assert whole[metric]["low"] <= of_all[metric] <= whole[metric]["high"]
    # Half of the window is known for certain.
    assert width(whole["accuracy"]) < 0.75 * width(opened["accuracy"])
    assert document["headline"] == {"part": "closed", "figures": closed}


def width(figure) -> float:
    return figure["high"] - figure["low"]


@pytest.mark.slow
def test_the_flat_results_begin_with_the_whole_window_and_carry_every_field():
    world = make_world(300, days=3)
    label_draws(world)
    results = report_of(world).document["results"]

    first = results[0]
    assert (first["metric"], first["slice"], first["part"]) == ("accuracy", None, "all")
    assert (first["start"], first["end"]) == (FIRST.isoformat(), world.end.isoformat())
    assert set(first) == {
        "metric", "slice", "start", "end", "part", "value", "low", "high", "method", "n", "n_eff",
        "outcomes", "reviews", "response_rate", "outcome_share", "covered_share", "code", "labels_needed", "bounds",
    }  # fmt: skip
    sliced = [result["slice"] for result in results if result["metric"] == "accuracy" and result["slice"]]
    assert sorted(key["value"] for key in sliced) == ["1", "2"]
    days = [r for r in results if r["metric"] == "accuracy" and r["start"] != r["end"] and r["slice"] is None]
    assert [day["start"] for day in days[-3:]] == [(FIRST + timedelta(days=day)).isoformat() for day in range(3)]


@pytest.mark.slow
def test_the_uncorrected_figure_of_an_uneven_draw_is_shown_and_wrong():
    bands = [{"low": 0.0, "high": 0.4, "rate": 0.01}, {"low": 0.4, "high": 0.6, "rate": 0.9}]
    policy = {"name": "unsure", "kind": "bands", "bands": bands, "queue": "main", "rank": 1, "condition": None}
    world = make_world(3_000, policies={"floor": 0.08, "policies": [policy]})
    label_draws(world)
    report = report_of(world)

    true = by_scikit_learn(*world.select(range(20)))["accuracy"]
    corrected, naive = figures_of(report)["accuracy"], report.document["naive"]["accuracy"]
    assert corrected["low"] <= true <= corrected["high"]
    assert naive["value"] < true - 0.08


def test_a_window_without_predictions_is_a_report_with_reasons():
    world = make_world(50, days=2)
    job = reports.request_report(world.model, "performance", FIRST - timedelta(days=9), FIRST)
    reports.run_due()
    job.refresh_from_db()

    assert job.status == "done"
    assert {figure["code"] for figure in figures_of(job.report).values()} == {"no_population"}
    assert job.report.document["parts"] == []
    assert caveat_codes(job.report) == {"no_population"}


def test_without_any_review_there_is_no_number():
    world = make_world(200, days=2)
    label_draws(world, answered=0.0)
    assert figures_of(report_of(world))["accuracy"]["code"] == "no_response"


@pytest.mark.slow
def test_predictions_without_a_chance_to_be_drawn_give_no_number():
    world = make_world(200, days=2, policies=EVERYTHING)
    label_draws(world)
    PopulationCell.objects.filter(model=world.model, predicted=0.0).update(n_uncovered=F("n"))
    report = report_of(world)

    found = figures_of(report)
    assert (found["accuracy"]["value"], found["accuracy"]["code"]) == (None, "not_estimable")
    # Precision uses predicted positives alone.
    assert found["precision"]["value"] is not None
    assert "not_drawn" in caveat_codes(report)


@pytest.mark.slow
def test_everything_drawn_and_answered_is_exact_without_any_outcome():
    world = make_world(200, days=2, policies=EVERYTHING)
    label_draws(world)
    found = figures_of(report_of(world))["accuracy"]

    assert found["method"] == "exact"
    assert found["value"] == pytest.approx(by_scikit_learn(*world.select(range(2)))["accuracy"], abs=1e-12)


@pytest.mark.slow
def test_items_that_were_not_blind_are_left_out_and_counted():
    world = make_world(400, days=2, policies=EVERYTHING)
    shown = Draw.objects.filter(model=world.model, prediction__external_id__endswith="7")
    shown.update(is_blind=False)
    label_draws(world)
    report = report_of(world)

    assert figures_of(report)["accuracy"]["n"] == 360
    assert "not_blind" in caveat_codes(report)


@pytest.mark.slow
def test_missing_outcomes_lower_the_weight_and_make_a_caveat():
    world = make_world(1_000, days=4)
    rng = np.random.default_rng(1)
    send_outcomes(world, np.flatnonzero(rng.random(1_000) < 0.95))
    close_days(world, before=4)
    report = report_of(world)

    found = figures_of(report, "closed")["accuracy"]
    assert found["code"] == "outcomes_missing"
    assert found["low"] < by_scikit_learn(*world.select(range(4)))["accuracy"] < found["high"]
    assert found["low"] < found["high"]
    assert "outcomes_missing" in caveat_codes(report)


@pytest.mark.slow
def test_the_rule_for_absent_outcomes_closes_the_day():
    world = make_world(400, days=4, outcome_if_absent="no")
    send_outcomes(world, np.flatnonzero(world.y == 1))
    close_days(world, before=4)
    report = report_of(world)

    found = figures_of(report, "closed")["accuracy"]
    assert (found["method"], found["code"]) == ("exact", None)
    assert found["value"] == pytest.approx(by_scikit_learn(*world.select(range(4)))["accuracy"], abs=1e-12)
    assert "rule_for_absent" in caveat_codes(report)


@pytest.mark.slow
def test_final_days_without_outcomes_are_estimated_from_their_reviews():
    world = make_world(400, days=4)
    label_draws(world)
    close_days(world, before=4)
    document = report_of(world).document

    assert document["cohorts"]["final"] == 4
    assert [part["part"] for part in document["parts"]] == ["all", "open"]
    assert document["sections"]["all"]["accuracy"]["value"] is not None


@pytest.mark.slow
def test_the_second_phase_corrects_reviewers_who_err():
    """Reviewers err three times in ten; a quarter of the cases is adjudicated correctly."""
    world = make_world(3_000, days=10, policies={"floor": 0.5})
    label_draws(world, wrong=0.3)
    rng = np.random.default_rng(5)
    for item in ReviewItem.objects.select_related("prediction"):
        chosen = rng.random() < 0.25
        number = int(item.prediction.external_id.removeprefix("case-"))
        ReviewItem.objects.filter(pk=item.pk).update(
            adjudication_probability=0.25,
            is_adjudication_chosen=chosen,
            adjudicated=float(world.y[number]) if chosen else None,
            needs_resolution=True,
        )
    truth.resolve_due()
    report = report_of(world)

    true = by_scikit_learn(*world.select(range(10)))["accuracy"]
    found = figures_of(report)["accuracy"]
    assert found["low"] <= true <= found["high"]
    assert report.document["naive"]["accuracy"]["value"] < true - 0.1
    assert report.document["sample"]["adjudicated"] == report.document["sample"]["adjudication_chosen"] > 300


@pytest.mark.slow
def test_an_open_adjudication_makes_a_caveat():
    world = make_world(600, days=2, policies={"floor": 0.5})
    label_draws(world)
    ReviewItem.objects.update(adjudication_probability=1.0, is_adjudication_chosen=True, needs_resolution=True)
    truth.resolve_due()
    report = report_of(world)

    assert figures_of(report)["accuracy"]["code"] == "adjudication_open"
    assert "adjudication_open" in caveat_codes(report)


def test_several_classes_have_precision_and_recall_each():
    names = ["cat", "dog", "fox"]
    model = make_model(classes=names, positive_class="", task="multiclass", class_labels={}, maturity_days=1)
    rng = np.random.default_rng(2)
    true = rng.integers(0, 3, 300)
    predicted = np.where(rng.random(300) < 0.7, true, rng.integers(0, 3, 300))
    push_predictions(model, [several(n, names[predicted[n]], names) for n in range(300)])
    draw_all(model)
    push_outcomes(
        model,
        [{"id": f"case-{n}", "outcome": names[true[n]], "occurred_at": "2026-03-20T00:00:00Z"} for n in range(300)],
    )
    truth.resolve_due()
    found = figures_of(made(model))

    assert found["accuracy"]["value"] == pytest.approx(metrics.accuracy_score(true, predicted), abs=1e-12)
    recalls = metrics.recall_score(true, predicted, average=None)
    for name, recall in zip(names, recalls, strict=True):
        assert found[f"recall:{name}"]["value"] == pytest.approx(recall, abs=1e-12)


def several(number: int, predicted: str, names: list[str]) -> dict:
    return {
        "id": f"case-{number}",
        "predicted_at": "2026-03-01T12:00:00Z",
        "version": "v1",
        "features": {"age": 30, "sex": 1},
        "prediction": predicted,
        "probabilities": {name: 0.6 if name == predicted else 0.2 for name in names},
        "baseline": names[number % 3],
    }


def made(model, kind: str = "performance"):
    job = reports.request_report(model, kind, FIRST, FIRST + timedelta(days=2))
    reports.run_due()
    job.refresh_from_db()
    assert job.status == "done", job.error
    return job.report


def make_hours(*, days: int = 1, size: int = 200, floor: float = 0.1):
    """A model that predicts hours, spread over days, with the truths."""
    rules = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}, "prediction_range": [0, 20]}
    model = make_model(**rules, unit="hours", maturity_days=1, salt=bytes(32))
    put_document(model, {"floor": floor})
    rng = np.random.default_rng(4)
    predicted = rng.normal(10, 3, size)
    rows = [
        {
            "id": f"case-{n}",
            "predicted_at": f"2026-03-0{1 + n % days}T12:00:00Z",
            "version": "v1",
            "features": {"age": 30, "sex": 1},
            "prediction": float(predicted[n]),
        }
        for n in range(size)
    ]
    push_predictions(model, rows)
    draw_all(model)
    return model, predicted, predicted + rng.normal(0.5, 1, size)


def push_hours(model, true, *, only=slice(None)):
    numbers = range(len(true))[only]
    push_outcomes(
        model,
        [{"id": f"case-{n}", "outcome": float(true[n]), "occurred_at": "2026-03-20T00:00:00Z"} for n in numbers],
    )
    truth.resolve_due()


def test_a_number_has_its_mean_error():
    model, predicted, true = make_hours()
    push_hours(model, true)
    found = figures_of(made(model))

    assert found["mae"]["value"] == pytest.approx(metrics.mean_absolute_error(true, predicted), abs=1e-12)
    assert found["bias"]["value"] == pytest.approx(float((predicted - true).mean()), abs=1e-12)


def test_days_that_nobody_has_begun_leave_the_error_of_a_number():
    """Of two days one is closed; of the other every case is drawn and none answered."""
    model, predicted, true = make_hours(days=2, floor=1.0)
    push_hours(model, true, only=slice(0, None, 2))
    document = made(model).document
    closed = metrics.mean_absolute_error(true[::2], predicted[::2])
    for part in ("closed", "all"):
        assert document["sections"][part]["mae"]["value"] == pytest.approx(closed, abs=1e-12)
    left = next(caveat for caveat in document["caveats"] if caveat["code"] == "days_left_out")
    assert (left["details"]["n"], left["details"]["share"]) == (100, 0.5)


def test_errors_of_known_days_are_not_said_of_days_without_any_draw():
    """Of two days one is closed; of the other every case might have been drawn, and none was."""
    model, predicted, true = make_hours(days=2, floor=1e-5)
    push_hours(model, true, only=slice(0, None, 2))
    sections = made(model).document["sections"]
    closed = metrics.mean_absolute_error(true[::2], predicted[::2])
    assert sections["closed"]["mae"]["value"] == pytest.approx(closed, abs=1e-12)
    for metric in ("mae", "rmse", "bias", "r2"):
        assert (sections["all"][metric]["value"], sections["all"][metric]["code"]) == (None, "no_labels")
