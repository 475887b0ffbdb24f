"""Retention drops old months of payloads; figures, open cases and used ids stay as they are."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.predictions.models import Batch, Payload, Prediction, Stage
from apps.predictions.services import partitions
from apps.predictions.services.stages import claim, finish
from apps.registry.models import MonitoredModel
from apps.reports.models import Report, ReportJob
from apps.review import services as review
from apps.review.models import ReviewItem
from apps.sampling.services import policies
from tests.append_only import rewriting
from tests.factories import draw_all, make_model, prediction_row, push_predictions
from tests.reports.worlds import World, close_days, label_draws, make_world, report_of, send_outcomes, uncertainty

pytestmark = pytest.mark.django_db(transaction=True)

OLD = datetime(2024, 5, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clean_months():
    """Drop the partitions that a test made."""
    before = set(partitions.months())
    yield
    for month in set(partitions.months()) - before:
        partitions._drop(month)


def age(moment: datetime) -> None:
    """Pretend that everything arrived at that moment."""
    partitions.make_ahead(moment)
    Batch.objects.update(received_at=moment)
    Payload.objects.update(received_at=moment)
    Prediction.objects.update(received_at=moment)


def consume_all() -> None:
    for model in MonitoredModel.objects.all():
        for stage in Stage:
            while states := claim(stage, model=model.pk):
                finish(states)


def content_of(report: Report) -> dict[str, Any]:
    """A report without the moment at which it was made."""
    document: dict[str, Any] = report.document
    return document | {"window": document["window"] | {"as_of": ""}}


@pytest.fixture
def world() -> World:
    world = make_world(600, days=6, policies=uncertainty(0.2))
    label_draws(world, answered=0.9)
    send_outcomes(world, range(0, 600, 2))
    close_days(world, before=4)
    consume_all()
    return world


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["performance", "baseline", "value"])
def test_a_report_computed_after_a_month_was_dropped_is_the_same(world, settings, kind):
    settings.PAYLOAD_DAYS = 90
    before = content_of(report_of(world, kind))
    age(OLD)
    assert date(2024, 5, 1) in partitions.drop_old_payloads(timezone.now())
    assert not Payload.objects.exists()
    ReportJob.objects.all().delete()
    with rewriting():
        Report.objects.all().delete()
    assert content_of(report_of(world, kind)) == before


def test_cases_under_review_keep_what_was_sent_and_used_ids_stay_used(settings):
    settings.PAYLOAD_DAYS = 90
    model = make_model()
    policies.put_document(model, {"floor": 1.0})
    rows = [prediction_row(n) for n in range(5)]
    push_predictions(model, rows)
    draw_all(model)
    review.open_due_items()
    consume_all()
    age(OLD)
    partitions.drop_old_payloads(timezone.now())
    assert sorted(item.features["age"] for item in ReviewItem.objects.all()) == [20, 21, 22, 23, 24]
    again = push_predictions(model, [rows[0], {**rows[1], "features": {"age": 1}}])
    assert (again.accepted, again.duplicates, [each.code for each in again.rejected]) == (0, 1, ["conflict"])


def test_a_month_is_dropped_only_when_all_of_it_is_old_and_all_stages_have_read_it(settings):
    push_predictions(make_model(), [prediction_row(n) for n in range(3)])
    now = timezone.now()
    settings.PAYLOAD_DAYS = 0
    assert partitions.drop_old_payloads(now + timedelta(days=10_000)) == []
    settings.PAYLOAD_DAYS = 30
    (month,) = {partitions.month_of(now)}
    end = datetime(*partitions.next_month(month).timetuple()[:3], tzinfo=UTC)
    assert month not in partitions.drop_old_payloads(end + timedelta(days=29, hours=23))
    assert month not in partitions.drop_old_payloads(end + timedelta(days=31)), "it is still to be drawn"
    assert Payload.objects.count() == 3
    consume_all()
    assert month in partitions.drop_old_payloads(end + timedelta(days=31))
    assert Payload.objects.count() == 0
    assert push_predictions(make_model(), [prediction_row(9)]).accepted == 1, "the month is made again when needed"
