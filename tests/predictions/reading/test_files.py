"""How the cells of a CSV file are read, how rows are indexed, and what a preview shows."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.predictions.models import BatchKind, FileForm
from apps.predictions.reading.bodies import Body
from apps.predictions.reading.files import RowFile, look
from apps.predictions.reading.mapping import Naming, proposed
from tests.factories import make_model

pytestmark = pytest.mark.django_db
FEATURES = [{"name": name, "type": name} for name in ("number", "integer", "boolean", "category", "text")]
START = "id,predicted_at,prediction"
ROW = "a,2026-03-02T12:00:00Z,yes"


def opened(text: str | bytes, *, kind=BatchKind.PREDICTIONS, form=FileForm.CSV, chosen=None, **model) -> RowFile:
    content = text if isinstance(text, bytes) else text.encode()
    body = Body.receive([content], content_type="")
    return RowFile(body, form, Naming(kind, chosen or {}), make_model(**{"features": FEATURES, "slices": [], **model}))


def raws(*args, **options) -> list[bytes]:
    file = opened(*args, **options)
    with file.body:
        return [raw for chunk in file.chunks() for raw in chunk]


def rows(*args, **options) -> list[dict]:
    return [json.loads(raw) for raw in raws(*args, **options) if raw]


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("features.number", "12.50", 12.5),
        ("features.number", "+.5", 0.5),
        ("features.number", " 7 ", 7),
        ("features.number", "007", 7.0),
        ("features.number", "1e3", 1000.0),
        ("features.number", "n/a", None),
        ("features.number", "nan", None),
        ("features.number", "-inf", float("-inf")),
        ("features.number", "none so far", "none so far"),
        ("features.boolean", "NA", None),
        ("features.category", "NA", "NA"),
        ("features.number", "", None),
        ("features.integer", "7", 7),
        ("features.boolean", "TRUE", True),
        ("features.boolean", "false", False),
        ("features.boolean", "1", "1"),
        ("features.category", "1", "1"),
        ("features.text", "true", "true"),
        ("features.text", "", None),
        ("unheard", "12", "12"),
        ("number", "12", 12),
    ],
)
def test_a_cell_gets_the_declared_type_of_its_feature(column, cell, value):
    (row,) = rows(f'{START},{column}\n{ROW},"{cell}"\n')
    name = column.removeprefix("features.")
    assert row["features"] == {name: value}
    assert type(row["features"][name]) is type(value)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("-0.25", -0.25), ("7", 7), ("nan", None), ("", None), ("True", True), ("C", "C"), ("debt consolidation",) * 2],
)
def test_a_cell_of_what_the_model_saw_is_a_number_or_flag_if_it_looks_like_one(cell, value):
    (row,) = rows(f'{START},processed.number\n{ROW},"{cell}"\n')
    assert row.get("processed", {"number": None}) == {"number": value}
    assert row["features"] == {}


def test_numbers_keep_their_digits():
    (raw,) = [raw for raw in raws(f"{START},amount\n{ROW},12345678901234567.10\n") if raw]
    assert b'"amount":12345678901234567.10' in raw


def test_empty_cells_outside_features_are_absent_and_classes_are_texts():
    (row,) = rows(f"{START},score,subject,probabilities.yes,version\n{ROW},,,0.7,\n")
    assert row == {
        "id": "a",
        "predicted_at": "2026-03-02T12:00:00Z",
        "prediction": "yes",
        "probabilities": {"yes": 0.7},
        "features": {},
    }


def test_a_regression_predicts_numbers():
    nothing = {"classes": [], "positive_class": "", "class_labels": {}}
    (row,) = rows(f"{START}\na,2026-03-02T12:00:00Z,12.5\n", task="regression", prediction_range=[0, 100], **nothing)
    assert row["prediction"] == 12.5


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_first_line_shows_the_delimiter(delimiter):
    text = f'{START},features.text\n{ROW},"x{delimiter}y"\n'
    parted = text.replace(",", delimiter)
    assert rows(parted)[0]["features"] == {"text": f"x{delimiter}y"}


def test_a_byte_order_mark_and_windows_line_ends_change_nothing():
    assert rows(f"\ufeff{START}\r\n{ROW}\r\n")[0]["id"] == "a"


def test_the_index_of_a_row_is_the_line_where_it_begins():
    found = raws(f'{START},note\n{ROW},"two\nlines"\n\n{ROW},x\n,,,\n{ROW},y')
    assert [at for at, raw in enumerate(found) if raw] == [1, 4, 6]
    assert json.loads(found[1])["features"] == {"note": "two\nlines"}


def test_rows_of_another_width_are_rejected_one_by_one():
    file = opened(f'{START}\n{ROW},extra\n{ROW},\na,2026-03-02T12:00:00Z\n{ROW[:-3]}"y"es\n{ROW}\n')
    reasons = {each.index: (each.code, each.message) for each in look(file).rejected}
    assert reasons[1] == ("invalid_row", "The row has 4 cells, and the file 3 columns.")
    assert 2 not in reasons  # an extra empty cell is ignored
    assert reasons[3][0] == "missing_field"
    assert reasons[4][0] == "invalid_row"
    assert 5 not in reasons


@pytest.mark.parametrize(
    ("column", "kind", "field"),
    [
        (" id ", BatchKind.PREDICTIONS, "id"),
        ("age", BatchKind.PREDICTIONS, "features.age"),
        ("features.age", BatchKind.PREDICTIONS, "features.age"),
        ("probabilities.yes", BatchKind.PREDICTIONS, "probabilities.yes"),
        ("features", BatchKind.PREDICTIONS, "features.features"),
        ("processed.age", BatchKind.PREDICTIONS, "processed.age"),
        ("processed", BatchKind.PREDICTIONS, "features.processed"),
        ("processed.age", BatchKind.OUTCOMES, None),
        ("outcome", BatchKind.OUTCOMES, "outcome"),
        ("age", BatchKind.OUTCOMES, None),
        ("", BatchKind.PREDICTIONS, None),
    ],
)
def test_a_column_gets_a_default_field(column, kind, field):
    assert proposed(column, kind) == field


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"key": [f"case-{n}" for n in range(2_500)]}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("form", "content"),
    [
        (FileForm.CSV, "key\n" + "\n".join(f"case-{n}" for n in range(2_500))),
        (FileForm.NDJSON, "\n".join(f'{{"key": "case-{n}"}}' for n in range(2_500))),
        (FileForm.PARQUET, parquet()),
    ],
)
def test_reading_from_a_position_gives_the_rows_from_there_on(form, content):
    file = opened(content, form=form, chosen={"key": "id"})
    with file.body:
        everything, later = ([raw for chunk in file.chunks(start=at) for raw in chunk] for at in (0, 2_100))
    assert len(everything) == len(later)
    assert later[2_100:] == everything[2_100:]
    assert not any(later[:2_000])


def test_lines_without_a_mapping_stay_byte_for_byte():
    sent = b'{"id": "a",  "features": {"x": 1.10}}'
    assert raws(sent + b"\n", form=FileForm.NDJSON) == [sent]


def test_lines_with_a_mapping_keep_every_digit_and_bad_lines_stay_as_they_are():
    sent = b'{"key": "a", "features": {"x": 1.10}}\n{"key": \n[1]'
    assert raws(sent, form=FileForm.NDJSON, chosen={"key": "id"}) == [
        b'{"id":"a","features":{"x":1.10}}',
        b'{"key":',
        b"[1]",
    ]


def test_a_preview_shows_columns_first_rows_and_what_would_be_rejected():
    found = look(opened(f"{START},number\n{ROW},12\nb,2026-03-02T12:00:00Z,perhaps,13\n"))
    assert found.columns == [*START.split(","), "number"]
    assert (found.rows, found.shown) == (2, [2, 3])
    assert [(each.index, each.id, each.code) for each in found.rejected] == [(2, "b", "unknown_class")]
    assert found.fields["features.number"] == ["12", "13"]
    assert found.fields["id"] == ['"a"', '"b"']


def test_a_preview_of_outcomes_checks_outcomes():
    text = '{"id": "a", "outcome": "yes", "occurred_at": "2026-03-02T12:00:00Z"}\n{"id": "b"}'
    found = look(opened(text, kind=BatchKind.OUTCOMES, form=FileForm.NDJSON))
    assert (found.rows, [each.code for each in found.rejected]) == (2, ["missing_field"])


def test_a_preview_says_why_a_file_cannot_be_read():
    assert look(opened("")).error == "The first line names no columns."
    assert look(opened(f"{START}\n")).error == "The file has no rows."
    assert "Not readable as a Parquet file" in look(opened(b"PAR1", form=FileForm.PARQUET)).error
