"""The supervisor of `./run.sh up`, and what is left when it or its children are killed."""

import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.benchmarks.harness import Site, running_site, start_site

pytestmark = pytest.mark.faults

PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.mark.parametrize("name", ["postgres", "valkey", "worker", "web", "beat"])
def test_a_killed_child_starts_again(site: Site, name: str) -> None:
    killed = _leader(site, name)
    os.kill(killed, signal.SIGKILL)
    _eventually(lambda: _find_leader(site, name) not in {None, killed})
    _eventually(lambda: _is_ready(site))
    assert f"{name:<8} | ended with -9; starts again in 0.5 s" in site.terminal


def test_killed_pool_and_web_workers_are_replaced(site: Site) -> None:
    for name in ("worker", "web"):
        _eventually(lambda name=name: len(_children(_leader(site, name))) == 2)
        before = _children(_leader(site, name))
        os.kill(min(before), signal.SIGKILL)
        _eventually(lambda name=name, before=before: len(_children(_leader(site, name)) - before) == 1)
    _eventually(lambda: _is_ready(site))


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_has_all_data(tmp_path: Path) -> None:
    killed = start_site(tmp_path)
    everything = _tree(killed.process.pid)
    assert len(everything) > 12, "servers, web, worker and beat, with their own processes"
    with psycopg.connect(killed.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    killed.process.kill()
    killed.process.wait()
    _eventually(lambda: not _living(everything))
    with running_site(home=tmp_path) as again, psycopg.connect(again.database_url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_the_next_start_does_not_wait_for_somebody_to_clean_up(tmp_path: Path) -> None:
    """Started in the same moment, while the last servers may still be going down."""
    killed = start_site(tmp_path)
    killed.process.kill()
    with running_site(home=tmp_path) as again:
        _eventually(lambda: _is_ready(again))
    killed.process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_in_order(tmp_path: Path, number: int) -> None:
    site = start_site(tmp_path)
    everything = _tree(site.process.pid)
    site.process.send_signal(number)
    assert site.process.wait(PATIENCE_SECONDS) == 0
    assert not _living(everything)
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()
    log = (tmp_path / "logs" / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")
    assert "terminating connection" not in log, "the database went before those who use it"


def test_a_management_command_works_beside_a_running_instance_and_without_one(tmp_path: Path) -> None:
    count = (
        "shell",
        "-v0",
        "-c",
        "from apps.accounts.models import User; print('users:', User.objects.count())",
    )
    with running_site(home=tmp_path, without=["worker", "beat"]) as site:
        assert "users: 0" in site.manage(*count)
    assert "users: 0" in site.manage(*count)
    assert not (tmp_path / "postgres" / "postmaster.pid").exists(), "it stops the servers that it started"


def _leader(site: Site, name: str) -> int:
    """The child of the supervisor that runs the program, once it does."""
    _eventually(lambda: _find_leader(site, name) is not None)
    return _find_leader(site, name) or 0


def _find_leader(site: Site, name: str) -> int | None:
    marks = {
        "postgres": b"\0-D\0",
        "valkey": b"valkey-server",
        "worker": b"\0worker\0",
        "web": b"gunicorn",
        "beat": b"\0beat\0",
    }
    for pid in _children(site.process.pid):
        arguments = _read(pid, "cmdline")
        if marks[name] in arguments and b"apps.common.embedded.launch" not in arguments:
            return pid
    return None


def _children(parent: int | None) -> set[int]:
    """Direct children only: every program's leader, or a leader's own workers."""
    return {pid for pid in _pids() if _read(pid, "stat").rpartition(b")")[2].split()[1:2] == [b"%d" % (parent or 0)]}


def _tree(root: int) -> set[int]:
    """A process with everything that descends from it."""
    return {root}.union(*(_tree(child) for child in _children(root)))


def _living(pids: set[int]) -> set[int]:
    """Those that are still there; one that merely waits for its parent to take note is not."""
    return {pid for pid in pids if _read(pid, "stat").rpartition(b")")[2].split()[:1] not in ([], [b"Z"])}


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _is_ready(site: Site) -> bool:
    try:
        with urllib.request.urlopen(f"{site.base_url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
