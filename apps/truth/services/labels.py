"""Resolved labels as client systems read them: with their source, inclusion probability and weight."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from apps.common.paging import keyset_page
from apps.registry.models import MonitoredModel
from apps.truth.models import Resolution

PAGE = 1_000
VALUES = ("prediction", "label", "outcome", "reviewed", "adjudicated")
MOMENTS = ("predicted_at", "resolved_at")
FIELDS = (
    "id",
    "predicted_at",
    "version",
    "prediction",
    "label",
    "source",
    "outcome",
    "reviewed",
    "adjudicated",
    "adjudication_probability",
    "inclusion_probability",
    "weight",
    "resolved_at",
    "seq",
)

Label = dict[str, Any]


def labels(model: MonitoredModel, *, seq: int, after: int = 0) -> QuerySet[Resolution]:
    """What is known as of `seq`, one row a prediction, in the order of predictions from `after` on."""
    known = Resolution.objects.filter(model=model, prediction__gt=after).as_of(seq)
    return known.select_related("prediction__draw", "prediction__version")


def page(model: MonitoredModel, *, seq: int, after: int, limit: int) -> tuple[list[Label], int | None]:
    """Up to `limit` labels, and after which prediction the next ones come; None at the end."""
    rows, following = keyset_page(
        labels(model, seq=seq, after=after), limit=limit, key=lambda row: int(row.prediction_id)
    )
    return [document(model, row) for row in rows if row.truth is not None], following


def pages(model: MonitoredModel, *, seq: int, after: int = 0) -> Iterator[list[Label]]:
    """All labels, some at a time, from a cursor of the database: never all of them in memory."""
    rows = labels(model, seq=seq, after=after).iterator(chunk_size=PAGE)
    while some := list(islice(rows, PAGE)):
        yield [document(model, row) for row in some if row.truth is not None]


def document(model: MonitoredModel, row: Resolution) -> Label:
    """One label. Of a case that was not drawn it has no inclusion probability and no weight."""
    prediction = row.prediction
    draw = getattr(prediction, "draw", None)
    pi = draw.counted_probability if draw is not None and draw.is_blind else None
    return {
        "id": prediction.external_id,
        "predicted_at": prediction.predicted_at.isoformat(),
        "version": prediction.version.name,
        "prediction": model.decode(prediction.predicted),
        "label": _said(model, row.truth),
        "source": row.source,
        "outcome": _said(model, row.outcome),
        "reviewed": _said(model, row.label),
        "adjudicated": _said(model, row.adjudicated),
        "adjudication_probability": row.adjudication_probability,
        "inclusion_probability": pi,
        "weight": 1 / pi if pi else None,
        "resolved_at": row.resolved_at.isoformat(),
        "seq": row.seq,
    }


def _said(model: MonitoredModel, stored: float | None) -> str | float | None:
    return None if stored is None else model.decode(stored)
