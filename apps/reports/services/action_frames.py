"""Read what was really done about the predictions of a window as a frame."""

from collections.abc import Sequence
from datetime import date, datetime

import pandas as pd
from django.db.models import CharField, FloatField, OuterRef, Subquery
from django.db.models.functions import Cast

from apps.predictions.models import Action, Prediction
from apps.registry.models import ModelVersion, MonitoredModel, Slice
from apps.reports.engine.evidence import SLICE
from apps.reports.services import window_frames
from apps.sampling.models import Draw
from apps.sampling.services.moments import drawn_batches
from apps.truth.models import Resolution
from apps.truth.services.cohorts import day_start
from apps.truth.services.observing import action_that_counts


def last_action(model: MonitoredModel, *, as_of: datetime) -> datetime | None:
    """Return when the model's last action came in by a moment; None without any."""
    known = Action.objects.filter(model=model, received_at__lte=as_of).order_by("-received_at")
    return known.values_list("received_at", flat=True).first()


def actions_frame(
    model: MonitoredModel,
    *,
    start: date,
    end: date,
    seq: int,
    as_of: datetime,
    slices: Sequence[Slice],
    version: ModelVersion | None = None,
) -> pd.DataFrame:
    """Read the predictions with an action that acts on a class, as known at the moment: of several the one taken last.

    Columns: predicted, acted (the class acted on), outcome (nan: not known), amount, queue (null: not drawn),
    log_share, slices.
    """
    names = ["predicted", "action", "outcome", "amount", "queue", "log_share", *(SLICE + each.name for each in slices)]
    if not Action.objects.filter(model=model).exists():
        return pd.DataFrame(columns=[*names, "acted"])
    latest = Resolution.objects.filter(prediction=OuterRef("pk"), seq__lte=seq).order_by("-seq")
    draws = Draw.objects.filter(prediction=OuterRef("pk"), drawn_at__lte=as_of)
    rows = (
        Prediction.objects.filter(model=model, predicted_at__gte=day_start(model, start))
        .filter(predicted_at__lt=day_start(model, end), batch__in=drawn_batches(model, by=as_of))
        .of_version(version)
        .annotate(
            action=action_that_counts(model, as_of=as_of),
            outcome=Subquery(latest.values("outcome")[:1]),
            money=Cast("amount", FloatField()),
            queue=Subquery(draws.values("queue__name")[:1], output_field=CharField()),
            **window_frames.slice_values("slices", slices),
        )
        .filter(action__isnull=False)
        .order_by("pk")
    )
    columns = ["predicted", "action", "outcome", "money", "queue", "log_share", *window_frames.slice_columns(slices)]
    frame = window_frames.read(rows, columns, named=names)
    acts_on = {name: model.acts_on(name) for name in frame["action"].unique()}
    frame = frame.assign(acted=frame["action"].map(acts_on), amount=frame["amount"].astype("float64").fillna(1.0))
    frame = frame.astype({"predicted": "float64", "acted": "float64", "outcome": "float64", "log_share": "float64"})
    frame["log_share"] = frame["log_share"].fillna(1.0)
    return frame[frame["acted"].notna()].reset_index(drop=True)
