"""Malformed pushes and odd addresses on a running site: its answers, how quickly they come, and what it stores.

First, many clients ask the processes that have just started for the API's description at the same moment. Then client
processes make random pushes (`tests.hostile`) and calls (`tests.odd_values`), each from its own seed, and remember what
was accepted. At the end, every accepted row must be in the database once, with the features that an independent reader
sees in the push, and no address with NUL or a line break may have got through.
Arguments: `--cases 100000`, `--clients 4`, `--seed 1`.
"""

import argparse
import http.client
import json
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from http import HTTPStatus
from itertools import groupby
from operator import itemgetter
from random import Random
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests import hostile, odd_values
from tests.benchmarks.harness import BACKGROUND, Site, print_table, running_site

PATH, OTHER = "/api/v1/models/hostile", "/api/v1/models/other"
CASES = 100_000
CLIENTS = 4
TIMEOUT_SECONDS = 30.0
ADDRESSES = 0.2  # the share of cases
AT_ONCE = 48
SCHEMA = "/api/v1/schema"
NOT_PUSHES = {"addresses", "schema"}
NO_ANSWER, TOO_LATE = 0, 1


@dataclass
class Taken:
    """What a site says it accepted in a batch; `rows` has a digest of the features by id, if they are known."""

    accepted: int
    rows: dict[str, bytes] | None = None


@dataclass
class Record:
    """What one client observed."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    predictions: dict[int, Taken] = field(default_factory=dict)
    outcomes: dict[int, Taken] = field(default_factory=dict)
    miscounted: int = 0
    let_through: int = 0
    slowest: float = 0.0

    @property
    def cases(self) -> int:
        return self.answers.total()

    def count(self, is_counted: Callable[[str, int], bool]) -> int:
        return sum(number for answer, number in self.answers.items() if is_counted(*answer))

    def add(self, other: "Record") -> None:
        self.answers += other.answers
        self.predictions |= other.predictions
        self.outcomes |= other.outcomes
        self.miscounted += other.miscounted
        self.let_through += other.let_through
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
        digests = None if rows is None else {row["id"]: _digest(row.get("features") or {}) for row in rows}
        self.predictions[answer["batch"]] = Taken(answer["accepted"], digests)


def run(arguments: list[str]) -> dict[str, float | int | str]:
    asked = _parse(arguments)
    record = Record()
    with running_site(without=BACKGROUND) as site:
        record.answers.update(_described_at_once(site.base_url))
        key, paths, described = _prepared(site)
        send = partial(_send, site.base_url, key, paths, (asked.cases - AT_ONCE) // asked.clients)
        started = time.perf_counter()
        with multiprocessing.get_context("spawn").Pool(asked.clients) as pool:
            for part in pool.imap_unordered(send, [asked.seed * 1_000 + client for client in range(asked.clients)]):
                record.add(part)
        seconds = time.perf_counter() - started
        lost = _lost(site.database_url, record)
    print_table(_table(record))
    accepted = sum(taken.accepted for taken in (*record.predictions.values(), *record.outcomes.values()))
    print(f"\n{record.cases:,} cases, {record.cases / seconds:,.0f} a second, ", end="")
    print(f"the slowest took {record.slowest:.2f} s; {accepted:,} rows accepted, {lost:,} of them lost")
    return {
        "cases": record.cases,
        "server_errors": record.count(lambda _, status: status >= 500 or status < 100),
        "lost": lost,
        "undocumented": record.count(lambda kind, status: kind not in NOT_PUSHES and status not in described),
        "miscounted": record.miscounted,
        "let_through": record.let_through,
        "accepted_rows": accepted,
        "cases_s": round(record.cases / seconds),
        "slowest_s": round(record.slowest, 2),
    }


def _table(record: Record) -> list[dict[str, object]]:
    """Count the cases of each kind by the class of their answer."""
    kinds: dict[str, Counter[int]] = {}
    for (kind, status), number in sorted(record.answers.items()):
        kinds.setdefault(kind, Counter())[status // 100] += number
    classes = {"2xx": 2, "3xx": 3, "4xx": 4, "5xx": 5, "none": 0}
    return [
        {"kind": kind, "cases": found.total()} | {name: found[first] for name, first in classes.items()}
        for kind, found in kinds.items()
    ]


def _described_at_once(base_url: str) -> list[tuple[str, int]]:
    """Ask for the description with many clients at the same moment."""
    start = threading.Barrier(AT_ONCE)

    def ask(number: int) -> tuple[str, int]:
        client = Client(base_url)
        accept = ("application/vnd.oai.openapi", "application/vnd.oai.openapi+json")[number % 2]
        start.wait()
        return "schema", client.send("GET", SCHEMA, b"", {"Accept": accept})[0]

    with ThreadPoolExecutor(AT_ONCE) as clients:
        return list(clients.map(ask, range(AT_ONCE)))


def _send(base_url: str, key: str, paths: list[str], cases: int, seed: int) -> Record:
    """Send one case after the other, as one client."""
    rng, record = Random(seed), Record()
    client = Client(base_url, key)
    for _ in range(cases):
        started = time.perf_counter()
        if rng.random() < ADDRESSES:
            _call(client, odd_values.call(rng, paths), record)
        else:
            _push(client, hostile.push(rng), record)
        record.slowest = max(record.slowest, time.perf_counter() - started)
    return record


def _call(client: "Client", made: odd_values.Call, record: Record) -> None:
    status, _ = client.send(made.method, made.path, b"", made.headers)
    record.answers["addresses", status] += 1
    record.let_through += made.must_be_refused and status != HTTPStatus.BAD_REQUEST


def _push(client: "Client", made: hostile.Push, record: Record) -> None:
    headers = {"Content-Type": made.content_type, **made.headers}
    status, content = client.send("POST", PATH + made.path, made.body, headers)
    record.answers[made.what, status] += 1
    if status in {200, 207}:
        record.note(made, json.loads(content))


class Client:
    """A connection that is renewed when it breaks."""

    def __init__(self, base_url: str, key: str = "") -> None:
        self.address = urlsplit(base_url).netloc
        self.signed = {"Authorization": f"Bearer {key}"} if key else {}
        self.connection: http.client.HTTPConnection | None = None

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Return the status, or a number below 100 for what is none, and the content."""
        try:
            if self.connection is not None:
                try:
                    return self._ask(self.connection, method, path, body, headers)
                except ConnectionError:
                    pass
            self.connection = http.client.HTTPConnection(self.address, timeout=TIMEOUT_SECONDS)
            return self._ask(self.connection, method, path, body, headers)
        except TimeoutError:
            self.connection = None
            return TOO_LATE, b""
        except (OSError, http.client.HTTPException):
            self.connection = None
            return NO_ANSWER, b""

    def _ask(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        connection.request(method, path, body, self.signed | headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def _prepared(site: Site) -> tuple[str, list[str], set[int]]:
    """Register the models. Return a key, the paths of the API, and the statuses of a push."""
    output = site.manage(
        "create_key", "--project", "bench", "--user", "bench@example.org", "--role", "owner", "--scopes", "all"
    )
    key = output.strip().splitlines()[-1].strip()
    client = Client(site.base_url, key)
    for path in (PATH, OTHER):
        status, content = client.send("PUT", path, json.dumps(hostile.MODEL).encode(), {"Content-Type": hostile.JSON})
        assert status == 200, content
    _, content = client.send("GET", SCHEMA, b"", {"Accept": "application/vnd.oai.openapi+json"})
    paths = json.loads(content)["paths"]
    push = paths["/api/v1/models/{model}/predictions"]["post"]
    return key, list(paths), {int(status) for status in push["responses"]}


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
