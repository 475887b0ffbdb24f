"""Every form of a body gives the same rows, and a list in JSON its rows however it is read."""

import json

import pytest

from apps.common.errors import DomainError
from apps.predictions.reading import decoding
from tests.predictions.reading.samples import ROWS, arrow, parquet, parsed, rows_of


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps({"predictions": ROWS}).encode()),
        ("application/x-ndjson", "\r\n".join(map(json.dumps, ROWS)).encode() + b"\n\n"),
        ("application/vnd.apache.parquet", parquet()),
        ("application/vnd.apache.arrow.stream", arrow()),
    ],
)
def test_every_form_ends_in_the_same_rows(content_type, body):
    assert parsed(rows_of(body, content_type)) == ROWS


def list_of(rows: list[bytes], *, gap: bytes = b", ") -> bytes:
    return b'{"predictions": [' + gap.join(rows) + b"]}"


ODD = [b'{"a": "},{"}', b'{"b": [{"c": 1}, {"d": 2}]}', b'{"e": {"f": 1}, "g": {}}', b'"},\\"{"', b"7", b"[]", b"null"]


@pytest.mark.parametrize("broken", [[], [b'{"a": NaN}'], [b'{"a": "\xc3\xab\t"}']], ids=["none", "NaN", "a tab"])
@pytest.mark.parametrize("size", [40, 64, 300])
@pytest.mark.parametrize("gap", [b",", b" , ", b",\n\t"])
def test_a_list_has_its_rows_however_it_is_read(broken, size, gap, monkeypatch):
    """At once, or by windows that end inside a text that looks like a row's end, a list of objects, a character."""
    monkeypatch.setattr(decoding, "WINDOW", size)
    rows = [
        *ODD,
        *(json.dumps({"id": f"Zoë-{n}", "x": "},{" * (n % 4)}, ensure_ascii=False).encode() for n in range(50)),
        *broken,
    ]
    assert rows_of(list_of(rows, gap=gap), "application/json") == rows


@pytest.mark.parametrize("commas", [0, 10])
def test_a_list_of_more_values_than_fit_in_memory_is_read_row_by_row(commas, monkeypatch):
    monkeypatch.setattr(decoding, "CHUNK_BYTES", 100)
    monkeypatch.setattr(decoding, "COMMAS_PER_ROW", commas)
    rows = [*ODD, *(b"%d" % n for n in range(100))]
    assert rows_of(list_of(rows), "application/json") == rows


def test_a_row_that_is_far_too_large_refuses_a_json_body(monkeypatch):
    monkeypatch.setattr(decoding, "CHUNK_BYTES", 100)
    monkeypatch.setattr(decoding, "WINDOW", 200)
    large = json.dumps({"id": "x" * 300}).encode()
    for rows in ([b"1", large], [b"1", large, b"NaN"], [b"NaN", large]):
        with pytest.raises(DomainError) as refused:
            rows_of(list_of(rows), "application/json")
        assert (refused.value.status, refused.value.details["limit"], refused.value.details["index"]) == (
            413,
            "bytes_per_row",
            1,
        )


@pytest.mark.parametrize("size", [40, 200])
def test_a_broken_row_in_a_list_is_split_off_by_itself(size, monkeypatch):
    monkeypatch.setattr(decoding, "WINDOW", size)
    rows = [b'{"a": 1}', b'{"a": NaN}', b'{"a": "\\ud800"}', *[b'{"b": 2}'] * 20, b'{"a": 1e999}']
    assert rows_of(list_of(rows), "application/json") == rows


@pytest.mark.parametrize(
    "body",
    [
        list_of([b'{"a": 1}'] * 30)[:-1],
        list_of([b'{"a": 1}'] * 30)[:-2],
        list_of([b'{"a": 1}'] * 30)[:-9],
        list_of([*[b'{"a": 1}'] * 30, b""]),
        list_of([*[b'{"a": 1}'] * 30, b'{"a" 1}', b'{"a": 1}']),
        list_of([b'{"a": 1}'] * 30) + b"x",
        list_of([b'{"a": 1}'] * 30)[:-1] + b', "more": 1}',
        b'{"other": [' + b"1," * 60 + b"1]}",
    ],
)
def test_a_list_that_does_not_end_or_is_missing_is_refused_however_it_is_read(body, monkeypatch):
    for window in (40, 10_000):
        monkeypatch.setattr(decoding, "WINDOW", window)
        with pytest.raises(DomainError) as refused:
            rows_of(body, "application/json")
        assert (refused.value.status, refused.value.code) == (400, "invalid_json")
