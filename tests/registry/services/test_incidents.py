"""Incidents: one open row for each change, closed by a person or by the schema."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.common.clock import database_now
from apps.common.errors import ConflictError
from apps.registry.models import Incident, IncidentKind
from apps.registry.services import incidents
from apps.registry.services.incidents import Sighting
from apps.registry.services.registering import put_model
from tests.factories import make_member, make_model

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def see(model, feature="income", kind=IncidentKind.TYPE_CHANGED, *, at=MORNING, rows=1, found="string", version="v7"):
    of, _ = model.versions.get_or_create(name=version)
    incidents.observe(model, [Sighting(of.pk, feature, kind, "number", found, at, at, rows)])


def put(model, *features):
    put_model(model.project, slug=model.slug, document={"features": list(features), "slices": []})


@pytest.fixture
def model():
    return make_model(features=[{"name": "income", "type": "number"}], slices=[])


def test_what_is_seen_again_extends_the_open_incident(model):
    see(model, at=MORNING, rows=3)
    see(model, at=MORNING - timedelta(hours=1), rows=4)
    see(model, at=MORNING + timedelta(hours=1), rows=5, found="list")
    incident = Incident.objects.get()
    assert (incident.rows, incident.found) == (12, "string")
    assert incident.first_seen_at == MORNING - timedelta(hours=1)
    assert incident.last_seen_at == MORNING + timedelta(hours=1)


def test_version_feature_and_kind_tell_incidents_apart(model):
    see(model)
    see(model, version="v8")
    see(model, feature="age")
    see(model, kind=IncidentKind.FEATURE_MISSING)
    assert Incident.objects.open().count() == 4


def test_closing_says_who_and_why_and_happens_once(model):
    see(model)
    user = make_member(model.project).user
    incident = incidents.close(Incident.objects.get(), by=user, note="The sender was mended.")
    assert (incident.closed_by, incident.note) == (user, "The sender was mended.")
    assert incident.closed_at is not None
    with pytest.raises(ConflictError):
        incidents.close(incident, by=user)


def test_the_same_change_after_closing_opens_anew_but_not_by_rows_that_came_before(model):
    see(model)
    closed = incidents.close(Incident.objects.get(), by=None)
    see(model, at=closed.closed_at - timedelta(seconds=1))
    assert not Incident.objects.open().exists()
    see(model, at=database_now(), rows=2)
    assert Incident.objects.open().get().rows == 2


@pytest.mark.parametrize(
    ("kind", "found", "declared", "closes"),
    [
        (IncidentKind.TYPE_CHANGED, "string", {"name": "income", "type": "text"}, True),
        (IncidentKind.TYPE_CHANGED, "string", {"name": "income", "type": "category"}, True),
        (IncidentKind.TYPE_CHANGED, "string", {"name": "income", "type": "integer"}, False),
        (IncidentKind.TYPE_CHANGED, "string", {"name": "age", "type": "number"}, True),
        (IncidentKind.FEATURE_MISSING, "", {"name": "income", "type": "number"}, False),
        (IncidentKind.FEATURE_MISSING, "", {"name": "age", "type": "number"}, True),
        (IncidentKind.FEATURE_NEW, "string", {"name": "income", "type": "text"}, True),
        (IncidentKind.FEATURE_NEW, "string", {"name": "age", "type": "text"}, False),
    ],
)
def test_a_schema_closes_what_it_agrees_with(model, kind, found, declared, closes):
    see(model, kind=kind, found=found)
    put(model, declared)
    assert Incident.objects.closed().exists() is closes
    if closes:
        assert Incident.objects.get().note == incidents.CLOSED_BY_SCHEMA


def test_changes_of_other_fields_close_nothing(model):
    see(model)
    put_model(model.project, slug=model.slug, document={"maturity_days": 7})
    assert Incident.objects.open().exists()


def test_incidents_of_another_model_stay_open(model):
    other = make_model(features=[{"name": "income", "type": "number"}], slices=[])
    see(other)
    put(model, {"name": "income", "type": "text"})
    assert Incident.objects.open().get().model == other
