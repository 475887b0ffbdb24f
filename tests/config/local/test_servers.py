"""The embedded servers: safe roles, and a clean start after whatever the last run left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from config.local import launch
from config.local.identity import server_identity
from config.local.output import Output
from config.local.postgres import Cluster, cluster_of, find_binaries
from config.local.servers import running
from config.local.state import PROJECT_ROOT, State


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """One data folder for this file; durable, because the tests kill its server."""
    state = State(tmp_path_factory.mktemp("state"))
    state.make()
    return cluster_of(state)


def test_the_products_role_may_create_databases_but_is_no_superuser() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT current_user, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == ("countersign", False, True)


def test_the_database_listens_on_no_port_and_folds_case_beyond_ascii() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT current_setting('listen_addresses')").fetchone() == ("",)
        assert connection.execute("SELECT 'Ärztin' ILIKE 'äRZTIN'").fetchone() == (True,)


@pytest.mark.slow
def test_data_survive_sigkill_and_a_pid_file_whose_number_is_taken(cluster: Cluster) -> None:
    logs = cluster.root / "logs"
    with running([cluster.program()], logs=logs):
        with psycopg.connect(cluster.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        os.kill(_postmaster(cluster), signal.SIGKILL)
    # After a container restarts, another process may have the dead server's number. Here, ours has it.
    pid_file = cluster.data / "postmaster.pid"
    old_pid, rest = pid_file.read_text().split("\n", 1)
    pid_file.write_text(f"{os.getpid()}\n{rest}")
    assert int(old_pid) != os.getpid()
    with running([cluster.program()], logs=logs), psycopg.connect(cluster.url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_a_server_that_outlived_its_supervisor_is_stopped_before_the_next_starts(cluster: Cluster) -> None:
    logs = cluster.root / "logs"
    with running([cluster.program()], logs=logs):
        leftover = _postmaster(cluster)
        cluster.prepare()
        assert not (cluster.data / "postmaster.pid").exists()
        with running([cluster.program()], logs=logs):
            assert _postmaster(cluster) != leftover


def test_a_half_made_data_folder_is_made_again(tmp_path: Path) -> None:
    cluster = cluster_of(State(tmp_path), is_durable=False)
    (cluster.root / "postgres.new").mkdir()
    (cluster.root / "postgres.new" / "PG_VERSION").write_text("18\n")
    cluster.prepare()
    assert (cluster.data / "base").is_dir()
    assert not (cluster.root / "postgres.new").exists()


def test_a_data_folder_of_an_unknown_version_names_that_version() -> None:
    with pytest.raises(RuntimeError, match="PostgreSQL 99, which wrote the state folder, is not installed"):
        find_binaries(needed=99)


def test_a_program_that_cannot_start_shows_the_end_of_its_log(cluster: Cluster) -> None:
    from dataclasses import replace

    broken = replace(cluster.program(), command=("sh", "-c", "echo no such luck; exit 3"), is_ready=lambda: False)
    with pytest.raises(RuntimeError, match="no such luck"), running([broken], logs=cluster.root / "logs"):
        pass


def test_a_launched_program_dies_with_the_process_that_started_it() -> None:
    """The middle process starts `sleep` through the launcher and is killed; the kernel ends `sleep`."""
    middle = subprocess.Popen([sys.executable, "-c", MIDDLE], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)
    assert middle.stdout is not None
    assert int(middle.stdout.readline()) > 0
    middle.kill()
    middle.wait()
    # The sleeper holds the other end of the pipe, which closes when it dies.
    assert middle.stdout.read() == ""


def test_a_launched_program_runs_as_an_account_that_is_not_root() -> None:
    command = server_identity().start([sys.executable, "-c", "import os; print(os.geteuid())"], number=signal.SIGKILL)
    user = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout
    assert int(user) != 0


def test_the_launcher_exits_at_once_if_its_parent_is_already_gone() -> None:
    command = launch.wrap(["echo", "started"], number=signal.SIGKILL)
    command[command.index("--parent") + 1] = "1"
    ended = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")


def test_lines_are_logged_whole_whatever_pieces_arrive(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    output = Output("web", folder=tmp_path, is_quiet=True)
    for piece in (b"one\ntw", b"o\nthr", b"ee"):
        os.write(writer, piece)
        output.read(reader)
    assert (tmp_path / "web.log").read_text() == "one\ntwo\n"
    os.close(writer)
    output.read_rest(reader)
    os.close(reader)
    assert (tmp_path / "web.log").read_text() == "one\ntwo\nthree\n"


MIDDLE = """
import signal, subprocess, time
from config.local import launch
sleeper = subprocess.Popen(launch.wrap(["sleep", "600"], number=signal.SIGKILL))
print(sleeper.pid, flush=True)
time.sleep(600)
"""


def _postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])
