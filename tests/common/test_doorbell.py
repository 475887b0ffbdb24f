"""A bell that is on its way does not ring again until it is answered."""

import time
from types import SimpleNamespace

import pytest
from kombu.exceptions import OperationalError

from apps.common import doorbell
from apps.sampling.tasks import draw


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(doorbell, "current_app", SimpleNamespace(send_task=lambda name, **_: names.append(name)))
    return names


def test_each_bell_rings_once_while_it_is_on_its_way(broker, sent):
    for _ in range(3):
        doorbell.ring("draw")
        doorbell.ring("resolve")
    assert sent == ["draw", "resolve"]


def test_a_broker_that_fails_between_two_calls_fails_no_request(broker, monkeypatch):
    def fail(name: str, **_: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(doorbell, "current_app", SimpleNamespace(send_task=fail))
    doorbell.ring("draw")


def test_an_answered_bell_rings_again(broker, sent):
    doorbell.ring("draw")
    draw.before_start("id", (), {})
    doorbell.ring("draw")
    assert sent == ["draw", "draw"]


def test_a_lost_bell_rings_again_after_a_moment(broker, sent, monkeypatch):
    monkeypatch.setattr(doorbell, "PENDING_MS", 50)
    doorbell.ring("draw")
    time.sleep(0.1)
    doorbell.ring("draw")
    assert sent == ["draw", "draw"]
