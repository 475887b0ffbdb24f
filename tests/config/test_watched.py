"""A server that says nothing is given up; one that works is not."""

import os
import socket
import time

import psycopg
import pytest

from config.watched import ANSWER_SECONDS, SILENCE_SECONDS, Pulse, SilentDatabaseError, WatchedConnection


@pytest.fixture
def pulse(monkeypatch) -> Pulse:
    own = Pulse()
    monkeypatch.setattr(WatchedConnection, "pulse", own)
    return own


def test_a_long_statement_of_a_server_that_answers_goes_on(pulse):
    with WatchedConnection.connect(os.environ["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT 7 FROM pg_sleep(%s)", [SILENCE_SECONDS + 0.3]).fetchone() == (7,)
        assert pulse._asked_at > 0, "the server was asked"


def test_a_statement_of_a_server_that_answers_nobody_is_given_up(pulse, monkeypatch):
    monkeypatch.setattr(pulse, "answers", lambda host, port: False)
    with WatchedConnection.connect(os.environ["DATABASE_URL"]) as connection:
        began = time.monotonic()
        with pytest.raises(SilentDatabaseError):
            connection.execute("SELECT pg_sleep(20)")
        assert time.monotonic() - began < SILENCE_SECONDS + 0.5
        assert connection.closed
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_silence_is_noticed_in_time_and_remembered(pulse):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        assert not pulse.answers("127.0.0.1", port)
        assert ANSWER_SECONDS <= time.monotonic() - began < ANSWER_SECONDS + 0.5
        again = time.monotonic()
        assert not pulse.answers("127.0.0.1", port)
        assert time.monotonic() - again < 0.1


def test_a_server_that_is_down_does_not_answer(tmp_path, pulse):
    assert not pulse.answers(str(tmp_path), 5432)
