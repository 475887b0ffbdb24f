"""Every kind of source gives the same rows, and missing values stay missing."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from countersign.encoding import encode
from countersign.sources import Line, rows_of

MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FRAME = pd.DataFrame(
    {
        "id": ["a", "b"],
        "predicted_at": pd.to_datetime([MOMENT, MOMENT]),
        "prediction": pd.Categorical(["yes", "no"]),
        "score": [0.75, np.nan],
        "features.age": np.array([41, 42], dtype="int64"),
        "features.children": pd.array([2, None], dtype="Int64"),
        "features.income": [1500.5, np.nan],
        "features.city": ["Łódź", None],
        "attributions.age": [0.5, np.nan],
        "processed.age": [-0.25, np.nan],
    }
)
ROWS = [
    {
        "id": "a",
        "predicted_at": "2026-03-02T09:00:00+00:00",
        "prediction": "yes",
        "score": 0.75,
        "features": {"age": 41, "children": 2, "income": 1500.5, "city": "Łódź"},
        "attributions": {"age": 0.5},
        "processed": {"age": -0.25},
    },
    {
        "id": "b",
        "predicted_at": "2026-03-02T09:00:00+00:00",
        "prediction": "no",
        "features": {"age": 42, "children": None, "income": None, "city": None},
    },
]


def read(source: Any) -> list[Any]:
    return [json.loads(row if isinstance(row, Line) else encode(row)) for row in rows_of(source).each]


def parquet(folder: Path) -> Path:
    path = folder / "rows.parquet"
    pq.write_table(pa.Table.from_pandas(FRAME), path, row_group_size=1)
    return path


def ndjson(folder: Path) -> Path:
    path = folder / "rows.ndjson"
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n\r\n".join(json.dumps(row).encode() for row in ROWS))
    return path


SOURCES = {
    "dicts": lambda folder: ROWS,
    "generator": lambda folder: (row for row in ROWS),
    "flat dicts": lambda folder: FRAME.to_dict("records"),
    "DataFrame": lambda folder: FRAME,
    "Arrow table": lambda folder: pa.Table.from_pandas(FRAME),
    "Arrow reader": lambda folder: pa.Table.from_pandas(FRAME).to_reader(max_chunksize=1),
    "Polars frame": lambda folder: pl.from_pandas(FRAME),
    "DuckDB relation": lambda folder: duckdb.from_arrow(pa.Table.from_pandas(FRAME)),
    "Parquet file": parquet,
    "NDJSON file": ndjson,
    "path as text": lambda folder: str(ndjson(folder)),
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_every_source_gives_the_same_rows(make, tmp_path: Path):
    assert read(make(tmp_path)) == ROWS


@pytest.mark.parametrize(
    ("name", "total"), [("DataFrame", 2), ("Polars frame", 2), ("Parquet file", 2), ("dicts", 2), ("generator", None)]
)
def test_the_total_is_given_if_it_is_known(name, total, tmp_path: Path):
    assert rows_of(SOURCES[name](tmp_path)).total == total


@pytest.mark.parametrize("missing", [None, float("nan"), np.float32("nan"), pd.NaT, pd.NA, Decimal("nan")], ids=repr)
def test_a_missing_value_is_left_out_and_a_missing_feature_is_null(missing):
    row = {"id": "a", "score": missing, "probabilities": {"yes": missing}, "resources.cpu": missing}
    features = {"features": {"age": missing}, "features.sex": missing}
    assert json.loads(encode(row | features)) == {"id": "a", "features": {"age": None, "sex": None}}


def test_empty_features_are_sent_as_empty():
    assert json.loads(encode({"id": "a", "features": {}})) == {"id": "a", "features": {}}


def test_numbers_times_and_ids_of_other_libraries_become_plain_json():
    row = {
        "id": UUID(int=5),
        "predicted_at": MOMENT,
        "amount": Decimal("1.5"),
        "score": np.float32(0.5),
        "a": np.int8(3),
    }
    assert json.loads(encode(row)) == {
        "id": "00000000-0000-0000-0000-000000000005",
        "predicted_at": "2026-03-02T09:00:00+00:00",
        "amount": 1.5,
        "score": 0.5,
        "a": 3,
    }


def test_infinity_is_left_for_the_server_to_reject():
    assert encode({"score": float("inf")}) == b'{"score":Infinity}'


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}], ids=lambda value: type(value).__name__)
def test_values_that_json_cannot_express_are_refused(value):
    with pytest.raises((TypeError, ValueError)):
        encode({"id": "a", "features": {"x": value}})


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0]])
def test_an_array_is_sent_as_a_list_also_if_it_has_one_value(values):
    assert json.loads(encode({"features": {"x": np.array(values)}})) == {"features": {"x": values}}


def test_nanoseconds_are_cut_to_microseconds():
    moments = pa.array([1_772_442_000_123_456_789], pa.timestamp("ns", "UTC"))
    row = read(pa.table({"predicted_at": moments}))[0]
    assert row["predicted_at"] == "2026-03-02T09:00:00.123456+00:00"


@pytest.mark.parametrize("source", [{"id": "a"}, b"rows", 5], ids=repr)
def test_other_objects_are_refused_as_a_source(source):
    with pytest.raises(TypeError, match="iterable of dicts"):
        rows_of(source)


def test_files_of_other_formats_are_refused():
    with pytest.raises(ValueError, match=r"rows.xlsx: files of rows end in .jsonl, .ndjson, .parquet"):
        rows_of("rows.xlsx")
