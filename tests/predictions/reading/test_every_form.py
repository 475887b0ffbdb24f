"""One table in every form gives the same rows: stored alike, with the same hash, or rejected for the same reason."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.predictions.models import BatchKind, FileForm
from apps.predictions.reading.bodies import Body
from apps.predictions.reading.files import RowFile
from apps.predictions.reading.mapping import Naming
from apps.predictions.reading.rows import PredictionReader
from apps.registry.models import MonitoredModel
from countersign.encoding import encode
from countersign.sources import rows_of as client_rows
from tests.predictions.reading.samples import arrow, parquet, rows_of

FEATURES = [{"name": name, "type": name} for name in ("number", "integer", "boolean", "text")]
MODEL = MonitoredModel(task="binary", classes=["no", "1"], positive_class="1", features=FEATURES, slices=[])
NOW = datetime(2026, 3, 3, tzinfo=UTC)
SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "predicted_at": pa.timestamp("ns", "Europe/Berlin"),
        "prediction": pa.string(),
        "version": pa.string(),
        "score": pa.float64(),
        "amount": pa.decimal128(12, 2),
        "features.number": pa.float64(),
        "features.integer": pa.int64(),
        "features.boolean": pa.bool_(),
        "features.text": pa.string(),
        "processed.number": pa.float64(),
        "processed.flag": pa.bool_(),
    }
)
TEXTS = st.text(alphabet="aNA'\"=+-;|\t\n\r \\{é😀", min_size=1, max_size=8)
# A break and a quote in the first cell can look like a row of its own, which CSV rejects with its line.
IDS = st.text(alphabet="aNA'\"=+-;| \\{é😀", min_size=1, max_size=8)
ROWS = st.fixed_dictionaries(
    {
        "id": IDS,
        "predicted_at": st.integers(0, 10**9).map(lambda us: NOW - timedelta(microseconds=us)),
        "prediction": st.sampled_from(["no", "1", "other"]),
        "version": st.sampled_from(["v1", "v2", None]),
        "score": st.none() | st.floats(0, 1.002),
        "amount": st.none() | st.decimals(-9999, 9999, places=2),
        "features.number": st.none() | st.floats(allow_nan=True, allow_infinity=False),
        "features.integer": st.none() | st.integers(-(2**63), 2**63 - 1),
        "features.boolean": st.none() | st.booleans(),
        "features.text": st.none() | TEXTS,
        "processed.number": st.none() | st.floats(allow_nan=True, allow_infinity=False),
        "processed.flag": st.none() | st.booleans(),
    }
)


def told(raws: list[bytes]) -> list[tuple[Any, ...]]:
    """What becomes of each row."""
    raws = [raw for raw in raws if raw]
    good, rejected = PredictionReader(MODEL, now=NOW).read_all(raws)
    assert len(good) + len(rejected) == len(raws)
    rows = {
        index: (row.external_id, row.content_hash, json.loads(bytes(row.form.features)), row.content.processed)
        for index, row in good
    }
    rows |= {each.index: (each.id, each.code, each.field, each.message) for each in rejected}
    return [rows[index] for index in range(len(raws))]


def cells(row: dict[str, Any]) -> list[str]:
    """One row as PostgreSQL and DuckDB write it: the zone without minutes."""
    row = row | {"predicted_at": str(row["predicted_at"]).removesuffix(":00")}
    return ["" if value is None or value != value else str(value) for value in map(row.get, SCHEMA.names)]  # noqa: PLR0124  # NaN


def as_csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([SCHEMA.names, *map(cells, rows)])
    return out.getvalue()


def lines_of(text: str) -> list[bytes]:
    """The raw rows of a CSV file."""
    body = Body.receive([text.encode()], content_type="")
    file = RowFile(body, FileForm.CSV, Naming(BatchKind.PREDICTIONS), MODEL)
    return [raw for chunk in file.chunks() for raw in chunk]


def by_duckdb(table: pa.Table, form: str, folder: Path) -> bytes:
    """The table as DuckDB writes it."""
    path = folder / f"duckdb.{form}"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Europe/Berlin'")
        connection.from_arrow(table).create_view("rows_sent")
        connection.execute(f"COPY rows_sent TO '{path}' (FORMAT {form})")
    return path.read_bytes()


def by_polars(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pl.from_arrow(table).write_parquet(out)
    return out.getvalue()


def plain(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: None if value != value else value for name, value in row.items()}  # noqa: PLR0124  # NaN
    amount = values["amount"]
    return values | {
        "predicted_at": row["predicted_at"].isoformat(),
        "amount": None if amount is None else float(amount),
    }


def nested(row: dict[str, Any]) -> dict[str, Any]:
    flat = plain(row)
    groups: dict[str, dict[str, Any]] = {"features": {}, "processed": {}}
    for name in [*flat]:
        group, dot, inner = name.partition(".")
        if dot:
            groups[group][inner] = flat.pop(name)
    return flat | groups


def forms(rows: list[dict[str, Any]], folder: Path) -> dict[str, list[bytes]]:
    """The raw rows of a table by every form and writer."""
    table = pa.Table.from_pylist(rows, SCHEMA)
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    parquet_type = "application/vnd.apache.parquet"
    columns = {name: table.column(name) for name in table.column_names}
    coded = {**columns, "prediction": columns["prediction"].dictionary_encode()}
    viewed = {**columns, "features.text": columns["features.text"].cast(pa.string_view())}
    lines = b"\n".join(json.dumps(plain(row)).encode() for row in rows)
    return {
        "JSON": rows_of(json.dumps({"predictions": [nested(row) for row in rows]}).encode(), "application/json"),
        "NDJSON, flat": rows_of(lines, "application/x-ndjson"),
        "CSV": lines_of(as_csv(rows)),
        "CSV, pandas": lines_of(frame.to_csv(index=False, lineterminator="\r\n")),
        "CSV, Polars": lines_of(pl.from_arrow(table).write_csv()),
        "CSV, DuckDB": lines_of(by_duckdb(table, "csv", folder).decode()),
        "Parquet": rows_of(parquet(coded), parquet_type),
        "Parquet, Polars": rows_of(by_polars(table), parquet_type),
        "Parquet, DuckDB": rows_of(by_duckdb(table, "parquet", folder), parquet_type),
        "Arrow": rows_of(arrow(coded), "application/vnd.apache.arrow.stream"),
        "Arrow views": rows_of(arrow(viewed), "application/vnd.apache.arrow.stream"),
        "client, Arrow": [encode(row) for row in client_rows(table).each],
        "client, pandas": [encode(row) for row in client_rows(frame).each],
        "client, Polars": [encode(row) for row in client_rows(pl.from_arrow(table)).each],
    }


def check(rows: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        first, *others = ((form, told(raws)) for form, raws in forms(rows, Path(folder)).items())
    assert len(first[1]) == len(rows)
    for form, found in others:
        assert found == first[1], form


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=6))
def test_a_table_gives_the_same_rows_in_every_form(rows):
    check(rows)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=20))
def test_any_table_gives_the_same_rows_in_every_form(rows):
    check(rows)


AT = "2026-03-02T12:00:00Z"


@pytest.mark.parametrize(
    ("row", "features"),
    [
        ({"features.x": 37.0, "version": None}, {"x": 37}),
        ({"features": {"x": 37}, "score": None, "predicted_at": "2026-03-02 12:00:00+00"}, {"x": 37}),
        ({"features": None, "features.x": 37, "resources": {"cpu": None}}, {"x": 37}),
        ({"features.x": 37, "processed": None, "processed.x": None}, {"x": 37}),
    ],
)
def test_a_flat_row_and_nulls_say_what_a_nested_row_says(row, features):
    usual = {"id": "a", "predicted_at": AT, "prediction": "no"}
    one, other = told([json.dumps(usual | each).encode() for each in ({"features": features}, row)])
    assert (one[:2], one[2]) == (other[:2], features)


@pytest.mark.parametrize("group", ["features", "processed"])
def test_a_value_given_flat_and_nested_is_refused(group):
    row = {"id": "a", "predicted_at": AT, "prediction": "no", group: {"x": 1}, f"{group}.x": 2}
    (found,) = told([json.dumps(row).encode()])
    assert found[1:3] == ("duplicate_name", f"{group}.x")
