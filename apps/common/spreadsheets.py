"""CSV that spreadsheets open as text and numbers, never as formulas."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
ROWS_AT_ONCE = 500
_NEGATIVE = re.compile(r"-[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")


def inert(cell: object) -> object:
    """Put an apostrophe before text that a spreadsheet would run as a formula. Negative numbers stay."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) and not _NEGATIVE.match(cell):
        return f"'{cell}"
    return cell


def csv_pieces(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yield a CSV file, some rows at a time."""
    lines = chain([names], rows)
    while piece := list(islice(lines, ROWS_AT_ONCE)):
        out = io.StringIO()
        csv.writer(out).writerows([inert(cell) for cell in line] for line in piece)
        yield out.getvalue().encode()
