"""The commands of docker-compose.yml, run as they stand against the throw-away servers."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from config.local.state import PROJECT_ROOT
from tests.benchmarks.harness import free_port

pytestmark = pytest.mark.faults

PATIENCE_SECONDS = 120.0
SERVICES: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text())["services"]


@pytest.fixture(scope="module")
def variables() -> dict[str, str]:
    """What the containers get, with the servers of this test session and a free port."""
    port = str(free_port())
    return {**os.environ, "PORT": port, "COUNTERSIGN_BASE_URL": f"http://127.0.0.1:{port}", "COUNTERSIGN_LOG_JSON": "1"}


@pytest.fixture(scope="module", autouse=True)
def _migrated(variables: dict[str, str]) -> None:
    subprocess.run(_command("migrate"), cwd=PROJECT_ROOT, env=variables, check=True, capture_output=True)


def test_web_serves_and_says_so_to_its_health_check(variables: dict[str, str], tmp_path: Path) -> None:
    with _running("web", variables, log=tmp_path / "log"):
        _eventually(lambda: _answers(f"{variables['COUNTERSIGN_BASE_URL']}/healthz"))
        python, option, code = SERVICES["web"]["healthcheck"]["test"][1:]
        check = [python, option, code.replace("8000", variables["PORT"])]
        assert subprocess.run(check, check=False).returncode == 0


def test_the_worker_answers_its_health_check(variables: dict[str, str], tmp_path: Path) -> None:
    kind, script = SERVICES["worker"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    check = ["sh", "-c", script.replace("$$", "$")]
    with _running("worker", variables, log=tmp_path / "log"):
        _eventually(lambda: _succeeds(check, variables))


def test_beat_rings(variables: dict[str, str], tmp_path: Path) -> None:
    path, _, options = variables["REDIS_URL"].removeprefix("redis+socket://").partition("?virtual_host=")
    broker = redis.Redis(unix_socket_path=path, db=int(options or 0))
    broker.delete("celery")
    with _running("beat", variables, log=tmp_path / "log"):
        _eventually(lambda: broker.llen("celery") > 0)


def _command(service: str) -> list[str]:
    """As Compose would run it: `${NAME:-default}` becomes its default."""
    words = [str(word) for word in SERVICES[service]["command"]]
    return [word.removeprefix("${").partition(":-")[2].removesuffix("}") if "${" in word else word for word in words]


@contextmanager
def _running(service: str, variables: dict[str, str], *, log: Path) -> Iterator[None]:
    with open(log, "wb") as output:
        process = subprocess.Popen(
            _command(service), cwd=PROJECT_ROOT, env=variables, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(60) == 0, log.read_text()


def _succeeds(command: list[str], variables: dict[str, str]) -> bool:
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=variables, capture_output=True, check=False)
    return done.returncode == 0


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
