"""Deliveries: at least once, in order for each prediction, again until they are taken."""

import random
import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from apps.common import egress
from apps.common.errors import LeaseLostError
from apps.notifications.models import Delivery, Endpoint, Event
from apps.notifications.services import delivering, endpoints, signing
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from tests.common.test_egress import LOOPBACK
from tests.factories import make_member, make_model, prediction_row, push_predictions
from tests.notifications.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture
def model(settings: Settings) -> MonitoredModel:
    settings.EGRESS_NETWORKS = LOOPBACK
    model = make_model()
    push_predictions(model, [prediction_row(number) for number in range(1, 6)])
    return model


def happen(model: MonitoredModel, *numbers: int, kind: str = "review.settled") -> list[Event]:
    """Let something happen to each of these cases, in this order, for every endpoint."""
    last = Event.objects.filter(model=model).count()
    made = []
    for seq, number in enumerate(numbers, start=last + 1):
        prediction = Prediction.objects.get(model=model, external_id=f"case-{number}")
        event = Event.objects.create(
            model=model,
            seq=seq,
            key=uuid4(),
            kind=kind,
            prediction=prediction,
            data={"id": prediction.external_id, "step": seq},
            occurred_at=timezone.now(),
        )
        for endpoint in Endpoint.objects.all():
            Delivery.objects.create(event=event, endpoint=endpoint, subject=prediction.pk)
        made.append(event)
    return made


def pass_time(hours: float) -> None:
    """Move the clock on: all that is kept as a moment lies further back."""
    by = timedelta(hours=hours)
    Delivery.objects.update(next_try_at=F("next_try_at") - by, lease_expires_at=F("lease_expires_at") - by)
    Endpoint.objects.update(retry_at=F("retry_at") - by)


def steps(receiver: Receiver) -> list[int]:
    return [each["data"]["step"] for each in receiver.got]


def test_an_event_arrives_signed_with_its_key(model: MonitoredModel) -> None:
    with receiving(model.project) as (receiver, _):
        (event,) = happen(model, 1)
        assert delivering.deliver_due() == 1
    (got,) = receiver.got
    assert (got["type"], got["data"]["seq"]) == ("review.settled", 1)
    assert receiver.keys == [str(event.key)]
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts, delivery.lease_token) == (204, 1, None)
    assert delivery.delivered_at is not None
    assert delivering.deliver_due() == 0


def test_the_signature_of_the_standard() -> None:
    # The example of the specification's libraries.
    secret, key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    made = signing.headers(secret, key=key, at=1614265330, body=b'{"test": 2432232314}')  # type: ignore[arg-type]  # the example has a text
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_is_refused_is_tried_again_later_and_fails_in_the_end(model: MonitoredModel) -> None:
    with receiving(model.project) as (receiver, endpoint):
        receiver.status = lambda _: 400
        happen(model, 1)
        waits = []
        for _ in range(delivering.MAX_ATTEMPTS):
            assert delivering.deliver_due() == 0
            delivery = Delivery.objects.get()
            waits.append((delivery.next_try_at - timezone.now()).total_seconds())
            pass_time(48)
        delivery.refresh_from_db()
        assert (delivery.attempts, delivery.status) == (delivering.MAX_ATTEMPTS, 400)
        assert delivery.failed_at is not None
        for wait, planned in zip(waits, delivering.WAITS_SECONDS, strict=False):
            assert 0.75 * planned - 2 < wait < 1.25 * planned
        # A refusal says nothing about the endpoint.
        endpoint.refresh_from_db()
        assert endpoint.failures == 0
        receiver.status = lambda _: 200
        boss = make_member(model.project).user
        assert endpoints.send_again(endpoint, Delivery.objects.failed(), by=boss) == 1
        assert delivering.deliver_due() == 1


@pytest.mark.slow
def test_an_endpoint_that_is_away_is_left_alone_for_a_while(model: MonitoredModel) -> None:
    with receiving(model.project) as (receiver, endpoint), receiving(model.project) as (other, _):
        calls: list[int] = []

        def away(data: dict[str, Any]) -> int:
            calls.append(data["step"])
            return 503

        receiver.status = away
        happen(model, *[1 + number % 5 for number in range(100)])
        delivering.deliver_due()
        assert len(other.got) == 100
        assert len(calls) <= delivering.AT_ONCE
        endpoint.refresh_from_db()
        assert endpoint.failures == 1
        assert endpoint.retry_at is not None
        receiver.status = lambda _: 200
        assert delivering.deliver_due() == 0
        pass_time(1)
        delivering.deliver_due()
        endpoint.refresh_from_db()
        assert (endpoint.failures, endpoint.retry_at) == (0, None)
        assert sorted(steps(receiver)) == list(range(1, 101))


def test_one_that_wants_nothing_more_gets_nothing_more(model: MonitoredModel) -> None:
    with receiving(model.project) as (receiver, endpoint):
        receiver.status = lambda _: 410
        happen(model, 1, 2)
        delivering.deliver_due()
        endpoint.refresh_from_db()
        assert endpoint.paused_at is not None
        receiver.status = lambda _: 200
        pass_time(100)
        assert delivering.deliver_due() == 0


def test_the_later_event_of_a_case_waits_for_the_earlier(model: MonitoredModel) -> None:
    with receiving(model.project) as (receiver, _):
        receiver.status = lambda data: 400 if data["step"] == 1 else 200
        happen(model, 1, 1, 2)
        delivering.deliver_due()
        assert steps(receiver) == [3]
        receiver.status = lambda _: 200
        pass_time(1)
        delivering.deliver_due()
        assert steps(receiver) == [3, 1, 2]


def test_a_worker_that_dies_after_sending_leaves_the_event_to_the_next_with_the_same_key(
    model: MonitoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(model.project) as (receiver, _):
        happen(model, 1)

        def die(*_: Any) -> None:
            raise SystemExit

        with monkeypatch.context() as patched:
            patched.setattr(delivering, "_note", die)
            with pytest.raises(SystemExit):
                delivering.deliver_due()
        assert delivering.deliver_due() == 0
        pass_time(1)
        assert delivering.deliver_due() == 1
        assert len(receiver.keys) == 2
        assert len(set(receiver.keys)) == 1


def test_a_worker_whose_lease_was_taken_over_writes_nothing(model: MonitoredModel) -> None:
    with receiving(model.project) as (_, endpoint):
        happen(model, 1)
        (claimed,) = Delivery.objects.due().claim(seconds=60)
        pass_time(1)
        Delivery.objects.due().claim(seconds=60)
        assert delivering._note(claimed, delivering.Result(None, "away")) is False
        endpoint.refresh_from_db()
        assert endpoint.failures == 0
        with pytest.raises(LeaseLostError):
            claimed.fenced_update(status=1)


def test_an_address_that_has_moved_inside_is_refused_at_the_connection(
    model: MonitoredModel, settings: Settings
) -> None:
    with receiving(model.project) as (receiver, _):
        settings.EGRESS_NETWORKS = []
        happen(model, 1)
        delivering.deliver_due()
        assert receiver.got == []
        assert "private network" in Delivery.objects.get().said


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_hour_away_two_workers_and_kills_lose_nothing_and_keep_the_order(model: MonitoredModel) -> None:
    """Workers die after sending and before writing it down; the receiver is away at first, and fails now and then."""
    chance = random.Random(1)
    killed: list[int] = []
    lock = threading.Lock()
    note = delivering._note

    def dying(delivery: Delivery, result: delivering.Result) -> bool:
        with lock:
            dies = chance.random() < 0.05
        if dies:
            killed.append(delivery.pk)
            raise SystemExit
        return note(delivery, result)

    def work() -> None:
        try:
            delivering.deliver_due()
        except SystemExit:
            pass
        finally:
            connections.close_all()

    with receiving(model.project) as (receiver, _), pytest.MonkeyPatch.context() as patched:
        patched.setattr(delivering, "_note", dying)
        patched.setattr(egress, "TIMEOUT_SECONDS", 2.0)
        receiver.status = lambda _: 503
        made = happen(model, *[1 + number % 5 for number in range(120)])
        hours = 0.0
        while Delivery.objects.waiting().exists():
            if hours >= 1:
                receiver.status = lambda _: 500 if chance.random() < 0.05 else 200
            workers = [threading.Thread(target=work) for _ in range(2)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            pass_time(0.25)
            hours += 0.25
            assert hours < 500
    assert killed
    assert not Delivery.objects.failed().exists()
    assert set(receiver.keys) == {str(event.key) for event in made}
    for number in range(1, 6):
        own = [each["data"]["step"] for each in receiver.got if each["data"]["id"] == f"case-{number}"]
        firsts = list(dict.fromkeys(own))
        assert firsts == sorted(firsts)
        # Sent again after a kill, an event comes before the next one of its case.
        assert own == sorted(own)


def test_replaying_sends_what_was_and_was_not_sent(model: MonitoredModel) -> None:
    happen(model, 1, 2)
    with receiving(model.project) as (receiver, endpoint):
        happen(model, 3)
        delivering.deliver_due()
        assert steps(receiver) == [3]
        boss = make_member(model.project).user
        assert endpoints.replay(endpoint, Event.objects.filter(model=model, seq__gt=1), by=boss) == 2
        delivering.deliver_due()
        # Different cases come in any order.
        assert (steps(receiver)[0], sorted(steps(receiver)[1:])) == (3, [2, 3])
        assert len(set(receiver.keys)) == 2


def test_a_paused_endpoint_gets_what_happened_once_it_is_resumed(model: MonitoredModel) -> None:
    boss = make_member(model.project).user
    with receiving(model.project) as (receiver, endpoint):
        endpoints.pause(endpoint, by=boss)
        happen(model, 1)
        assert delivering.deliver_due() == 0
        assert delivering.waiting_since() is None
        endpoints.resume(endpoint, by=boss)
        assert delivering.waiting_since() is not None
        assert delivering.deliver_due() == 1
        assert steps(receiver) == [1]
