"""Predictions found over the API: by id and by what is known, in every format, never by who has yet to judge them."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import Role
from apps.predictions.models import CaseView, ExportView, Payload
from apps.registry.models import ReviewQueue
from apps.review import services
from tests.factories import MORNING, make_key, make_member, make_model, prediction_row, push_outcomes, push_predictions
from tests.review.factories import answer, make_items, make_queue, reviewers

pytestmark = pytest.mark.django_db


class Finder:
    """A client with a key that reads predictions."""

    def __init__(self, queue: ReviewQueue, **key: Any) -> None:
        self.model = queue.model
        _, text = make_key(queue.model.project, **key)
        self.client = Client(headers={"Authorization": f"Bearer {text}"})

    def get(self, path: str = "", **query: Any) -> Any:
        return self.client.get(f"/api/v1/models/{self.model.slug}/predictions{path}", query)

    def ids(self, **query: Any) -> list[str]:
        answer = self.get(**query)
        assert answer.status_code == 200, answer.content
        return [each["id"] for each in answer.json()["predictions"]]


@pytest.fixture
def queue() -> ReviewQueue:
    """Four drawn predictions, 1 to 10 in steps of three; later ones, not drawn, are 50, 51 and 52."""
    queue = make_queue(dispute_reasons=[])
    make_items(queue, 4)
    rows = [prediction_row(50, version="v2"), prediction_row(51, subject="Ann/1"), prediction_row(52, score=0.55)]
    push_predictions(queue.model, rows)
    return queue


def test_all_are_listed_newest_first_in_pages(queue: ReviewQueue) -> None:
    finder = Finder(queue)
    everything = [f"case-{number}" for number in (52, 51, 50, 10, 7, 4, 1)]
    assert finder.ids() == everything
    first = finder.get(limit=3).json()
    assert [each["id"] for each in first["predictions"]] == everything[:3]
    second = finder.get(limit=4, cursor=first["next"]).json()
    assert ([each["id"] for each in second["predictions"]], second["next"]) == (everything[3:], None)
    assert finder.ids(cursor=10**15) == []


def test_pages_keep_their_order_among_equal_times(queue: ReviewQueue) -> None:
    rows = [prediction_row(number, predicted_at=MORNING.isoformat()) for number in range(60, 70)]
    push_predictions(queue.model, rows)
    finder, found, cursor = Finder(queue), [], None
    while cursor is not None or not found:
        page = finder.get(limit=3, **({"cursor": cursor} if cursor else {})).json()
        found += [each["id"] for each in page["predictions"]]
        cursor = page["next"]
    assert len(found) == len(set(found)) == 17


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"version": "v2"}, [50]),
        ({"version": "v3"}, []),
        ({"prediction": "no"}, [51]),
        ({"score_to": 0.6}, [52, 51]),
        ({"score_from": 0.5, "score_to": 0.6}, [52]),
        ({"subject": "Ann/1"}, [51]),
        ({"slice": "sex:1"}, [52, 50, 10, 4]),
        ({"slice": "sex__x:1"}, []),
        ({"drawn": "true"}, [10, 7, 4, 1]),
        ({"drawn": "false"}, [52, 51, 50]),
        ({"reviewed": "true"}, [4, 1]),
        ({"reviewed": "false", "drawn": "true"}, [10, 7]),
        ({"disputed": "true"}, [4]),
        ({"has_outcome": "true"}, [50, 1]),
        ({"outcome": "no"}, [1]),
        ({"outcome": "yes"}, [50]),
        ({"differs": "true"}, [52, 51, 50, 10, 4]),
        ({"since": (MORNING + timedelta(minutes=51)).isoformat()}, [52, 51]),
        ({"until": (MORNING + timedelta(minutes=4)).isoformat()}, [1]),
        ({"drawn": "true", "reviewed": "true", "disputed": "false"}, [1]),
    ],
    ids=str,
)
def test_every_condition_narrows(queue: ReviewQueue, query: dict[str, Any], numbers: list[int]) -> None:
    anna, ben = reviewers(queue, 2)
    case = {}
    for person, said in ((anna, {}), (ben, {"verdict": "dispute", "note": "No"})):
        item = answer(queue, person, "no", **said)
        case[person.pk] = item.prediction.external_id
    # Which cases are served is random.
    plain, disputed = case[anna.pk], case[ben.pk]
    names = {1: plain, 4: disputed}
    others = [f"case-{number}" for number in (1, 4, 7, 10) if f"case-{number}" not in case.values()]
    names |= dict(zip((7, 10), others, strict=True))
    moment = "2026-03-20T00:00:00+00:00"
    push_outcomes(
        queue.model,
        [
            {"id": plain, "outcome": "yes", "occurred_at": "2026-03-19T00:00:00+00:00"},
            {"id": plain, "outcome": "no", "occurred_at": moment},
            {"id": "case-50", "outcome": "yes", "occurred_at": moment},
        ],
    )
    of_place = {"slice", "differs", "until", "since"} & set(query)
    expected = {f"case-{n}" if of_place or n >= 50 else names[n] for n in numbers}
    found = Finder(queue).ids(**query)
    assert set(found) == expected
    assert len(found) == len(expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        {"prediction": "perhaps"},
        {"slice": "sex"},
        {"score_from": "high"},
        {"limit": 0},
        {"drawn": "sometimes"},
        {"differs": ""},
        {"x": 1},
    ],
    ids=str,
)
def test_a_condition_that_makes_no_sense_is_refused(queue: ReviewQueue, query: dict[str, Any]) -> None:
    assert Finder(queue).get(**query).status_code == 400


def test_one_prediction_is_told_in_full(queue: ReviewQueue) -> None:
    (anna,) = reviewers(queue, 1)
    item = answer(queue, anna, "no")
    push_outcomes(
        queue.model, [{"id": item.prediction.external_id, "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}]
    )
    told = Finder(queue).get(f"/{item.prediction.external_id}").json()
    assert (told["prediction"], told["reviewed"], told["outcome"]) == ("yes", "no", "yes")
    assert told["features"] == item.features
    assert told["attributions"] == {"age": 0.75, "sex": -0.31}
    assert [each["outcome"] for each in told["outcomes"]] == ["yes"]
    draw = told["draw"]
    assert (draw["queue"], draw["inclusion_probability"], draw["blind"]) == ("main", 1.0, True)
    assert [(each["policy"], each["probability"]) for each in draw["policies"]] == [("floor", 1.0)]


def test_what_the_model_saw_is_told_and_outlives_retention_in_a_drawn_case(queue: ReviewQueue) -> None:
    item = make_items(queue, processed={"age": -0.25})[-1]
    name, finder = item.prediction.external_id, Finder(queue)
    assert [finder.get(f"/{each}").json()["processed"] for each in (name, "case-1")] == [{"age": -0.25}, None]
    Payload.objects.all().delete()
    assert [finder.get(f"/{each}").json()["processed"] for each in (name, "case-50")] == [{"age": -0.25}, None]


def test_what_retention_has_taken_is_null_and_a_drawn_case_keeps_its_copy(queue: ReviewQueue) -> None:
    Payload.objects.all().delete()
    finder = Finder(queue)
    assert finder.get("/case-50").json()["features"] is None
    assert finder.get("/case-1").json()["features"]["age"] == 21


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nobody", "case-1/x", "%00", "a%0D%0Ab", "x" * 500])
def test_an_unknown_id_is_not_found(queue: ReviewQueue, name: str) -> None:
    assert Finder(queue).get(f"/{name}").status_code in (400, 404)


def test_an_id_may_hold_a_slash(queue: ReviewQueue) -> None:
    push_predictions(queue.model, [prediction_row(70, id="loans/2026/70")])
    assert Finder(queue).get("/loans/2026/70").json()["id"] == "loans/2026/70"


def test_every_format_holds_the_same_rows(queue: ReviewQueue) -> None:
    finder = Finder(queue)
    rows = finder.get().json()["predictions"]
    lines = finder.get(format="ndjson").getvalue().splitlines()
    assert [json.loads(line) for line in lines] == rows
    table = pq.read_table(io.BytesIO(finder.get(format="parquet").getvalue()))
    assert table.column("id").to_pylist() == [row["id"] for row in rows]
    assert table.column("score").to_pylist() == [row["score"] for row in rows]
    assert [json.loads(each) for each in table.column("slices").to_pylist()] == [row["slices"] for row in rows]
    text = finder.get(format="csv").getvalue().decode().splitlines()
    assert text[0].split(",")[:3] == ["id", "predicted_at", "received_at"]
    assert len(text) == 1 + len(rows)


def test_numbers_are_found_by_number() -> None:
    rules = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}}
    model = make_model(**rules, prediction_range=[0.0, 100.0])
    sent = {"score": None, "baseline": None}
    push_predictions(model, [prediction_row(n, prediction=12.5 * n, **sent) for n in (1, 2)])
    finder = Finder(model.queues.get())
    assert finder.ids(prediction="12.5") == ["case-1"]
    assert finder.get(prediction="much").status_code == 400


def test_a_page_costs_the_same_queries_whatever_it_holds(
    queue: ReviewQueue, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    finder = Finder(queue)
    finder.ids()
    with django_assert_num_queries(6) as first:
        finder.ids()
    push_predictions(queue.model, [prediction_row(number) for number in range(100, 180)])
    with django_assert_num_queries(len(first)):
        assert len(finder.ids()) == 87


def test_the_key_of_a_person_finds_nothing_that_they_have_yet_to_judge(queue: ReviewQueue) -> None:
    dan = make_member(queue.model.project, Role.ENGINEER)
    (slot,) = services.claim_slots(queue, by=dan)
    awaited = slot.item.prediction
    finder = Finder(queue, acts_for=dan.user)
    assert awaited.external_id not in finder.ids()
    exported = csv.DictReader(io.StringIO(finder.get(format="csv").getvalue().decode()))
    assert {row["id"] for row in exported} == {f"case-{n}" for n in (1, 4, 7, 10, 50, 51, 52)} - {awaited.external_id}
    refused = finder.get(f"/{awaited.external_id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "judge_first")
    assert not CaseView.objects.filter(user=dan.user, prediction=awaited).exists()


def test_what_a_person_was_shown_is_not_served_to_them_blind(queue: ReviewQueue) -> None:
    dan, eve, fay = (make_member(queue.model.project, Role.ENGINEER) for _ in range(3))
    Finder(queue, acts_for=dan.user).ids()
    Finder(queue, acts_for=eve.user).get(format="ndjson").getvalue()
    Finder(queue, acts_for=fay.user).get("/case-1")
    assert services.claim_slots(queue, by=dan, limit=4) == []
    assert services.claim_slots(queue, by=eve, limit=4) == []
    assert ExportView.objects.filter(user=eve.user).count() == 1
    assert {slot.item.prediction.external_id for slot in services.claim_slots(queue, by=fay, limit=4)} == {
        "case-4",
        "case-7",
        "case-10",
    }


def test_only_a_key_for_it_reads_predictions(queue: ReviewQueue) -> None:
    assert Finder(queue, scopes=["predictions:write", "labels:read"]).get().status_code == 403
    anna = make_member(queue.model.project)
    assert Finder(queue, acts_for=anna.user).get().status_code == 403
