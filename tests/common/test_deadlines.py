"""Work that takes too long is stopped, wherever it is."""

import signal
import time
from contextlib import suppress

import pytest
from django.db import connection

from apps.common.deadlines import TookTooLongError, deadline


def test_work_in_time_is_left_alone():
    with deadline(60.0, "too long"):
        done = True
    assert done
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


def test_work_is_stopped_at_its_deadline():
    started = time.monotonic()
    with pytest.raises(TookTooLongError, match="too long"), deadline(0.05, "too long"):
        time.sleep(10)
    assert time.monotonic() - started < 5


def _stubborn():
    for _ in range(3):
        with suppress(Exception):
            time.sleep(10)


def test_nothing_that_catches_errors_catches_the_deadline():
    with pytest.raises(TookTooLongError), deadline(0.05, "too long"):
        _stubborn()


@pytest.mark.django_db(transaction=True)
def test_a_query_is_canceled_and_the_connection_stays_usable():
    with pytest.raises(TookTooLongError), deadline(0.2, "too long"), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(10)")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(10)' AND state = 'active'")
        assert cursor.fetchone() == (0,)


def test_an_error_of_the_work_passes():
    with pytest.raises(ZeroDivisionError), deadline(60.0, "too long"):
        raise ZeroDivisionError
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
