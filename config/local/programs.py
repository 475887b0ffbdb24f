"""The product's own processes, as a table in the order of their start; they stop in the opposite order."""

import http.client
import os
import sys
from collections.abc import Callable
from pathlib import Path

from config.local.process import Program
from config.local.state import PROJECT_ROOT, State

PYTHON = sys.executable


def manage(*arguments: str) -> tuple[str, ...]:
    """The command line of a management command."""
    return (PYTHON, str(PROJECT_ROOT / "manage.py"), *arguments)


# The checks import every view; `./run.sh test` has made them, and somebody waits for the first page.
SKIP_CHECKS = "--skip-checks"


def migrate() -> Program:
    command = manage("migrate", "--no-input", "--verbosity", "0", SKIP_CHECKS)
    return Program(name="migrate", command=command, is_finite=True)


def setup_link() -> Program:
    """Prints the one-time link of the first owner, as long as there is none."""
    return Program(name="setup", command=manage("setup_link", SKIP_CHECKS), is_finite=True)


def product(state: State, *, port: int) -> list[Program]:
    """Worker, web, and, once web serves, beat: the first page is what somebody waits for."""
    # JSON alone is accepted, so the warning about root, which is about pickle, says nothing here.
    no_warning = ("-W", "ignore:You're running the worker with superuser privileges")
    celery = (PYTHON, *no_warning, "-m", "celery", "--quiet", "-A", "config")
    concurrency = os.environ.get("WORKER_CONCURRENCY", "2")
    schedule = state.home / "beat-schedule"
    return [
        Program(
            name="worker",
            command=(*celery, "worker", "--without-mingle", "--without-gossip", "--concurrency", concurrency),
        ),
        Program(
            name="web",
            command=(PYTHON, "-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi:application"),
            is_ready=answers(port=port),
            grace=15.0,
        ),
        Program(name="beat", command=(*celery, "beat", "--pidfile", "", "--schedule", str(schedule))),
    ]


def demo() -> Program:
    """The walk through real data: it ends when all is sent and the reports are done."""
    return Program(name="demo", command=(PYTHON, "-m", "apps.demo"), is_finite=True)


def demo_environment(home: Path) -> dict[str, str]:
    """Where the demo says how far it is, for the progress page."""
    return {"COUNTERSIGN_DEMO_STATE": str(home / "demo.json")}


def answers(*, port: int) -> Callable[[], bool]:
    """Whether the web process serves."""

    def ask() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask
