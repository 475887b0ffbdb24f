"""Malformed pushes to a running site: its answers, how quickly they come, and what it stores.

Client processes make random pushes (`tests.hostile`), each from its own seed, and remember what was accepted. At the
end, every accepted row must be in the database once, with the features that an independent reader sees in the push.
Arguments: `--cases 100000`, `--clients 4`, `--seed 1`.
"""

import argparse
import http.client
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from random import Random
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests import hostile
from tests.benchmarks.harness import BACKGROUND, Site, print_table, running_site

PATH = "/api/v1/models/hostile"
CASES = 100_000
CLIENTS = 4
TIMEOUT_SECONDS = 30.0
NO_ANSWER, TOO_LATE = 0, 1


@dataclass
class Taken:
    """What a site says it accepted in a batch; `rows` has a digest of the features by id, if they are known."""

    accepted: int
    rows: dict[str, bytes] | None = None


@dataclass
class Record:
    """What one client observed."""

    statuses: Counter[int] = field(default_factory=Counter)
    predictions: dict[int, Taken] = field(default_factory=dict)
    outcomes: dict[int, Taken] = field(default_factory=dict)
    miscounted: int = 0
    slowest: float = 0.0

    def add(self, other: "Record") -> None:
        self.statuses += other.statuses
        self.predictions |= other.predictions
        self.outcomes |= other.outcomes
        self.miscounted += other.miscounted
        self.slowest = max(self.slowest, other.slowest)

    def note(self, made: hostile.Push, answer: dict[str, Any]) -> None:
        """Remember what was accepted, and whether the answer accounts for every row."""
        rows = made.taken(answer)
        if rows is not None and len(rows) != answer["accepted"] + answer["duplicates"]:
            self.miscounted += 1
        if answer["batch"] is None:
            return
        if made.kind == "outcomes":
            self.outcomes[answer["batch"]] = Taken(answer["accepted"])
            return
        digests = None if rows is None else {row["id"]: _digest(row["features"]) for row in rows}
        self.predictions[answer["batch"]] = Taken(answer["accepted"], digests)


def run(arguments: list[str]) -> dict[str, float | int | str]:
    asked = _parse(arguments)
    record = Record()
    with running_site(without=BACKGROUND) as site:
        send = partial(_send, site.base_url, _prepared(site), asked.cases // asked.clients)
        started = time.perf_counter()
        with multiprocessing.get_context("spawn").Pool(asked.clients) as pool:
            for part in pool.imap_unordered(send, [asked.seed * 1_000 + client for client in range(asked.clients)]):
                record.add(part)
        seconds = time.perf_counter() - started
        described = _described(site)
        lost = _lost(site.database_url, record)
    cases = record.statuses.total()
    print_table([{"answer": _named(status), "cases": number} for status, number in sorted(record.statuses.items())])
    accepted = sum(taken.accepted for taken in (*record.predictions.values(), *record.outcomes.values()))
    print(f"\n{cases:,} cases, {cases / seconds:,.0f} a second, the slowest took {record.slowest:.2f} s; ", end="")
    print(f"{accepted:,} rows accepted, {lost:,} of them lost")
    return {
        "cases": cases,
        "server_errors": sum(number for status, number in record.statuses.items() if status >= 500 or status < 100),
        "lost": lost,
        "undocumented": sum(number for status, number in record.statuses.items() if status not in described),
        "miscounted": record.miscounted,
        "accepted_rows": accepted,
        "cases_s": round(cases / seconds),
        "slowest_s": round(record.slowest, 2),
    }


def _named(status: int) -> str:
    return {NO_ANSWER: "none", TOO_LATE: f"none in {TIMEOUT_SECONDS:g} s"}.get(status, str(status))


def _send(base_url: str, key: str, cases: int, seed: int) -> Record:
    """Push one case after the other, as one client."""
    rng, record = Random(seed), Record()
    client = Client(base_url, key)
    for _ in range(cases):
        made = hostile.push(rng)
        started = time.perf_counter()
        status, content = client.post(made)
        record.slowest = max(record.slowest, time.perf_counter() - started)
        record.statuses[status] += 1
        if status in {200, 207}:
            record.note(made, json.loads(content))
    return record


class Client:
    """A connection that is renewed when it breaks."""

    def __init__(self, base_url: str, key: str) -> None:
        self.address, self.key = urlsplit(base_url).netloc, key
        self.connection: http.client.HTTPConnection | None = None

    def post(self, made: hostile.Push) -> tuple[int, bytes]:
        """Status and body of the answer; a connection that the server closed in the meantime is not a failure."""
        try:
            if self.connection is not None:
                try:
                    return self._ask(self.connection, made)
                except ConnectionError:
                    pass
            self.connection = http.client.HTTPConnection(self.address, timeout=TIMEOUT_SECONDS)
            return self._ask(self.connection, made)
        except TimeoutError:
            self.connection = None
            return TOO_LATE, b""
        except (OSError, http.client.HTTPException):
            self.connection = None
            return NO_ANSWER, b""

    def _ask(self, connection: http.client.HTTPConnection, made: hostile.Push) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": made.content_type, **made.headers}
        connection.request("POST", PATH + made.path, made.body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def _prepared(site: Site) -> str:
    """Register the model of the pushes, and return a key."""
    output = site.manage(
        "create_key", "--project", "bench", "--user", "bench@example.org", "--role", "owner", "--scopes", "all"
    )
    key = output.strip().splitlines()[-1].strip()
    connection = http.client.HTTPConnection(urlsplit(site.base_url).netloc, timeout=TIMEOUT_SECONDS)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("PUT", PATH, json.dumps(hostile.MODEL), headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    return key


def _described(site: Site) -> set[int]:
    """The statuses of a push in the site's own API description."""
    connection = http.client.HTTPConnection(urlsplit(site.base_url).netloc, timeout=TIMEOUT_SECONDS)
    connection.request("GET", "/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    paths = json.loads(connection.getresponse().read())["paths"]
    return {int(status) for status in paths["/api/v1/models/{model}/predictions"]["post"]["responses"]}


def _lost(database_url: str, record: Record) -> int:
    """Count accepted rows that are missing, stored with other features, or stored twice."""
    with psycopg.connect(database_url) as connection:
        lost = _lost_outcomes(connection, record.outcomes)
        waiting = dict(record.predictions)
        for batch, stored in _batches(connection):
            if (taken := waiting.pop(batch, None)) is not None:
                lost += _missing(taken, stored)
        lost += sum(taken.accepted for taken in waiting.values())
        twice = connection.execute(
            "SELECT count(*) - count(DISTINCT (model_id, external_id)) FROM predictions_prediction"
        ).fetchone()
    return lost + int(twice[0] if twice else 0)


def _missing(taken: Taken, stored: list[tuple[str, bytes]]) -> int:
    rows = dict(stored)
    if taken.rows is not None:
        rows = {name: digest for name, digest in rows.items() if taken.rows.get(name) == digest}
    return abs(taken.accepted - len(rows))


def _batches(connection: psycopg.Connection[Any]) -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    """Each stored batch, with its rows' ids and the digests of their features."""
    with connection.cursor(name="stored") as cursor:
        cursor.itersize = 10_000
        cursor.execute(
            "SELECT p.batch_id, p.external_id, d.features::text FROM predictions_prediction p"
            " JOIN predictions_payload d ON d.prediction_id = p.id AND d.received_at = p.received_at"
            " ORDER BY p.batch_id"
        )
        for batch, rows in groupby(cursor, key=itemgetter(0)):
            yield batch, [(name, _digest(json.loads(features))) for _, name, features in rows]


def _lost_outcomes(connection: psycopg.Connection[Any], batches: dict[int, Taken]) -> int:
    counted = connection.execute("SELECT batch_id, count(*) FROM predictions_outcome GROUP BY 1").fetchall()
    stored = dict(counted)
    return sum(abs(taken.accepted - stored.get(batch, 0)) for batch, taken in batches.items())


def _digest(features: Any) -> bytes:
    return blake2b(hostile.canonical(features).encode(), digest_size=8).digest()


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run.sh bench badinput")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)
