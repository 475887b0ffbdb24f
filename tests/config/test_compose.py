"""The deployment files match what the code needs. These tests read the files and need no Docker."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import queues
from config.celery import app
from config.local import product
from config.local.state import PROJECT_ROOT, State

VARIABLE = re.compile(r"(?:(?:environ|given)(?:\.get|\.setdefault)?[\[(]|env\.\w+\()\s*\"([A-Z_]+)\"")
# Variables that another program reads, or that the code sets itself.
NOT_SETTINGS = {"DJANGO_SETTINGS_MODULE", "ARROW_DEFAULT_MEMORY_POOL"}

# Tasks of the default queue: none of them takes long.
SHORT = {
    "add_up",
    "compact_cells",
    "count_days",
    "count_truth",
    "drop_payloads",
    "expire_rejected",
    "expire_uploads",
    "fill_samples",
    "fill_slices",
    "forget_expired",
    "fit_recommended",
    "forget_letters",
    "forget_sampled_features",
    "freeze_bins",
    "inspect",
    "judge_days",
    "look_at_rules",
    "make_partitions",
    "publish",
    "pulse",
    "notice",
    "pace",
    "recheck_artifacts",
    "refresh_reports",
    "resolve",
    "seek_weak_slices",
    "tell",
    "watch_batches",
    "watch_parked",
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text()))


def test_the_stack_is_complete(compose: dict[str, Any]) -> None:
    programs = {"web", "beat", *product.WORKERS}
    assert set(compose["services"]) == {"proxy", "migrate", "postgres", "valkey", *programs}


def test_everything_waits_for_the_migrations_and_those_for_the_database(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in ("web", "beat", *product.WORKERS):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully", name


def test_every_queue_that_a_task_is_sent_to_has_a_worker(
    compose: dict[str, Any], settings: Any, tmp_path: Path
) -> None:
    sent_to = {"celery", *(route["queue"] for route in settings.CELERY_TASK_ROUTES.values())}
    commands = [service.get("command", []) for service in compose["services"].values()]
    local = [program.command for program in product.programs(State(tmp_path), port=1)]
    assert {_queue(command) for command in commands if "worker" in command} == sent_to
    assert {_queue(command) for command in local if "worker" in command} == sent_to


def test_every_task_is_sent_to_the_queue_that_was_meant_for_it() -> None:
    app.autodiscover_tasks(force=True)
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert ours == SHORT | {*queues.ROUTES}


def _queue(command: Sequence[str]) -> str:
    return command[command.index("--queues") + 1]


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    text = (PROJECT_ROOT / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "POSTGRES_APP_PASSWORD", "COUNTERSIGN_SECRET_KEY"):
        assert re.findall(rf"\$\{{{name}([^}}]*)\}}", text), name
        assert set(re.findall(rf"\$\{{{name}([^}}]*)\}}", text)) == {":?set it in .env"}, name
        assert f"\n{name}=\n" in (PROJECT_ROOT / ".env.example").read_text(), name


def test_every_variable_that_is_read_is_in_the_example() -> None:
    sources = [*(PROJECT_ROOT / "config").rglob("*.py"), *(PROJECT_ROOT / "apps").rglob("*.py")]
    read = {name for source in sources for name in VARIABLE.findall(source.read_text())}
    read |= set(re.findall(r"\$\{([A-Z_]+)", (PROJECT_ROOT / "docker-compose.yml").read_text()))
    assert "COUNTERSIGN_BASE_URL" in read
    assert read - NOT_SETTINGS - _example() == set()


def test_every_variable_of_the_example_is_read_somewhere() -> None:
    texts = [path.read_text() for folder in ("config", "apps") for path in (PROJECT_ROOT / folder).rglob("*.py")]
    texts.append((PROJECT_ROOT / "docker-compose.yml").read_text())
    everything = "\n".join(texts)
    assert {name for name in _example() if name not in everything} == set()


def test_the_files_that_the_image_copies_exist() -> None:
    for line in (PROJECT_ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY pyproject.toml"):
            assert all((PROJECT_ROOT / name).exists() for name in line.split()[1:-1])
            return
    pytest.fail("the Dockerfile copies no lock file")


def _example() -> set[str]:
    return set(re.findall(r"^#?([A-Z_]+)=", Path(PROJECT_ROOT / ".env.example").read_text(), flags=re.MULTILINE))
