"""Storing a push: rows, batch and state in one transaction, duplicates and conflicts sorted out only when met."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from psycopg import errors

from apps.accounts.models import Project
from apps.common import doorbell
from apps.common.clock import database_now
from apps.common.errors import ConflictError
from apps.predictions import partitions, quarantine
from apps.predictions.copying import binary, copy_lines, number, text
from apps.predictions.decoding import raw_rows
from apps.predictions.models import Batch, BatchKind, BatchStage, IdempotentAnswer, Outcome, Prediction, Stage
from apps.predictions.rows import OutcomeRow, PredictionReader, PredictionRow, Rejection, read_all, read_outcome
from apps.registry.models import ModelVersion, MonitoredModel

PREDICTION_COLUMNS = (
    "id, model_id, external_id, content_hash, batch_id, version_id, predicted_at, received_at, "
    "predicted, score, baseline, amount, subject, slices"
)
PAYLOAD_COLUMNS = (
    "prediction_id, received_at, features, probabilities, attributions, attribution_base, latency_ms, resources"
)
# The sequence's step: what a push of fewer rows leaves of a block is never used.
ID_BLOCK = 1_000
# A second client may bring the same ids between the look and the copy; each time somebody's ids got in.
MAX_ROUNDS = 20


@dataclass
class Answer:
    """What became of a push."""

    batch: int | None = None
    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    parked: int | None = None

    @property
    def document(self) -> dict[str, Any]:
        body = {"batch": self.batch, "accepted": self.accepted, "duplicates": self.duplicates}
        if self.parked is not None:
            body["parked"] = self.parked
        return {
            **body,
            "rejected": [msgspec.to_builtins(each) for each in sorted(self.rejected, key=lambda r: r.index)],
        }

    @property
    def status(self) -> int:
        return 207 if self.rejected else 200


class NothingStoredError(Exception):
    """An atomic push has rejected rows: the transaction is rolled back and the answer says which."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("nothing stored")
        self.answer = answer


Push = Callable[..., Answer]
# Told the number of rows before any is stored; it raises where these are too many for the caller.
Admit = Callable[[int], None]


def all_rows(_rows: int) -> None:
    """However many there are."""


def push(
    store: Push, model: MonitoredModel, body: bytes, *, content_type: str, is_atomic: bool, key: str | None, path: str
) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer to a push; with an idempotency key, the first one's."""
    try:
        with transaction.atomic():
            if key and (first := _first_answer(model.project, key, path=path, body=body)):
                return first
            answer = store(model, body, content_type=content_type)
            if is_atomic and answer.rejected:
                raise NothingStoredError(answer)
            if key:
                IdempotentAnswer.objects.filter(project=model.project, key=key).update(
                    status=answer.status, answer=answer.document
                )
    except NothingStoredError as refusal:
        kept = Answer(rejected=refusal.answer.rejected, parked=None if refusal.answer.parked is None else 0)
        return 422, kept.document
    return answer.status, answer.document


def _first_answer(project: Project, key: str, *, path: str, body: bytes) -> tuple[int, dict[str, Any]] | None:
    """Take the key, waiting for whoever is using it; None if it is ours now."""
    if len(key) > 200 or not key.isprintable():
        raise ConflictError("An Idempotency-Key has at most 200 printable characters.", code="invalid_idempotency_key")
    body_hash = hashlib.sha256(body).digest()
    try:
        with transaction.atomic():
            IdempotentAnswer.objects.create(
                project=project, key=key, path=path, body_hash=body_hash, status=0, answer={}
            )
            return None
    except IntegrityError:
        first = IdempotentAnswer.objects.get(project=project, key=key)
    if bytes(first.body_hash) != body_hash or first.path != path:
        raise ConflictError("This Idempotency-Key was used for another body.", code="idempotency_key_reused")
    return first.status, first.answer


def store_predictions(model: MonitoredModel, body: bytes, *, content_type: str, admit: Admit = all_rows) -> Answer:
    """Store the good rows of a body as one batch; call it in a transaction."""
    raws = raw_rows(body, content_type=content_type, name="predictions")
    admit(len(raws))
    answer = store_raw_predictions(model, raws)
    quarantine.keep(model, BatchKind.PREDICTIONS, raws, answer.rejected)
    return answer


def store_raw_predictions(model: MonitoredModel, raws: list[bytes]) -> Answer:
    """Store the good ones of these rows as one batch; the others are in the answer."""
    slices, now = model.slice_list, timezone.now()
    good, rejected = read_all(raws, PredictionReader(model, slices=slices, now=now).read)
    answer = Answer(rejected=rejected)
    rows = _without_repeats(good, answer)
    if rows:
        _write_predictions(model, rows, answer)
    return answer


def _without_repeats(good: list[tuple[int, PredictionRow]], answer: Answer) -> list[tuple[int, PredictionRow]]:
    """The first row of each id, in the order of ids: two clients with the same ids then cannot deadlock."""
    first: dict[str, tuple[int, PredictionRow]] = {}
    for index, row in good:
        known = first.setdefault(row.external_id, (index, row))
        if known[0] != index:
            _judge_repeat(answer, index, row, known_hash=known[1].content_hash)
    return sorted(first.values(), key=lambda pair: pair[1].external_id)


def _judge_repeat(answer: Answer, index: int, row: PredictionRow, *, known_hash: bytes) -> None:
    if known_hash == row.content_hash:
        answer.duplicates += 1
    else:
        message = "This id was sent before with other content; the first is kept."
        answer.rejected.append(Rejection(index, row.external_id, "conflict", "id", message))


def _write_predictions(model: MonitoredModel, rows: list[tuple[int, PredictionRow]], answer: Answer) -> None:
    received_at = database_now()
    partitions.ensure_month(received_at)
    versions = _versions(model, {row.version for _, row in rows})
    batch = Batch.objects.create(
        model=model, kind=BatchKind.PREDICTIONS, received_at=received_at, accepted=0, rejected=len(answer.rejected)
    )
    for _ in range(MAX_ROUNDS):
        ids = _take_ids(len(rows))
        try:
            with transaction.atomic():
                _copy_predictions(batch, rows, ids=ids, versions=versions)
            break
        except errors.UniqueViolation:
            rows = _without_known(model, rows, answer)
            if not rows:
                batch.delete()
                return
    else:
        raise ConflictError("Other clients keep sending the same ids; try again.", code="busy")
    _copy_payloads(batch, rows, ids=ids)
    _finish(batch, answer, accepted=len(rows), stages=(Stage.DRAW, Stage.RESOLVE), first_id=ids[0], last_id=ids[-1])


def _finish(batch: Batch, answer: Answer, *, accepted: int, stages: tuple[Stage, ...], **ids: int) -> None:
    """Complete the batch, make it due in the stages that follow, and ring their bells."""
    answer.batch, answer.accepted = batch.pk, accepted
    Batch.objects.filter(pk=batch.pk).update(
        accepted=accepted, duplicates=answer.duplicates, rejected=len(answer.rejected), **ids
    )
    BatchStage.objects.bulk_create([BatchStage(batch=batch, stage=stage) for stage in stages])
    for stage in stages:
        doorbell.ring_on_commit(stage)


def _take_ids(count: int) -> list[int]:
    """Ascending ids for the batch's rows, from blocks that nobody else takes from."""
    with connection.cursor() as cursor:
        blocks = -(-count // ID_BLOCK)
        cursor.execute("SELECT nextval('predictions_prediction_id_seq') FROM generate_series(1, %s)", [blocks])
        starts = [start for (start,) in cursor.fetchall()]
    return list(chain.from_iterable(range(start, start + ID_BLOCK) for start in starts))[:count]


def _versions(model: MonitoredModel, names: set[str]) -> dict[str, int]:
    """The ids of the versions; new ones are made, also when two pushes bring the same one at once."""
    known = dict(model.versions.filter(name__in=names).values_list("name", "id"))
    missing = names - set(known)
    if missing:
        new = [ModelVersion(model=model, name=name) for name in sorted(missing)]
        ModelVersion.objects.bulk_create(new, ignore_conflicts=True)
        known = dict(model.versions.filter(name__in=names).values_list("name", "id"))
    return known


def _copy_predictions(
    batch: Batch, rows: list[tuple[int, PredictionRow]], *, ids: list[int], versions: dict[str, int]
) -> None:
    model_id, batch_id, received_at = batch.model_id, batch.pk, batch.received_at.isoformat()
    lines = (
        f"{key}\t{model_id}\t{text(row.external_id)}\t{binary(row.content_hash)}\t{batch_id}\t{versions[row.version]}\t"
        f"{row.predicted_at.isoformat()}\t{received_at}\t{row.predicted!r}\t{number(row.score)}\t{number(row.baseline)}\t"
        f"{number(row.amount)}\t{text(row.subject)}\t{_slices(row)}"
        for key, (_, row) in zip(ids, rows, strict=True)
    )
    copy_lines("predictions_prediction", PREDICTION_COLUMNS, lines)


def _slices(row: PredictionRow) -> str:
    return text(msgspec.json.encode(row.slices).decode()) if row.slices else "{}"


def _copy_payloads(batch: Batch, rows: list[tuple[int, PredictionRow]], *, ids: list[int]) -> None:
    received_at = batch.received_at.isoformat()
    lines = (
        f"{key}\t{received_at}\t{text(row.features)}\t{text(row.probabilities)}\t{text(row.attributions)}\t"
        f"{number(row.attribution_base)}\t{number(row.latency_ms)}\t{text(row.resources)}"
        for key, (_, row) in zip(ids, rows, strict=True)
    )
    copy_lines("predictions_payload", PAYLOAD_COLUMNS, lines)


def _without_known(
    model: MonitoredModel, rows: list[tuple[int, PredictionRow]], answer: Answer
) -> list[tuple[int, PredictionRow]]:
    """Rows whose id is not stored yet; the others are judged by their content."""
    names = [row.external_id for _, row in rows]
    stored = Prediction.objects.filter(model=model, external_id__in=names)
    known = dict(stored.values_list("external_id", "content_hash"))
    for index, row in rows:
        if row.external_id in known:
            _judge_repeat(answer, index, row, known_hash=bytes(known[row.external_id]))
    return [pair for pair in rows if pair[1].external_id not in known]


def store_outcomes(model: MonitoredModel, body: bytes, *, content_type: str, admit: Admit = all_rows) -> Answer:
    """Store the good rows of a body as one batch; an outcome that differs from the last one is a correction."""
    raws = raw_rows(body, content_type=content_type, name="outcomes")
    admit(len(raws))
    answer = store_raw_outcomes(model, raws)
    quarantine.keep(model, BatchKind.OUTCOMES, raws, answer.rejected)
    return answer


def store_raw_outcomes(model: MonitoredModel, raws: list[bytes]) -> Answer:
    """Store the good ones of these rows as one batch; the others are in the answer."""
    now = timezone.now()
    good, rejected = read_all(raws, lambda raw: read_outcome(raw, model=model, now=now))
    answer = Answer(rejected=rejected, parked=0)
    if good:
        _write_outcomes(model, [row for _, row in good], answer)
    return answer


def _write_outcomes(model: MonitoredModel, rows: list[OutcomeRow], answer: Answer) -> None:
    with connection.cursor() as cursor:
        # Two clients that bring the same outcomes at once: the second sees what the first stored.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('outcomes'), %s)", [model.pk])
    names = list({row.external_id for row in rows})
    last = {
        external_id: (outcome, occurred_at)
        for external_id, outcome, occurred_at in Outcome.objects.filter(model=model, external_id__in=names)
        .order_by("external_id", "-id")
        .distinct("external_id")
        .values_list("external_id", "outcome", "occurred_at")
    }
    new = []
    for row in rows:
        content = (row.outcome, row.occurred_at)
        if last.get(row.external_id) == content:
            answer.duplicates += 1
        else:
            last[row.external_id] = content
            new.append(row)
    if not new:
        return
    received_at = database_now()
    batch = Batch.objects.create(model=model, kind=BatchKind.OUTCOMES, received_at=received_at, accepted=0)
    _copy_outcomes(batch, new)
    fresh = {row.external_id for row in new}
    joined = Prediction.objects.filter(model=model, external_id__in=list(fresh)).count()
    answer.parked = len(fresh) - joined
    _finish(batch, answer, accepted=len(new), stages=(Stage.RESOLVE,))


def _copy_outcomes(batch: Batch, rows: list[OutcomeRow]) -> None:
    columns = "model_id, external_id, batch_id, outcome, occurred_at, received_at"
    received_at = batch.received_at.isoformat()
    lines = (
        f"{batch.model_id}\t{text(row.external_id)}\t{batch.pk}\t{row.outcome!r}\t{row.occurred_at.isoformat()}\t{received_at}"
        for row in rows
    )
    copy_lines("predictions_outcome", columns, lines)
