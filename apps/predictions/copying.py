"""Rows for PostgreSQL's COPY in its text form, put together as one piece.

The driver's `write_row` looks up how to write each value; for rows that are known it costs four times this.
"""

import re
from collections.abc import Iterable

from django.db import connection

NULL = r"\N"

# https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS-TEXT
_SPECIAL = re.compile(r"[\\\n\r\t]")
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


def text(value: str | None) -> str:
    r"""A text as COPY reads it.

    >>> text("a\tb\\"), text(None)
    ('a\\tb\\\\', '\\N')
    """
    if value is None:
        return NULL
    return value.translate(_ESCAPES) if _SPECIAL.search(value) else value


def number(value: float | None) -> str:
    r"""A number as COPY reads it.

    >>> number(0.1), number(None)
    ('0.1', '\\N')
    """
    return NULL if value is None else repr(value)


def binary(value: bytes) -> str:
    r"""Bytes as COPY reads them.

    >>> binary(b"\x00\xff")
    '\\\\x00ff'
    """
    return r"\\x" + value.hex()


def copy_lines(table: str, columns: str, lines: Iterable[str]) -> None:
    """COPY lines of values, each joined by tabs, into the columns of a table."""
    whole = "\n".join(lines)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        copy.write(whole)
