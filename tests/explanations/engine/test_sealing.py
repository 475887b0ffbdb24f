"""What a file could do at worst: the real child runs a hostile one in place of a library, and seals itself as ever."""

import json
import os
import sys

import pytest

from apps.explanations.engine import process
from apps.explanations.engine.running import Children, ModelRefused
from apps.explanations.engine.spec import Input, Spec
from tests.explanations.engine import hostile_format

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has seccomp")

SPEC = Spec(features=[Input("x")], task="regression")
# No process gets to see what is denied, except that glibc is to believe there is no clone3.
ENDINGS = {"clone3": "ENOSYS", "import": "ImportError", "thread": "started"}


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """How each attempt ended, in a child that was sealed."""
    monkeypatch.setattr(process, "PROGRAM", hostile_format.PROGRAM)
    monkeypatch.setenv("COUNTERSIGN_SECRET_KEY", "not for models")
    children = Children()
    try:
        with pytest.raises(ModelRefused) as refusal:
            children.get("hostile", "xgboost", SPEC, lambda: [b"attempts"])
    finally:
        children.close()
    assert refusal.value.code == "attempts"
    found: dict[str, str] = json.loads(refusal.value.message)
    return found


def test_a_file_can_compute_and_answer_and_nothing_else(attempts: dict[str, str]) -> None:
    environment = attempts.pop("environment")
    assert {name: ending for name, ending in attempts.items() if ending != ENDINGS.get(name, "EPERM")} == {}
    assert len(attempts) > 40
    assert "COUNTERSIGN" not in environment
    assert "DATABASE" not in environment


def test_a_child_says_what_seals_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PROGRAM", hostile_format.PROGRAM)
    children = Children()
    try:
        loaded = children.get("well", "xgboost", SPEC, lambda: [b""]).loaded
    finally:
        children.close()
    assert {"limits", "seccomp"} <= set(loaded.sealed)
    assert os.path.exists("/tmp/written-by-a-model") is False
