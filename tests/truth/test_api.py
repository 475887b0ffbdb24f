"""Resolved labels by API."""

import json

import pytest
from rest_framework.test import APIClient

from apps.review.models import ReviewItem
from apps.sampling.models import Draw
from apps.sampling.policies import put_document
from apps.truth import services
from tests.factories import draw_all, make_key, make_model, prediction_row, push_outcomes, push_predictions

pytestmark = pytest.mark.django_db


@pytest.fixture
def model():
    """Three predictions, drawn with probability one half; the first has a label, the second an outcome."""
    model = make_model()
    put_document(model, {"floor": 1.0})
    push_predictions(model, [prediction_row(number) for number in (1, 2, 3)])
    draw_all(model)
    Draw.objects.update(inclusion_probability=0.5, counted_probability=0.5)
    draw = Draw.objects.get(prediction__external_id="case-1")
    ReviewItem.objects.create(
        draw=draw,
        prediction=draw.prediction,
        queue=draw.queue,
        is_blind=True,
        features={},
        label=0.0,
        needs_resolution=True,
    )
    push_outcomes(model, [{"id": "case-2", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}])
    services.resolve_due()
    return model


def get(model, query: str = "", scopes=("labels:read",), project=None, **headers):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_key(project or model.project, list(scopes))[1]}")
    return client.get(f"/api/v1/models/{model.slug}/labels{query}", **headers)


def test_labels_come_with_source_probability_and_weight(model):
    answer = get(model).json()
    first, second = answer["labels"]

    assert (first["id"], first["label"], first["source"]) == ("case-1", "no", "consensus")
    assert (first["inclusion_probability"], first["weight"]) == (0.5, 2.0)
    assert (second["id"], second["label"], second["source"], second["outcome"]) == ("case-2", "yes", "outcome", "yes")
    assert (answer["seq"], answer["next"]) == (1, None)


def test_a_cursor_leads_through_all_of_them(model):
    first = get(model, "?limit=1").json()
    second = get(model, f"?limit=1&cursor={first['next']}&seq={first['seq']}").json()
    assert [page["labels"][0]["id"] for page in (first, second)] == ["case-1", "case-2"]
    assert second["next"] is None


def test_an_earlier_number_knows_less(model):
    push_outcomes(model, [{"id": "case-1", "outcome": "yes", "occurred_at": "2026-03-21T00:00:00Z"}])
    services.resolve_due()
    assert [label["label"] for label in get(model).json()["labels"]] == ["yes", "yes"]
    assert [label["label"] for label in get(model, "?seq=1").json()["labels"]] == ["no", "yes"]
    assert get(model, "?seq=0").json()["labels"] == []


@pytest.mark.parametrize("asked", [{"query": "?format=ndjson"}, {"HTTP_ACCEPT": "application/x-ndjson"}], ids=str)
def test_as_lines(model, asked):
    answer = get(model, **asked)
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert answer["Content-Type"] == "application/x-ndjson"
    assert [line["id"] for line in lines] == ["case-1", "case-2"]


def test_only_with_the_scope_and_in_the_own_project(model):
    assert get(model, scopes=["reports:read"]).status_code == 403
    assert get(model, project=make_model().project).status_code == 404


@pytest.mark.parametrize("query", ["?limit=0", "?cursor=x", "?page=2", "?seq=-1"])
def test_questions_that_make_no_sense_are_refused(model, query):
    assert get(model, query).status_code == 400
