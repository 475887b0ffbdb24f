"""How long a reviewer waits for the next case, by the length of the queue and the number of people who claim at once.

Each reviewer claims over HTTP with their own key and gives the case back, so the queue keeps its length and everybody
claims at its head. In the same run as many people take rows of a bare table of the same length by
`FOR UPDATE SKIP LOCKED`, and make an empty API call with their key. `ratio` is the claim over both together
(100,000 items, 8 reviewers, medians); `growth` is the claim with a million items over one with a thousand.
Argument: `--largest 1000000`.
"""

import argparse
import http.client
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median, quantiles
from threading import Barrier
from urllib.parse import urlsplit

import psycopg

from tests.benchmarks.harness import Site, print_table, running_site

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PEOPLE = (1, 8, 50)
CLAIMS = 400
# The three kinds of call take turns, so that other load on the machine slows them alike.
ROUNDS = 10
STATED_SIZE, STATED_PEOPLE = 100_000, 8
MODEL = "bench"
KEY_PREFIX = "cs_"
WAIT_SECONDS = 120.0

# One case that came through the API is multiplied: each row copies the template's, with these columns changed.
COPIES: Mapping[str, Mapping[str, str]] = {
    "predictions_prediction": {"id": "old.id + n", "external_id": "'bench-' || n"},
    "sampling_draw": {"prediction_id": "old.prediction_id + n"},
    "review_reviewitem": {"id": "old.id + n", "draw_id": "{draw} + n", "prediction_id": "{draw} + n"},
    "review_slot": {"id": "old.id + n", "item_id": "{item} + n", "order_key": "random()"},
}
REFERENCES = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid = ANY (%s::text[]::regclass[])
"""

Timed = Callable[[int], list[float]]


class Caller:
    """One person with a key and a connection."""

    def __init__(self, site: Site, key: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(site.base_url).netloc, timeout=60)
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: object = None) -> tuple[float, bytes]:
        """Return the milliseconds and the answer; reconnect if the server closed an idle connection."""
        try:
            return self._call(method, path, body)
        except ConnectionError:
            self.connection.close()
            return self._call(method, path, body)

    def _call(self, method: str, path: str, body: object) -> tuple[float, bytes]:
        began = time.perf_counter()
        self.connection.request(method, path, json.dumps(body) if body is not None else None, self.headers)
        response = self.connection.getresponse()
        content = response.read()
        took = (time.perf_counter() - began) * 1_000
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:300]!r}")
        return took, content


def run(arguments: list[str]) -> dict[str, float | int | str]:
    parser = argparse.ArgumentParser(prog="bench claim")
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    largest = parser.parse_args(arguments).largest
    with running_site(without=("beat",), variables={"COUNTERSIGN_REQUESTS_PER_MINUTE": "0"}) as site:
        people = [Caller(site, key) for key in _keys(site)]
        queue = _template(site, people[0])
        rows, claimed, beside = [], {}, {}
        for size in (size for size in SIZES if size <= largest):
            _fill(site, size)
            for n in PEOPLE:
                times = CLAIMS // n // ROUNDS + 1
                bare, empty, claims = [], [], []
                for _ in range(ROUNDS):
                    bare += _timed(n, partial(_bare, site, times))
                    empty += _timed(n, partial(_empty, people, times))
                    claims += _timed(n, partial(_claims, people, queue, times))
                claimed[size, n], beside[size, n] = median(claims), median(bare) + median(empty)
                rows.append({"open items": f"{size:,}", "reviewers": n, **_row(bare, empty, claims)})
    print_table(rows)
    stated = min(STATED_SIZE, largest), STATED_PEOPLE
    first, last = (claimed[size, STATED_PEOPLE] for size in (SIZES[0], min(SIZES[-1], largest)))
    return {
        "p50_ms": round(claimed[stated], 2),
        "ratio": round(claimed[stated] / beside[stated], 3),
        "growth": round(last / first, 3),
    }


def _row(bare: list[float], empty: list[float], claims: list[float]) -> dict[str, float]:
    """Return medians and 95th percentiles, in ms."""
    named = (("bare", bare), ("empty call", empty), ("claim", claims))
    figures = {f"{name} {which}": figure for name, ms in named for which, figure in _figures(ms)}
    return figures | {"ratio": median(claims) / (median(bare) + median(empty))}


def _figures(ms: list[float]) -> tuple[tuple[str, float], ...]:
    return ("p50", median(ms)), ("p95", quantiles(ms, n=20)[-1])


def _timed(people: int, act: Timed) -> list[float]:
    """Let all people act at the same time; return how long each act took."""
    barrier = Barrier(people)

    def begin(person: int) -> list[float]:
        barrier.wait()
        return act(person)

    with ThreadPoolExecutor(people) as pool:
        return [ms for part in pool.map(begin, range(people)) for ms in part]


def _claims(people: list[Caller], queue: int, times: int, number: int) -> list[float]:
    person, taken = people[number], []
    for _ in range(times):
        took, content = person.call("POST", f"/api/v1/queues/{queue}/claim", {"slots": 1})
        taken.append(took)
        (slot,) = json.loads(content)["slots"]
        person.call("POST", f"/api/v1/slots/{slot['slot']}/release", {"lease_token": slot["lease_token"]})
    return taken


def _empty(people: list[Caller], times: int, number: int) -> list[float]:
    return [people[number].call("GET", "/api/v1/limits")[0] for _ in range(times)]


def _bare(site: Site, times: int, _number: int) -> list[float]:
    taken = []
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        for _ in range(times):
            began = time.perf_counter()
            row = connection.execute(
                "UPDATE bench_bare SET holder = 1 WHERE id = (SELECT id FROM bench_bare WHERE holder IS NULL"
                " ORDER BY key LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"
            ).fetchone()
            taken.append((time.perf_counter() - began) * 1_000)
            connection.execute("UPDATE bench_bare SET holder = NULL WHERE id = %s", row)
    return taken


def _keys(site: Site) -> list[str]:
    """Return a key for each person; the first may set up the model."""
    code = """
from django.core.management import call_command
for number in range({n}):
    role = "reviewer" if number else "engineer"
    person = {{"user": f"reviewer{{number}}@bench.test", "role": role}}
    call_command("create_key", project="bench", scopes="all", **person)
"""
    printed = site.manage("shell", "-v", "0", "-c", code.format(n=max(PEOPLE)))
    return [line for line in printed.split() if line.startswith(KEY_PREFIX)]


def _template(site: Site, engineer: Caller) -> int:
    """Register a model that draws everything and wait until its one case is open. Returns the number of its queue."""
    engineer.call(
        "PUT", f"/api/v1/models/{MODEL}", {"task": "binary", "classes": ["no", "yes"], "positive_class": "yes"}
    )
    engineer.call("PUT", f"/api/v1/models/{MODEL}/policies", {"floor": 1.0})
    prediction = {"predicted_at": "2026-11-01T12:00:00Z", "version": "1", "features": {"age": 40}, "prediction": "yes"}
    engineer.call(
        "POST", f"/api/v1/models/{MODEL}/predictions", {"predictions": [{"id": "first", "score": 0.8, **prediction}]}
    )
    deadline = time.monotonic() + WAIT_SECONDS
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bench_bare (id bigint PRIMARY KEY, key float8, holder int)")
        connection.execute("CREATE INDEX ON bench_bare (key) WHERE holder IS NULL")
        while time.monotonic() < deadline:
            if row := connection.execute("SELECT queue_id FROM review_slot").fetchone():
                return int(row[0])
            time.sleep(0.1)
    raise RuntimeError("the first case was not opened")


def _fill(site: Site, size: int) -> None:
    """Fill the queue and the bare table up to `size` rows."""
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        numbers = _first(connection, "SELECT count(*) FROM review_slot"), size - 1
        draw, item = (_first(connection, f"SELECT min({key}) FROM {table}") for table, key in _KEYS)
        # Checking references row by row would take most of the time; restored, they are checked all at once.
        references = connection.execute(REFERENCES, [list(COPIES)]).fetchall()
        for table, name, _ in references:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for table, changes in COPIES.items():
            described = connection.execute(f"SELECT * FROM {table} LIMIT 0").description or ()
            columns = {f'"{column.name}"': f'old."{column.name}"' for column in described}
            columns |= {f'"{name}"': value.format(draw=draw, item=item) for name, value in changes.items()}
            connection.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
                f" FROM (SELECT * FROM {table} ORDER BY {next(iter(changes))} LIMIT 1) old,"
                " generate_series(%s::bigint, %s) n",
                numbers,
            )
        for table, name, definition in references:
            connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        connection.execute("INSERT INTO bench_bare SELECT n, random() FROM generate_series(%s::bigint, %s) n", numbers)
        for table in (*COPIES, "bench_bare"):
            connection.execute(f"VACUUM ANALYZE {table}")


_KEYS: Sequence[tuple[str, str]] = (("sampling_draw", "prediction_id"), ("review_reviewitem", "id"))


def _first(connection: psycopg.Connection[tuple[object, ...]], query: str) -> int:
    row = connection.execute(query).fetchone()  # type: ignore[call-overload]  # made of constants
    assert row is not None
    return int(row[0])
