"""Checks on the figures: expected and measured, second opinions, hindsight, the draw itself."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from apps.reports import services as reports
from apps.reports.models import Report
from apps.reports.pages.caveat_wording import caveat
from apps.reports.pages.sheets import sheet_of
from apps.reports.services.gathering import gather
from apps.review.models import ReviewItem
from apps.sampling.models import Draw
from apps.sampling.services.checking import draw_check
from apps.truth.services import resolving as truth
from tests.reports.worlds import (
    FIRST,
    World,
    caveat_codes,
    close_days,
    figures_of,
    label_draws,
    make_world,
    report_of,
    send_outcomes,
)

pytestmark = pytest.mark.django_db

DAYS, CLOSED = 20, 10


def half_closed(*, size: int = 3_000, **answering: float) -> World:
    """A world whose outcomes are known for the first ten days."""
    world = make_world(size, days=DAYS)
    send_outcomes(world, [number for number in range(size) if number % DAYS < CLOSED])
    label_draws(world, **answering)
    close_days(world, before=CLOSED)
    return world


def turn_truth_of_open_days(world: World, share: float) -> None:
    """Flip some truths from the tenth day on: the same score means less."""
    rng = np.random.default_rng(5)
    opened = np.arange(len(world.y)) % DAYS >= CLOSED
    world.y = np.where(opened & (rng.random(len(world.y)) < share), 1 - world.y, world.y)


def drift_of(report: Report, part: str, metric: str = "accuracy"):
    (found,) = [each for each in report.document["checks"]["drift"] if (each["part"], each["metric"]) == (part, metric)]
    return found


def sections_of(report: Report) -> dict[str, str]:
    """The words of the page, by section."""
    sections = sheet_of(report).by_name
    return {name: " ".join([section.note, *section.sentences]) for name, section in sections.items()}


@pytest.mark.slow
def test_without_drift_open_days_match_what_earlier_outcomes_predict():
    report = report_of(half_closed())
    found = drift_of(report, "open")
    assert (found["reference"], found["reference_n"]) == ("earlier", 1_500)
    assert found["expected"]["method"] == "plug-in"
    assert found["difference"]["low"] < 0 < found["difference"]["high"]
    assert not found["has_drifted"]
    words = sections_of(report)["expected"]
    assert "On open days, chance explains the difference from what 1,500 earlier outcomes led us to expect" in words
    assert "moved by how far they were off in earlier outcomes" in words


@pytest.mark.slow
def test_a_score_that_no_longer_means_the_same_has_drifted():
    world = make_world(3_000, days=DAYS)
    # Some 200 labels against 750 outcomes: what the reference leaves to chance counts too.
    turn_truth_of_open_days(world, 0.4)
    send_outcomes(world, [number for number in range(3_000) if number % DAYS < CLOSED])
    label_draws(world)
    close_days(world, before=CLOSED)
    report = report_of(world)
    found = drift_of(report, "open")
    assert found["expected"]["value"] == pytest.approx(drift_of(report, "closed")["measured"]["value"], abs=0.03)
    assert found["difference"]["value"] < -0.05
    assert found["has_drifted"]
    assert "no longer means the same" in sections_of(report)["expected"]


@pytest.mark.slow
def test_the_first_days_of_a_model_have_only_the_score_to_go_by():
    report = report_of(half_closed(size=600))
    for part, known in (("closed", 0), ("open", 300)):
        found = drift_of(report, part)
        assert (found["reference"], found["reference_n"]) == ("score", known)
        assert (found["p"], found["has_drifted"], found["difference"]["code"]) == (None, False, "no_reference")
        assert found["expected"]["value"] is not None
        assert found["measured"]["value"] is not None
    words = sections_of(report)["expected"]
    assert "On closed days, there is no verdict: it takes 1,000 outcomes of closed days before them" in words
    assert "300 have come" in words
    assert "chance" not in words


@pytest.mark.slow
def test_only_closed_days_before_the_tested_ones_make_a_reference():
    """Of ten final days before the window, every other one lacks a fifth of its outcomes, so five are closed."""
    world = make_world(4_000, days=DAYS)
    numbers = np.arange(4_000)
    day = numbers % DAYS
    lacks = (day % 2 == 0) & (numbers % 100 < DAYS)
    send_outcomes(world, numbers[(day < CLOSED) & ~lacks])
    close_days(world, before=CLOSED)
    job = reports.request_report(world.model, "performance", FIRST + timedelta(days=CLOSED), world.end)
    earlier = gather(job, as_of=timezone.now()).earlier
    assert {(each - FIRST).days for each in earlier["day"]} == {1, 3, 5, 7, 9}
    assert earlier["truth"].notna().all()
    reports.run_due()
    job.refresh_from_db()
    found = drift_of(job.report, "open")
    assert (found["reference"], found["reference_n"]) == ("earlier", 1_000)
    assert found["expected"]["value"] is not None


@pytest.mark.slow
def test_second_opinions_correct_what_reviewers_get_wrong():
    """Every fifth label is wrong; each is adjudicated with probability one half."""
    world = half_closed(wrong=0.2)
    rng = np.random.default_rng(6)
    items = list(ReviewItem.objects.filter(label__isnull=False).select_related("prediction"))
    for item in items:
        item.adjudication_probability = 0.5
        item.is_adjudication_chosen = bool(rng.random() < 0.5)
        if item.is_adjudication_chosen:
            item.adjudicated = float(world.y[int(item.prediction.external_id.removeprefix("case-"))])
        item.needs_resolution = True
    changed = ["adjudication_probability", "is_adjudication_chosen", "adjudicated", "needs_resolution"]
    ReviewItem.objects.bulk_update(items, changed)
    truth.resolve_due()
    report = report_of(world)

    both = report.document["checks"]["second_opinions"]
    predicted, _, true = world.select(range(CLOSED, DAYS))
    accuracy = float((predicted == true).mean())
    assert both["corrected"]["accuracy"]["low"] <= accuracy <= both["corrected"]["accuracy"]["high"]
    assert both["corrected"]["accuracy"] == figures_of(report, "open")["accuracy"]
    assert both["at_word"]["accuracy"]["high"] < accuracy
    assert "With and without second opinions" in [s.title for s in sheet_of(report).sections]


@pytest.mark.slow
def test_without_adjudications_there_are_no_second_opinions():
    assert report_of(half_closed(size=400)).document["checks"]["second_opinions"] is None


@pytest.mark.slow
def test_closed_days_keep_the_figures_of_their_reviews():
    report = report_of(half_closed(answered=0.8, wrong=0.1))
    found = report.document["checks"]["hindsight"]
    was, now = found["from_reviews"]["accuracy"], found["from_outcomes"]["accuracy"]
    assert (found["days"], found["n"]) == (CLOSED, 1_500)
    assert now == figures_of(report, "closed")["accuracy"]
    assert was["method"] in ("logit-mod", "wilson-mod")  # estimated, not counted
    assert was["response_rate"] == pytest.approx(0.8, abs=0.06)
    # One label in ten is wrong, which lowers an accuracy of about .8 by .06.
    assert was["value"] == pytest.approx(now["value"] - 0.06, abs=0.06)
    assert found["disagreement"]["low"] <= 0.1 <= found["disagreement"]["high"]
    assert "Reviewer and outcome differ" in sections_of(report)["hindsight"]


@pytest.mark.slow
def test_correct_reviews_agree_with_the_outcomes():
    found = report_of(half_closed()).document["checks"]["hindsight"]
    was, now = found["from_reviews"], found["from_outcomes"]
    for metric in ("accuracy", "precision", "recall"):
        assert was[metric]["low"] <= now[metric]["value"] <= was[metric]["high"]
    assert found["disagreement"]["value"] == 0


def test_days_without_reviews_have_no_hindsight():
    world = make_world(400, days=4)
    send_outcomes(world, range(400))
    close_days(world, before=4)
    checks = report_of(world).document["checks"]
    assert (checks["hindsight"], checks["second_opinions"], checks["plan"]) == (None, None, None)


@pytest.mark.slow
def test_the_plan_gives_the_range_with_every_review_and_the_labels_of_a_target():
    report = report_of(half_closed(answered=0.5))
    plan, figure = report.document["checks"]["plan"], figures_of(report, "open")["accuracy"]
    assert plan["half_width"] < (figure["high"] - figure["low"]) / 2
    assert plan["labels_needed"] > plan["drawn"]
    facts = dict(sheet_of(report).by_name["sample"].facts)
    assert facts["Labels for accuracy to within ± 2.0 points"] == f"{plan['labels_needed']:,}"


@pytest.mark.slow
def test_a_draw_that_lost_cases_makes_one_caveat_and_the_sampling_page_agrees():
    world = half_closed()
    close_days(world, before=0)
    assert "draw_unsound" not in caveat_codes(report_of(world))
    assert not draw_check(world.model).is_failed
    lost = [draw.pk for draw in Draw.objects.order_by("pk") if draw.pk % 2]
    ReviewItem.objects.filter(draw__in=lost).delete()
    Draw.objects.filter(pk__in=lost).delete()
    (found,) = [each for each in report_of(world).document["caveats"] if each["code"] == "draw_unsound"]
    check = draw_check(world.model)
    assert check.is_failed
    assert found["details"] == {
        "expected": pytest.approx(check.expected_there),
        "found": check.found_there,
        "share": check.share,
    }
    assert check.drawn == pytest.approx(check.expected / 2, rel=0.1)
    assert "Chance does not explain it" in caveat(found)


def test_models_of_several_classes_have_the_checks_that_need_no_score():
    world = make_world(60, days=2)
    world.model.task = "multiclass"
    world.model.save()
    checks = report_of(world).document["checks"]
    assert (checks["drift"], checks["so_far"], checks["plan"]["metric"]) == ([], None, "accuracy")
