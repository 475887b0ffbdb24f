"""The list of incidents, the banner, and closing by page."""

import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.registry.models import Incident, IncidentKind
from tests.factories import MORNING, make_member, make_model, make_project
from tests.pages import shown

pytestmark = pytest.mark.django_db
LIST = "/p/credit/models/loans/incidents/"
MODEL = "/p/credit/models/loans/"


class Visit:
    def __init__(self, role: Role = Role.ENGINEER) -> None:
        self.project = make_project("credit")
        self.model = make_model(self.project, "loans")
        self.user = make_member(self.project, role).user
        self.client = Client()
        self.client.force_login(self.user)

    def incident(self, **fields) -> Incident:
        version, _ = self.model.versions.get_or_create(name="v7")
        seen = {"first_seen_at": MORNING, "last_seen_at": MORNING, "rows": 3120}
        what = {"feature": "income", "kind": IncidentKind.TYPE_CHANGED, "expected": "number", "found": "string"}
        return Incident.objects.create(model=self.model, version=version, **{**seen, **what, **fields})

    def text(self, url: str = LIST) -> str:
        return shown(self.client.get(url))

    def close(self, incident: Incident, **fields):
        return self.client.post(f"/p/credit/incidents/{incident.pk}/close/", fields)


@pytest.fixture
def visit() -> Visit:
    return Visit()


@pytest.mark.parametrize("url", [LIST, MODEL, "/p/credit/"])
def test_an_open_incident_is_told_in_a_line(visit, url):
    assert "income" not in visit.text(url)
    visit.incident()
    page = visit.text(url)
    assert '<code class="strong">income</code> number → string in v7' in page
    assert "3,120 rows" in page


def test_an_engineer_closes_with_a_note_and_the_list_remembers(visit):
    incident = visit.incident()
    assert visit.close(incident, note="The sender was mended.").url == LIST
    page = visit.text()
    assert "No open incidents" in page
    assert f"by {visit.user.display_name}: The sender was mended." in page


def test_closing_leads_back_to_where_the_button_was_but_nowhere_else(visit):
    assert visit.close(visit.incident(), back=MODEL).url == MODEL
    assert visit.close(visit.incident(), back="//evil.example/").url == LIST
    assert visit.close(visit.incident(), back="a\r\nb").url == "a%0D%0Ab"


def test_closing_what_somebody_else_closed_says_so(visit):
    incident = visit.incident()
    visit.close(incident)
    answer = visit.client.post(f"/p/credit/incidents/{incident.pk}/close/", follow=True)
    assert "already closed" in answer.content.decode()


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_others_see_it_without_the_button(role):
    visit = Visit(role)
    incident = visit.incident()
    for url in (LIST, "/p/credit/"):
        page = visit.text(url)
        assert "number → string" in page
        assert "/close/" not in page
    assert visit.close(incident).status_code == 403
    assert Incident.objects.open().exists()


def test_names_are_shown_as_text(visit):
    visit.incident(feature='<script>alert(1)</script>" hx-get=//x')
    for url in (LIST, MODEL, "/p/credit/"):
        assert "<script>alert" not in visit.text(url)


def test_the_list_costs_the_same_for_many_incidents(visit, django_assert_max_num_queries):
    for n in range(60):
        visit.incident(feature=f"f{n}", closed_at=MORNING if n % 2 else None, closed_by=visit.user)
    with django_assert_max_num_queries(10):
        visit.client.get(LIST)
