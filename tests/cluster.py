"""A throw-away PostgreSQL and Valkey for the test session, running before anything reads the settings."""

import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_django.plugin import blocking_manager_key

from config.local.servers import embedded, running
from config.local.state import State, StateInUseError

PREFIX = "countersign-test-"
TEMPLATE = "countersign_migrated"
_resources = ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Run before pytest-django's own hook, which reads the settings."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        _start()
    else:
        # pytest-django gives every worker its own database. This gives it its own part of the broker.
        number = int(worker.removeprefix("gw")) + 1
        os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].partition('?')[0]}?virtual_host={number}"
    return (yield)


def pytest_configure() -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        from django.db import connections

        connections["default"].settings_dict["TEST"]["TEMPLATE"] = TEMPLATE


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Migrate once for all workers, while they collect: each takes a copy, where migrations take ten seconds."""
    if "PYTEST_XDIST_WORKER" not in os.environ and session.config.getoption("dist", "no") != "no":
        from django.db import connection

        with session.config.stash[blocking_manager_key].unblock():
            connection.settings_dict["TEST"]["NAME"] = TEMPLATE
            connection.creation.create_test_db(verbosity=0, serialize=False)
            # A database in use cannot be copied.
            connection.close()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _resources.close()


def _start() -> None:
    _remove_abandoned()
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    state = State(home)
    _resources.callback(state.remove)
    state.make()
    _resources.enter_context(state.locked(what="test"))
    # Tests never touch a server in use, whatever the environment says.
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("REDIS_URL", None)
    programs, environment = embedded(state, is_durable=False)
    os.environ.update(environment)
    _resources.enter_context(running(programs, logs=state.logs))


def _remove_abandoned() -> None:
    """Remove the folders of killed sessions, whose lock no process holds."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            if home.stat().st_uid != os.geteuid() or not (home / "lock").exists():
                continue
            with State(home).locked():
                State(home).remove()
        except (StateInUseError, FileNotFoundError):  # another session has just removed it
            continue
