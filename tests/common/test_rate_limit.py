"""Rate limits, counted in the broker."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.common import rate_limit


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setitem(rate_limit._pause, "until", 0.0)


def test_only_an_amount_that_fits_is_counted(broker):
    assert rate_limit.take("a", 6, limit=10) == 0
    assert 59 < rate_limit.take("a", 5, limit=10) <= 60
    assert rate_limit.take("a", 4, limit=10) == 0
    assert rate_limit.take("b", 10, limit=10) == 0


def test_a_window_ends(broker):
    assert rate_limit.take("a", 1, limit=1, seconds=0.2) == 0
    assert 0 < rate_limit.take("a", 1, limit=1, seconds=0.2) <= 0.2
    time.sleep(0.25)
    assert rate_limit.take("a", 1, limit=1, seconds=0.2) == 0


def test_many_threads_together_get_no_more_than_the_limit(broker):
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: rate_limit.take("a", 1, limit=30), range(200)))
    assert waits.count(0) == 30


def test_a_broker_that_is_down_lets_everything_through_and_is_not_tried_again_at_once(settings, caplog):
    settings.CELERY_BROKER_URL = "redis+socket:///nonexistent/valkey.sock"
    assert [rate_limit.take("a", 1, limit=0) for _ in range(3)] == [0, 0, 0]
    assert caplog.text.count("rate_limit_not_counted") == 1
