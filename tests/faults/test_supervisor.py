"""The supervisor of `./run.sh up`, and what remains when it or its children are killed."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.benchmarks.harness import BACKGROUND, Site, running_site, start_site
from tests.faults.processes import PATIENCE_SECONDS, children, eventually, find_leader, is_ready, leader, living, tree

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.mark.parametrize("name", ["postgres", "valkey", "worker", "draws", "uploads", "reports", "web", "beat"])
def test_a_killed_child_is_restarted(site: Site, name: str) -> None:
    killed = leader(site, name)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: find_leader(site, name) not in {None, killed})
    eventually(lambda: is_ready(site))
    assert f"{name:<8} | exited with -9; restarting in 0.5 s" in site.terminal


def test_killed_pool_and_web_workers_are_replaced(site: Site) -> None:
    for name in ("worker", "web"):
        eventually(lambda name=name: len(children(leader(site, name))) == 2)
        before = children(leader(site, name))
        os.kill(min(before), signal.SIGKILL)
        eventually(lambda name=name, before=before: len(children(leader(site, name)) - before) == 1)
    eventually(lambda: is_ready(site))


def test_nothing_outlives_a_killed_supervisor_and_no_data_are_lost(tmp_path: Path) -> None:
    killed = start_site(tmp_path)
    everything = tree(killed.process.pid)
    assert len(everything) > 13, "servers, web, workers and beat, with their children"
    with psycopg.connect(killed.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    killed.process.kill()
    killed.process.wait()
    eventually(lambda: not living(everything))
    with running_site(home=tmp_path) as again, psycopg.connect(again.database_url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_a_start_right_after_a_kill_needs_no_cleaning_up(tmp_path: Path) -> None:
    """The next start comes at once, while the killed servers may still be going down."""
    killed = start_site(tmp_path)
    killed.process.kill()
    with running_site(home=tmp_path) as again:
        eventually(lambda: is_ready(again))
    killed.process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_in_order(tmp_path: Path, number: int) -> None:
    site = start_site(tmp_path)
    everything = tree(site.process.pid)
    site.process.send_signal(number)
    assert site.process.wait(PATIENCE_SECONDS) == 0
    assert not living(everything)
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()
    log = (tmp_path / "logs" / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")
    assert "terminating connection" not in log, "the database stopped before the programs that use it"


def test_a_management_command_works_beside_a_running_instance_and_without_one(tmp_path: Path) -> None:
    count = (
        "shell",
        "-v0",
        "-c",
        "from apps.accounts.models import User; print('users:', User.objects.count())",
    )
    with running_site(home=tmp_path, without=BACKGROUND, is_first=True) as site:
        assert "users: 0" in site.manage(*count)
        assert f"{site.base_url}/setup/" in site.manage("setup_link"), "the link leads to the running instance"
        assert "/setup/***/" in (tmp_path / "logs" / "setup.log").read_text(), "the log holds no secret"
    assert "users: 0" in site.manage(*count)
    assert not (tmp_path / "postgres" / "postmaster.pid").exists(), "the command stops the servers that it started"
