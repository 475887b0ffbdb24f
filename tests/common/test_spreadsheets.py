"""Formulas become text in CSV files; numbers stay numbers."""

import csv
import io
import re
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.common import spreadsheets
from apps.common.spreadsheets import Sheet, as_written, csv_pieces, inert, workbook_of


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+49 30",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "-",
        "-1+1",
        "-A1",
        "--5",
        "-5\n",
        "-1.",
        "-١",
        "'=1",
        "''+A",
    ],
)
def test_formulas_are_made_inert(cell):
    assert inert(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell",
    ["-5", "+5", "'-5", "+4930", "'tis", "-5.25", "-1e-7", "-2E+3", -5, -0.5, None, "", "a=1", "case-1", " =1", True],
)
def test_everything_else_is_left_alone(cell):
    assert inert(cell) == cell


def test_a_file_comes_in_pieces_with_the_names_first(monkeypatch):
    monkeypatch.setattr(spreadsheets, "ROWS_AT_ONCE", 2)
    pieces = list(csv_pieces(["id", "note"], ([number, 'a "b", c'] for number in range(2))))
    assert pieces == [b'id,note\r\n0,"a ""b"", c"\r\n', b'1,"a ""b"", c"\r\n']


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="'=+-@1.e\t\r\n\",; é", min_size=1, max_size=6), min_size=1, max_size=5))
def test_any_text_reads_back_as_it_was_written_and_none_is_a_formula(texts):
    (line,) = csv.reader(io.StringIO(b"".join(csv_pieces(texts, [])).decode(), newline=""))
    assert [as_written(cell) for cell in line] == texts
    assert not any(cell.startswith(("=", "@", "\t", "\r", "\n")) for cell in line)


def test_programs_get_raw_texts_and_spreadsheets_a_mark():
    assert b"".join(csv_pieces(["=A", "é"], [], is_raw=True)) == "=A,é\r\n".encode()
    assert b"".join(csv_pieces(["=A", "é"], [], is_marked=True)) == "\ufeff'=A,é\r\n".encode()


def test_sheets_with_the_same_or_an_impossible_name_get_one_of_their_own():
    long = "A very long title of a section of a report"
    book = workbook_of([Sheet(title, ["a"], [[1]]) for title in (long, long.upper(), "What: is/it?", "''")])
    with zipfile.ZipFile(io.BytesIO(book)) as file:
        names = re.findall(r'<sheet name="([^"]*)"', file.read("xl/workbook.xml").decode())
    assert names == ["A very long title of a section ", "A VERY LONG TITLE OF A SECTIO 2", "What  is it", "Sheet"]
