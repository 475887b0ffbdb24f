"""Rejected rows over the API: pages, filters, NDJSON, replays."""

import json

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import Role, Scope
from apps.predictions.models import Prediction, RejectedRow
from tests.factories import make_key, make_member, make_model, prediction_row, push_outcomes, push_predictions

pytestmark = pytest.mark.django_db


@pytest.fixture
def model():
    """Three rejected predictions of two codes, and a rejected outcome."""
    model = make_model()
    push_predictions(model, [prediction_row(1, score=7), prediction_row(2, score=8), prediction_row(3, nonsense=1)])
    push_outcomes(model, [{"id": "case-9", "outcome": "perhaps", "occurred_at": "2026-03-20T00:00:00Z"}])
    return model


def client(model, scopes: list[str] | None = None, *, role: Role | None = None) -> APIClient:
    acts_for = None if role is None else make_member(model.project, role).user
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION=f"Bearer {make_key(model.project, scopes, acts_for=acts_for)[1]}")
    return made


def get(model, query: str = "", **asked):
    return client(model, **asked).get(f"/api/v1/models/{model.slug}/quarantine{query}")


def replay(model, document=None, **asked):
    url = f"/api/v1/models/{model.slug}/quarantine/replay"
    return client(model, **asked).post(url, document or {}, format="json")


def test_rows_come_newest_first_with_their_reason_text_and_counts_by_code(model):
    answer = get(model).json()
    assert [row["external_id"] for row in answer["rows"]] == ["case-9", "case-3", "case-2", "case-1"]
    assert (answer["next"], answer["left_out"]) == (None, 0)
    assert answer["counts"] == [
        {"kind": "predictions", "code": "probability_range", "rows": 2},
        {"kind": "outcomes", "code": "unknown_class", "rows": 1},
        {"kind": "predictions", "code": "unknown_field", "rows": 1},
    ]
    last = answer["rows"][-1]
    assert json.loads(last["raw"])["score"] == 7
    assert (last["index"], last["field"], last["state"], last["is_cut"]) == (0, "score", "waiting", False)
    assert "[0, 1]" in last["message"]


def test_a_cursor_leads_through_all_rows(model):
    first = get(model, "?limit=3").json()
    second = get(model, f"?limit=3&cursor={first['next']}").json()
    assert [row["external_id"] for row in first["rows"] + second["rows"]] == ["case-9", "case-3", "case-2", "case-1"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("?code=probability_range", ["case-2", "case-1"]),
        ("?kind=outcomes", ["case-9"]),
        ("?kind=predictions&code=unknown_field", ["case-3"]),
        ("?code=never", []),
        ("?state=replayed", []),
    ],
)
def test_filters_choose_rows(model, query, ids):
    assert [row["external_id"] for row in get(model, query).json()["rows"]] == ids


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=1001", "?cursor=x", "?kind=other", "?page=2", "?order=raw", "?model__project__slug=a"]
)
def test_unknown_filters_are_refused(model, query):
    assert get(model, query).status_code == 400


def test_a_cursor_beyond_the_last_row_gives_an_empty_page(model):
    assert get(model, f"?cursor={10**30}").status_code == 200


def test_ndjson_gives_each_row_as_it_was_sent(model):
    answer = get(model, "?format=ndjson&code=probability_range")
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert answer["Content-Type"] == "application/x-ndjson"
    assert [(line["index"], line["code"], json.loads(line["raw"])["id"]) for line in lines] == [
        (1, "probability_range", "case-2"),
        (0, "probability_range", "case-1"),
    ]


def test_a_page_takes_as_many_queries_for_many_rows_as_for_few(model, django_assert_max_num_queries):
    push_predictions(model, [prediction_row(n, score=7) for n in range(60)])
    asking = client(model)
    with django_assert_max_num_queries(6):
        asking.get(f"/api/v1/models/{model.slug}/quarantine?limit=50")


def test_a_replay_answers_like_a_push(model):
    RejectedRow.objects.filter(external_id="case-1").update(raw=json.dumps(prediction_row(1)).encode())
    answer = replay(model, {"code": "probability_range"})
    assert answer.status_code == 207
    document = answer.json()
    assert document["batch"] == Prediction.objects.get(external_id="case-1").batch_id
    assert (document["accepted"], document["duplicates"], document["remaining"]) == (1, 0, 0)
    (rejected,) = document["rejected"]
    assert set(rejected) == {"index", "id", "code", "field", "message", "row"}
    assert (rejected["id"], rejected["code"]) == ("case-2", "probability_range")
    assert replay(model, {"ids": [rejected["row"]]}).json()["rejected"][0]["row"] == rejected["row"]


def test_unknown_rows_are_named(model):
    answer = replay(model, {"ids": [RejectedRow.objects.first().pk, 10**15]})
    assert answer.status_code == 404
    assert answer.json()["details"] == {"ids": [10**15]}


@pytest.mark.parametrize(
    "document", [{"ids": "all"}, {"ids": [0]}, {"ids": [10**30]}, {"kind": "other"}, {"everything": True}, [1]]
)
def test_an_invalid_replay_request_is_refused(model, document):
    assert replay(model, document).status_code == 400


def test_each_call_needs_its_scope(model):
    assert get(model, scopes=[Scope.PREDICTIONS_WRITE]).status_code == 403
    assert get(model, scopes=[Scope.REGISTRY_WRITE]).status_code == 200
    assert replay(model, scopes=[Scope.REGISTRY_WRITE]).status_code == 403
    assert replay(model, {"kind": "outcomes"}, scopes=[Scope.PREDICTIONS_WRITE]).status_code == 403
    tried = replay(model, scopes=[Scope.PREDICTIONS_WRITE]).json()["rejected"]
    assert {each["id"] for each in tried} == {"case-1", "case-2", "case-3"}


@pytest.mark.parametrize(("role", "status"), [(Role.ADJUDICATOR, 403), (Role.ENGINEER, 200)])
def test_a_key_that_acts_for_a_person_has_that_persons_role(model, role, status):
    assert get(model, role=role).status_code == status
    assert replay(model, {"code": "never"}, role=role).status_code == status
