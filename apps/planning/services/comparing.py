"""Compare a week as it was drawn with the same week under a draft."""

from collections.abc import Callable
from typing import Any

from django.db.models import Sum

from apps.planning.models import Replay
from apps.planning.services import replay_frames, replay_pieces
from apps.planning.services.replay_rates import DraftedRates
from apps.planning.services.replay_totals import Totals


def compare_week(replay: Replay, *, tell: Callable[[float], None]) -> dict[str, Any]:
    """Return what the draft would have drawn of the replay's days beside what was drawn; tells its progress."""
    drafted, totals = DraftedRates(replay), Totals(seed=replay.pk)
    progress = _Progress(replay, reads=3 if drafted.paced else 1, tell=tell)
    drafted.pace(tell=progress)
    for piece in replay_pieces.pieces(replay):
        totals.add(*replay_frames.compare(replay, piece, drafted=drafted))
        progress(piece.rows)
    return {**totals.document, "waiting": replay_pieces.waiting_rows(replay)}


class _Progress:
    """Tells the share of the rows read. To pace a budget, those of two weeks are read before the week is drawn."""

    def __init__(self, replay: Replay, *, reads: int, tell: Callable[[float], None]) -> None:
        week = replay_pieces.drawn_batches(replay).aggregate(rows=Sum("accepted"))["rows"] or 1
        self._total, self._done, self._tell = week * reads, 0, tell

    def __call__(self, rows: int) -> None:
        self._done += rows
        self._tell(min(1.0, self._done / self._total))
