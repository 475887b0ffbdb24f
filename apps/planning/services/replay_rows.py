"""Rows of a replay: the predictions of a piece that belong to its days, with the features that policies look at."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from apps.planning.models import Replay
from apps.planning.services.replay_pieces import Piece
from apps.predictions.models import Batch, Payload
from apps.sampling.services import conditions, prediction_frames
from apps.sampling.services.rates import RatedPolicy


def read(replay: Replay, piece: Piece, *, policies: Sequence[RatedPolicy]) -> tuple[pd.DataFrame, int]:
    """Read the rows that these policies can be evaluated for.

    Also returns how many are left out because the features that a policy looks at are not kept any more.
    """
    features = set().union(*(conditions.features_of(each.policy.condition) for each in policies))
    rows = prediction_frames.predictions_of(piece.batches, model=replay.model, features=features)
    if replay.is_by_prediction:
        is_inside = (rows["predicted_at"] >= replay.start) & (rows["predicted_at"] < replay.end)
        rows = rows[is_inside].reset_index(drop=True)
    if not features:
        return rows, 0
    is_kept = rows["id"].isin(_kept(piece.batches)).to_numpy()
    return rows[is_kept].reset_index(drop=True), int((~is_kept).sum())


def moments(replay: Replay, rows: pd.DataFrame) -> "pd.Series[Any]":
    """Return the moment of each row that counts for its day and its hour."""
    return rows["predicted_at" if replay.is_by_prediction else "received_at"]


def _kept(batches: list[Batch]) -> set[int]:
    """Return the predictions whose features are still kept."""
    return {
        key
        for batch in batches
        for key in Payload.objects.filter(
            prediction_id__gte=batch.first_id, prediction_id__lte=batch.last_id, received_at=batch.received_at
        ).values_list("prediction_id", flat=True)
    }
