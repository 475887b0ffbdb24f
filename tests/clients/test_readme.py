"""The client's README: its first example runs as printed."""

import re
import time

import pytest
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import Role
from apps.predictions.models import Prediction
from apps.review import services as review
from apps.sampling.services import drawing as sampling
from config.local.state import PROJECT_ROOT
from countersign import waiting
from tests.factories import make_key, make_member, make_project

README = PROJECT_ROOT / "clients" / "python" / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the worker's work whenever the client pauses."""

    def work(seconds: float) -> None:
        sampling.draw_due()
        review.open_due_items()

    class Time:
        monotonic = staticmethod(time.monotonic)
        sleep = staticmethod(work)

    monkeypatch.setattr(waiting, "time", Time)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_first_example_pushes_waits_and_claims(
    live_server: LiveServer, worker: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    project = make_project("credit")
    _, key = make_key(project, acts_for=make_member(project, Role.ENGINEER).user)
    monkeypatch.setenv("KEY", key)
    code = blocks("python")[0]
    assert "http://127.0.0.1:8000" in code

    exec(code.replace("http://127.0.0.1:8000", live_server.url), {})  # code of this repository

    pushed, item = capsys.readouterr().out.splitlines()
    assert pushed.startswith("PushResult(accepted=10000, duplicates=0")
    assert "'features': {'income':" in item
    assert "'prediction'" not in item  # the case is blind
    assert Prediction.objects.count() == 10_000


def test_the_first_example_has_ten_lines_at_most():
    code = [line for line in blocks("python")[0].splitlines() if line and not line.startswith(("import", "from"))]
    assert len(code) <= 10


@pytest.mark.parametrize("code", blocks("python"))
def test_every_example_is_valid_python(code: str):
    compile(code, str(README), "exec")
