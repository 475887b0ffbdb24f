"""Write what comes after a prediction, or before it: outcomes and actions."""

from abc import abstractmethod
from typing import Any, ClassVar

from django.db import connection

from apps.common.errors import ConflictError
from apps.predictions.models import Action, BatchKind, Outcome, Prediction, Stage
from apps.predictions.reading.rows import ActionRow, OutcomeRow, read_action, read_each, read_outcome
from apps.predictions.services.copying import copy_lines, text
from apps.predictions.services.writing import BatchWriter, begun
from apps.registry.models import MonitoredModel


class LaterWriter(BatchWriter):
    """Writes rows about predictions that come and go without them. Only the same row again is a duplicate."""

    table: ClassVar[Any]
    # The names of a checked row's values, which are those of the table's columns.
    fields: ClassVar[tuple[str, ...]]
    # All columns that are written, as COPY names them.
    columns: ClassVar[str]

    def __init__(self, model: MonitoredModel, *, first: int = 0, is_replay: bool = False) -> None:
        super().__init__(model, first=first, is_replay=is_replay)
        self.is_locked = False

    def _add(self, raws: list[bytes]) -> None:
        good, rejected = read_each(raws, self._read, first=self.seen)
        self.result.rejected += rejected
        if good:
            rows = [row for _, row in good]
            new = self._without_known(rows)
            if new:
                self._write(new)
            self._note(rows, new)

    @abstractmethod
    def _read(self, raw: bytes) -> Any:
        """Check one raw row. Raises RowError."""

    @abstractmethod
    def _line(self, row: Any, *, received_at: str) -> str:
        """Format a row for COPY, in the order of `columns`."""

    def _note(self, rows: list[Any], new: list[Any]) -> None:
        """Note in the result what else the rows mean; `new` are those just stored."""

    def _without_known(self, rows: list[Any]) -> list[Any]:
        """The rows that are not stored yet, each once; one sent again is a duplicate however old it is."""
        if not self.is_locked:
            with connection.cursor() as cursor:
                # If two clients bring the same rows at once, the second sees what the first stored.
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s), %s)", [str(self.kind), self.model.pk])
            self.is_locked = True
        names = list({row.external_id for row in rows})
        stored = self.table.objects.filter(model=self.model, external_id__in=names)
        known = set(stored.values_list(*self.fields))
        new = list(dict.fromkeys(row for row in rows if row not in known))
        self.result.duplicates += len(rows) - len(new)
        return new

    def _write(self, rows: list[Any]) -> None:
        if not self.batch:
            self.received_at, self.batch = begun()
        received_at = self.received_at.isoformat()
        lines = (self._line(row, received_at=received_at) for row in rows)
        copy_lines(self.table._meta.db_table, self.columns, lines)
        self.result.accepted += len(rows)


class OutcomeWriter(LaterWriter):
    """Writes outcomes; one that was never sent before is a new row, also if it is older than others of its id."""

    kind = BatchKind.OUTCOMES
    stages = (Stage.RESOLVE, Stage.INSPECT)
    table = Outcome
    fields = OutcomeRow._fields
    columns = "model_id, external_id, batch_id, outcome, occurred_at, received_at"

    def __init__(self, model: MonitoredModel, *, first: int = 0, is_replay: bool = False) -> None:
        super().__init__(model, first=first, is_replay=is_replay)
        if model.shadow_of is not None:
            raise ConflictError(
                f"Send outcomes to {model.shadow_of.slug!r}: they count for its shadows as well.",
                code="send_to_champion",
            )
        self.result.parked = 0
        self.parked: set[str] = set()

    def _read(self, raw: bytes) -> OutcomeRow:
        return read_outcome(raw, model=self.model, now=self.now)

    def _line(self, row: OutcomeRow, *, received_at: str) -> str:
        return (
            f"{self.model.pk}\t{text(row.external_id)}\t{self.batch}\t{row.outcome!r}\t"
            f"{row.occurred_at.isoformat()}\t{received_at}"
        )

    def _note(self, rows: list[OutcomeRow], new: list[OutcomeRow]) -> None:
        """Note which predictions the rows are about: their sender knows the truth. New rows of others are parked."""
        names = list({row.external_id for row in rows})
        stored = dict(
            Prediction.objects.filter(model=self.model, external_id__in=names).values_list("external_id", "pk")
        )
        self.result.repeat(stored.values())
        self.parked |= {row.external_id for row in new} - stored.keys()
        self.result.parked = len(self.parked)


class ActionWriter(LaterWriter):
    """Writes actions."""

    kind = BatchKind.ACTIONS
    stages = (Stage.INSPECT,)
    table = Action
    fields = ActionRow._fields
    columns = 'model_id, external_id, batch_id, action, taken_at, "by", received_at'

    def _read(self, raw: bytes) -> ActionRow:
        return read_action(raw, model=self.model, now=self.now)

    def _line(self, row: ActionRow, *, received_at: str) -> str:
        return (
            f"{self.model.pk}\t{text(row.external_id)}\t{self.batch}\t{text(row.action)}\t"
            f"{row.taken_at.isoformat()}\t{text(row.by)}\t{received_at}"
        )
