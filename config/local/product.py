"""The product's own processes, in the order in which they start; they stop in the opposite order."""

import http.client
import os
import sys
from collections.abc import Callable
from pathlib import Path

from config import queues
from config.local.process import Program
from config.local.state import PROJECT_ROOT, State

PYTHON = sys.executable
# Django's checks import every view, and the first page is waiting. `./run.sh test` runs the checks.
SKIP_CHECKS = "--skip-checks"
WORKERS = ("worker", *queues.OWN)


def manage(*arguments: str) -> tuple[str, ...]:
    """Return the command line of a management command."""
    return (PYTHON, str(PROJECT_ROOT / "manage.py"), *arguments)


def migrate() -> Program:
    command = manage("migrate", "--no-input", "--verbosity", "0", SKIP_CHECKS)
    return Program(name="migrate", command=command, is_finite=True)


def setup_link() -> Program:
    """Print the one-time link that creates the first owner, until there is an owner."""
    return Program(name="setup", command=manage("setup_link", SKIP_CHECKS), is_finite=True)


def programs(state: State, *, port: int) -> list[Program]:
    """Return the workers, web and beat. Beat waits until web is ready, because people wait for the first page."""
    # We accept JSON only. The warning about running as root concerns pickle.
    no_warning = ("-W", "ignore:You're running the worker with superuser privileges")
    celery = (PYTHON, *no_warning, "-m", "celery", "--quiet", SKIP_CHECKS, "-A", "config")
    worker = (*celery, "worker", "--without-mingle", "--without-gossip")
    concurrency = os.environ.get("WORKER_CONCURRENCY", "2")
    schedule = state.home / "beat-schedule"
    return [
        Program(name="worker", command=(*worker, "--queues", queues.DEFAULT, "--concurrency", concurrency)),
        # One process does one piece of work after the other: a pool would cost another 90 MB for each.
        *(
            Program(name=queue, command=(*worker, "--queues", queue, "--hostname", f"{queue}@%h", "--pool", "solo"))
            for queue in queues.OWN
        ),
        Program(
            name="web",
            command=(PYTHON, "-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi:application"),
            is_ready=_answers(port=port),
            grace=15.0,
        ),
        Program(name="beat", command=(*celery, "beat", "--pidfile", "", "--schedule", str(schedule))),
    ]


def demo() -> Program:
    """Return the walk through real data. It exits once everything is sent and the reports are done."""
    return Program(name="demo", command=(PYTHON, "-m", "apps.demo"), is_finite=True)


def demo_environment(home: Path) -> dict[str, str]:
    """Name the file in which the demo records its progress; the progress page reads it."""
    return {"COUNTERSIGN_DEMO_STATE": str(home / "demo.json")}


def _answers(*, port: int) -> Callable[[], bool]:
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
