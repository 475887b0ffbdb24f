"""From a settled review to its event at another system: reviewers answer over HTTP, and a receiver notes what comes.

`p95_s` is the time from the answer of the reviewer's call to the arrival of the event; the baseline is a bare POST to
the same receiver. Arguments: `--cases 200`, `--pause 0.05` between two answers.
"""

import argparse
import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import psycopg

from tests.benchmarks.harness import Site, print_table, running_site
from tests.benchmarks.intake import MODEL, as_json, prepared, rows_of

PATIENCE_SECONDS = 60.0
# Without second opinions, an answer settles its case.
QUEUE = {"name": "main", "adjudication_rate_agreed": 0.0, "adjudication_rate_differs": 0.0}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the example of the standard
ENDPOINT = """
INSERT INTO notifications_endpoint (project_id, url, secret, kinds, created_at, failures)
SELECT project_id, %s, %s, '{review.settled}', now(), 0 FROM registry_monitoredmodel WHERE slug = %s
"""


def run(arguments: list[str]) -> dict[str, float | int | str]:
    parser = argparse.ArgumentParser(prog="./run.sh bench deliveries")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.05)
    asked = parser.parse_args(arguments)
    with (
        running_site(variables={"COUNTERSIGN_EGRESS_NETWORKS": "127.0.0.0/8"}) as site,
        _receiving() as (url, arrived),
    ):
        settled = _settle(site, url, asked.cases, asked.pause)
        until = time.monotonic() + PATIENCE_SECONDS
        while len(arrived) < len(settled) and time.monotonic() < until:
            time.sleep(0.05)
        took = sorted(arrived[case] - at for case, at in settled.items() if case in arrived)
        bare = _bare(url)
    p50, p95 = (took[int(share * (len(took) - 1))] for share in (0.5, 0.95))
    print_table(
        [
            {"": "settled to delivered", "events": len(took), "p50_s": p50, "p95_s": p95, "most_s": took[-1]},
            {"": "a bare POST", "events": 1, "p50_s": bare, "p95_s": bare, "most_s": bare},
        ]
    )
    return {"p50_s": p50, "p95_s": p95, "delivered": len(took), "settled": len(settled), "bare_s": bare}


def _settle(site: Site, url: str, cases: int, pause: float) -> dict[str, float]:
    """Answer all cases as one reviewer; return by case when each answer was stored."""
    key = prepared(site)
    with psycopg.connect(site.database_url) as connection:
        connection.execute(ENDPOINT, [url, SECRET, MODEL])
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    settled: dict[str, float] = {}
    with httpx.Client(base_url=f"{site.base_url}/api/v1", headers=headers, timeout=30) as http:
        http.put(f"/models/{MODEL}/policies", json={"floor": 1.0, "queues": [QUEUE]}).raise_for_status()
        rows = as_json(rows_of(range(cases), prefix="case"))
        http.post(f"/models/{MODEL}/predictions", content=rows).raise_for_status()
        (queue,) = http.get(f"/models/{MODEL}").json()["queues"]
        until = time.monotonic() + PATIENCE_SECONDS
        while len(settled) < cases and time.monotonic() < until:
            slots = http.post(f"/queues/{queue['id']}/claim", json={"slots": 1}).raise_for_status().json()["slots"]
            for slot in slots:
                _answer(http, slot)
                settled[slot["item"]["id"]] = time.monotonic()
            time.sleep(pause if slots else 0.2)
    return settled


def _answer(http: httpx.Client, slot: dict[str, Any]) -> None:
    token = {"lease_token": slot["lease_token"]}
    said = token | {"value": "yes"}
    shown = http.post(f"/slots/{slot['slot']}/judgement", json=said).raise_for_status().json()
    agrees = shown["prediction"] == "yes"
    verdict = {"verdict": "agree"} if agrees else {"verdict": "correct", "value": "yes"}
    http.post(f"/slots/{slot['slot']}/decision", json=token | verdict).raise_for_status()


@contextmanager
def _receiving() -> Iterator[tuple[str, dict[str, float]]]:
    """Serve on loopback; note by case when its event came first."""
    arrived: dict[str, float] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            event = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
            arrived.setdefault(event.get("data", {}).get("id", ""), time.monotonic())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", arrived
    finally:
        server.shutdown()


def _bare(url: str) -> float:
    def once() -> float:
        started = time.monotonic()
        httpx.post(url, content=b"{}")
        return time.monotonic() - started

    return statistics.median(once() for _ in range(9))
