"""Frames of predictions for a replay: what was drawn of them, and what the draft would have drawn."""

from typing import Any

import numpy as np
import pandas as pd
from django.db.models import OuterRef, Subquery
from numpy.typing import NDArray

from apps.planning.models import Replay
from apps.planning.services import replay_rows
from apps.planning.services.replay_pieces import Piece
from apps.planning.services.replay_rates import DraftedRates
from apps.predictions.models import Batch, Outcome, Prediction
from apps.sampling.models import Draw
from apps.sampling.services import prediction_frames, probabilities
from apps.sampling.services.randomness import permanent_numbers
from apps.sampling.services.rates import RatedPolicy

Floats = NDArray[np.float64]
# What a frame has beside the keys of its predictions: the day, what was drawn and by which policy for which queue,
# whether the saved sampling draws it again, what the draft would have drawn, and how it turned out.
COLUMNS = (
    "id",
    "day",
    "was",
    "was_policy",
    "was_queue",
    "again",
    "would",
    "would_policy",
    "would_queue",
    "saved_share",
    "draft_share",
    "is_known",
    "is_wrong",
)


def compare(replay: Replay, piece: Piece, *, drafted: DraftedRates) -> tuple[pd.DataFrame, int]:
    """Replay a piece with the saved sampling and with the draft.

    Returns its rows, and how many were left out because the features that a policy looks at are not kept any more.
    """
    model = replay.model
    rows, left_out = replay_rows.read(replay, piece, policies=[*piece.policies, *drafted.policies])
    table, moments = prediction_frames.table_of(rows), replay_rows.moments(replay, rows)
    saved = probabilities.matrix(piece.policies, probabilities.shapes(piece.policies, table, model=model))
    draft = drafted.probabilities(piece, table, moments)
    u = permanent_numbers(bytes(model.salt), rows["external_id"])
    was_policy, was_queue = _as_drawn(rows, piece, u=u)
    chosen = _first(draft, u)
    names = np.array([each.policy.name for each in drafted.policies] + [""], dtype=object)
    queues = np.array([each.policy.queue.slug for each in drafted.policies] + [""], dtype=object)
    outcome = _outcomes(piece.batches, rows["id"])
    is_known = ~np.isnan(outcome)
    frame = pd.DataFrame(
        {
            "id": rows["id"],
            "day": prediction_frames.days_of(moments, zone=model.zone),
            "was": was_queue != "",
            "was_policy": was_policy,
            "was_queue": was_queue,
            "again": u < saved.max(axis=0, initial=0.0),
            "would": chosen >= 0,
            "would_policy": names[chosen],
            "would_queue": queues[chosen],
            "saved_share": saved.max(axis=0, initial=0.0),
            "draft_share": draft.max(axis=0, initial=0.0),
            "is_known": is_known,
            "is_wrong": is_known & ~model.agrees(outcome, rows["predicted_index"].to_numpy(dtype=np.float64)),
        },
        columns=list(COLUMNS),
    )
    return frame, left_out


def _first(p: Floats, u: Floats) -> NDArray[np.int64]:
    """Return the first policy by rank that draws each row: it chooses the queue. −1 where none does."""
    drawn = u < p
    first = drawn.argmax(axis=0) if len(p) else np.zeros(len(u), dtype=np.int64)
    return np.where(drawn.any(axis=0), first, -1)


def _as_drawn(rows: pd.DataFrame, piece: Piece, *, u: Floats) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the policy that drew each row, and the queue it went to; empty where it was not drawn."""
    first, last = (each(getattr(batch, f"{name}_id") for batch in piece.batches) for each, name in ENDS)
    found = Draw.objects.filter(batch__in=[batch.pk for batch in piece.batches])
    found = found.filter(prediction__gte=first, prediction__lte=last).select_related("queue")
    draws = {draw.prediction_id: draw for draw in found}
    policy = np.full(len(rows), "", dtype=object)
    queue = np.full(len(rows), "", dtype=object)
    for place, key in enumerate(rows["id"]):
        if (draw := draws.get(key)) is not None:
            queue[place] = draw.queue.slug
            policy[place] = _drawn_by(draw, piece.policies, u=float(u[place]))
    return policy, queue


ENDS: tuple[tuple[Any, str], ...] = ((min, "first"), (max, "last"))


def _drawn_by(draw: Draw, policies: list[RatedPolicy], *, u: float) -> str:
    """Return the policy with the lowest rank that drew the case, by the probabilities recorded with it."""
    recorded = draw.probabilities
    return next((str(each.policy.name) for each in policies if u < recorded.get(str(each.policy.pk), 0.0)), "")


def _outcomes(batches: list[Batch], keys: pd.Series) -> Floats:
    """Return the outcome that counts of each prediction, NaN where none is known."""
    sent = Outcome.objects.filter(model=OuterRef("model"), external_id=OuterRef("external_id"))
    newest = Subquery(sent.order_by("-occurred_at", "-id").values("outcome")[:1])
    known = {
        key: outcome
        for batch in batches
        for key, outcome in Prediction.objects.of_batch(batch).annotate(newest=newest).values_list("id", "newest")
    }
    return np.array([known.get(key) for key in keys], dtype=np.float64)
