"""The engineer's pages of a model: its intake and its sampling."""

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
        return self.client.post(f"{self.sampling}json/", {"document": text})


@pytest.fixture
def visit() -> Visit:
    return Visit()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", "Not JSON"),
        ('{"floor": 0}', "floor: Ensure this value is greater than"),
        ('{"policies": [{"name": "a", "kind": "uniform", "rate": 2}]}', "policies 1, rate"),
        ('{"policies": [{"name": "a", "kind": "uniform", "rate": 1, "queue": "none"}]}', "This model has no queue"),
    ],
)
def test_a_refused_document_stays_on_the_page_with_the_reason(visit, text, error):
    response = visit.save(text)
    assert response.status_code == 400
    assert response.context["form"]["document"].value() == text
    assert any(error in each for each in response.context["form"].errors["document"])
    assert policies.current_document(visit.model)["policies"] == []


def test_the_model_page_counts_predictions_and_draws(visit):
    policies.put_document(visit.model, {"floor": 1.0})
    push_predictions(visit.model, [prediction_row(n) for n in range(7)])
    draw_all(visit.model)
    page = visit.client.get("/p/credit/models/loans/").content.decode()
    assert "<b>7</b>" in page
    assert "expected 7" in page


def test_the_model_page_needs_no_more_queries_for_many_batches(visit, django_assert_max_num_queries):
    for n in range(12):
        push_predictions(visit.model, [prediction_row(n)])
    with django_assert_max_num_queries(16):
        visit.client.get("/p/credit/models/loans/")


def test_a_batch_given_up_shows_its_error_and_can_be_retried(visit):
    push_predictions(visit.model, [prediction_row(1)])
    state = BatchStage.objects.get(stage="draw")
    BatchStage.objects.filter(pk=state.pk).update(attempts=stages.MAX_ATTEMPTS, error="disk full")
    draw_all(visit.model)
    assert "disk full" in visit.client.get("/p/credit/models/loans/").content.decode()
    visit.client.post(f"/p/credit/stages/{state.pk}/retry/")
    draw_all(visit.model)
    assert BatchStage.objects.get(pk=state.pk).done_at is not None


def test_all_batches_given_up_of_a_model_can_be_retried_at_once(visit):
    other = make_model(visit.model.project)
    for model in (visit.model, visit.model, other):
        push_predictions(model, [prediction_row(visit.model.batches.count())])
    BatchStage.objects.filter(stage="draw").update(attempts=stages.MAX_ATTEMPTS, error="disk full", row="case-1")
    assert "case-1" in visit.client.get("/p/credit/models/loans/").content.decode()
    visit.client.post("/p/credit/models/loans/stages/retry/")
    draw_all(visit.model)
    assert BatchStage.objects.filter(stage="draw", done_at__isnull=False).count() == 2
    assert [state.batch.model for state in stages.given_up()] == [other]


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_the_pages_are_for_engineers(role):
    visit = Visit(role)
    assert visit.client.get(visit.sampling).status_code == 403
    assert visit.client.get("/p/credit/models/loans/").status_code == 403
