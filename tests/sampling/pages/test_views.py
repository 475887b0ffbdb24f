"""The engineer's pages of a model: what came in, and what of it is drawn."""

import json

import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.predictions.models import BatchStage
from apps.predictions.services import stages
from apps.sampling.services import policies
from tests.factories import draw_all, make_member, make_model, make_project, prediction_row, push_predictions

pytestmark = pytest.mark.django_db


class Visit:
    def __init__(self, role: Role = Role.ENGINEER) -> None:
        self.project = make_project("credit")
        self.model = make_model(self.project, "loans")
        self.client = Client()
        self.client.force_login(make_member(self.project, role).user)

    @property
    def sampling(self) -> str:
        return "/p/credit/models/loans/sampling/"

    def save(self, text: str):
        return self.client.post(self.sampling, {"document": text})


@pytest.fixture
def visit() -> Visit:
    return Visit()


def test_the_page_shows_the_document_that_the_api_takes(visit):
    answer = visit.client.get(visit.sampling)
    shown = json.loads(answer.context["form"]["document"].value())
    assert shown["floor"] == 0.002
    assert "The floor can be lowered but not removed." in answer.content.decode()


def test_a_saved_document_is_in_force(visit):
    assert (
        visit.save('{"floor": 0.05, "policies": [{"name": "half", "kind": "uniform", "rate": 0.5}]}').status_code == 302
    )
    assert [p["name"] for p in policies.shown(visit.model)["policies"]] == ["half"]
    assert "50 %" in visit.client.get(visit.sampling).content.decode()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "Not JSON"),
        ('{"floor": 0}', "floor: Ensure this value is greater than"),
        ('{"policies": [{"name": "a", "kind": "uniform", "rate": 2}]}', "policies 1, rate"),
        ('{"policies": [{"name": "a", "kind": "uniform", "rate": 1, "queue": "none"}]}', "There is no queue"),
    ],
)
def test_a_document_that_is_refused_is_kept_on_the_page_with_the_reason(visit, text, says):
    answer = visit.save(text)
    assert answer.status_code == 400
    assert answer.context["form"]["document"].value() == text
    assert any(says in error for error in answer.context["form"].errors["document"])
    assert policies.shown(visit.model)["policies"] == []


def test_the_model_page_counts_what_came_in(visit):
    policies.put_document(visit.model, {"floor": 1.0})
    push_predictions(visit.model, [prediction_row(n) for n in range(7)])
    draw_all(visit.model)
    page = visit.client.get("/p/credit/models/loans/").content.decode()
    assert "<b>7</b>" in page
    assert "the probabilities say 7" in page


def test_the_model_page_costs_the_same_for_many_batches(visit, django_assert_max_num_queries):
    for n in range(12):
        push_predictions(visit.model, [prediction_row(n)])
    with django_assert_max_num_queries(14):
        visit.client.get("/p/credit/models/loans/")


def test_a_batch_that_was_given_up_shows_why_and_can_be_tried_again(visit):
    push_predictions(visit.model, [prediction_row(1)])
    state = BatchStage.objects.get(stage="draw")
    BatchStage.objects.filter(pk=state.pk).update(attempts=stages.MAX_ATTEMPTS, error="disk full")
    draw_all(visit.model)
    assert "disk full" in visit.client.get("/p/credit/models/loans/").content.decode()
    visit.client.post(f"/p/credit/stages/{state.pk}/retry/")
    draw_all(visit.model)
    assert BatchStage.objects.get(pk=state.pk).done_at is not None


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_the_pages_are_for_engineers(role):
    visit = Visit(role)
    assert visit.client.get(visit.sampling).status_code == 403
    assert visit.client.get("/p/credit/models/loans/").status_code == 403
