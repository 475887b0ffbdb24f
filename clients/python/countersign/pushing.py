"""Pushing rows in batches. Each batch has its own idempotency key, so repeating it changes nothing."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from countersign.connection import Connection
from countersign.documents import Limits
from countersign.encoding import encode
from countersign.errors import CountersignError, RowsRejectedError
from countersign.progress import Progress, reporting
from countersign.sources import Line, Source, rows_of

BATCH_ROWS = 5_000
# A retry sends the whole batch again, so batches stay small.
BATCH_BYTES = 8 * 1024 * 1024
MAX_RUN = 100


@dataclass(frozen=True)
class RejectedRow:
    """A row that was not stored. `row` is its position in the whole source, from 0."""

    row: int
    id: str | None
    code: str
    field: str | None
    message: str


@dataclass
class PushResult:
    """The result of a push. `parked` outcomes wait for their prediction."""

    accepted: int = 0
    duplicates: int = 0
    parked: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    def raise_for_rejected(self) -> "PushResult":
        """Return the result if every row is stored, now or earlier. Raises RowsRejectedError."""
        if self.rejected:
            raise RowsRejectedError(self.rejected)
        return self


@dataclass
class _Batch:
    """Lines to send together, the position of each in the source, and rows that cannot be sent at all."""

    positions: list[int] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    flawed: list[RejectedRow] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return len(self.lines) + len(self.flawed)


def push(
    connection: Connection,
    path: str,
    source: Source,
    *,
    limits: Limits,
    batch_rows: int,
    run: str | None,
    progress: Progress,
) -> PushResult:
    """Send all rows of the source in order. Raises ApiError, UnreachableError; batches sent before stay stored."""
    if run is not None and not (0 < len(run) <= MAX_RUN and run.isascii() and run.isprintable()):
        raise ValueError(f"The name of a run has up to {MAX_RUN} printable ASCII characters.")
    run, result, done = run or uuid4().hex, PushResult(), 0
    rows = rows_of(source)
    with reporting(progress, total=rows.total, what=path.rpartition("/")[2]) as report:
        for number, batch in enumerate(_batches(rows.each, limits=limits, batch_rows=batch_rows)):
            try:
                _send(connection, path, batch, key=f"{run}-{number}", result=result)
            except CountersignError as error:
                error.add_note(f"{done:,} rows of the source are acknowledged; the others can be sent again.")
                raise
            done += batch.rows
            report(done)
    return result


def _send(connection: Connection, path: str, batch: _Batch, *, key: str, result: PushResult) -> None:
    """Send one batch and add its response to the result."""
    rejected = batch.flawed
    if batch.lines:
        body = b"\n".join(batch.lines) + b"\n"
        # The key includes the content, so a run that is repeated with other rows gets other keys.
        digest = hashlib.sha256(path.encode() + b"\n" + body).hexdigest()[:32]
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": f"{key}-{digest}"}
        answer: dict[str, Any] = connection.call("POST", path, content=body, headers=headers)
        result.accepted += answer["accepted"]
        result.duplicates += answer["duplicates"]
        result.parked += answer.get("parked", 0)
        if answer["batch"] is not None:
            result.batches.append(answer["batch"])
        rejected = rejected + [_rejected(batch.positions[each["index"]], each) for each in answer["rejected"]]
    result.rejected += sorted(rejected, key=lambda each: each.row)


def _rejected(row: int, each: dict[str, Any]) -> RejectedRow:
    return RejectedRow(row, each["id"], each["code"], each["field"], each["message"])


def _batches(rows: Iterator[Mapping[str, Any] | Line], *, limits: Limits, batch_rows: int) -> Iterator[_Batch]:
    """Group rows into batches within the limits. A row that would spoil its whole batch is kept aside."""
    most_rows = max(1, min(batch_rows, limits.rows_per_batch, limits.rows_per_minute or batch_rows))
    most_bytes = min(BATCH_BYTES, limits.body_bytes)
    batch = _Batch()
    for position, row in enumerate(rows):
        line = _line(position, row, limits=limits)
        if isinstance(line, RejectedRow):
            batch.flawed.append(line)
        else:
            if batch.lines and batch.size + len(line) + 1 > most_bytes:
                yield batch
                batch = _Batch()
            batch.positions.append(position)
            batch.lines.append(line)
            batch.size += len(line) + 1
        if batch.rows >= most_rows:
            yield batch
            batch = _Batch()
    if batch.rows:
        yield batch


def _line(position: int, row: Mapping[str, Any] | Line, *, limits: Limits) -> bytes | RejectedRow:
    """Return the row as a line, or the reason why it cannot be sent."""
    name = row.get("id") if isinstance(row, Mapping) else None
    shown = name if isinstance(name, str) else None
    try:
        line = row if isinstance(row, Line) else encode(row)
        line.decode()
    except UnicodeDecodeError as error:
        return RejectedRow(position, shown, "invalid_unicode", None, f"Not valid UTF-8 at byte {error.start}.")
    except (TypeError, ValueError, RecursionError) as error:
        return RejectedRow(position, shown, "invalid_type", None, str(error))
    if len(line) > limits.bytes_per_row:
        return RejectedRow(
            position, shown, "too_large", None, f"The row is larger than {limits.bytes_per_row:,} bytes."
        )
    return line
