"""CSV that spreadsheets open as text and numbers, never as formulas, and that reads back as written; and XLSX."""

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

ROWS_AT_ONCE = 500
# Of the name of a sheet
LONGEST_NAME = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Apostrophes of the text's own are counted too, so that no two texts are written alike.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_SIGNED_NUMBER = re.compile(r"'*[+-][0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")


def inert(cell: object) -> object:
    """Put an apostrophe before text that a spreadsheet would run as a formula. Numbers with a sign stay."""
    return f"'{cell}" if isinstance(cell, str) and _runs(cell) else cell


def as_written(cell: str) -> str:
    """Undo `inert`.

    >>> [as_written(str(inert(text))) for text in ("=1+1", "'=1+1", "+49", "'+49", "'tis")]
    ['=1+1', "'=1+1", '+49', "'+49", "'tis"]
    """
    return cell[1:] if cell.startswith("'") and _runs(cell) else cell


def _runs(cell: str) -> bool:
    return _FORMULA.match(cell) is not None and _SIGNED_NUMBER.match(cell) is None


def csv_pieces(
    names: Sequence[str], rows: Iterable[Sequence[object]], *, is_raw: bool = False, is_marked: bool = False
) -> Iterator[bytes]:
    """Yield a CSV file, some rows at a time: raw for programs, with a mark that tells spreadsheets it is UTF-8."""
    if is_marked:
        yield BOM_UTF8
    lines = chain([names], rows)
    while piece := list(islice(lines, ROWS_AT_ONCE)):
        out = io.StringIO()
        csv.writer(out).writerows(line if is_raw else [inert(cell) for cell in line] for line in piece)
        yield out.getvalue().encode()


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook."""

    title: str
    names: Sequence[str]
    rows: Iterable[Sequence[object]]


def workbook(names: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a workbook of one sheet."""
    return workbook_of([Sheet("Sheet1", names, rows)])


def workbook_of(sheets: Iterable[Sheet]) -> bytes:
    """Return a workbook; texts stay texts, whatever they begin with."""
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415  # it has no types; few processes write one

    out, taken = io.BytesIO(), set[str]()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}) as book:
        for each in sheets:
            sheet = book.add_worksheet(_sheet_name(each.title, taken))
            sheet.freeze_panes(1, 0)
            for index, line in enumerate(chain([each.names], each.rows)):
                sheet.write_row(index, 0, ["" if cell is None else cell for cell in line])
            sheet.autofit()
    return out.getvalue()


def _sheet_name(title: str, taken: set[str]) -> str:
    """Return a name that spreadsheets accept and that no other sheet has, whatever its case."""
    plain = _NOT_IN_NAMES.sub(" ", title).strip(" '")[:LONGEST_NAME] or "Sheet"
    name, number = plain, 2
    while name.lower() in taken:
        ending = f" {number}"
        name, number = plain[: LONGEST_NAME - len(ending)] + ending, number + 1
    taken.add(name.lower())
    return name
