"""From draws to cases."""

import pytest

from apps.predictions.models import BatchStage, Payload, Stage
from apps.review import services
from apps.review.models import ReviewItem, Slot
from apps.sampling.services.randomness import permanent_number
from tests.factories import draw_all, push_predictions
from tests.review.factories import ATTRIBUTIONS, make_items, make_queue, row

pytestmark = pytest.mark.django_db


def test_each_draw_becomes_one_item_with_a_copy_of_its_payload() -> None:
    queue = make_queue()
    (item,) = make_items(queue, features={"age": 67, "sex": None, "more": "x"})
    assert item.features == {"age": 67, "sex": None, "more": "x"}
    assert (item.attributions, item.attribution_base) == (ATTRIBUTIONS, 1.1576)
    assert item.probabilities == {"no": 0.1683, "yes": 0.8317}
    assert (item.queue, item.is_blind, item.state) == (queue, True, ReviewItem.State.OPEN)
    assert item.draw_id == item.prediction_id


def test_an_item_keeps_its_copy_when_retention_drops_the_payload() -> None:
    (item,) = make_items(make_queue(), processed={"b": 1, "age": -0.25})
    Payload.objects.all().delete()
    item.refresh_from_db()
    assert item.features["age"] == 21
    assert list(item.processed.items()) == [("b", 1), ("age", -0.25)]


def test_an_item_gets_as_many_slots_as_its_queue_overlaps_at_one_random_place() -> None:
    queue = make_queue(overlap=3)
    (item,) = make_items(queue)
    slots = item.slots.order_by("position")
    assert [slot.position for slot in slots] == [0, 1, 2]
    place = permanent_number(bytes(queue.model.salt), "case-1", "order")
    assert {slot.order_key for slot in slots} == {place}


def test_shown_items_come_from_draws_that_are_not_blind() -> None:
    (item,) = make_items(make_queue(blind=False))
    assert not item.is_blind


def test_a_batch_is_opened_once_however_often_the_bell_rings() -> None:
    queue = make_queue()
    make_items(queue, 3)
    assert services.open_due_items() == 0
    assert (ReviewItem.objects.count(), Slot.objects.count()) == (3, 3)
    assert not BatchStage.objects.filter(stage=Stage.OPEN_ITEMS, done_at=None).exists()


def test_a_batch_that_is_consumed_again_opens_no_second_item() -> None:
    make_items(make_queue(), 3)
    BatchStage.objects.filter(stage=Stage.OPEN_ITEMS).update(done_at=None)
    assert services.open_due_items() == 1
    assert ReviewItem.objects.count() == 3


def test_a_failure_leaves_the_batch_due_with_its_error_and_no_half_of_its_items(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = make_queue()
    push_predictions(queue.model, [row(1)])
    draw_all(queue.model)

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(Slot.objects, "bulk_create", fail)
    assert services.open_due_items() == 0
    stage = BatchStage.objects.get(stage=Stage.OPEN_ITEMS)
    assert stage.done_at is None
    assert "disk full" in stage.error
    assert not ReviewItem.objects.exists()


def test_more_draws_than_one_chunk_are_all_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.review.services.opening.CHUNK", 2)
    assert len(make_items(make_queue(), 5)) == 5
