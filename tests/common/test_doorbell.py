"""A bell that is on its way is not rung again; once it is answered it is."""

import time
from types import SimpleNamespace

import pytest

from apps.common import doorbell
from apps.sampling.tasks import draw


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(doorbell, "current_app", SimpleNamespace(send_task=lambda name, **_: names.append(name)))
    return names


def test_a_bell_on_its_way_is_rung_once_and_each_bell_by_itself(broker, sent):
    for _ in range(3):
        doorbell.ring("draw")
        doorbell.ring("resolve")
    assert sent == ["draw", "resolve"]


def test_who_commits_after_the_answer_rings_again(broker, sent):
    doorbell.ring("draw")
    draw.before_start("id", (), {})
    doorbell.ring("draw")
    assert sent == ["draw", "draw"]


def test_a_bell_that_was_lost_is_rung_again_after_a_moment(broker, sent, monkeypatch):
    monkeypatch.setattr(doorbell, "PENDING_MS", 50)
    doorbell.ring("draw")
    time.sleep(0.1)
    doorbell.ring("draw")
    assert sent == ["draw", "draw"]
