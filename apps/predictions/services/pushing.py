"""Storing a push: rows, batch and state in one transaction, and the answer with it."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

from apps.accounts.models import Project
from apps.common.errors import ConflictError, DomainError
from apps.predictions.models import BatchKind, IdempotentAnswer
from apps.predictions.reading.bodies import Body
from apps.predictions.reading.decoding import chunks
from apps.predictions.services.quarantine import Keeper
from apps.predictions.services.writing import BatchWriter, OutcomeWriter, PredictionWriter, PushResult
from apps.registry.models import MonitoredModel

# Two large bodies with the same ids in different orders may wait for each other; the database then ends one.
MAX_TRIES = 5
MAX_KEY = 200
WRITERS: dict[BatchKind, type[BatchWriter]] = {
    BatchKind.PREDICTIONS: PredictionWriter,
    BatchKind.OUTCOMES: OutcomeWriter,
}

# Told the number of rows before these are stored; it raises where they are too many for the caller.
Admit = Callable[[int], None]


class NothingStoredError(Exception):
    """An atomic push has rejected rows: the transaction is rolled back and the answer says which."""

    def __init__(self, answer: PushResult) -> None:
        super().__init__("nothing stored")
        self.answer = answer


def all_rows(_rows: int) -> None:
    """However many there are."""


def push(
    kind: BatchKind,
    model: MonitoredModel,
    body: Body,
    *,
    is_atomic: bool = False,
    key: str | None = None,
    path: str = "",
    admit: Admit = all_rows,
) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer to a push; with an idempotency key, the first one's."""
    for tries in range(1, MAX_TRIES + 1):
        try:
            return _push(kind, model, body, is_atomic=is_atomic, key=key, path=path, admit=admit)
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected) or tries == MAX_TRIES:
                raise
            admit = all_rows  # the rows are counted already
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
) -> tuple[int, dict[str, Any]]:
    try:
        with transaction.atomic():
            if key and (first := first_answer(model.project, key, path=path, digest=body.digest)):
                return first
            answer = store(kind, model, body, admit=admit)
            if is_atomic and answer.rejected:
                raise NothingStoredError(answer)
            if key:
                keep_answer(model.project, key, answer.status, answer.document)
    except NothingStoredError as refusal:
        kept = PushResult(rejected=refusal.answer.rejected, parked=None if refusal.answer.parked is None else 0)
        return 422, kept.document
    return answer.status, answer.document


def first_answer(project: Project, key: str, *, path: str, digest: bytes) -> tuple[int, dict[str, Any]] | None:
    """Take the key, waiting for whoever is using it; None if it is ours now."""
    if len(key) > MAX_KEY or not key.isprintable():
        message = f"An Idempotency-Key has at most {MAX_KEY} printable characters."
        raise DomainError(message, code="invalid_idempotency_key")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO predictions_idempotentanswer (project_id, key, path, body_hash, status, answer, created_at)"
            " VALUES (%s, %s, %s, %s, 0, '{}', now()) ON CONFLICT DO NOTHING",
            [project.pk, key, path, digest],
        )
        if cursor.rowcount:
            return None
    first = IdempotentAnswer.objects.get(project=project, key=key)
    if bytes(first.body_hash) != digest or first.path != path:
        raise ConflictError("This Idempotency-Key was used for another body.", code="idempotency_key_reused")
    return first.status, first.answer


def keep_answer(project: Project, key: str, status: int, document: dict[str, Any]) -> None:
    """What the key, taken in this transaction, is answered with from now on."""
    IdempotentAnswer.objects.filter(project=project, key=key).update(status=status, answer=document)


def store(kind: BatchKind, model: MonitoredModel, body: Body, *, admit: Admit = all_rows) -> PushResult:
    """Store the good rows of a body as one batch and keep the others; call it in a transaction."""
    return store_chunks(kind, model, chunks(body, name=kind.value), admit=admit)


def store_chunks(
    kind: BatchKind,
    model: MonitoredModel,
    rows: Iterable[list[bytes]],
    *,
    first: int = 0,
    admit: Admit = all_rows,
) -> PushResult:
    """The same for rows that come some at a time; `first` is the index of the first one in its file."""
    writer, keeper = WRITERS[kind](model, first=first), Keeper(model, kind)
    for raws in rows:
        admit(sum(map(bool, raws)))
        start = writer.seen
        keeper.keep([(each, raws[each.index - start]) for each in writer.add(raws)])
    keeper.finish()
    return writer.finish()


def store_rows(kind: BatchKind, model: MonitoredModel, raws: list[bytes]) -> PushResult:
    """Store the good ones of these rows as one batch; the others are in the answer, and not kept."""
    writer = WRITERS[kind](model)
    writer.add(raws)
    return writer.finish()
