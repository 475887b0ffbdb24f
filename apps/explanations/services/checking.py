"""Parity is the door: a file explains nothing until it gives stored predictions the scores that were sent with them."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Exists, Min, OuterRef
from django.db.models.functions import Now

from apps.common import doorbell
from apps.common.jobs import run_next
from apps.explanations.engine import parity
from apps.explanations.engine.parity import Case, Compared, Scorer, Suspect
from apps.explanations.engine.running import Loaded, ModelRefused, NotStarted
from apps.explanations.engine.spec import Spec
from apps.explanations.models import Artifact, ParityCheck
from apps.explanations.services import reading, seen
from apps.explanations.services.loaded import ModelDiedError, loaded
from apps.explanations.services.specs import spec_of
from apps.predictions.models import Batch, BatchKind, Prediction, Stage
from apps.predictions.services import stages
from apps.registry.services import incidents

BELL = "check_artifacts"
# Shown: "50 of 50".
ROWS = 50
# More rows see what 50 miss, such as one changed leaf of a tree.
MORE_ROWS = 5_000
ROWS_A_CALL = 500
BATCHES = 100
ROWS_A_BATCH = 500
EVERY = timedelta(hours=20)
KEPT_CHECKS = 60


def ask(artifact: Artifact) -> None:
    """Make a check of the file due, unless one is."""
    if not ParityCheck.objects.unfinished().filter(artifact=artifact).exists():
        ParityCheck.objects.create(artifact=artifact)
    doorbell.ring_on_commit(BELL)


def ask_nightly() -> int:
    """Ask for a check of every file in force that has not been checked for a day. Returns how many."""
    recent = ParityCheck.objects.filter(artifact=OuterRef("pk"), created_at__gt=Now() - EVERY)
    states = (Artifact.State.READY, Artifact.State.DIFFERS, Artifact.State.WAITING)
    due = Artifact.objects.in_force().filter(state__in=states, version__model__archived_at=None)
    artifacts = list(due.exclude(Exists(recent)))
    for artifact in artifacts:
        ask(artifact)
    return len(artifacts)


def waiting_since() -> datetime | None:
    """Return since when the oldest due check waits for a worker; None without any."""
    found: datetime | None = ParityCheck.objects.due().unleased().aggregate(since=Min("created_at"))["since"]
    return found


def sealed_with() -> list[str]:
    """Return what holds the processes of all files in force: less where the system allows less."""
    known = Artifact.objects.in_force().exclude(sealed=[]).values_list("sealed", flat=True)
    sets = [set(each) for each in known]
    return sorted(set.intersection(*sets)) if sets else []


def check_due() -> int:
    """Do all due checks. Returns how many."""
    done = 0
    while run_next(ParityCheck, _check):
        done += 1
    return done


def _check(check: ParityCheck) -> None:
    artifact = Artifact.objects.select_related("version__model__project").get(pk=check.artifact_id)
    if artifact.replaced_at is not None:
        check.complete()
        return
    spec = spec_of(artifact)
    cases, values = _cases(artifact, spec)
    started = time.perf_counter()
    try:
        with loaded(artifact) as child:
            shown = parity.compare(child, cases[:ROWS], spec=spec)
            others = _compare_all(child, cases[ROWS:], spec)
            wrong = next((each for each in (shown, others) if each.rows and not each.is_same), None)
            why = parity.suspects(child, cases[:ROWS], spec=spec, found=shown) if wrong is shown else []
            about = _about(child.loaded)
    except (ModelRefused, NotStarted) as error:
        # A library that is not installed is no fault of the file: once it is, the file can be checked again.
        _refuse(check, artifact, str(error))
        return
    except ModelDiedError as error:
        _note_death(check, artifact, error)
        return
    spent = 1000 * (time.perf_counter() - started)
    with transaction.atomic():
        state = _state(shown, wrong)
        check.complete(milliseconds=spent, **_results(shown, others, why))
        known = Artifact.objects.filter(pk=artifact.pk)
        known.update(seen=values, **about)
        if state == Artifact.State.READY:
            known.update(deaths=0)
        was = artifact.state
        known.exclude(state=Artifact.State.QUARANTINED).update(state=state)
        _note_incident(artifact, wrong, why)
        _forget_old(artifact)
    if state == Artifact.State.READY and was != state:
        explain_again(artifact)


def _about(loaded: Loaded) -> dict[str, Any]:
    names = ("library", "versions", "method", "space", "reason", "sealed")
    return {name: getattr(loaded, name) for name in names}


def _state(shown: Compared, wrong: Compared | None) -> Artifact.State:
    if wrong is not None:
        return Artifact.State.DIFFERS
    return Artifact.State.READY if shown.rows else Artifact.State.WAITING


def _results(shown: Compared, others: Compared, why: Sequence[Suspect]) -> dict[str, object]:
    differences = [each.largest_difference for each in (shown, others) if each.largest_difference is not None]
    misses = [
        {
            "id": each.id,
            "stored": each.stored,
            "computed": each.computed,
            "error": each.error,
        }
        for each in (shown.misses or others.misses)
    ]
    return {
        "rows": shown.rows,
        "matched": shown.matched,
        "more_rows": others.rows,
        "more_matched": others.matched,
        "largest_difference": max(differences, default=None),
        "misses": misses,
        "suspects": [{"feature": each.feature, "what": each.what, "matched": each.matched} for each in why],
    }


def _compare_all(child: Scorer, cases: Sequence[Case], spec: Spec) -> Compared:
    """Compare many cases, call by call, so that none takes long."""
    parts = [parity.compare(child, cases[at : at + ROWS_A_CALL], spec=spec) for at in range(0, len(cases), ROWS_A_CALL)]
    differences = [each.largest_difference for each in parts if each.largest_difference is not None]
    return Compared(
        rows=sum(each.rows for each in parts),
        matched=sum(each.matched for each in parts),
        largest_difference=max(differences, default=None),
        misses=[miss for each in parts for miss in each.misses][: parity.MOST_MISSES],
    )


def _refuse(check: ParityCheck, artifact: Artifact, why: str) -> None:
    with transaction.atomic():
        check.complete()
        Artifact.objects.filter(pk=artifact.pk).update(state=Artifact.State.REFUSED, reason=why)


def _note_death(check: ParityCheck, artifact: Artifact, error: ModelDiedError) -> None:
    """Try again; the third death puts the file into quarantine, and ends the check."""
    artifact.refresh_from_db()
    if artifact.state != Artifact.State.QUARANTINED:
        raise error
    check.complete(error=str(error))


def _note_incident(artifact: Artifact, wrong: Compared | None, why: Sequence[Suspect]) -> None:
    """Open one incident while a file that was good differs; close it when it is good again."""
    model, version = artifact.model, artifact.version
    if wrong is None:
        incidents.close_parity(model, version)
        return
    if artifact.state not in (Artifact.State.READY, Artifact.State.DIFFERS):
        return
    detail = f"{wrong.matched} of {wrong.rows} stored scores are reproduced."
    if why:
        detail += " " + "; ".join(f"{each.feature or 'all features'}: {each.what}" for each in why) + "."
    incidents.note_parity(model, version, detail=detail, rows=wrong.rows - wrong.matched)


def _forget_old(artifact: Artifact) -> None:
    old = ParityCheck.objects.filter(artifact=artifact).order_by("-id").values_list("pk", flat=True)[KEPT_CHECKS:]
    ParityCheck.objects.filter(pk__in=list(old)).delete()


def explain_again(artifact: Artifact) -> None:
    """Make the batches with drawn predictions of this version due again: nothing could explain them before."""
    drawn = Prediction.objects.filter(batch=OuterRef("pk"), version=artifact.version_id, draw__isnull=False)
    of_model = Batch.objects.filter(model=artifact.version.model_id, kind=BatchKind.PREDICTIONS)
    ranged = drawn.filter(pk__gte=OuterRef("first_id"), pk__lte=OuterRef("last_id"))
    stages.start_again(Stage.EXPLAIN, of_model.filter(Exists(ranged)))


def _cases(artifact: Artifact, spec: Spec) -> tuple[list[Case], dict[str, object]]:
    """Return stored predictions in random order, and what values their features have."""
    model = artifact.model
    kept = reading.kept_rows(_random_predictions(artifact))
    return [each.case(model, spec) for each in kept], seen.values_of([each.row(spec) for each in kept], spec)


def _random_predictions(artifact: Artifact) -> list[Prediction]:
    """Choose up to ROWS + MORE_ROWS of the version's predictions, from random batches."""
    rng = np.random.default_rng()
    of_version = Prediction.objects.filter(model=artifact.version.model_id, version=artifact.version_id)
    batches = Batch.objects.filter(model=artifact.version.model_id, kind=BatchKind.PREDICTIONS, accepted__gt=0)
    keys = np.array(batches.order_by("pk").values_list("pk", flat=True))
    found: list[Prediction] = []
    drawn = rng.permutation(keys)[:BATCHES].tolist() if keys.size else []
    for batch in batches.filter(pk__in=drawn):
        found += list(of_version.filter(pk__gte=batch.first_id, pk__lte=batch.last_id)[:ROWS_A_BATCH])
        if len(found) > ROWS + MORE_ROWS:
            break
    if len(found) < ROWS:
        # A version of few batches: read its newest rows.
        found = list(of_version.order_by("-predicted_at")[: ROWS + MORE_ROWS])
    unique = list({each.pk: each for each in found}.values())
    return [unique[at] for at in rng.permutation(len(unique))[: ROWS + MORE_ROWS]]
