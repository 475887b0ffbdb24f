"""CSV that spreadsheets open as text and numbers, never as formulas, and that reads back as written; and XLSX."""

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

ROWS_AT_ONCE = 500
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


def workbook(names: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a workbook of one sheet; texts stay texts, whatever they begin with."""
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415  # it has no types; few processes write one

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for index, line in enumerate(chain([names], rows)):
            sheet.write_row(index, 0, ["" if cell is None else cell for cell in line])
        sheet.autofit()
    return out.getvalue()
