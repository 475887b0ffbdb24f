"""Resolved labels as client systems read them: with source, inclusion probability and weight."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import Max, QuerySet

from apps.accounts.models import User
from apps.common.paging import keyset_page
from apps.predictions.services import sightings
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
    "log_share",
    "weight",
    "targeted",
    "resolved_at",
    "seq",
)

Label = dict[str, Any]


def labels(model: MonitoredModel, *, seq: int, after: int = 0) -> QuerySet[Resolution]:
    """Select what is known as of `seq`: one row per prediction with an id above `after`, by prediction id."""
    resolutions = Resolution.objects.filter(model=model, prediction__gt=after).as_of(seq)
    return resolutions.select_related("prediction__draw", "prediction__version")


def label_page(model: MonitoredModel, *, seq: int, after: int, limit: int) -> tuple[list[Label], int | None]:
    """Return up to `limit` labels and the cursor of the next page, None at the end."""
    rows, following = keyset_page(
        labels(model, seq=seq, after=after), limit=limit, key=lambda row: int(row.prediction_id)
    )
    return [document(model, row) for row in rows if row.truth is not None], following


def label_chunks(model: MonitoredModel, *, seq: int, after: int = 0) -> Iterator[list[Label]]:
    """Iterate over all labels in chunks from a database cursor, so that memory stays bounded."""
    rows = labels(model, seq=seq, after=after).iterator(chunk_size=PAGE)
    while chunk := list(islice(rows, PAGE)):
        yield [document(model, row) for row in chunk if row.truth is not None]


def note_read(
    model: MonitoredModel, reader: User | None, *, seq: int, after: int, up_to: int | None, form: str
) -> None:
    """Note that the person reads the labels after this key, up to another one or to the last."""
    rest = Resolution.objects.filter(model=model, prediction__gt=after, seq__lte=seq)
    last = up_to or rest.aggregate(last=Max("prediction"))["last"]
    # A key that acts for nobody has no reader.
    if reader is not None and last is not None:
        filters = {"labels": form, "seq": seq}
        sightings.note_export(reader, model, filters=filters, first=after + 1, last=last)


def document(model: MonitoredModel, row: Resolution) -> Label:
    """Describe one label. A prediction that was not drawn has no inclusion probability and no weight."""
    prediction = row.prediction
    draw = getattr(prediction, "draw", None)
    pi = draw.counted_probability if draw is not None and draw.is_blind else None
    return {
        "id": prediction.external_id,
        "predicted_at": prediction.predicted_at.isoformat(),
        "version": prediction.version.name,
        "prediction": model.decode(prediction.predicted),
        "label": _decoded(model, row.truth),
        "source": row.source,
        "outcome": _decoded(model, row.outcome),
        "reviewed": _decoded(model, row.label),
        "adjudicated": _decoded(model, row.adjudicated),
        "adjudication_probability": row.adjudication_probability,
        "inclusion_probability": pi,
        "log_share": prediction.log_share,
        "weight": prediction.stands_for / pi if pi else None,
        # A person chose the case: its label has no probability, and no figure counts it.
        "targeted": draw is None and not (row.label is None and row.adjudicated is None),
        "resolved_at": row.resolved_at.isoformat(),
        "seq": row.seq,
    }


def _decoded(model: MonitoredModel, stored: float | None) -> str | float | None:
    return None if stored is None else model.decode(stored)
