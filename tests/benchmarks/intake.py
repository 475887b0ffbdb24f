"""Rows a second that the API stores, compared with PostgreSQL's COPY of the same rows.

Two clients, each with its own connection, push predictions with idempotency keys in batches of several sizes and forms.
In the same run, two connections COPY the same rows with the driver's `write_row` into a narrow and a wide table, one
transaction a batch, without key or index; and once more from prepared COPY text, which shows what the server alone can
do. Arguments: `--rows 100000`, `--growth 1000000`.
"""

import argparse
import http.client
import io
import json
import multiprocessing
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.harness import BACKGROUND, Site, print_table, running_site

CLIENTS = 2
MODEL = "bench"
PROJECT = "bench"
ROWS = 100_000
GROWTH = 1_000_000
BATCH = 1_000
TABLES = ("bench_narrow", "bench_wide")

Values = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]


@dataclass(frozen=True)
class Form:
    """A way to send rows."""

    name: str
    content_type: str
    batch: int
    encode: Callable[[list[dict[str, object]]], bytes]


def run(arguments: list[str]) -> dict[str, float | int | str]:
    asked = _parse(arguments)
    with running_site(without=BACKGROUND) as site:
        key = prepared(site)
        copied = _copied(site.database_url, asked.rows, _copy_rows)
        of_text = _copied(site.database_url, asked.rows, _copy_text)
        measured = {form.name: _posted(site, key, form, asked.rows) for form in forms()}
        growth = _growth(site, key, asked.growth) if asked.growth else None
    rows = [{"what": "COPY of rows, no key (baseline)", "rows/s": copied, "of COPY": 1.0}]
    rows += [{"what": "COPY of ready text, no key", "rows/s": of_text, "of COPY": of_text / copied}]
    rows += [{"what": name, "rows/s": speed, "of COPY": speed / copied} for name, speed in measured.items()]
    print_table(rows)
    figures: dict[str, float | int | str] = {
        "copy_rows_s": round(copied),
        "copy_text_rows_s": round(of_text),
        "json_rows_s": round(measured["JSON, 1,000 rows"]),
        "ratio": round(measured["JSON, 1,000 rows"] / copied, 3),
    }
    if growth is not None:
        first, last = growth
        print(f"\n{asked.growth:,} rows: first tenth {first:,.0f} rows/s, last tenth {last:,.0f} rows/s")
        figures["growth"] = round(first / last, 3)
    return figures


def forms() -> list[Form]:
    """The forms and batch sizes to measure."""
    return [
        Form("JSON, 1,000 rows", "application/json", 1_000, as_json),
        Form("JSON, 100 rows", "application/json", 100, as_json),
        Form("JSON, 10,000 rows", "application/json", 10_000, as_json),
        Form("NDJSON, 1,000 rows", "application/x-ndjson", 1_000, as_ndjson),
        Form("Parquet, 10,000 rows", "application/vnd.apache.parquet", 10_000, as_parquet),
        Form("Arrow, 10,000 rows", "application/vnd.apache.arrow.stream", 10_000, as_arrow),
    ]


def rows_of(numbers: range, *, prefix: str) -> list[dict[str, object]]:
    """Predictions of a credit model, with 20 features each."""
    rng = random.Random(f"{prefix}{numbers.start}")
    return [
        {
            "id": f"{prefix}-{number}",
            "predicted_at": "2026-11-01T12:00:00+00:00",
            "version": "v1",
            "features": {f"feature_{at}": round(rng.gauss(0, 1), 4) for at in range(20)},
            "prediction": "yes" if number % 3 else "no",
            "score": round(rng.random(), 6),
            "baseline": "no",
            "amount": round(rng.lognormvariate(8, 1), 2),
            "latency_ms": round(rng.random() * 20, 2),
        }
        for number in numbers
    ]


def as_json(rows: list[dict[str, object]]) -> bytes:
    return json.dumps({"predictions": rows}).encode()


def as_ndjson(rows: list[dict[str, object]]) -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in rows)


def _table(rows: list[dict[str, object]]) -> pa.Table:
    """The rows as flat columns."""
    flat = pd.json_normalize(rows).astype({"prediction": "string"})
    return pa.Table.from_pandas(flat, preserve_index=False)


def as_parquet(rows: list[dict[str, object]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(_table(rows), file)
    return file.getvalue()


def as_arrow(rows: list[dict[str, object]]) -> bytes:
    table, file = _table(rows), io.BytesIO()
    with pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


def prepared(site: Site) -> str:
    """Register the model of the rows, and return a key."""
    person = ("--user", "bench@example.org", "--role", "owner")
    key = site.manage("create_key", "--project", PROJECT, *person, "--scopes", "all")
    document = {
        "task": "binary",
        "classes": ["no", "yes"],
        "positive_class": "yes",
        "features": [{"name": f"feature_{at}", "type": "number"} for at in range(20)],
        "maturity_days": 60,
    }
    token = key.strip().splitlines()[-1].strip()
    connection = _connection(site)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("PUT", f"/api/v1/models/{MODEL}", json.dumps(document), headers)
    answer = connection.getresponse()
    assert answer.status in (200, 201), answer.read()
    return token


def _connection(site: Site) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(site.base_url).netloc, timeout=120)


def _posted(site: Site, key: str, form: Form, rows: int, *, prefix: str | None = None) -> float:
    """Rows a second of all clients together."""
    each = max(rows // CLIENTS // form.batch, 1)
    prefix = prefix or uuid.uuid4().hex[:8]
    bodies = [
        [
            form.encode(rows_of(range(at * form.batch, (at + 1) * form.batch), prefix=f"{prefix}{client}"))
            for at in range(each)
        ]
        for client in range(CLIENTS)
    ]
    post = partial(post_all, site.base_url, key, form)
    return CLIENTS * each * form.batch / together(post, bodies)


def post_all(base_url: str, key: str, form: Form, bodies: list[bytes]) -> None:
    """Push bodies one after the other on one connection."""
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=120)
    for body in bodies:
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": form.content_type,
            "Idempotency-Key": uuid.uuid4().hex,
        }
        connection.request("POST", f"/api/v1/models/{MODEL}/predictions", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content[:500]


def _growth(site: Site, key: str, rows: int) -> tuple[float, float]:
    """Rows a second of the first and the last tenth."""
    form, tenth = forms()[0], rows // 10
    speeds = [_posted(site, key, form, tenth, prefix=f"grow{part}") for part in range(10)]
    return speeds[0], speeds[-1]


def _copied(database_url: str, rows: int, copy: Callable[..., None]) -> float:
    """COPY of the same rows into plain tables."""
    each = rows // CLIENTS // BATCH
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_narrow, bench_wide")
        connection.execute(
            "CREATE TABLE bench_narrow (id bigint, model_id bigint, external_id text, content_hash bytea,"
            " batch_id bigint, version_id bigint, predicted_at timestamptz, received_at timestamptz,"
            " predicted float8, score float8, baseline float8, amount numeric(20,4), subject text, slices jsonb)"
        )
        connection.execute(
            "CREATE TABLE bench_wide (prediction_id bigint, received_at timestamptz, features json, probabilities json,"
            " attributions json, attribution_base float8, latency_ms float8, resources json)"
        )
    batches = [
        [_as_values(rows_of(range(at * BATCH, (at + 1) * BATCH), prefix=f"copy{client}")) for at in range(each)]
        for client in range(CLIENTS)
    ]
    if copy is _copy_text:
        batches = [[_as_text(batch) for batch in of_client] for of_client in batches]
    speed = CLIENTS * each * BATCH / together(partial(copy, database_url), batches)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP TABLE bench_narrow, bench_wide")
    return speed


def _as_values(rows: list[dict[str, object]]) -> Values:
    """The values of a batch, narrow and wide."""
    moment, digest = datetime(2026, 11, 1, 12, tzinfo=UTC), b"\xab" * 32
    narrow, wide = [], []
    for at, row in enumerate(rows):
        scores = (1.0, row["score"], 0.0, row["amount"])
        narrow.append((at, 1, row["id"], digest, 1, 1, moment, moment, *scores, None, "{}"))
        wide.append((at, moment, json.dumps(row["features"]), None, None, None, row["latency_ms"], None))
    return narrow, wide


def _as_text(values: Values) -> tuple[str, str]:
    """The same as COPY text."""

    def written(value: object) -> str:
        if value is None:
            return r"\N"
        return r"\\x" + value.hex() if isinstance(value, bytes) else str(value)

    narrow, wide = ("\n".join("\t".join(map(written, row)) for row in part) + "\n" for part in values)
    return narrow, wide


def _copy_rows(database_url: str, batches: list[Values]) -> None:
    with psycopg.connect(database_url) as connection:
        for batch in batches:
            with connection.transaction(), connection.cursor() as cursor:
                for table, rows in zip(TABLES, batch, strict=True):
                    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                        for row in rows:
                            copy.write_row(row)


def _copy_text(database_url: str, batches: list[tuple[str, str]]) -> None:
    with psycopg.connect(database_url) as connection:
        for batch in batches:
            with connection.transaction(), connection.cursor() as cursor:
                for table, text in zip(TABLES, batch, strict=True):
                    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                        copy.write(text)


def together(work: Callable[..., None], shares: list[list[object]]) -> float:
    """Run one process for each share, all starting at once, and return the seconds until the last one ends."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(shares) + 1)
    processes = [context.Process(target=_started, args=(barrier, work, share)) for share in shares]
    for process in processes:
        process.start()
    barrier.wait()
    began = time.perf_counter()
    for process in processes:
        process.join()
    assert all(process.exitcode == 0 for process in processes), "a client failed"
    return time.perf_counter() - began


def _started(barrier: object, work: Callable[..., None], share: list[object]) -> None:
    barrier.wait()  # type: ignore[attr-defined]  # a Barrier of the context
    work(share)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run.sh bench intake")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--growth", type=int, default=GROWTH)
    return parser.parse_args(arguments)
