"""From push to draw: clients push predictions while the worker draws, inspects and opens items.

Two clients post JSON batches of 1,000 rows as fast as they are answered. The result is the rows a second answered, the
rows a second drawn (until the last batch is), those inspected and counted by day meanwhile, and the time from a batch's
answer until it is drawn.
Arguments: `--rows 1000000`, `--floor 0.002`.
"""

import argparse
import http.client
import json
import multiprocessing
import time
import uuid
from datetime import UTC, datetime
from multiprocessing.queues import Queue
from urllib.parse import urlsplit

import numpy as np
import psycopg

from tests.benchmarks.harness import Site, print_table, running_site
from tests.benchmarks.intake import CLIENTS, MODEL, as_json, prepared, rows_of

ROWS = 1_000_000
BATCH = 1_000
# Bodies made in advance; each batch is one of them with its own ids.
TEMPLATES = 20
PLACE = "<batch>"
PATIENCE_SECONDS = 1_800

# A batch, and the time of its answer.
Answered = tuple[int, float]


def run(arguments: list[str]) -> dict[str, float | int]:
    asked = _parse(arguments)
    with running_site() as site:
        key = prepared(site)
        _call(site, key, "PUT", f"/api/v1/models/{MODEL}/policies", {"floor": asked.floor})
        answered, seconds = _post(site, key, asked.rows)
        _wait(site, key, "draw")
        done = _done(site, "draw")
        _wait(site, key, "inspect")
        inspected = _done(site, "inspect")
    rows = len(answered) * BATCH
    waits = np.array([done[batch] - moment for batch, moment in answered])
    first = min(moment for _, moment in answered)
    # The pushes' time, plus the time that the worker needed after the last push.
    drawn = rows / (seconds + max(max(done.values()) - max(moment for _, moment in answered), 0.0))
    p50, p95, longest = (float(value) for value in np.quantile(np.maximum(waits, 0), [0.5, 0.95, 1]))
    intake = rows / seconds
    counted = rows / (max(inspected.values()) - min(inspected.values()))
    print_table(
        [
            {"what": "answered, rows/s", "figure": intake},
            {"what": "drawn, rows/s", "figure": drawn},
            {"what": "inspected and counted, rows/s", "figure": counted},
            {"what": "from answer to draw, median, s", "figure": p50},
            {"what": "the same, 95th percentile, s", "figure": p95},
            {"what": "the same, longest, s", "figure": longest},
            {"what": "in total, s", "figure": max(done.values()) - first},
        ]
    )
    return {
        "rows": rows,
        "intake_rows_s": round(intake),
        "drawn_rows_s": round(drawn),
        "inspected_rows_s": round(counted),
        "keeps_up": round(drawn / intake, 3),
        "wait_p50_s": round(p50, 3),
        "wait_p95_s": round(p95, 3),
    }


def _post(site: Site, key: str, rows: int) -> tuple[list[Answered], float]:
    """Post all batches. Return when each was answered, and the seconds that the slower client took."""
    context = multiprocessing.get_context("fork")
    results: Queue[tuple[list[Answered], float]] = context.Queue()
    each = max(rows // CLIENTS // BATCH, 1)
    clients = [
        context.Process(target=_client, args=(site.base_url, key, f"client{number}-", each, results))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    parts = [results.get() for _ in clients]
    for client in clients:
        client.join()
    return [answer for answers, _ in parts for answer in answers], max(posting for _, posting in parts)


def _client(base_url: str, key: str, prefix: str, batches: int, results: "Queue[tuple[list[Answered], float]]") -> None:
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=120)
    templates = [as_json(rows_of(range(at * BATCH, (at + 1) * BATCH), prefix=PLACE)) for at in range(TEMPLATES)]
    answers: list[Answered] = []
    began = time.perf_counter()
    for number in range(batches):
        body = templates[number % TEMPLATES].replace(PLACE.encode(), f"{prefix}{number:06}".encode())
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Idempotency-Key": uuid.uuid4().hex,
        }
        connection.request("POST", f"/api/v1/models/{MODEL}/predictions", body, headers)
        answer = connection.getresponse()
        document = json.loads(answer.read())
        assert answer.status == 200, document
        answers.append((document["batch"], time.time()))
    results.put((answers, time.perf_counter() - began))


def _wait(site: Site, key: str, stage: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _call(site, key, "GET", f"/api/v1/models/{MODEL}/batches")["due"][stage]:
        assert time.monotonic() < deadline, "the worker does not keep up"
        time.sleep(0.2)


def _done(site: Site, stage: str) -> dict[int, float]:
    """The time at which each batch passed a stage."""
    with psycopg.connect(site.database_url) as connection:
        rows = connection.execute(
            "SELECT batch_id, done_at FROM predictions_batchstage WHERE stage = %s", [stage]
        ).fetchall()
    return {batch: _seconds(done_at) for batch, done_at in rows}


def _seconds(moment: datetime) -> float:
    return moment.astimezone(UTC).timestamp()


def _call(site: Site, key: str, method: str, path: str, document: object = None) -> dict[str, dict[str, int]]:
    connection = http.client.HTTPConnection(urlsplit(site.base_url).netloc, timeout=120)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request(method, path, None if document is None else json.dumps(document), headers)
    answer = connection.getresponse()
    content: dict[str, dict[str, int]] = json.loads(answer.read())
    assert answer.status == 200, content
    return content


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run.sh bench pipeline")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--floor", type=float, default=0.002)
    return parser.parse_args(arguments)
