"""Formulas become text in CSV files; numbers stay numbers."""

import pytest

from apps.common import spreadsheets
from apps.common.spreadsheets import csv_pieces, inert


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+49 30", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "-", "-1+1", "-A1", "--5", "-5\n", "-1.", "-١"],
)
def test_formulas_are_made_inert(cell):
    assert inert(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-5", "-5.25", "-1e-7", "-2E+3", -5, -0.5, None, "", "a=1", "case-1", " =1", True])
def test_everything_else_is_left_alone(cell):
    assert inert(cell) == cell


def test_a_file_comes_in_pieces_with_the_names_first(monkeypatch):
    monkeypatch.setattr(spreadsheets, "ROWS_AT_ONCE", 2)
    pieces = list(csv_pieces(["id", "note"], ([number, 'a "b", c'] for number in range(2))))
    assert pieces == [b'id,note\r\n0,"a ""b"", c"\r\n', b'1,"a ""b"", c"\r\n']
