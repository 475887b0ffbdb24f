"""The commands of docker-compose.yml, run as they are against throw-away servers."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from apps.common.broker import plain_url
from config.local.state import PROJECT_ROOT
from tests.benchmarks.harness import free_port
from tests.faults.processes import answers, eventually

pytestmark = pytest.mark.faults

PATIENCE_SECONDS = 120.0
SERVICES: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text())["services"]


@pytest.fixture(scope="module")
def variables() -> dict[str, str]:
    """The containers' variables, with the servers of this test session and a free port."""
    port = str(free_port())
    return {**os.environ, "PORT": port, "COUNTERSIGN_BASE_URL": f"http://127.0.0.1:{port}", "COUNTERSIGN_LOG_JSON": "1"}


@pytest.fixture(scope="module", autouse=True)
def _migrated(variables: dict[str, str]) -> None:
    subprocess.run(_command("migrate"), cwd=PROJECT_ROOT, env=variables, check=True, capture_output=True)


def test_web_answers_its_health_check(variables: dict[str, str], tmp_path: Path) -> None:
    with _running("web", variables, log=tmp_path / "log"):
        eventually(lambda: answers(f"{variables['COUNTERSIGN_BASE_URL']}/healthz"), seconds=PATIENCE_SECONDS)
        python, option, code = SERVICES["web"]["healthcheck"]["test"][1:]
        check = [python, option, code.replace("8000", variables["PORT"])]
        assert subprocess.run(check, check=False).returncode == 0


def test_the_worker_answers_its_health_check(variables: dict[str, str], tmp_path: Path) -> None:
    kind, script = SERVICES["worker"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    check = ["sh", "-c", script.replace("$$", "$")]
    with _running("worker", variables, log=tmp_path / "log"):
        eventually(lambda: _succeeds(check, variables), seconds=PATIENCE_SECONDS)


def test_beat_rings_the_bells(variables: dict[str, str], tmp_path: Path) -> None:
    broker = redis.Redis.from_url(plain_url(variables["REDIS_URL"]))
    broker.delete("celery")
    with _running("beat", variables, log=tmp_path / "log"):
        eventually(lambda: broker.llen("celery") > 0, seconds=PATIENCE_SECONDS)


def _command(service: str) -> list[str]:
    """Return the command as Compose would run it: `${NAME:-default}` becomes its default."""
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
