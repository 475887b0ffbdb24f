"""An archived model rests; a model that holds nothing can be deleted, and no other."""

from datetime import date
from typing import Any

import pytest
from django.db import connection

from apps.accounts.models import Role
from apps.audit import services as audit
from apps.audit.models import Entry
from apps.common.errors import ConflictError, NotFoundError
from apps.predictions.models import BatchKind, RejectedRow
from apps.predictions.services import pushing, replaying
from apps.registry.models import MonitoredModel
from apps.registry.services import archiving
from apps.reports import services as reports
from apps.reports.models import Report, ReportJob
from apps.review import services as review
from apps.sampling.models import Draw
from apps.sampling.services import policies
from tests.factories import (
    body_of,
    draw_all,
    make_member,
    make_model,
    prediction_row,
    push_outcomes,
    push_predictions,
)
from tests.review.factories import make_items, make_queue

pytestmark = pytest.mark.django_db

OUTCOME = {"id": "case-1", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}
WINDOW = (date(2026, 3, 1), date(2026, 3, 8))


@pytest.fixture
def model() -> MonitoredModel:
    made = make_model()
    policies.put_document(made, {"floor": 1.0})
    return made


def archived(model: MonitoredModel) -> MonitoredModel:
    return archiving.archive(model, by=None)


@pytest.mark.parametrize(
    "act",
    [
        lambda model: push_predictions(model, [prediction_row(1)]),
        lambda model: push_outcomes(model, [OUTCOME]),
        lambda model: reports.request_report(model, "performance", *WINDOW),
        lambda model: review.resume(model.queues.get(), by=None),
    ],
    ids=["predictions", "outcomes", "report", "queue"],
)
def test_an_archived_model_refuses_what_would_put_it_to_work(model: MonitoredModel, act: Any) -> None:
    with pytest.raises(ConflictError) as refused:
        act(archived(model))
    assert refused.value.code == "model_archived"


def test_rejected_rows_of_an_archived_model_are_not_tried_again(model: MonitoredModel) -> None:
    push_predictions(model, [prediction_row(1, score=7)])
    with pytest.raises(ConflictError, match="archived"):
        replaying.replay(archived(model), kinds=[BatchKind.PREDICTIONS])
    assert RejectedRow.objects.get().tried_at is None


def test_what_an_archived_model_still_had_to_do_waits_until_it_is_restored(model: MonitoredModel) -> None:
    push_predictions(model, [prediction_row(1)])
    reports.request_report(model, "performance", *WINDOW)
    put_away = archived(model)
    draw_all(put_away)
    assert reports.run_due() == 0
    assert (Draw.objects.count(), reports.waiting_since()) == (0, None)
    restored = archiving.restore(put_away, by=None)
    draw_all(restored)
    assert reports.run_due() == 1
    assert (Draw.objects.count(), ReportJob.objects.get().status) == (1, "done")


def test_reports_of_an_archived_model_are_not_made_again(model: MonitoredModel, settings: Any) -> None:
    settings.REPORT_QUIET_MINUTES = 0
    push_predictions(model, [prediction_row(1)])
    draw_all(model)
    reports.request_report(model, "performance", *WINDOW)
    reports.run_due()
    push_outcomes(model, [OUTCOME])
    from apps.truth.services import resolving

    resolving.resolve_due()
    put_away = archived(model)
    assert reports.refresh_due() == 0
    archiving.restore(put_away, by=None)
    assert reports.refresh_due() == 1


def test_queues_pause_with_the_model_and_those_paused_before_stay_so() -> None:
    queue = make_queue()
    make_items(queue, 2)
    anna = make_member(queue.model.project)
    other = queue.model.queues.create(slug="other", name="Other")
    review.pause(other, by=anna.user)
    put_away = archived(queue.model)
    assert review.claim_slots(queue, by=anna) == []
    archiving.restore(put_away, by=anna.user)
    assert len(review.claim_slots(queue, by=anna)) == 1
    assert queue.model.queues.exclude(paused_at=None).get() == other


def test_archiving_and_restoring_are_recorded_once(model: MonitoredModel) -> None:
    owner = make_member(model.project, Role.OWNER).user
    for _ in range(2):
        put_away = archiving.archive(model, by=owner)
    for _ in range(2):
        archiving.restore(put_away, by=owner)
    acts = Entry.objects.filter(act__in=["model.archived", "model.restored"]).order_by("id")
    assert [(entry.act, entry.subject, entry.actor_id) for entry in acts] == [
        ("model.archived", f"model {model.slug}", owner.pk),
        ("model.restored", f"model {model.slug}", owner.pk),
    ]


def test_an_empty_model_goes_with_all_that_hangs_on_it(model: MonitoredModel) -> None:
    push_predictions(model, [prediction_row(1, score=7)])
    for _ in range(2):
        reports.request_report(model, "performance", *WINDOW)
        reports.run_due()
    assert (RejectedRow.objects.count(), Report.objects.count() > 0) == (1, True)
    other = make_model(model.project)
    archiving.delete(model, by=None)
    assert list(MonitoredModel.objects.all()) == [other]
    assert (RejectedRow.objects.count(), Report.objects.count(), ReportJob.objects.count()) == (0, 0, 0)
    entry = Entry.objects.get(act="model.deleted")
    assert (entry.subject, entry.details) == (f"model {model.slug}", {"model": model.pk})
    assert audit.verify(model.project_id) is None
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    ("act", "held"),
    [
        (lambda model: push_predictions(model, [prediction_row(1)]), "predictions"),
        (lambda model: push_outcomes(model, [OUTCOME]), "outcomes"),
    ],
)
def test_a_model_that_holds_something_stays(model: MonitoredModel, act: Any, held: str) -> None:
    act(model)
    with pytest.raises(ConflictError, match=f"holds {held}") as refused:
        archiving.delete(model, by=None)
    assert refused.value.code == "model_not_empty"
    assert MonitoredModel.objects.filter(pk=model.pk).exists()
    assert not Entry.objects.filter(act="model.deleted").exists()


def test_a_push_that_meets_the_deletion_finds_no_model(model: MonitoredModel) -> None:
    archiving.delete(MonitoredModel.objects.get(pk=model.pk), by=None)
    with connection.cursor() as cursor:
        # As at the commit of a push that began before the deletion.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(NotFoundError), body_of({"predictions": [prediction_row(1)]}) as body:
        pushing.push(BatchKind.PREDICTIONS, model, body)
    with pytest.raises(NotFoundError):
        archiving.delete(model, by=None)
