"""Compare a week as it was drawn with the same week under a draft."""

from collections.abc import Callable
from typing import Any

from django.db.models import Sum

from apps.planning.models import Replay
from apps.planning.services import replay_frames, replay_pieces
from apps.planning.services.replay_totals import Totals
from apps.sampling.services import policies


def compare_week(replay: Replay, *, tell: Callable[[float], None]) -> dict[str, Any]:
    """Return what the draft would have drawn of the replay's days beside what was drawn; tells its progress."""
    drafted = policies.rated_document(replay.model, replay.document)
    total = replay_pieces.drawn_batches(replay).aggregate(rows=Sum("accepted"))["rows"] or 1
    totals, done = Totals(seed=replay.pk), 0
    for piece in replay_pieces.pieces(replay):
        totals.add(*replay_frames.compare(replay, piece, drafted=drafted))
        done += piece.rows
        tell(min(1.0, done / total))
    return {**totals.document, "waiting": replay_pieces.waiting_rows(replay)}
