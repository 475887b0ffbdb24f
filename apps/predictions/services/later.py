"""Write what comes after a prediction, or before it: outcomes and actions."""

from django.db import connection

from apps.predictions.models import Action, BatchKind, Outcome, Prediction, Stage
from apps.predictions.reading.rows import ActionRow, OutcomeRow, read_action, read_each, read_outcome
from apps.predictions.services.copying import copy_lines, text
from apps.predictions.services.writing import BatchWriter, begun
from apps.registry.models import MonitoredModel

OUTCOME_COLUMNS = "model_id, external_id, batch_id, outcome, occurred_at, received_at"
ACTION_COLUMNS = 'model_id, external_id, batch_id, action, taken_at, "by", received_at'


class OutcomeWriter(BatchWriter):
    """Writes outcomes; one that was never sent before is a new row, also if it is older than others of its id."""

    kind = BatchKind.OUTCOMES
    stages = (Stage.RESOLVE, Stage.INSPECT)

    def __init__(self, model: MonitoredModel, *, first: int = 0, is_replay: bool = False) -> None:
        super().__init__(model, first=first, is_replay=is_replay)
        self.result.parked = 0
        self.parked: set[str] = set()
        self.is_locked = False

    def _add(self, raws: list[bytes]) -> None:
        good, rejected = read_each(raws, lambda raw: read_outcome(raw, model=self.model, now=self.now), first=self.seen)
        self.result.rejected += rejected
        if good:
            rows = [row for _, row in good]
            new = self._without_known(rows)
            if new:
                self._write(new)
            self._find_predictions(rows, new)

    def _find_predictions(self, rows: list[OutcomeRow], new: list[OutcomeRow]) -> None:
        """Note which predictions the rows are about: their sender knows the truth. New rows of others are parked."""
        names = list({row.external_id for row in rows})
        stored = dict(
            Prediction.objects.filter(model=self.model, external_id__in=names).values_list("external_id", "pk")
        )
        self.result.repeat(stored.values())
        self.parked |= {row.external_id for row in new} - stored.keys()
        self.result.parked = len(self.parked)

    def _without_known(self, rows: list[OutcomeRow]) -> list[OutcomeRow]:
        """The rows that are not stored yet, each once; an outcome sent again is a duplicate however old it is."""
        if not self.is_locked:
            with connection.cursor() as cursor:
                # If two clients bring the same outcomes at once, the second sees what the first stored.
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext('outcomes'), %s)", [self.model.pk])
            self.is_locked = True
        names = list({row.external_id for row in rows})
        stored = Outcome.objects.filter(model=self.model, external_id__in=names)
        known = set(stored.values_list("external_id", "outcome", "occurred_at"))
        new = list(dict.fromkeys(row for row in rows if row not in known))
        self.result.duplicates += len(rows) - len(new)
        return new

    def _write(self, rows: list[OutcomeRow]) -> None:
        if not self.batch:
            self.received_at, self.batch = begun()
        model, batch, received_at = self.model.pk, self.batch, self.received_at.isoformat()
        lines = (
            f"{model}\t{text(row.external_id)}\t{batch}\t{row.outcome!r}\t{row.occurred_at.isoformat()}\t{received_at}"
            for row in rows
        )
        copy_lines("predictions_outcome", OUTCOME_COLUMNS, lines)
        self.result.accepted += len(rows)


class ActionWriter(BatchWriter):
    """Writes actions; one that was sent before is a duplicate. It may come before its prediction."""

    kind = BatchKind.ACTIONS
    stages = (Stage.INSPECT,)

    def _add(self, raws: list[bytes]) -> None:
        good, rejected = read_each(raws, lambda raw: read_action(raw, model=self.model, now=self.now), first=self.seen)
        self.result.rejected += rejected
        rows = [row for _, row in good]
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('actions'), %s)", [self.model.pk])
        stored = Action.objects.filter(model=self.model, external_id__in={row.external_id for row in rows})
        known = set(stored.values_list("external_id", "action", "taken_at", "by"))
        new = list(dict.fromkeys(row for row in rows if row not in known))
        self.result.duplicates += len(rows) - len(new)
        if new:
            self._write(new)

    def _write(self, rows: list[ActionRow]) -> None:
        if not self.batch:
            self.received_at, self.batch = begun()
        model, batch, received_at = self.model.pk, self.batch, self.received_at.isoformat()
        lines = (
            f"{model}\t{text(row.external_id)}\t{batch}\t{text(row.action)}\t{row.taken_at.isoformat()}\t"
            f"{text(row.by)}\t{received_at}"
            for row in rows
        )
        copy_lines("predictions_action", ACTION_COLUMNS, lines)
        self.result.accepted += len(rows)
