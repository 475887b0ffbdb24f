"""Outcomes without a prediction become an incident once they are older than the model's horizon."""

from datetime import timedelta

import pytest

from apps.common.clock import database_now
from apps.monitoring.services import parked
from apps.predictions.models import Batch, Outcome
from apps.registry.models import Incident, IncidentKind
from apps.registry.services import incidents
from tests.append_only import rewriting
from tests.factories import make_model, prediction_row, push_outcomes, push_predictions

pytestmark = pytest.mark.django_db
HORIZON = timedelta(days=30)
HOUR = timedelta(hours=1)


def arrive(model, *numbers, ago):
    """Push outcomes that arrived `ago`; return the moment."""
    rows = [{"id": f"case-{n}", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"} for n in numbers]
    batch = push_outcomes(model, rows).batch
    moment = database_now() - ago
    with rewriting():
        Outcome.objects.filter(batch=batch).update(received_at=moment)
    Batch.objects.filter(pk=batch).update(received_at=moment)
    return moment


def test_overdue_outcomes_are_counted_once_each():
    model = make_model()
    first = arrive(model, 1, 2, ago=HORIZON + 2 * HOUR)
    last = arrive(model, 3, ago=HORIZON + HOUR)
    arrive(model, 4, ago=HORIZON - HOUR)
    push_predictions(model, [prediction_row(2)])
    parked.watch()
    parked.watch()
    incident = Incident.objects.get()
    assert (incident.kind, incident.rows, incident.version) == (IncidentKind.OUTCOMES_PARKED, 2, None)
    assert (incident.first_seen_at, incident.last_seen_at) == (first + HORIZON, last + HORIZON)


def test_a_corrected_outcome_counts_once():
    model = make_model()
    arrive(model, 1, ago=HORIZON + 2 * HOUR)
    push_outcomes(model, [{"id": "case-1", "outcome": "no", "occurred_at": "2026-03-21T00:00:00Z"}])
    with rewriting():
        Outcome.objects.update(received_at=database_now() - HORIZON - HOUR)
    parked.watch()
    assert Incident.objects.get().rows == 1


def test_the_incident_closes_when_the_predictions_arrive():
    model = make_model()
    arrive(model, 1, ago=HORIZON + HOUR)
    parked.watch()
    push_predictions(model, [prediction_row(1)])
    parked.watch()
    incident = Incident.objects.closed().get()
    assert (incident.closed_by, incident.note) == (None, incidents.CLOSED_BY_ARRIVAL)


def test_after_a_manual_closing_only_later_outcomes_open_a_new_incident():
    model = make_model()
    arrive(model, 1, 2, ago=HORIZON + 2 * HOUR)
    parked.watch()
    closed = incidents.close(Incident.objects.get(), by=None)
    parked.watch()
    assert not Incident.objects.open().exists()
    # Pretend it was closed an hour ago; one more outcome became overdue since.
    Incident.objects.filter(pk=closed.pk).update(closed_at=closed.closed_at - HOUR)
    arrive(model, 3, ago=HORIZON + HOUR / 2)
    parked.watch()
    assert Incident.objects.open().get().rows == 1


def test_a_model_without_old_outcomes_costs_one_query(django_assert_num_queries):
    arrive(make_model(), 1, ago=HOUR)
    with django_assert_num_queries(2):
        parked.watch()
    assert not Incident.objects.exists()
