"""Incidents over HTTP."""

import pytest
from django.test import Client

from apps.accounts.models import Role, Scope
from apps.registry.models import Incident, IncidentKind
from tests.factories import MORNING, make_key, make_member, make_model, make_project

pytestmark = pytest.mark.django_db


class Api:
    def __init__(self, role: Role | None = None, scopes: list[str] | None = None) -> None:
        self.project = make_project()
        self.model = make_model(self.project, "loans")
        self.user = make_member(self.project, role).user if role else None
        _, text = make_key(self.project, scopes, acts_for=self.user)
        self.client = Client(headers={"authorization": f"Bearer {text}"})

    def incident(self, feature: str = "income") -> Incident:
        version, _ = self.model.versions.get_or_create(name="v7")
        return Incident.objects.create(
            model=self.model,
            version=version,
            feature=feature,
            kind=IncidentKind.TYPE_CHANGED,
            expected="number",
            found="string",
            first_seen_at=MORNING,
            last_seen_at=MORNING,
            rows=3120,
        )

    def list(self, query: str = ""):
        return self.client.get(f"/api/v1/models/loans/incidents{query}")

    def close(self, incident: Incident, body: object = None):
        return self.client.post(f"/api/v1/incidents/{incident.pk}/close", body or {}, "application/json")


def test_open_incidents_are_listed_with_what_changed():
    api = Api()
    incident = api.incident()
    assert api.list().json() == {
        "incidents": [
            {
                "id": incident.pk,
                "kind": "type_changed",
                "version": "v7",
                "feature": "income",
                "change": "number → string",
                "expected": "number",
                "found": "string",
                "stage": "",
                "detail": "",
                "rows": 3120,
                "first_seen_at": "2026-03-02T09:00:00Z",
                "last_seen_at": "2026-03-02T09:00:00Z",
                "closed_at": None,
                "closed_by": None,
                "note": "",
                "owner": None,
                "due_on": None,
                "cause": "",
                "action": "",
                "helped": "",
            }
        ],
        "next": None,
    }


def test_closing_notes_the_person_of_the_key_and_the_note():
    api = Api(Role.ENGINEER)
    answer = api.close(api.incident(), {"note": "The sender was mended."})
    assert answer.status_code == 200, answer.content
    assert answer.json()["closed_by"] == api.user.display_name
    assert answer.json()["note"] == "The sender was mended."
    assert answer.json()["closed_at"] is not None


def test_closing_twice_is_a_conflict():
    api = Api()
    incident = api.incident()
    assert [api.close(incident).status_code for _ in range(2)] == [200, 409]


def test_states_choose_and_pages_follow_each_other():
    api = Api()
    api.close(api.incident("a"))
    for feature in ("b", "c"):
        api.incident(feature)

    def features(answer):
        return [each["feature"] for each in answer.json()["incidents"]]

    assert features(api.list()) == ["c", "b"]
    assert features(api.list("?state=closed")) == ["a"]
    first = api.list("?state=all&limit=2")
    assert features(first) == ["c", "b"]
    assert features(api.list(f"?state=all&limit=2&cursor={first.json()['next']}")) == ["a"]


@pytest.mark.parametrize("query", ["?state=other", "?limit=0", "?limit=1001", "?cursor=x", "?user=1"])
def test_what_is_not_declared_is_refused(query):
    assert Api().list(query).status_code == 400


@pytest.mark.parametrize("body", [{"note": 7 * "x" * 300}, {"note": None}, {"closed_by": 1}, {"note": {}}])
def test_a_note_is_a_text_of_bounded_length_and_nothing_else_is_taken(body):
    api = Api()
    assert api.close(api.incident(), body).status_code == 400
    assert Incident.objects.open().exists()


def test_everybody_may_list_incidents_and_engineers_may_close_them():
    for role, closed in ((Role.STAKEHOLDER, 403), (Role.ADJUDICATOR, 403), (Role.ENGINEER, 200)):
        api = Api(role)
        assert (api.list().status_code, api.close(api.incident()).status_code) == (200, closed)


def test_a_key_needs_the_scope_of_the_registry():
    api = Api(scopes=[Scope.PREDICTIONS_WRITE])
    assert (api.list().status_code, api.close(api.incident()).status_code) == (403, 403)
