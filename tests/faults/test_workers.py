"""Real workers, with a batch that fails, killed in the middle, and without their servers for a while."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.benchmarks.harness import Site, running_site
from tests.faults.processes import eventually, is_ready, leader

pytestmark = pytest.mark.faults

MINUTE = 60.0
MODEL = {"task": "binary", "classes": ["no", "yes"], "positive_class": "yes", "slices": ["city"]}
PROGRAMS = ("worker", "draws", "uploads", "reports", "beat")


class Client:
    """Calls the API for one project."""

    def __init__(self, site: Site, project: str) -> None:
        person = ("--user", f"{project}@example.org", "--role", "owner")
        output = site.manage("create_key", "--project", project, *person, "--scopes", "all")
        self.site, self.headers = site, {"Authorization": f"Bearer {output.strip().splitlines()[-1].strip()}"}
        self.send("PUT", "/models/m", MODEL)
        self.send("PUT", "/models/m/policies", {"floor": 1.0, "queues": [{"name": "main"}]})

    def send(self, method: str, path: str, document: Any = None) -> Any:
        """Send it again while the service says that it has no database, as any client would."""
        address, deadline = f"{self.site.base_url}/api/v1{path}", time.monotonic() + MINUTE
        while True:
            answer = httpx.request(method, address, json=document, headers=self.headers, timeout=30)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                break
            time.sleep(float(answer.headers["Retry-After"]))
        answer.raise_for_status()
        return answer.json()

    def push(self, name: str, rows: int = 3) -> None:
        row = {"predicted_at": "2026-03-02T09:00:00Z", "features": {"city": "Bonn"}, "prediction": "yes", "score": 0.7}
        self.send("POST", "/models/m/predictions", {"predictions": [{"id": f"{name}-{n}", **row} for n in range(rows)]})


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running


def ask(site: Site, query: str, *values: object) -> Any:
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        found = connection.execute(query, values)  # type: ignore[arg-type]  # our own text
        return found.fetchone()[0] if found.description else None  # type: ignore[index]  # each query finds a row


def test_a_batch_that_fails_keeps_no_neighbor_waiting_and_is_an_incident_of_its_own_project(tmp_path: Path) -> None:
    with running_site(home=tmp_path, without=("draws",)) as site:
        ours, theirs = Client(site, "ours"), Client(site, "theirs")
        for name in ("a", "poison", "b"):
            ours.push(name)
        theirs.push("c")
        # A row that no code of the product writes.
        ask(site, "UPDATE predictions_prediction SET slices = '7' WHERE external_id = 'poison-1'")
    drawn = "SELECT count(*) FROM predictions_batchstage WHERE stage = 'draw' AND done_at IS NOT NULL"
    with running_site(home=tmp_path) as site:
        eventually(lambda: ask(site, drawn) == 3, seconds=MINUTE)
        # Its last try.
        ask(
            site,
            "UPDATE predictions_batchstage SET attempts = 9, lease_token = NULL, lease_expires_at = NULL"
            " WHERE stage = 'draw' AND done_at IS NULL",
        )
        told = (
            "SELECT coalesce(min(project.slug || ' ' || incident.detail), '') FROM registry_incident AS incident"
            " JOIN registry_monitoredmodel AS model ON model.id = incident.model_id"
            " JOIN accounts_project AS project ON project.id = model.project_id"
        )
        eventually(lambda: ask(site, told) != "", seconds=2 * MINUTE)
        assert ask(site, told).startswith("ours batch ")
        assert ask(site, told).endswith("(row poison-1)")
        theirs = Client(site, "theirs")
        theirs.push("d")
        eventually(lambda: ask(site, drawn) == 4, seconds=MINUTE)


def test_a_report_whose_worker_is_killed_is_taken_up_within_a_minute(site: Site) -> None:
    client = Client(site, "reported")
    client.push("r", rows=200)
    window = {"kind": "performance", "start": "2026-03-01", "end": "2026-03-04"}
    number = client.send("POST", "/models/m/reports", window)["id"]
    attempts = "SELECT attempts FROM reports_reportjob WHERE id = %s"
    eventually(lambda: ask(site, attempts, number) == 1)
    os.kill(leader(site, "reports"), signal.SIGKILL)
    assert ask(site, "SELECT count(*) FROM reports_reportjob WHERE id = %s AND finished_at IS NULL", number) == 1
    eventually(lambda: ask(site, attempts, number) == 2, seconds=MINUTE)
    eventually(lambda: client.send("GET", f"/reports/{number}")["status"] == "done", seconds=MINUTE)


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_workers_and_beat_outlive_their_servers(site: Site, server: str) -> None:
    client = Client(site, f"without-{server}")
    before = {name: leader(site, name) for name in PROGRAMS}
    os.kill(leader(site, server), signal.SIGKILL)
    eventually(lambda: is_ready(site))
    client.push(server)
    opened = (
        "SELECT count(*) FROM review_reviewitem AS item"
        " JOIN predictions_prediction AS prediction ON prediction.id = item.prediction_id"
        " WHERE prediction.external_id LIKE %s"
    )
    eventually(lambda: ask(site, opened, f"{server}-%") == 3, seconds=2 * MINUTE)
    assert {name: leader(site, name) for name in PROGRAMS} == before
