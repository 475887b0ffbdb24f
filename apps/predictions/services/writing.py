"""Write rows to the tables: one push is one batch, in however many chunks, in the caller's transaction."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, ClassVar

import msgspec
from django.db import connection, transaction
from django.utils import timezone
from psycopg import errors

from apps.common import doorbell
from apps.common.errors import ConflictError
from apps.predictions.models import Batch, BatchKind, BatchStage, Prediction, Stage
from apps.predictions.reading.content import Content, first_difference
from apps.predictions.reading.rejections import Rejection, reasons
from apps.predictions.reading.rows import (
    PredictionReader,
    PredictionRow,
)
from apps.predictions.services import partitions
from apps.predictions.services.contents import stored_contents
from apps.predictions.services.copying import binary, copy_lines, number, text
from apps.registry.models import ModelVersion, MonitoredModel
from apps.registry.services.archiving import require_active

PREDICTION_COLUMNS = (
    "id, model_id, external_id, content_hash, batch_id, version_id, predicted_at, received_at, "
    "predicted, score, baseline, amount, subject, slices, observable, explore_share, log_share"
)
PAYLOAD_COLUMNS = (
    "prediction_id, received_at, features, probabilities, attributions, attribution_base, latency_ms, resources, "
    "processed"
)
HOLD_COLUMNS = 'prediction_id, until, "default"'
# The sequence's step; ids that a push leaves unused in its block are never used.
ID_BLOCK = 1_000
# Ids of stored versions, by model and name; a version is never changed or deleted.
_known: dict[tuple[int, str], int] = {}
MAX_KNOWN = 10_000
# Another client may store the same ids between our look and our COPY; each round means that somebody did.
MAX_ROUNDS = 20

Numbered = list[tuple[int, PredictionRow]]

# A push that repeats more predictions than this keeps only the first and the last key, which saves memory.
MOST_REPEATED = 1_000


@dataclass
class PushResult:
    """The result of a push: counts and rejected rows, as in its answer."""

    batch: int | None = None
    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    parked: int | None = None
    # The stored predictions about which the sender knows more after the push, by content or truth; of many, first and
    # last.
    repeated: list[int] = field(default_factory=list)
    are_many_repeated: bool = False

    def repeat(self, keys: Iterable[int]) -> None:
        """Add to the repeated predictions."""
        known = sorted({*self.repeated, *keys})
        self.are_many_repeated |= len(known) > MOST_REPEATED
        self.repeated = [known[0], known[-1]] if self.are_many_repeated else known

    @property
    def document(self) -> dict[str, Any]:
        body = {"batch": self.batch, "accepted": self.accepted, "duplicates": self.duplicates}
        if self.parked is not None:
            body["parked"] = self.parked
        rejected = sorted(self.rejected, key=lambda each: each.index)
        return {**body, "rejected": msgspec.to_builtins(rejected), "reasons": msgspec.to_builtins(reasons(rejected))}

    @property
    def status(self) -> int:
        return 207 if self.rejected else 200


class BatchWriter(ABC):
    """Writes one push into the database."""

    kind: ClassVar[BatchKind]
    stages: ClassVar[tuple[Stage, ...]]
    # The slices that its rows hold.
    slices: Sequence[str] = ()

    def __init__(self, model: MonitoredModel, *, first: int = 0, is_replay: bool = False) -> None:
        require_active(model)
        self.model, self.now, self.is_replay = model, timezone.now(), is_replay
        self.result = PushResult()
        # The index of the next row.
        self.seen = first
        self.batch = 0
        self.received_at = self.now
        self.first_id: int | None = None
        self.last_id: int | None = None

    def add(self, raws: list[bytes]) -> list[Rejection]:
        """Store the good rows, and return the rejections of the others with their index in the whole push."""
        before = len(self.result.rejected)
        self._add(raws)
        self.seen += len(raws)
        return self.result.rejected[before:]

    def finish(self) -> PushResult:
        """Complete the batch, make it due in its stages, and ring their bells.

        A push of which nothing is stored is kept as a batch without stages.
        """
        if self.result.accepted:
            self.result.batch = self.batch
            self._keep()
            due = self.due_stages()
            BatchStage.objects.bulk_create([BatchStage(batch_id=self.batch, stage=stage) for stage in due])
            for stage in due:
                doorbell.ring_on_commit(stage)
        elif not self.is_replay and (self.result.duplicates or self.result.rejected):
            self.received_at, self.batch = begun()
            self._keep()
        return self.result

    def due_stages(self) -> tuple[Stage, ...]:
        """Return the stages that have something to do with what was written."""
        return self.stages

    @abstractmethod
    def _add(self, raws: list[bytes]) -> None:
        """Store the good rows, and count every row in the result."""

    def _keep(self) -> None:
        Batch.objects.create(
            pk=self.batch,
            model=self.model,
            kind=self.kind,
            received_at=self.received_at,
            accepted=self.result.accepted,
            duplicates=self.result.duplicates,
            # Rows that are tried again were counted when they were sent.
            rejected=0 if self.is_replay else len(self.result.rejected),
            first_id=self.first_id,
            last_id=self.last_id,
            slices=list(self.slices),
        )


class PredictionWriter(BatchWriter):
    """Writes predictions; the first content of an id stays."""

    kind = BatchKind.PREDICTIONS
    stages = (Stage.DRAW, Stage.RESOLVE, Stage.INSPECT)

    def __init__(self, model: MonitoredModel, *, first: int = 0, is_replay: bool = False) -> None:
        super().__init__(model, first=first, is_replay=is_replay)
        self.reader = PredictionReader(model, now=self.now)
        self.slices = [each.key for each in self.reader.slices]
        self.versions: dict[str, int] = {}
        self.has_contributions = False

    def due_stages(self) -> tuple[Stage, ...]:
        return (*self.stages, Stage.ADD_UP) if self.has_contributions else self.stages

    def _add(self, raws: list[bytes]) -> None:
        good, rejected = self.reader.read_all(raws, first=self.seen)
        self.result.rejected += rejected
        rows = self._without_repeats(good)
        if rows:
            self._write(rows)

    def _without_repeats(self, good: Numbered) -> Numbered:
        """The first row of each id, sorted by id so that two clients with the same ids cannot deadlock."""
        first: dict[str, tuple[int, PredictionRow]] = {}
        for index, row in good:
            known = first.setdefault(row.external_id, (index, row))
            if known[0] != index:
                self._judge_repeat(index, row, known_hash=known[1].content_hash, known=known[1].content)
        return sorted(first.values(), key=lambda pair: pair[1].external_id)

    def _judge_repeat(self, index: int, row: PredictionRow, *, known_hash: bytes, known: Content | None) -> None:
        if known_hash == row.content_hash:
            self.result.duplicates += 1
            return
        field = "" if known is None else first_difference(row.content, known)
        message = f"This id was sent before with other content, first in {field or 'its features'}; the first stays."
        self.result.rejected.append(Rejection(index, row.external_id, "conflict", field or "id", message))

    def _write(self, rows: Numbered) -> None:
        self._find_versions({row.form.version for _, row in rows})
        for _ in range(MAX_ROUNDS):
            ids = self._take_ids(len(rows))
            try:
                with transaction.atomic():
                    self._copy_predictions(rows, ids)
                break
            except errors.UniqueViolation:
                rows = self._without_known(rows)
                if not rows:
                    return
        else:
            raise ConflictError("Other clients keep sending the same ids; try again later.", code="busy")
        self._copy_payloads(rows, ids)
        self._copy_holds(rows, ids)
        self.has_contributions = self.has_contributions or any(row.form.attributions for _, row in rows)
        self.result.accepted += len(rows)
        self.first_id, self.last_id = self.first_id or ids[0], ids[-1]

    def _take_ids(self, count: int) -> list[int]:
        """Take ascending ids for rows, from blocks of our own."""
        if not self.batch:
            self.received_at, self.batch = begun()
            partitions.ensure_month(self.received_at)
        blocks = -(-count // ID_BLOCK)
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('predictions_prediction_id_seq') FROM generate_series(1, %s)", [blocks])
            starts = [start for (start,) in cursor.fetchall()]
        return list(chain.from_iterable(range(start, start + ID_BLOCK) for start in starts))[:count]

    def _find_versions(self, names: set[str]) -> None:
        """Find the ids of the versions and create new ones, also if two pushes bring the same one at once."""
        model = self.model.pk
        self.versions |= {name: _known[model, name] for name in names if (model, name) in _known}
        missing = names - set(self.versions)
        if not missing:
            return
        stored = self.model.versions.filter(name__in=missing).values_list("name", "id")
        ids = dict(stored)
        if len(_known) > MAX_KNOWN:
            _known.clear()
        _known.update({(model, name): key for name, key in ids.items()})
        new = [ModelVersion(model=self.model, name=name) for name in sorted(missing - set(ids))]
        if new:
            # Not cached yet: this push may still roll back.
            ModelVersion.objects.bulk_create(new, ignore_conflicts=True)
            ids = dict(stored.all())
        self.versions |= ids

    def _copy_predictions(self, rows: Numbered, ids: list[int]) -> None:
        model, batch, received_at, versions = self.model.pk, self.batch, self.received_at.isoformat(), self.versions
        lines = (
            f"{key}\t{model}\t{text(form.id)}\t{binary(row.content_hash)}\t{batch}\t{versions[form.version]}\t"
            f"{form.predicted_at.isoformat()}\t{received_at}\t{row.predicted!r}\t{number(row.score)}\t"
            f"{number(row.baseline)}\t{number(form.amount)}\t{text(form.subject)}\t{_slices(row)}\t"
            f"{_flag(form.observable)}\t{number(form.explore_share)}\t{number(row.content.log_share)}"
            for key, (_, row) in zip(ids, rows, strict=True)
            for form in (row.form,)
        )
        copy_lines("predictions_prediction", PREDICTION_COLUMNS, lines)

    def _copy_payloads(self, rows: Numbered, ids: list[int]) -> None:
        received_at = self.received_at.isoformat()
        lines = (
            f"{key}\t{received_at}\t{text(bytes(form.features).decode())}\t{_json(form.probabilities)}\t"
            f"{_json(form.attributions)}\t{number(form.attribution_base)}\t{number(form.latency_ms)}\t"
            f"{_json(form.resources)}\t{_processed(row)}"
            for key, (_, row) in zip(ids, rows, strict=True)
            for form in (row.form,)
        )
        copy_lines("predictions_payload", PAYLOAD_COLUMNS, lines)

    def _copy_holds(self, rows: Numbered, ids: list[int]) -> None:
        lines = [
            f"{key}\t{row.form.hold_until.isoformat()}\t{row.hold_default!r}"
            for key, (_, row) in zip(ids, rows, strict=True)
            if row.form.hold_until is not None
        ]
        if lines:
            copy_lines("predictions_hold", HOLD_COLUMNS, lines)

    def _without_known(self, rows: Numbered) -> Numbered:
        """The rows whose id is not stored yet; the others are duplicates or conflicts by their content."""
        names = [row.external_id for _, row in rows]
        stored = Prediction.objects.filter(model=self.model, external_id__in=names)
        found = list(stored.values_list("pk", "external_id", "content_hash"))
        self.result.repeat(key for key, *_ in found)
        known = {name: (key, bytes(content_hash)) for key, name, content_hash in found}
        repeated = [(index, row, *known[row.external_id]) for index, row in rows if row.external_id in known]
        others = stored_contents(key for _, row, key, known_hash in repeated if known_hash != row.content_hash)
        for index, row, key, known_hash in repeated:
            self._judge_repeat(index, row, known_hash=known_hash, known=others.get(key))
        return [pair for pair in rows if pair[1].external_id not in known]


def begun() -> tuple[datetime, int]:
    """Return the time of a new batch by the database's clock, and its id."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp(), nextval('predictions_batch_id_seq')")
        received_at, batch = cursor.fetchone()
    return received_at, batch


def _flag(value: bool | None) -> str:
    return r"\N" if value is None else "t" if value else "f"


def _slices(row: PredictionRow) -> str:
    return text(msgspec.json.encode(row.slices).decode()) if row.slices else "{}"


def _processed(row: PredictionRow) -> str:
    return text(bytes(row.form.processed).decode()) if row.content.processed else r"\N"


def _json(value: dict[str, float] | None) -> str:
    return r"\N" if value is None else text(msgspec.json.encode(value).decode())
