"""The state folder: its lock, its secret key, and where its sockets are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.local.state import PROJECT_ROOT, State, StateInUseError


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "home")
    state.make()
    return state


def test_a_locked_folder_names_its_holder(state: State) -> None:
    with (
        state.locked(what="up", url="http://127.0.0.1:1"),
        pytest.raises(StateInUseError) as refused,
        state.locked(what="manage"),
    ):
        pass
    assert refused.value.holder == {"pid": os.getpid(), "what": "up", "url": "http://127.0.0.1:1"}


def test_a_released_folder_can_be_locked_again(state: State) -> None:
    with state.locked(what="up"):
        pass
    with state.locked(what="up"):
        assert True


def test_a_second_up_names_the_address_of_the_first_and_exits(state: State) -> None:
    with state.locked(what="up", url="http://127.0.0.1:8123"):
        second = _up(state)
    assert second.returncode == 1
    assert f"already running on {state.home} at http://127.0.0.1:8123" in second.stdout


def test_a_taken_port_is_named_and_nothing_starts(state: State) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = _up(state, PORT=str(port))
    assert refused.returncode == 1
    assert f"Port {port} is not free" in refused.stderr
    assert not (state.home / "postgres").exists()


def test_the_secret_key_is_created_once_and_closed_to_others(state: State) -> None:
    key = state.secret_key()
    assert len(key) >= 50
    assert state.secret_key() == key
    assert (state.home / "secret_key").stat().st_mode & 0o777 == 0o600
    assert state.home.stat().st_mode & 0o777 == 0o700


def test_sockets_are_in_the_folder_unless_its_path_is_too_long_for_one(tmp_path: Path) -> None:
    assert State(Path("/short")).sockets == Path("/short/run")
    long = State(tmp_path / ("x" * 100))
    assert len(os.fsencode(long.sockets)) < 80
    assert long.sockets != State(tmp_path / ("y" * 100)).sockets


def test_a_socket_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    state = State(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    state.sockets.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RuntimeError, match="belongs to another user"):
        state.make()


def _up(state: State, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COUNTERSIGN_HOME": str(state.home), **variables}
    command = [sys.executable, "-m", "config.local", "up"]
    return subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)
