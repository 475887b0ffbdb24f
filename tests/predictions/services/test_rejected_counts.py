"""Rejected rows are counted by reason, even if they are not kept or nothing else was stored."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.predictions.models import Batch, BatchKind, RejectedCount, RejectedRow
from apps.predictions.services import quarantine
from apps.predictions.services.replaying import replay
from tests.factories import make_model, prediction_row, push_outcomes, push_predictions

pytestmark = pytest.mark.django_db


def counted():
    return sorted(RejectedCount.objects.values_list("kind", "code", "rows"))


def test_each_reason_is_counted_beyond_the_rows_that_are_kept(monkeypatch):
    monkeypatch.setattr(quarantine, "MAX_ROWS", 2)
    bad = [prediction_row(n, score=7) for n in range(4)] + [prediction_row(n, nonsense=1) for n in range(10, 13)]
    push_predictions(make_model(), bad)
    batch = Batch.objects.get()
    assert (batch.accepted, batch.duplicates, batch.rejected, batch.stages.count()) == (0, 0, 7, 0)
    assert RejectedRow.objects.count() == 2
    assert counted() == [("predictions", "probability_range", 4), ("predictions", "unknown_field", 3)]


def test_a_push_without_rejected_rows_counts_nothing():
    push_predictions(make_model(), [prediction_row(1)])
    assert counted() == []


def test_a_push_of_which_all_was_sent_before_is_a_batch_too():
    model = make_model()
    for _ in range(2):
        push_predictions(model, [prediction_row(1), prediction_row(2)])
    assert list(Batch.objects.order_by("pk").values_list("accepted", "duplicates")) == [(2, 0), (0, 2)]


def test_a_replay_does_not_count_again():
    model = make_model()
    push_outcomes(model, [{"id": "case-1", "outcome": "perhaps", "occurred_at": "2026-03-20T00:00:00Z"}])
    replay(model, kinds=list(BatchKind))
    assert counted() == [("outcomes", "unknown_class", 1)]
    assert list(Batch.objects.values_list("accepted", "rejected")) == [(0, 1)]


def test_the_counts_outlive_the_rows_and_expire_later(settings):
    settings.QUARANTINE_DAYS = 7
    push_predictions(make_model(), [prediction_row(1, score=7)])
    for days, left in ((8, 1), (quarantine.COUNT_DAYS + 1, 0)):
        ago = timezone.now() - timedelta(days=days)
        RejectedRow.objects.update(received_at=ago)
        RejectedCount.objects.update(received_at=ago)
        quarantine.expire()
        assert (RejectedRow.objects.count(), RejectedCount.objects.count()) == (0, left)
