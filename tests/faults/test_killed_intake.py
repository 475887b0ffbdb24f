"""Web, worker and database are killed while clients push: answered pushes are stored once, others can be retried."""

import os
import random
import signal
import threading
import time
import uuid
from dataclasses import dataclass, field

import httpx
import psycopg
import pytest

from apps.sampling.services.randomness import permanent_number
from tests.benchmarks.harness import Site, running_site
from tests.faults.processes import children, eventually, find_leader, is_ready, leader

pytestmark = pytest.mark.faults

KILLS = 20
CLIENTS = 2
ROWS = 40
FLOOR = 0.05
TARGETS = ("web", "web worker", "worker", "pool worker", "postgres")
MODEL = {"task": "binary", "classes": ["no", "yes"], "positive_class": "yes", "maturity_days": 30}


@dataclass
class Pusher:
    """A client that pushes batch after batch and remembers which pushes were answered."""

    http: httpx.Client
    name: str
    answered: dict[str, list[str]] = field(default_factory=dict)
    unanswered: dict[str, list[str]] = field(default_factory=dict)

    def run(self, stop: threading.Event) -> None:
        number = 0
        while not stop.is_set():
            ids = [f"{self.name}-{number}-{row}" for row in range(ROWS)]
            number += 1
            self.push(uuid.uuid4().hex, ids)

    def push(self, key: str, ids: list[str]) -> bool:
        """Push once; return whether the server answered."""
        rows = [
            {
                "id": name,
                "predicted_at": "2026-11-01T12:00:00Z",
                "features": {"age": 30, "note": name},
                "prediction": "yes",
                "score": 0.7,
            }
            for name in ids
        ]
        try:
            answer = self.http.post(
                "/api/v1/models/m/predictions", json={"predictions": rows}, headers={"Idempotency-Key": key}
            )
        except httpx.TransportError:
            answer = None
            time.sleep(0.05)
        if answer is None or answer.status_code != 200:
            assert answer is None or answer.status_code >= 500, answer.text
            self.unanswered[key] = ids
            return False
        counts = answer.json()
        assert (counts["accepted"], counts["duplicates"], counts["rejected"]) == (ROWS, 0, []), counts
        self.answered[key] = ids
        self.unanswered.pop(key, None)
        return True


@pytest.mark.slow
def test_answered_pushes_are_stored_and_drawn_once_whatever_is_killed() -> None:
    rng = random.Random(20)
    with running_site() as site:
        key = site.manage(
            "create_key", "--project", "p", "--user", "a@example.org", "--role", "owner", "--scopes", "all"
        )
        headers = {"Authorization": f"Bearer {key.strip().splitlines()[-1].strip()}"}
        with httpx.Client(base_url=site.base_url, headers=headers, timeout=20) as http:
            http.put("/api/v1/models/m", json=MODEL).raise_for_status()
            http.put("/api/v1/models/m/policies", json={"floor": FLOOR}).raise_for_status()
            pushers = [Pusher(http, f"client{number}") for number in range(CLIENTS)]
            stop = threading.Event()
            threads = [threading.Thread(target=pusher.run, args=(stop,)) for pusher in pushers]
            for thread in threads:
                thread.start()
            for number in range(KILLS):
                time.sleep(rng.uniform(0.2, 1.2))
                _kill(site, TARGETS[number % len(TARGETS)], rng)
            stop.set()
            for thread in threads:
                thread.join()
            eventually(lambda: is_ready(site))
            unanswered = sum(len(pusher.unanswered) for pusher in pushers)
            assert unanswered, "no push was ever interrupted"
            for pusher in pushers:
                for push_key, ids in list(pusher.unanswered.items()):
                    eventually(lambda push_key=push_key, ids=ids, pusher=pusher: pusher.push(push_key, ids))
            # The leases of killed workers must expire first.
            eventually(lambda: not _due(http), seconds=240)
        sent = {name for pusher in pushers for ids in pusher.answered.values() for name in ids}
        assert len(sent) > KILLS * ROWS
        _check(site, sent)


def _kill(site: Site, target: str, rng: random.Random) -> None:
    """Kill one process and do not wait for its restart: the next kill may hit in the middle of that."""
    name = {"web worker": "web", "pool worker": "worker"}.get(target, target)
    if target == name:
        os.kill(leader(site, name), signal.SIGKILL)
        return
    workers = sorted(children(find_leader(site, name)))
    if workers:
        os.kill(rng.choice(workers), signal.SIGKILL)


def _due(http: httpx.Client) -> int:
    try:
        answer = http.get("/api/v1/models/m/batches")
    except httpx.TransportError:
        return 1
    return sum(answer.json()["due"].values()) if answer.status_code == 200 else 1


def _check(site: Site, sent: set[str]) -> None:
    with psycopg.connect(site.database_url) as connection:

        def column(query: str) -> list[str]:
            return [str(value) for (value,) in connection.execute(query).fetchall()]

        stored = column("SELECT external_id FROM predictions_prediction")
        assert sorted(stored) == sorted(sent)
        of_prediction = "JOIN predictions_prediction p ON p.id = prediction_id"
        assert sorted(column(f"SELECT external_id FROM predictions_payload {of_prediction}")) == sorted(sent)
        assert column("SELECT count(*) FROM predictions_payload") == [str(len(sent))]
        ((salt,),) = connection.execute("SELECT salt FROM registry_monitoredmodel").fetchall()
        drawn = column(f"SELECT external_id FROM sampling_draw {of_prediction}")
        assert sorted(drawn) == sorted(name for name in sent if permanent_number(bytes(salt), name) < FLOOR)
        # The first score bins stay beside those at the quantiles of the model's own scores, which count every row.
        cells = "sampling_populationcell WHERE slice_name = ''"
        newest = f"bins = (SELECT max(bins) FROM {cells})"
        assert column(f"SELECT sum(n) FROM {cells} AND {newest}") == [str(len(sent))]
        assert column("SELECT sum(accepted) FROM predictions_batch") == [str(len(sent))]
