"""Missing answers: days that nobody has begun leave, single cases never blank a report, ordered queues wait."""

from datetime import timedelta
from typing import Any

import pytest

from apps.predictions.models import Prediction
from apps.registry.models import ReviewQueue
from apps.reports.models import Report
from apps.reports.pages.caveat_wording import caveat
from apps.reports.pages.wording import basis, lede
from apps.review.models import ReviewItem
from apps.sampling.models import Draw
from apps.truth.models import Resolution
from apps.truth.services import resolving as truth
from tests.append_only import rewriting
from tests.reports.worlds import (
    FIRST,
    World,
    caveat_codes,
    close_days,
    figures_of,
    label_draws,
    make_world,
    receive_daily,
    report_of,
    send_outcomes,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world(1_500)
    label_draws(world, answered=0.6)
    return world


def forget(world: World, **which: Any) -> int:
    """Take the answers of these draws back, as if the cases still waited."""
    draws = Draw.objects.filter(model=world.model, **which)
    predictions = list(draws.values_list("prediction_id", flat=True))
    with rewriting():
        Resolution.objects.filter(prediction__in=predictions, outcome=None).delete()
    ReviewItem.objects.filter(draw__in=draws).update(label=None)
    return len(predictions)


def of_day(day: int) -> dict[str, Any]:
    return {"prediction__predicted_at__date": FIRST + timedelta(days=day)}


def details_of(report: Report, code: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry["details"] for entry in report.document["caveats"] if entry["code"] == code)
    return found


def right_share(world: World, days: range) -> float:
    predicted, _, true = world.select(days)
    return float((predicted == true).mean())


@pytest.fixture
def daily() -> World:
    """Ten days of 150 predictions, about 45 of a day drawn; all of them answered, but nobody began the last day."""
    world = make_world(1_500, days=10)
    receive_daily(world)
    label_draws(world)
    forget(world, **of_day(9))
    return world


@pytest.mark.slow
def test_a_day_that_nobody_has_begun_leaves_every_figure_and_the_report_says_so(daily: World) -> None:
    report = report_of(daily)
    accuracy = figures_of(report)["accuracy"]
    assert accuracy["low"] <= right_share(daily, range(9)) <= accuracy["high"]
    assert accuracy["response_rate"] == 1.0
    drawn = Draw.objects.filter(model=daily.model)
    cases = drawn.filter(**of_day(9)).count()
    assert details_of(report, "days_left_out") == {
        "part": "open",
        "received": ["2026-03-10"],
        "through": "2026-03-09",
        "cases": cases,
        "n": 150,
        "share": 0.1,
    }
    sample, population = report.document["sample"], report.document["population"]
    assert (sample["drawn"], sample["left_out"], sample["waiting"]) == (drawn.count(), cases, 0)
    assert (population["n"], population["left_out"]) == (1_350, 150)
    assert "waiting" not in caveat_codes(report)


@pytest.mark.slow
def test_the_page_runs_through_the_last_day_that_was_begun(daily: World) -> None:
    report = report_of(daily)
    assert lede(report.document).startswith("From 1 to 9 March 2026, about ")
    said = caveat(report.document["caveats"][0])
    assert said.startswith("The figures run through 9 March 2026: ")
    assert said.endswith(
        "received on 10 March 2026 are not started, so the figures leave out 150 predictions (10.0 % of all)."
    )


@pytest.mark.slow
def test_the_day_that_left_has_no_figure_and_the_others_have(daily: World) -> None:
    *begun, today = report_of(daily).document["series"]
    assert (today["n"], today["figures"]["accuracy"]["value"]) == (0, None)
    assert today["figures"]["accuracy"]["code"] == "no_response"
    assert today["figures"]["accuracy"]["response_rate"] == 0.0
    assert all(point["figures"]["accuracy"]["value"] is not None for point in begun)


@pytest.mark.slow
def test_a_day_in_the_middle_leaves_too_and_the_sentence_names_it(daily: World) -> None:
    forget(daily, **of_day(4))
    report = report_of(daily)
    details = details_of(report, "days_left_out")
    assert (details["received"], details["through"], details["n"]) == (["2026-03-05", "2026-03-10"], "2026-03-09", 300)
    assert "received on 5 March 2026 and 10 March 2026 are not started" in caveat(report.document["caveats"][0])


@pytest.mark.slow
def test_a_day_begun_later_is_not_told_as_predictions_that_arrived_late(daily: World) -> None:
    report_of(daily)
    for item in ReviewItem.objects.filter(label=None).select_related("prediction"):
        item.label = float(daily.y[int(item.prediction.external_id.removeprefix("case-"))])
        item.needs_resolution = True
        item.save()
    truth.resolve_due()
    report = report_of(daily)
    assert "days_left_out" not in caveat_codes(report)
    for entry in report.document["restatements"]:
        assert set(entry["why"]) == {"labels"}


@pytest.mark.slow
def test_one_waiting_case_in_a_queue_of_its_own_blanks_nothing() -> None:
    world = make_world(1_500, days=10)
    receive_daily(world)
    drawn = label_draws(world)
    alone = Draw.objects.filter(model=world.model).earliest("pk")
    alone.queue = ReviewQueue.objects.create(model=world.model, name="alone")
    alone.save()
    forget(world, pk=alone.pk)
    report = report_of(world)
    accuracy = figures_of(report)["accuracy"]
    assert accuracy["low"] <= right_share(world, range(10)) <= accuracy["high"]
    assert accuracy["response_rate"] == pytest.approx(1 - 1 / drawn)
    assert details_of(report, "waiting") == {"n": 1, "drawn": drawn}


@pytest.mark.slow
def test_a_queue_of_more_than_a_tenth_without_answers_gives_no_figure(world: World) -> None:
    half = Draw.objects.filter(model=world.model, prediction__pk__in=_every_other(world))
    half.update(queue=ReviewQueue.objects.create(model=world.model, name="unserved"))
    forget(world, prediction__pk__in=_every_other(world))
    assert figures_of(report_of(world))["accuracy"]["code"] == "no_response"


def _every_other(world: World) -> list[int]:
    return list(Draw.objects.filter(model=world.model).order_by("pk").values_list("prediction_id", flat=True))[::2]


@pytest.mark.slow
def test_open_days_without_answers_leave_the_closed_ones_as_they_are() -> None:
    world = make_world(600, days=6)
    receive_daily(world)
    label_draws(world, answered=0.0)
    close_days(world, before=4)
    send_outcomes(world, [number for number in range(600) if number % 6 < 4])
    report = report_of(world)
    accuracy = figures_of(report)["accuracy"]
    assert (accuracy["value"], accuracy["method"]) == (pytest.approx(right_share(world, range(4))), "exact")
    assert figures_of(report, "open")["accuracy"]["code"] == "no_response"
    assert details_of(report, "days_left_out")["through"] == "2026-03-04"


@pytest.mark.slow
def test_predictions_of_a_closed_day_that_came_late_and_have_no_outcome_leave() -> None:
    world = make_world(600, days=6)
    receive_daily(world)
    late = [f"case-{number}" for number in range(0, 30, 6)]  # five of the first day, received a month later
    predictions = Prediction.objects.filter(model=world.model, external_id__in=late)
    predictions.update(received_at="2026-04-02T00:00:00Z")
    close_days(world, before=6)
    send_outcomes(world, range(30, 600))
    report = report_of(world)
    accuracy = figures_of(report)["accuracy"]
    # Of the first 30 predictions, five left; the other 25 are non-response of days with outcomes.
    assert (accuracy["code"], report.document["population"]["n"]) == ("outcomes_missing", 595)
    assert details_of(report, "days_left_out") == {
        "part": "closed", "received": ["2026-04-02"], "through": None, "cases": 0, "n": 5, "share": 5 / 600,
    }  # fmt: skip
    assert details_of(report, "outcomes_missing")["n"] == 25


@pytest.mark.slow
def test_low_response_puts_the_worst_cases_and_the_condition_beside_the_figure(world: World) -> None:
    report = report_of(world)
    accuracy = figures_of(report)["accuracy"]
    assert accuracy["response_rate"] < 0.9
    low, high = accuracy["bounds"]
    assert low < accuracy["low"] < accuracy["high"] < high
    # All missing answers wrong, or right: the bounds are apart by the share that did not answer, by design weight.
    waits = list(Draw.objects.filter(model=world.model, item__label=None).values_list("counted_probability", flat=True))
    everyone = list(Draw.objects.filter(model=world.model).values_list("counted_probability", flat=True))
    missing = sum(1 / pi for pi in waits) / sum(1 / pi for pi in everyone)
    assert high - low == pytest.approx(missing, abs=0.02)
    result = next(entry for entry in report.document["results"] if entry["metric"] == "accuracy")
    assert result["bounds"] == accuracy["bounds"]
    assert "if those who did not answer are like those who did" in basis(report.document)
    assert details_of(report, "low_response") == {"rate": accuracy["response_rate"]}


@pytest.mark.slow
def test_full_response_needs_neither(daily: World) -> None:
    report = report_of(daily)
    assert figures_of(report)["accuracy"]["bounds"] is None
    assert "did not answer" not in basis(report.document)
    assert "low_response" not in caveat_codes(report)


@pytest.mark.slow
def test_an_ordered_queue_with_a_day_not_begun_counts_the_days_it_is_done_with(daily: World) -> None:
    ReviewItem.objects.update(order="due")
    report = report_of(daily)
    assert figures_of(report)["accuracy"]["value"] is not None
    assert "not_drained" not in caveat_codes(report)


@pytest.mark.slow
def test_half_a_queue_served_by_stakes_gives_no_figure_and_a_caveat(world: World) -> None:
    ReviewItem.objects.update(order="stakes")
    report = report_of(world)
    accuracy = figures_of(report)["accuracy"]
    assert (accuracy["value"], accuracy["code"]) == (None, "no_response")
    answered = ReviewItem.objects.exclude(label=None).count()
    waiting = ReviewItem.objects.filter(label=None).count()
    details = {caveat["code"]: caveat["details"] for caveat in report.document["caveats"]}
    assert details["not_drained"] == {"n": answered, "waiting": waiting}
    assert report.document["sample"]["answered"] == 0


@pytest.mark.slow
def test_a_drained_queue_counts_in_any_order(world: World) -> None:
    ReviewItem.objects.update(order="stakes")
    for item in ReviewItem.objects.filter(label=None).select_related("prediction"):
        item.label = float(world.y[int(item.prediction.external_id.removeprefix("case-"))])
        item.needs_resolution = True
        item.save()
    truth.resolve_due()
    report = report_of(world)
    accuracy = figures_of(report)["accuracy"]
    predicted, _, true = world.select(range(world.days))
    assert accuracy["low"] <= (predicted == true).mean() <= accuracy["high"]
    assert "not_drained" not in {caveat["code"] for caveat in report.document["caveats"]}


@pytest.mark.slow
def test_answers_of_a_queue_in_random_order_count_while_others_wait(world: World) -> None:
    assert figures_of(report_of(world))["accuracy"]["value"] is not None
