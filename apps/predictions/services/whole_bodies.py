"""Check a body of prediction rows as a whole, without storing any of them."""

from collections.abc import Iterable

import msgspec

from apps.common.clock import database_now
from apps.common.errors import DomainError
from apps.common.numerals import count
from apps.predictions.reading.bodies import Body
from apps.predictions.reading.decoding import chunks
from apps.predictions.reading.rejections import Rejection
from apps.predictions.reading.rows import PredictionReader, PredictionRow
from apps.registry.models import MonitoredModel

MOST_TOLD = 100


class RejectedRowsError(DomainError):
    """Some rows are refused, and so is all of the body."""

    status = 422
    code = "rows_rejected"


def read_whole(
    model: MonitoredModel, pieces: Iterable[bytes], *, content_type: str, encoding: str = ""
) -> list[PredictionRow]:
    """Return the checked rows of a body in any form that a push may have.

    Raises RejectedRowsError with the first refused rows, and the errors of a push.
    """
    reader, rows, seen = PredictionReader(model, now=database_now()), list[PredictionRow](), 0
    rejected: list[Rejection] = []
    with Body.receive(pieces, content_type=content_type, encoding=encoding) as body:
        for raws in chunks(body, name="predictions"):
            good, bad = reader.read_all(raws, first=seen)
            rows += [row for _, row in good]
            rejected += bad
            seen += len(raws)
    if rejected:
        first = rejected[0]
        raise RejectedRowsError(
            f"{count(len(rejected))} of {count(seen)} rows are refused, the first with {first.code}: {first.message}",
            rejected=msgspec.to_builtins(rejected[:MOST_TOLD]),
        )
    return rows
