"""Children live as long as they are used and behave, and never longer than their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apps.explanations.engine import messages, process
from apps.explanations.engine.messages import TooLarge
from apps.explanations.engine.running import Child, ChildDied, Children, ModelRefused, NotStarted
from apps.explanations.engine.spec import Input, Spec
from tests.explanations.engine import hostile_format

SPEC = Spec(features=[Input("x")], task="regression")
ROW = {"x": 1.0}
ROOT = Path(__file__).resolve().parents[3]

Make = Callable[..., Children]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Children whose files say how they behave, and whose score is the id of their process."""
    monkeypatch.setattr(process, "PROGRAM", hostile_format.PROGRAM)
    made = []

    def make(**settings: float) -> Children:
        made.append(Children(**settings))  # type: ignore[arg-type]  # `most` is a whole number
        return made[-1]

    yield make
    for each in made:
        each.close()


def get(children: Children, key: str, file: str = "well") -> Child:
    return children.get(key, "xgboost", SPEC, lambda: [file.encode()])


def pid(child: Child) -> int:
    return int(child.score([ROW])[0].score or 0)


def is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1][:3]


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_a_child_is_kept_and_knows_its_file(make: Make) -> None:
    children = make()
    first = get(children, "a")
    assert first.loaded.library == "hostile 1.0"
    assert get(children, "a") is first
    assert pid(first) == pid(get(children, "a"))


def test_a_request_that_takes_too_long_ends_the_child(make: Make) -> None:
    children = make(request_seconds=0.5)
    child = get(children, "a", "loop")
    process_id = child._running._process.pid
    with pytest.raises(ChildDied, match=r"took longer than 0\.5 s"):
        child.score([ROW])
    assert not is_running(process_id)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "message"), [("segfault later", "crashed \\(SIGSEGV\\)"), ("memory", "used up its memory")]
)
def test_a_child_that_dies_says_how_and_the_next_one_is_new(make: Make, file: str, message: str) -> None:
    # On a busy machine, filling the memory takes a while.
    children = make(request_seconds=60)
    child = get(children, "a", file)
    with pytest.raises(ChildDied, match=message):
        child.score([ROW])
    assert get(children, "a") is not child


@pytest.mark.slow
@pytest.mark.parametrize(("file", "message"), [("segfault", "crashed"), ("leave", "ended by itself \\(status 3\\)")])
def test_a_child_that_dies_as_it_reads_the_file_is_forgotten(make: Make, file: str, message: str) -> None:
    children = make()
    with pytest.raises(ChildDied, match=message):
        get(children, "a", file)
    assert pid(get(children, "a"))


def test_an_answer_to_something_else_is_nobodys(make: Make) -> None:
    child = get(make(), "a", "lie")
    with pytest.raises(ChildDied, match="makes no sense"):
        child.score([ROW])
    with pytest.raises(ChildDied, match="was closed"):
        child.score([ROW])


def test_a_child_that_somebody_killed_is_replaced(make: Make) -> None:
    children = make()
    child = get(children, "a")
    before = pid(child)
    os.kill(before, signal.SIGKILL)
    assert wait_until(lambda: child.is_dead)
    assert pid(get(children, "a")) != before


def test_the_one_that_was_not_used_for_longest_is_closed(make: Make) -> None:
    children = make(most=2)
    first, second = get(children, "a"), get(children, "b")
    ids = pid(first), pid(second)
    get(children, "a")
    get(children, "c")
    assert is_running(ids[0])
    assert not is_running(ids[1])
    with pytest.raises(ChildDied, match="was closed"):
        second.score([ROW])


def test_idle_children_are_closed_at_the_next_call(make: Make) -> None:
    children = make(idle_seconds=0.1)
    process_id = pid(get(children, "a"))
    time.sleep(0.2)
    get(children, "b")
    assert not is_running(process_id)


def test_a_file_may_come_in_pieces_and_not_be_too_large(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    children = make()
    child = children.get("a", "xgboost", SPEC, lambda: [b"we", b"", b"ll"])
    assert pid(child)
    monkeypatch.setattr("apps.explanations.engine.asking.MOST_MODEL_BYTES", 3)
    with pytest.raises(ModelRefused, match="larger than") as refusal:
        get(children, "b")
    assert refusal.value.code == "too_large"


def test_a_request_that_is_too_long_is_an_error_of_its_sender(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    child = get(make(), "a")
    with monkeypatch.context() as patch:
        patch.setattr(messages, "MOST_BYTES", 100)
        with pytest.raises(TooLarge, match="send fewer rows"):
            child.score([ROW] * 100)
    assert pid(child)


def test_threads_wait_for_each_other(make: Make) -> None:
    child = get(make(), "a")
    with ThreadPoolExecutor(4) as pool:
        lengths = list(pool.map(lambda rows: len(child.score([ROW] * rows)), range(1, 41)))
    assert lengths == list(range(1, 41))


def test_threads_that_want_the_same_file_at_once_get_one_child(make: Make) -> None:
    children = make()
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda _: pid(get(children, "a")), range(8)))
    assert len(set(ids)) == 1


def test_a_child_outlives_the_thread_that_asked_for_it(make: Make) -> None:
    children = make()
    with ThreadPoolExecutor(1) as pool:
        child = pool.submit(get, children, "a").result()
    time.sleep(0.1)
    assert pid(child)


def test_a_library_that_is_not_installed_is_not_the_files_fault(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    without = "child.NOT_NEEDED['onnx'] = ('onnxruntime',); child.main()"
    monkeypatch.setattr(process, "PROGRAM", hostile_format.PROGRAM.replace("child.main()", without))
    with pytest.raises(NotStarted, match="onnxruntime"):
        make().get("a", "onnx", SPEC, lambda: [b""])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a busy child with its parent")
def test_a_busy_child_ends_with_its_parent() -> None:
    program = f"""
import sys, threading, time
sys.path.insert(0, {str(ROOT)!r})
from apps.explanations.engine import process
from tests.explanations.engine import hostile_format, test_running as tests
process.PROGRAM = hostile_format.PROGRAM
children = tests.Children(request_seconds=60)
child = tests.get(children, "a", "loop")
threading.Thread(target=lambda: child.score([tests.ROW]), daemon=True).start()
time.sleep(0.3)
print(child._running._process.pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    parent.wait()
    assert wait_until(lambda: not is_running(child))
