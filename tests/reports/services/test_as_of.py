"""A report as of a moment is the same whenever it is asked for, whatever came in between."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.utils import timezone

from apps.registry.models import ReviewQueue
from apps.reports import services as reports
from apps.reports.models import Report, ReportJob
from apps.review import services as review
from apps.review.models import Decision, ReviewItem, Slot
from apps.sampling.models import Mark
from apps.sampling.services import drawing, moments
from apps.sampling.services.policies import put_document
from apps.truth.services import resolving as truth
from apps.truth.services.marks import mark_of
from tests.append_only import rewriting
from tests.factories import date_draws, draw_all, make_member, prediction_row, push_predictions
from tests.reports.worlds import (
    FIRST,
    World,
    caveat_codes,
    close_days,
    correct_outcomes,
    label_draws,
    make_world,
    report_of,
    send_outcomes,
    uncertainty,
)

pytestmark = pytest.mark.django_db
KINDS = ("performance", "baseline", "value")


def computed(world: World, kind: str = "performance", **asked: datetime) -> Report:
    """Make a report anew: without this it would be found again."""
    ReportJob.objects.all().delete()
    with rewriting():
        Report.objects.update(previous=None)
        Report.objects.all().delete()
    return report_of(world, kind, **asked)


def document_of(world: World, kind: str, as_of: datetime) -> str:
    return json.dumps(computed(world, kind, as_of=as_of).document)


def late_batch(world: World, rng: np.random.Generator, *, drawn: bool = True) -> None:
    """Push predictions of days in the window, and draw them."""
    start = int(rng.integers(10_000, 10_000_000))
    size = int(rng.integers(1, 150))
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    rows = [
        prediction_row(start + n, predicted_at=(moment + timedelta(days=n % world.days)).isoformat())
        for n in range(size)
    ]
    push_predictions(world.model, rows)
    if drawn:
        draw_all(world.model)


def waiting_batch(world: World, rng: np.random.Generator) -> None:
    late_batch(world, rng, drawn=False)


def more_outcomes(world: World, rng: np.random.Generator) -> None:
    send_outcomes(world, np.flatnonzero(rng.random(len(world.rows)) < 0.2))


def corrections(world: World, rng: np.random.Generator) -> None:
    first = int(rng.integers(0, 100))
    correct_outcomes(world, range(first, first + 50))


def more_labels(world: World, rng: np.random.Generator) -> None:
    for item in rng.choice(ReviewItem.objects.order_by("pk"), 20):
        changed = {"label": float(rng.integers(0, 2)), "needs_resolution": True}
        ReviewItem.objects.filter(pk=item.pk).update(**changed)
    truth.resolve_due()


def answers_and_skips(world: World, rng: np.random.Generator) -> None:
    reviewer = make_member(world.model.project).user
    for item in rng.choice(ReviewItem.objects.order_by("pk"), 20, replace=False):
        slot = Slot.objects.create(item=item, queue=item.queue, round=90, position=0, reviewer=reviewer, order_key=0)
        value = 1.0 if rng.random() < 0.5 else None
        slot.close(Slot.Outcome.ANSWERED if value else Slot.Outcome.PASSED)
        verdict = "agree" if value else "skip"
        token = "00000000-0000-0000-0000-000000000001"
        Decision.objects.create(
            slot=slot, item=item, reviewer=reviewer, was_blind=True, verdict=verdict, value=value, lease_token=token
        )


def fold(world: World, rng: np.random.Generator) -> None:
    drawing.fold_cells(kept=timedelta())


def other_policies(world: World, rng: np.random.Generator) -> None:
    put_document(world.model, {"floor": float(rng.uniform(0.01, 1)), "policies": [uncertainty(rng.uniform(0, 1))]})


def other_order(world: World, rng: np.random.Generator) -> None:
    world.model.queues.update(order=ReviewQueue.Order.DUE)
    review.rekey_due()


EVENTS: tuple[Callable[[World, np.random.Generator], None], ...] = (
    late_batch,
    waiting_batch,
    more_outcomes,
    corrections,
    more_labels,
    answers_and_skips,
    fold,
    # other_policies,
    other_order,
)


def history(seed: int) -> tuple[World, np.random.Generator]:
    rng = np.random.default_rng(seed)
    world = make_world(300, days=4, seed=seed)
    label_draws(world, answered=0.6)
    send_outcomes(world, range(0, 300, 2))
    close_days(world, before=int(rng.integers(0, 5)))
    for event in rng.permutation(len(EVENTS))[:3]:
        EVENTS[event](world, rng)
    return world, rng


@pytest.mark.parametrize("seed", [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (3, 4, 5))])
def test_the_same_moment_gives_the_same_document_whatever_arrives_in_between(seed):
    world, rng = history(seed)
    kind = KINDS[seed % 3]
    as_of = timezone.now()
    first = document_of(world, kind, as_of)
    for event in rng.permutation(len(EVENTS)):
        EVENTS[event](world, rng)
    assert document_of(world, kind, as_of) == first
    assert document_of(world, kind, timezone.now()) != first


@pytest.mark.slow
def test_a_report_is_found_again_under_the_moment_that_it_names():
    world, rng = history(7)
    report = report_of(world)
    late_batch(world, rng)
    assert report_of(world, as_of=report.as_of) == report
    assert report_of(world) != report


@pytest.mark.slow
def test_what_was_drawn_after_the_moment_does_not_count_though_nobody_asked_before():
    world, rng = history(8)
    size = report_of(world).document["population"]["n"]
    moment = timezone.now()
    late_batch(world, rng)
    assert report_of(world, as_of=moment).document["population"]["n"] == size
    assert report_of(world).document["population"]["n"] > size


def test_past_keeping_a_moment_of_today_stands_for_the_earliest_that_is_kept(monkeypatch):
    monkeypatch.setattr(moments, "KEPT", timedelta())
    world = make_world(50, days=2)
    moment = timezone.now()
    mark = mark_of(world.model, moment)
    assert moment < mark.at <= timezone.now()
    assert mark_of(world.model, moment) == mark == mark_of(world.model, mark.at)


@pytest.fixture
def yesterday() -> date:
    return timezone.now().date() - timedelta(days=1)


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@pytest.mark.slow
def test_a_moment_of_an_earlier_day_means_the_end_of_that_day(yesterday):
    world = make_world(200, days=4)
    date_draws(world.model, at(yesterday, 20))
    late_batch(world, np.random.default_rng(3))
    fold(world, np.random.default_rng(3))
    early, late = (report_of(world, as_of=at(yesterday, hour)) for hour in (1, 23))
    assert early == late
    assert early.as_of == at(yesterday + timedelta(days=1), 0) - timedelta(microseconds=1)
    assert early.document["population"]["n"] == 200
    assert report_of(world, as_of=at(yesterday - timedelta(days=1), 12)).document["population"]["n"] == 0


@pytest.mark.slow
def test_a_mark_of_an_earlier_day_holds_once_its_day_is_over(yesterday):
    """The first 200 predictions were drawn before yesterday's mark, 100 after it, and all is folded since."""
    world = make_world(200, days=4)
    date_draws(world.model, at(yesterday, 9))
    noon = at(yesterday, 12)
    Mark.objects.create(model=world.model, as_of=noon, at=noon, seq=0, undrawn_batches=0)
    rows = [prediction_row(n, predicted_at=at(FIRST, 12).isoformat()) for n in range(1_000, 1_100)]
    push_predictions(world.model, rows)
    draw_all(world.model)
    date_draws(world.model, at(yesterday, 18), since=noon)
    for _ in range(2):
        sizes = [
            computed(world, as_of=moment).document["population"]["n"]
            for moment in (noon, at(yesterday, 13), timezone.now())
        ]
        assert sizes == [200, 300, 300]
        drawing.fold_cells()


@pytest.mark.slow
def test_a_batch_that_waited_is_named_as_of_then():
    world, rng = history(9)
    waiting_batch(world, rng)
    moment = timezone.now()
    assert "undrawn_batches" in caveat_codes(report_of(world, as_of=moment))
    draw_all(world.model)
    assert "undrawn_batches" not in caveat_codes(report_of(world))
    assert "undrawn_batches" in caveat_codes(computed(world, as_of=moment))


def test_days_to_come_are_neither_final_nor_provisional():
    world = make_world(40, days=2)
    today = timezone.now().date()
    push_predictions(
        world.model, [prediction_row(9_000, predicted_at=(timezone.now() + timedelta(days=2)).isoformat())]
    )
    draw_all(world.model)
    job = ReportJob.objects.create(
        model=world.model, kind="performance", start=today - timedelta(days=1), end=today + timedelta(days=5)
    )
    reports.run_due()
    job.refresh_from_db()
    document = job.report.document
    assert [point["start"] for point in document["series"]] == [str(today - timedelta(days=1)), str(today)]
    assert {point["state"] for point in document["series"]} == {"provisional"}
    assert document["cohorts"]["final"] == 0
    assert document["population"]["n"] == 0
