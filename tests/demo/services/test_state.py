import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.demo.services.state import Link, StateFile, Step, read

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def start(path: Path, *, now: datetime = NOW) -> StateFile:
    return StateFile(path, steps=[Step("predictions", "Send"), Step("reviews", "Answer")], now=now)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "demo.json"


def test_before_the_first_start_there_is_no_progress(path: Path):
    assert read(path) is None


def test_now_stays_the_moment_of_the_first_start(path: Path):
    start(path)
    assert start(path, now=LATER).progress.now == NOW


def test_a_restart_continues_the_step(path: Path):
    first = start(path)
    first.begin("predictions", total=10, unit="predictions")
    first.confirm("predictions", 0, rows=4)
    first.confirm("predictions", 2, rows=2)

    again = start(path)
    again.begin("predictions", total=10, unit="predictions")
    assert again.confirmed("predictions") == {0, 2}
    assert again.progress.step("predictions").done == 6
    assert again.progress.step("predictions").started_at == first.progress.step("predictions").started_at
    assert not again.is_finished("predictions")


def test_a_finished_step_is_finished_after_a_restart(path: Path):
    first = start(path)
    first.begin("reviews", total=3)
    first.finish("reviews")
    assert start(path).is_finished("reviews")


def test_all_progress_survives_a_restart(path: Path):
    first = start(path)
    with first.change() as progress:
        progress.keys["engineer"] = "cs_secret"
        progress.links.append(Link("reviewer", "Waiting cases", "http://127.0.0.1:8000/enter/x/"))
        progress.latencies[3] = 0.3125
    first.count_answer("reviews", "simulated-a")
    assert start(path).progress == first.progress


def test_an_interrupted_delivery_keeps_its_end(path: Path):
    first = start(path)
    first.begin_delivery(NOW)
    assert start(path, now=LATER).progress.delivering_until == NOW


def test_the_next_delivery_numbers_its_own_chunks(path: Path):
    state = StateFile(path, steps=[Step("outcomes", "Send outcomes")], now=NOW)
    state.begin_delivery(NOW)
    state.confirm("outcomes", 0, rows=5)
    state.finish_delivery()
    assert state.confirmed("outcomes") == set()
    assert (state.progress.delivered_until, state.progress.delivering_until) == (NOW, None)


def test_only_the_owner_can_read_the_file_and_it_is_replaced_atomically(path: Path):
    state = start(path)
    before = path.stat().st_ino
    state.finish("reviews")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_ino != before
    assert [each.name for each in path.parent.iterdir()] == ["demo.json"]
