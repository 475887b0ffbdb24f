"""How long each kind of process waits for the database."""

import pytest
from django.db import connection, transaction

from apps.common.locks import wait_longer
from config import database

URL = "postgresql://me:se%20cret@db.example:6432/main"


@pytest.fixture
def options(monkeypatch):
    def of(kind: str, url: str = URL):
        monkeypatch.setenv(database.KIND, kind)
        return database.options(url)

    return of


def test_a_url_names_server_account_and_database(options):
    made = options("command")
    named = {name: made[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    assert named == {"NAME": "main", "USER": "me", "PASSWORD": "se cret", "HOST": "db.example", "PORT": "6432"}
    assert options("command", "postgresql://me@/main?host=%2Frun%2Fpg")["HOST"] == "/run/pg"


def test_options_of_the_url_win(options):
    made = options("worker", f"{URL}?sslmode=require&connect_timeout=9&options=-c%20jit%3Doff")["OPTIONS"]
    assert (made["sslmode"], made["connect_timeout"], made["application_name"]) == (
        "require",
        "9",
        "countersign worker",
    )
    assert made["options"].endswith("-c idle_in_transaction_session_timeout=900000 -c jit=off")


@pytest.mark.parametrize(
    ("kind", "statement", "lock", "idle"),
    [("web", 30_000, 750, 60_000), ("worker", 900_000, 300_000, 900_000), ("command", 0, 0, 0)],
)
def test_each_kind_of_process_has_its_limits(options, kind, statement, lock, idle):
    assert options(kind)["OPTIONS"]["options"] == (
        f"-c statement_timeout={statement} -c lock_timeout={lock} -c idle_in_transaction_session_timeout={idle}"
    )


def test_limits_come_from_the_environment(options, monkeypatch):
    monkeypatch.setenv("COUNTERSIGN_WEB_LOCK_MS", "1500")
    monkeypatch.setenv("COUNTERSIGN_WEB_STATEMENT_SECONDS", "0")
    assert options("web")["OPTIONS"]["options"].startswith("-c statement_timeout=0 -c lock_timeout=1500 ")


def test_only_web_processes_pool_their_connections(options):
    assert options("web")["OPTIONS"]["pool"]["max_size"] == 8
    assert options("web")["CONN_HEALTH_CHECKS"]
    assert all("pool" not in options(kind)["OPTIONS"] for kind in ("worker", "command"))


@pytest.mark.django_db
@pytest.mark.parametrize(("usual", "expected"), [("750ms", "20s"), ("5min", "5min"), ("0", "0")])
def test_a_transaction_can_wait_longer_for_locks_and_never_shorter(usual, expected):
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [usual])
        wait_longer(20)
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == (expected,)
