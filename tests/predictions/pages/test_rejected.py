"""The engineer's page of rejected rows."""

import json

import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.predictions.models import Prediction, RejectedRow
from apps.predictions.pages import rejected
from tests.factories import make_member, make_model, make_project, prediction_row, push_outcomes, push_predictions
from tests.pages import shown

pytestmark = pytest.mark.django_db
URL = "/p/credit/models/loans/rejected/"


class Visit:
    def __init__(self, role: Role = Role.ENGINEER) -> None:
        self.project = make_project("credit")
        self.model = make_model(self.project, "loans")
        self.client = Client()
        self.client.force_login(make_member(self.project, role).user)

    def text(self, query: str = "") -> str:
        return shown(self.client.get(URL + query))


@pytest.fixture
def visit() -> Visit:
    return Visit()


def test_rows_are_shown_with_their_reason_and_as_sent_but_inert(visit):
    sent = prediction_row(1, score=7, features={"name": '<script>alert(1)</script>" hx-get=//x {{7*7}}'})
    push_predictions(visit.model, [sent])
    page = visit.text()
    assert "score is 7; it must lie in [0, 1]." in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "{{7*7}}" in page


def test_code_and_kind_filter_the_rows(visit):
    push_predictions(visit.model, [prediction_row(1, score=7), prediction_row(2, nonsense=1)])
    push_outcomes(visit.model, [{"id": "case-9", "outcome": "perhaps", "occurred_at": "2026-03-20T00:00:00Z"}])
    page = visit.text("?code=unknown_field&kind=predictions")
    assert "case-2" in page
    assert "case-1" not in page
    assert "case-9" not in page
    assert visit.client.get(URL + "?kind=other").status_code == 404


def test_a_link_leads_to_older_rows(visit):
    push_predictions(visit.model, [prediction_row(n, score=7) for n in range(rejected.ROWS_SHOWN + 1)])
    first = visit.client.get(URL + "?code=probability_range")
    assert "case-0&quot;" not in first.content.decode()
    assert "case-0&quot;" in visit.text("?" + first.context["following"])


def test_all_of_a_code_are_tried_again(visit):
    push_predictions(
        visit.model, [prediction_row(1, score=7), prediction_row(2, score=8), prediction_row(3, nonsense=1)]
    )
    RejectedRow.objects.filter(external_id="case-1").update(raw=json.dumps(prediction_row(1)).encode())
    answer = visit.client.post(URL, {"code": "probability_range", "kind": "predictions"}, follow=True)
    shown = [str(message) for message in answer.context["messages"]]
    assert shown == ["1 stored.", "1 still rejected, each with its reason."]
    assert Prediction.objects.get().external_id == "case-1"
    assert RejectedRow.objects.get(external_id="case-3").tried_at is None


def test_the_file_holds_what_the_page_shows(visit):
    push_predictions(visit.model, [prediction_row(1, score=7), prediction_row(2, nonsense=1)])
    answer = visit.client.get(URL + "rows.ndjson?code=unknown_field")
    assert answer["Content-Disposition"] == 'attachment; filename="loans-rejected.ndjson"'
    (line,) = b"".join(answer.streaming_content).splitlines()
    assert json.loads(json.loads(line)["raw"])["id"] == "case-2"


def test_an_empty_page_says_what_it_is_for(visit):
    assert "No rejected rows" in visit.text()
    assert "No matching rows" in visit.text("?code=conflict")


def test_the_model_page_links_there_even_before_anything_was_accepted(visit):
    assert URL not in visit.client.get("/p/credit/models/loans/").content.decode()
    push_predictions(visit.model, [prediction_row(1, score=7)])
    assert URL in visit.client.get("/p/credit/models/loans/").content.decode()


def test_the_page_takes_as_many_queries_for_many_rows_as_for_few(visit, django_assert_max_num_queries):
    push_predictions(visit.model, [prediction_row(n, score=7) for n in range(60)])
    with django_assert_max_num_queries(9):
        visit.client.get(URL)


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_the_page_and_the_file_are_for_engineers(role):
    visit = Visit(role)
    assert [visit.client.get(URL + more).status_code for more in ("", "rows.ndjson")] == [403, 403]
    assert visit.client.post(URL).status_code == 403
