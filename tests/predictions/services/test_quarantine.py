"""Rejected rows are kept for a while with their reason, and can be tried again."""

import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from apps.common.errors import NotFoundError
from apps.predictions.models import Batch, BatchKind, Outcome, Payload, Prediction, RejectedRow
from apps.predictions.services import pushing, quarantine, replaying
from apps.registry.services import registering
from tests.factories import (
    body_of,
    make_model,
    model_document,
    prediction_row,
    push_outcomes,
    push_predictions,
)

pytestmark = pytest.mark.django_db
BOTH = list(BatchKind)


def outcome(number: int = 1, **changes):
    return {"id": f"case-{number}", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z", **changes}


def learn_class(model, name: str):
    """Add a class to the model, so that rows with this class become acceptable."""
    document = model_document(task="multiclass", classes=[*model.classes, name], positive_class="")
    return registering.put_model(model.project, slug=model.slug, document=document)


@pytest.fixture
def model():
    return make_model(task="multiclass", classes=["no", "yes"], positive_class="")


def row(number: int, **changes):
    return prediction_row(number, **{"score": None, "prediction": "perhaps", **changes})


def test_a_rejected_row_is_kept_as_sent_with_its_reason(model):
    push_predictions(model, [row(1, prediction="yes"), row(2)])
    kept = RejectedRow.objects.get()
    assert (kept.index, kept.external_id, kept.code, kept.field) == (1, "case-2", "unknown_class", "prediction")
    assert "perhaps" in kept.message
    assert json.loads(kept.text) == row(2)
    assert (kept.kind, kept.state, kept.is_cut, kept.left_out) == ("predictions", "waiting", False, 0)


def test_rejected_outcomes_and_conflicts_are_kept_too(model):
    push_predictions(model, [row(1, prediction="yes")])
    push_predictions(model, [row(1, prediction="no")])
    push_outcomes(model, [outcome(1, outcome="never")])
    assert set(RejectedRow.objects.values_list("kind", "code")) == {
        ("predictions", "conflict"),
        ("outcomes", "unknown_class"),
    }


def test_rows_that_are_not_json_or_not_storable_as_text_are_kept_byte_for_byte(model):
    lines = [
        b"{broken",
        b'{"id": "a\x00b"}',
        b'{"id": "\\ud800"}',
        b'{"a": 1, "a": 2, "\\u0000": 3}',
        b"7",
        b"\xc3\xa4" * 9,
    ]
    with transaction.atomic(), body_of(b"\n".join(lines), content_type="application/x-ndjson") as body:
        answer = pushing.store(BatchKind.PREDICTIONS, model, body)
    assert len(answer.rejected) == len(lines)
    assert [bytes(raw) for raw in RejectedRow.objects.order_by("index").values_list("raw", flat=True)] == lines


def test_a_large_row_is_cut_and_says_so(model):
    push_predictions(model, [row(1, features={"text": "ä" * quarantine.MAX_RAW_BYTES})])
    kept = RejectedRow.objects.get()
    assert kept.is_cut
    assert len(kept.raw) == quarantine.MAX_RAW_BYTES
    assert kept.text.startswith('{"id":"case-1"')


def test_a_large_push_keeps_a_thousand_rejected_rows_and_counts_the_others(model):
    push_predictions(model, [row(n) for n in range(2_200)])
    assert RejectedRow.objects.count() == quarantine.MAX_ROWS
    assert RejectedRow.objects.left_out() == 1_200
    assert RejectedRow.objects.latest("index").left_out == 1_200


def test_a_refused_atomic_push_leaves_nothing_and_a_repeated_one_adds_nothing(model):
    body = body_of({"predictions": [row(1)]})
    pushing.push(BatchKind.PREDICTIONS, model, body, is_atomic=True)
    assert not RejectedRow.objects.exists()
    for _ in range(2):
        pushing.push(BatchKind.PREDICTIONS, model, body, key="once", path="/x")
    assert RejectedRow.objects.count() == 1


def test_a_good_push_runs_no_query_on_the_quarantine(model, django_assert_num_queries):
    with django_assert_num_queries(0):
        keeper = quarantine.Keeper(model, BatchKind.PREDICTIONS)
        keeper.keep([])
        keeper.finish()


def test_a_replay_stores_rows_that_are_now_acceptable_and_gives_the_others_their_new_reason(model):
    push_predictions(model, [row(1), row(2), row(3, prediction="never"), row(4, latency_ms=-1)])
    learned = learn_class(model, "perhaps")
    answer = replaying.replay(learned, kinds=BOTH)
    assert answer.status == 207
    assert answer.document["batch"] == Batch.objects.get(accepted__gt=0).pk
    assert (answer.accepted, answer.duplicates, answer.remaining) == (2, 0, 0)
    assert [(r["id"], r["code"]) for r in answer.rejected] == [("case-3", "unknown_class"), ("case-4", "number_range")]
    assert set(Prediction.objects.values_list("external_id", flat=True)) == {"case-1", "case-2"}
    replayed = RejectedRow.objects.filter(state="replayed")
    assert {each.external_id for each in replayed} == {"case-1", "case-2"}
    assert all(each.replayed_at for each in replayed)
    waiting = RejectedRow.objects.waiting().values_list("external_id", "code")
    assert set(waiting) == {("case-3", "unknown_class"), ("case-4", "number_range")}


def test_a_replayed_row_keeps_what_the_model_saw(model):
    push_predictions(model, [row(1, processed={"age_scaled": -0.25})])
    assert replaying.replay(learn_class(model, "perhaps"), kinds=BOTH).accepted == 1
    assert Payload.objects.get().processed == {"age_scaled": -0.25}


def test_a_replay_notes_a_new_reason(model):
    push_predictions(model, [row(1, latency_ms=-1)])
    learned = learn_class(model, "perhaps")
    assert RejectedRow.objects.get().code == "unknown_class"
    replaying.replay(learned, kinds=BOTH)
    assert (RejectedRow.objects.get().code, RejectedRow.objects.get().field) == ("number_range", "latency_ms")


def test_a_second_replay_stores_nothing_twice(model):
    push_predictions(model, [row(1)])
    learned = learn_class(model, "perhaps")
    replaying.replay(learned, kinds=BOTH)
    again = replaying.replay(learned, kinds=BOTH, ids=list(RejectedRow.objects.values_list("pk", flat=True)))
    assert again.document | {"batches": []} == again.document
    assert (again.accepted, again.duplicates, again.rejected) == (0, 0, [])
    assert Prediction.objects.count() == 1


def test_a_row_pushed_again_in_the_meantime_counts_as_replayed(model):
    push_predictions(model, [row(1)])
    learned = learn_class(model, "perhaps")
    push_predictions(learned, [row(1)])
    answer = replaying.replay(learned, kinds=BOTH)
    assert (answer.accepted, answer.duplicates) == (0, 1)
    assert not RejectedRow.objects.waiting().exists()


def test_outcomes_are_replayed_in_a_batch_of_their_own(model):
    push_predictions(model, [row(1)])
    push_outcomes(model, [outcome(1, outcome="perhaps"), outcome(9, outcome="perhaps")])
    answer = replaying.replay(learn_class(model, "perhaps"), kinds=BOTH)
    assert (answer.accepted, answer.parked, len(answer.batches)) == (3, 1, 2)
    assert Outcome.objects.count() == 2


def test_only_the_chosen_rows_are_tried(model):
    push_predictions(model, [row(1), row(2), row(3, latency_ms=-1)])
    push_outcomes(model, [outcome(1, outcome="perhaps")])
    learned = learn_class(model, "perhaps")
    second = RejectedRow.objects.get(external_id="case-2")
    assert replaying.replay(learned, kinds=BOTH, ids=[second.pk]).accepted == 1
    assert replaying.replay(learned, kinds=BOTH, code="number_range").accepted == 0
    assert replaying.replay(learned, kinds=[BatchKind.OUTCOMES]).accepted == 1
    waiting = RejectedRow.objects.waiting().order_by("id").values_list("external_id", flat=True)
    assert list(waiting) == ["case-1", "case-3"]


def test_a_cut_row_cannot_be_tried_again_and_keeps_its_reason(model):
    push_predictions(model, [row(1, features={"text": "x" * quarantine.MAX_RAW_BYTES})])
    answer = replaying.replay(learn_class(model, "perhaps"), kinds=BOTH)
    assert [(r["code"], r["id"]) for r in answer.rejected] == [("cut", "case-1")]
    assert RejectedRow.objects.waiting().get().code == "unknown_class"


def test_repeated_replays_reach_every_row_in_turn(model):
    push_predictions(model, [row(n, latency_ms=-1) for n in range(5)])
    asked = [replaying.replay(model, kinds=BOTH, limit=2) for _ in range(3)]
    assert [answer.remaining for answer in asked] == [3, 3, 3]
    assert {each["row"] for answer in asked for each in answer.rejected} == set(
        RejectedRow.objects.values_list("pk", flat=True)
    )


def test_rows_of_another_model_are_not_found(model):
    push_predictions(model, [row(1)])
    with pytest.raises(NotFoundError):
        replaying.replay(make_model(), kinds=BOTH, ids=[RejectedRow.objects.get().pk])
    assert RejectedRow.objects.waiting().get().tried_at is None


def test_old_rows_expire_and_younger_ones_stay(model, settings, monkeypatch):
    monkeypatch.setattr(quarantine, "EXPIRED_AT_ONCE", 2)
    settings.QUARANTINE_DAYS = 7
    push_predictions(model, [row(n) for n in range(6)])
    old = list(RejectedRow.objects.values_list("pk", flat=True)[:5])
    RejectedRow.objects.filter(pk__in=old).update(received_at=timezone.now() - timedelta(days=8))
    assert quarantine.expire() == 5
    assert quarantine.expire() == 0
    assert RejectedRow.objects.get().pk not in old
