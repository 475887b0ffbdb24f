"""Replays: what a draft would have drawn last week, beside what was drawn."""

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.common import doorbell
from apps.common.deadlines import deadline
from apps.common.durations import limit
from apps.common.errors import ConflictError
from apps.common.jobs import run_next
from apps.planning.models import Draft, Replay
from apps.planning.services.weeks import last_week
from apps.registry.models import MonitoredModel
from apps.registry.services.archiving import require_active
from apps.sampling.services import policies
from apps.sampling.services.problems import InvalidDocumentError
from apps.sampling.services.validation import validated

BELL = "replay"
KEPT = timedelta(days=7)


def request_replay(model: MonitoredModel, *, by: User) -> Replay:
    """Ask for last week with the person's draft, or with the saved sampling where they have none.

    Asked twice, it is one job. Raises InvalidDocumentError for a draft with a mistake.
    """
    require_active(model)
    document = _document(model, by=by)
    week = last_week(model)
    asked = {"start": week.start, "end": week.end, "is_by_prediction": week.is_by_prediction}
    under_way = Replay.objects.unfinished().filter(model=model, asked_by=by, **asked)
    same: Replay | None = next((each for each in under_way if each.document == document), None)
    if same is not None:
        return same
    replay = Replay.objects.create(model=model, asked_by=by, document=document, **asked)
    doorbell.ring_on_commit(BELL)
    return replay


def is_own_draft(replay: Replay, *, by: User) -> bool:
    """Whether the replay is of the person's draft, or of what is in force where they have none, as it is now."""
    try:
        return bool(_document(replay.model, by=by) == replay.document)
    except InvalidDocumentError:
        return False


def _document(model: MonitoredModel, *, by: User) -> dict[str, Any]:
    """Return the person's draft, or what is in force where they have none. Raises InvalidDocumentError."""
    draft = Draft.objects.filter(model=model, owner=by).first()
    current = policies.current_document(model)
    return {**current, **validated(draft.document if draft else current, model=model)}


def retry(replay: Replay) -> None:
    """Try a failed replay again."""
    if not Replay.objects.filter(pk=replay.pk, result__isnull=True).retry(progress=0.0):
        raise ConflictError("Only a failed replay can be tried again.")
    doorbell.ring_on_commit(BELL)


def replay_due() -> int:
    """Run the replays that are due for one turn, and forget old ones. Returns how many were run."""
    run, until = 0, time.monotonic() + settings.REPORT_SECONDS
    while run_next(Replay, run_replay):
        run += 1
        if time.monotonic() > until:
            doorbell.ring(BELL)
            break
    Replay.objects.filter(created_at__lt=Now() - KEPT).delete()
    return run


def run_replay(replay: Replay) -> None:
    """Replay the days of a claimed job. Raises TookTooLongError."""
    # Imported here: pages ask for replays and need not load pandas.
    from apps.planning.services.comparing import compare_week  # noqa: PLC0415  # see above

    seconds = settings.REPORT_SECONDS
    with deadline(seconds, f"The replay took longer than {limit(seconds)}."):
        result = compare_week(replay, tell=lambda progress: replay.fenced_update(progress=progress))
    replay.complete(result=result)
