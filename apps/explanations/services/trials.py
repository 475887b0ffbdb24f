"""Ask a loaded model about a stored prediction. Web never loads a model: it stores the question and waits a moment."""

import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.common import doorbell
from apps.common.errors import ConflictError, UnprocessableError
from apps.common.jobs import run_next
from apps.explanations.engine.running import ModelRefused, NotStarted
from apps.explanations.models import Artifact, Trial
from apps.explanations.services import answering
from apps.explanations.services.loaded import loaded
from apps.explanations.services.specs import spec_of
from apps.predictions.models import Prediction

BELL = "answer_trials"
WAIT_SECONDS = 1.0
# The first looks come soon: a warm model answers within some 30 ms.
LOOK_SECONDS = (0.01, 0.01, 0.02, 0.02, 0.04)
KEPT = timedelta(hours=1)
TURN_SECONDS = 20
LONGEST_TEXT = 1_000
MOST_OTHERS = 5


def ask(
    artifact: Artifact, prediction: Prediction, *, changes: Mapping[str, Any] | None = None, by: User | None
) -> Trial:
    """Store the question what the file says of this prediction, with some values changed if they are given.

    Raises ConflictError for a file that is not ready, and UnprocessableError for a change that it cannot take.
    """
    if not artifact.is_ready:
        raise ConflictError("This model file has to reproduce stored scores first.", code="file_not_ready")
    given = dict(changes or {})
    known = {each.name for each in spec_of(artifact).features}
    for name, value in given.items():
        if name not in known:
            raise UnprocessableError(f"The model has no input {name[:80]!r}.", code="unknown_feature")
        if isinstance(value, list | dict) or (isinstance(value, str) and len(value) > LONGEST_TEXT):
            raise UnprocessableError(f"{name} takes a number, a text, a flag or null.", code="invalid_value")
    kind = Trial.Kind.CHANGED if given else Trial.Kind.OPEN
    trial = Trial.objects.create(artifact=artifact, prediction=prediction, kind=kind, changes=given, asked_by=by)
    doorbell.ring_on_commit(BELL)
    return trial


def ask_all(
    artifact: Artifact, prediction: Prediction, *, changes: Mapping[str, Any] | None = None, by: User | None
) -> list[Trial]:
    """Ask this file, and the files of the model's other versions, the newest first."""
    others = Artifact.objects.ready().filter(version__model=prediction.model_id)
    others = others.exclude(pk=artifact.pk).select_related("version__model").order_by("-version__first_seen_at")
    return [ask(each, prediction, changes=changes, by=by) for each in (artifact, *others[:MOST_OTHERS])]


def ask_for_contributions(predictions: Iterable[Prediction]) -> None:
    """Have predictions explained that nobody drew, so that their contributions are there when they are reviewed."""
    files = Artifact.objects.ready().exclude(method="")
    by_version: dict[int, Artifact | None] = {}
    for each in predictions:
        if each.version_id not in by_version:
            by_version[each.version_id] = files.filter(version=each.version_id).first()
        if (file := by_version[each.version_id]) is not None:
            ask(file, each, by=None)


def wait(trials: Iterable[Trial], *, seconds: float = WAIT_SECONDS) -> list[Trial]:
    """Return the trials as soon as all are answered, or as they are after so many seconds."""
    keys, until = [each.pk for each in trials], time.monotonic() + seconds
    looks = iter(LOOK_SECONDS)
    while True:
        found = list(Trial.objects.filter(pk__in=keys).select_related("artifact__version").order_by("pk"))
        if all(each.finished_at for each in found) or time.monotonic() > until:
            return found
        time.sleep(next(looks, 0.05))


def waiting_since() -> datetime | None:
    """Return since when the oldest due question waits for a worker; None without any."""
    found: datetime | None = Trial.objects.due().unleased().aggregate(since=Min("created_at"))["since"]
    return found


def answer_due() -> int:
    """Answer the due questions, and forget old ones. Returns how many were answered."""
    answered, until = 0, time.monotonic() + TURN_SECONDS
    while run_next(Trial, _answer):
        answered += 1
        if time.monotonic() > until:
            doorbell.ring(BELL)
            break
    Trial.objects.filter(created_at__lt=Now() - KEPT).delete()
    return answered


def _answer(trial: Trial) -> None:
    artifact = Artifact.objects.select_related("version__model__project").get(pk=trial.artifact_id)
    if not artifact.is_ready:
        raise ConflictError("This model file has to reproduce stored scores first.", code="file_not_ready")
    try:
        with loaded(artifact) as child:
            if trial.kind == Trial.Kind.OPEN:
                answer = answering.opened(child, artifact, trial.prediction)
            else:
                answer = answering.changed(child, artifact, trial.prediction, trial.changes)
    except (ModelRefused, NotStarted) as error:
        raise ConflictError(str(error), code="file_refused") from error
    trial.complete(answer=answer)
