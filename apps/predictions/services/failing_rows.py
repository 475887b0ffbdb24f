"""Find the row that makes a batch fail in a stage."""

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

from django.db import transaction

from apps.predictions.models import Batch, BatchKind, BatchStage, Outcome, Prediction

# The id of a row, and the id as sent.
Row = tuple[int, str]


class _WorkedError(Exception):
    """Takes back what a trial wrote."""


def find(state: BatchStage, work: Callable[..., Any]) -> str:
    """Return the id as sent of a row that fails alone, or an empty string.

    Halves of the batch are tried in transactions that are taken back.
    """
    rows: Sequence[Row] = _rows(state.batch)
    while len(rows) > 1:
        middle = len(rows) // 2
        failing = [half for half in (rows[:middle], rows[middle:]) if _fails(state, half, work)]
        if not failing:
            return ""
        rows = failing[0]
    return rows[0][1] if rows else ""


def _rows(batch: Batch) -> list[Row]:
    rows = Prediction.objects.of_batch(batch) if batch.kind == BatchKind.PREDICTIONS else _outcomes(batch)
    return list(rows.values_list("id", "external_id"))


def _outcomes(batch: Batch) -> Any:
    return Outcome.objects.filter(batch=batch).order_by("id")


def _fails(state: BatchStage, rows: Sequence[Row], work: Callable[..., Any]) -> bool:
    trial = copy(state)
    trial.batch = copy(state.batch)
    trial.batch.first_id, trial.batch.last_id = rows[0][0], rows[-1][0]
    try:
        with transaction.atomic():
            work(trial.batch.model, [trial])
            raise _WorkedError
    except _WorkedError:
        return False
    except Exception:  # noqa: BLE001  # the batch's own error is stored already
        return True
