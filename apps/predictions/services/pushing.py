"""Store a push: rows, batch, states and answer in one transaction."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

from apps.accounts.models import Project, User
from apps.accounts.services.access import get_or_404
from apps.common.errors import ConflictError, DomainError
from apps.common.locks import wait_longer
from apps.predictions.models import BatchKind, IdempotentAnswer
from apps.predictions.reading.bodies import Body
from apps.predictions.reading.decoding import chunks
from apps.predictions.services import sightings
from apps.predictions.services.later import ActionWriter, OutcomeWriter
from apps.predictions.services.quarantine import Keeper
from apps.predictions.services.writing import BatchWriter, PredictionWriter, PushResult
from apps.registry.models import MonitoredModel

# Two large bodies with the same ids in different orders can deadlock; PostgreSQL then aborts one, and we try again.
MAX_TRIES = 5
MAX_KEY = 200
# A push of this size may wait a second for others that store the same rows or key, one twice as large two seconds.
BYTES_PER_SECOND = 1024 * 1024
WRITERS: dict[BatchKind, type[BatchWriter]] = {
    BatchKind.PREDICTIONS: PredictionWriter,
    BatchKind.OUTCOMES: OutcomeWriter,
    BatchKind.ACTIONS: ActionWriter,
}

# Called with the number of rows before they are stored; raises if the caller may not send so many.
Admit = Callable[[int], None]


class NothingStoredError(Exception):
    """An atomic push has rejected rows: the transaction rolls back and the answer lists them."""

    def __init__(self, result: PushResult) -> None:
        super().__init__("nothing stored")
        self.result = result


def all_rows(_rows: int) -> None:
    """Admit any number of rows."""


def push(
    kind: BatchKind,
    model: MonitoredModel,
    body: Body,
    *,
    is_atomic: bool = False,
    key: str | None = None,
    path: str = "",
    admit: Admit = all_rows,
    told: User | None = None,
) -> tuple[int, dict[str, Any]]:
    """Store a push and return status and body of its answer; a repeated idempotency key gets its first answer.

    `told` is the person who reads the answer, if the pusher is one.
    """
    for tries in range(1, MAX_TRIES + 1):
        try:
            return _push(kind, model, body, is_atomic=is_atomic, key=key, path=path, admit=admit, told=told)
        except (OperationalError, DeadlockDetected) as error:
            if not isinstance(error.__cause__ or error, DeadlockDetected) or tries == MAX_TRIES:
                raise
            admit = all_rows  # the rows were counted at the first try
        except IntegrityError:
            # Somebody may have deleted the model meanwhile.
            get_or_404(MonitoredModel.objects.all(), pk=model.pk)
            raise
    raise AssertionError("unreachable")


def _push(
    kind: BatchKind,
    model: MonitoredModel,
    body: Body,
    *,
    is_atomic: bool,
    key: str | None,
    path: str,
    admit: Admit,
    told: User | None,
) -> tuple[int, dict[str, Any]]:
    try:
        with transaction.atomic():
            if body.size >= BYTES_PER_SECOND:
                wait_longer(body.size / BYTES_PER_SECOND)
            if key and (first := first_answer(model.project, key, path=path, digest=body.digest, told=told)):
                return first
            result = store(kind, model, body, admit=admit, told=told)
            if is_atomic and result.rejected:
                raise NothingStoredError(result)
            if key:
                keep_answer(model.project, key, result.status, result.document)
    except NothingStoredError as error:
        undone = error.result
        note_repeats(model, undone, told)
        return 422, PushResult(rejected=undone.rejected, parked=None if undone.parked is None else 0).document
    return result.status, result.document


def note_repeats(model: MonitoredModel, result: PushResult, told: User | None) -> None:
    """Note that a person learns whether a guess at stored predictions was right, by `duplicate` or `conflict`."""
    if told is None or not result.repeated:
        return
    if result.are_many_repeated:
        first, last = result.repeated
        sightings.note_export(told, model, filters={"sent": "again"}, first=first, last=last)
    else:
        sightings.note(result.repeated, told, sightings.Place.PUSH)


def first_answer(
    project: Project, key: str, *, path: str, digest: bytes, told: User | None
) -> tuple[int, dict[str, Any]] | None:
    """Claim the key, waiting for a concurrent push with it. Return its first answer, or None if the key is new.

    The answer is for the one it was given to: it tells which rows are stored already.
    """
    if len(key) > MAX_KEY or not key.isprintable():
        message = f"An Idempotency-Key has at most {MAX_KEY} printable characters."
        raise DomainError(message, code="invalid_idempotency_key")
    told_id = None if told is None else told.pk
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO predictions_idempotentanswer"
            " (project_id, key, path, body_hash, told_id, status, answer, created_at)"
            " VALUES (%s, %s, %s, %s, %s, 0, '{}', now()) ON CONFLICT DO NOTHING",
            [project.pk, key, path, digest, told_id],
        )
        if cursor.rowcount:
            return None
    first = IdempotentAnswer.objects.get(project=project, key=key)
    if bytes(first.body_hash) != digest or first.path != path or first.told_id != told_id:
        raise ConflictError(
            "This Idempotency-Key was used with another body or path, or by somebody else; use a new key.",
            code="idempotency_key_reused",
        )
    return first.status, first.answer


def keep_answer(project: Project, key: str, status: int, document: dict[str, Any]) -> None:
    """Keep the answer for later pushes with the key, which this transaction claimed."""
    IdempotentAnswer.objects.filter(project=project, key=key).update(status=status, answer=document)


def store(
    kind: BatchKind, model: MonitoredModel, body: Body, *, admit: Admit = all_rows, told: User | None = None
) -> PushResult:
    """Store the good rows of a body as one batch and quarantine the others. Call it in a transaction."""
    return store_chunks(kind, model, chunks(body, name=kind.value), admit=admit, told=told)


def store_chunks(
    kind: BatchKind,
    model: MonitoredModel,
    rows: Iterable[list[bytes]],
    *,
    first: int = 0,
    admit: Admit = all_rows,
    told: User | None = None,
) -> PushResult:
    """The same for rows that come in chunks; `first` is the index of the first row in its file."""
    writer, keeper = WRITERS[kind](model, first=first), Keeper(model, kind)
    for raws in rows:
        admit(sum(map(bool, raws)))
        start = writer.seen
        keeper.keep([(each, raws[each.index - start]) for each in writer.add(raws)])
    keeper.finish()
    note_repeats(model, writer.result, told)
    return writer.finish()


def store_rows(kind: BatchKind, model: MonitoredModel, raws: list[bytes], *, told: User | None = None) -> PushResult:
    """Try rejected rows again. The good ones are one batch; the result lists the others, which are not kept again."""
    writer = WRITERS[kind](model, is_replay=True)
    writer.add(raws)
    note_repeats(model, writer.result, told)
    return writer.finish()
