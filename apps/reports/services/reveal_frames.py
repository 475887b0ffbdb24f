"""Read blind first answers and the final ones after the reveal as a frame."""

from datetime import date, datetime

import pandas as pd
from django.db.models import Case, Exists, F, OuterRef, Subquery, Value, When

from apps.registry.models import ModelVersion, MonitoredModel
from apps.reports.services import window_frames
from apps.review.models import Decision, Similar, Slot
from apps.truth.services.cohorts import day_start

COLUMNS = {
    "prediction_id": "int64",
    "first": "float64",
    "final": "float64",
    "shown": "object",
    "is_shown_in_part": "bool",
    "similar": "object",
}

# Empty where nobody noted what was shown.
SIMILAR = Case(
    When(shown="", then=Value("")),
    When(slot__similar_at__lte=F("final_at"), then=Value(Similar.OPENED)),
    default=Value(Similar.NOT_OPENED),
)


def reveals_frame(
    model: MonitoredModel, *, start: date, end: date, as_of: datetime, version: ModelVersion | None = None
) -> pd.DataFrame:
    """Read the answers to drawn cases of the window that were given blind, and given again after the reveal, by then.

    Nobody is measured against their own adjudication.
    """
    given = Decision.objects.filter(decided_at__lte=as_of, value__isnull=False)
    final = given.filter(slot=OuterRef("slot"), is_judgement=False).order_by("-id")
    own = Slot.objects.filter(item=OuterRef("item"), reviewer=OuterRef("reviewer"), is_adjudication=True)
    rows = (
        given.filter(is_judgement=True, was_blind=True, item__draw__model=model)
        .filter(item__prediction__predicted_at__gte=day_start(model, start))
        .filter(item__prediction__predicted_at__lt=day_start(model, end))
        .exclude(Exists(own.filter(outcome=Slot.Outcome.ANSWERED, closed_at__lte=as_of)))
        .annotate(final=Subquery(final.values("value")[:1]), final_at=Subquery(final.values("decided_at")[:1]))
        .annotate(similar=SIMILAR)
        .filter(final__isnull=False)
        .order_by("pk")
    )
    if version is not None:
        rows = rows.filter(item__prediction__version=version)
    columns = ["item__prediction_id", "value", "final", "shown", "is_shown_in_part", "similar"]
    return window_frames.read(rows, columns, named=list(COLUMNS)).astype(COLUMNS)
