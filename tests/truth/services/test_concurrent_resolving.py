"""Predictions, outcomes and resolvers running concurrently."""

import pytest

from apps.predictions.models import BatchStage, Stage
from apps.predictions.services import stages
from apps.truth.models import Ledger, Resolution
from apps.truth.services import resolving
from tests.factories import make_model, prediction_row, push_outcomes, push_predictions
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

BATCHES, ROWS = 8, 25


def test_concurrent_outcomes_and_predictions_are_joined_exactly_once(monkeypatch):
    monkeypatch.setattr(stages, "MAX_ROWS_PER_CLAIM", 3 * ROWS)
    model = make_model()
    batches = [range(first * ROWS, (first + 1) * ROWS) for first in range(BATCHES)]

    def predict() -> None:
        for numbers in batches:
            push_predictions(model, [prediction_row(number) for number in numbers])

    def push_truth() -> None:
        for numbers in reversed(batches):
            occurred_at = "2026-03-20T00:00:00Z"
            push_outcomes(model, [{"id": f"case-{n}", "outcome": "yes", "occurred_at": occurred_at} for n in numbers])

    def resolve() -> None:
        for _ in range(BATCHES):
            resolving.resolve_due()

    at_once(predict, push_truth, resolve, resolve)
    resolving.resolve_due()

    assert Resolution.objects.count() == BATCHES * ROWS
    assert Resolution.objects.values("prediction").distinct().count() == BATCHES * ROWS
    assert not BatchStage.objects.filter(stage=Stage.RESOLVE, done_at=None).exists()
    numbers = set(Resolution.objects.values_list("seq", flat=True))
    # No gaps: a number is used only when rows are written under it.
    assert numbers == set(range(1, Ledger.objects.get().last_seq + 1))


def test_clients_that_send_the_same_outcomes_at_once_store_each_once_and_the_latest_counts():
    model = make_model()
    push_predictions(model, [prediction_row(number) for number in range(ROWS)])
    yes, no = (
        [{"id": f"case-{n}", "outcome": value, "occurred_at": f"2026-03-{day}T00:00:00Z"} for n in range(ROWS)]
        for value, day in (("yes", 20), ("no", 25))
    )

    answers = at_once(
        *(lambda rows=rows: push_outcomes(model, rows) for rows in (yes, no, yes[::-1], no + yes)),
        resolving.resolve_due,
        resolving.resolve_due,
    )
    resolving.resolve_due()

    pushed = answers[:4]
    assert (sum(each.accepted for each in pushed), sum(each.duplicates for each in pushed)) == (2 * ROWS, 3 * ROWS)
    assert set(Resolution.objects.as_of(Ledger.objects.get().last_seq).values_list("truth", flat=True)) == {0.0}
