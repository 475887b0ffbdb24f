"""The ready-made lists of cases: on the page, in its files, and over the API."""

import csv
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Role
from apps.explanations.models import Unusual
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.review.pages import finding_views
from apps.review.pages.finding_forms import LISTS
from tests.factories import make_key, make_member, make_model, prediction_row, push_outcomes, push_predictions
from tests.pages import shown
from tests.review.factories import claim, make_items, make_queue

pytestmark = pytest.mark.django_db

KNOWN = "2026-03-20T00:00:00Z"


@pytest.fixture
def model() -> MonitoredModel:
    """Five predictions: sure and right, sure and wrong (both ways), unsure and wrong, sure without an outcome."""
    made = make_model()
    rows = [
        prediction_row(1, prediction="yes", score=0.95),
        prediction_row(2, prediction="yes", score=0.95),
        prediction_row(3, prediction="no", score=0.05),
        prediction_row(4, prediction="yes", score=0.6),
        prediction_row(5, prediction="yes", score=0.95),
    ]
    push_predictions(made, rows)
    truth = {1: "yes", 2: "no", 3: "yes", 4: "no"}
    push_outcomes(made, [{"id": f"case-{n}", "outcome": each, "occurred_at": KNOWN} for n, each in truth.items()])
    return made


@pytest.fixture
def client(model: MonitoredModel) -> Client:
    visitor = Client()
    visitor.force_login(make_member(model.project, Role.ENGINEER).user)
    return visitor


def note(number: int, kind: str, *features: str) -> None:
    each = Prediction.objects.get(external_id=f"case-{number}")
    Unusual.objects.create(
        prediction=each,
        model=each.model,
        version=each.version,
        day=each.predicted_at.date(),
        kind=kind,
        strength=9.0,
        features=list(features),
    )


def listed(client: Client, model: MonitoredModel, **query: Any) -> str:
    return shown(client.get(reverse("cases", args=[model.project.slug, model.slug]), query))


def test_sure_and_wrong_are_those_whose_outcome_is_another_than_a_sure_answer(
    client: Client, model: MonitoredModel
) -> None:
    page = listed(client, model, only="sure_and_wrong")
    assert [f"case-{number}" in page for number in range(1, 6)] == [False, True, True, False, False]


def test_a_corrected_outcome_makes_a_sure_answer_right_again(client: Client, model: MonitoredModel) -> None:
    push_outcomes(model, [{"id": "case-2", "outcome": "yes", "occurred_at": "2026-03-21T00:00:00Z"}])
    assert "case-2" not in listed(client, model, only="sure_and_wrong")


def test_lists_combine_with_other_filters(client: Client, model: MonitoredModel) -> None:
    page = listed(client, model, only="sure_and_wrong", prediction="class:0")
    assert ("case-3" in page, "case-2" in page) == (True, False)


def test_a_list_of_what_is_unlike_the_rest_says_in_what(client: Client, model: MonitoredModel) -> None:
    note(4, "contributions", "age", "sex")
    note(5, "values", "age")
    page = listed(client, model, only="contributions")
    assert "Age, Sex" in page
    assert ("case-4" in page, "case-5" in page) == (True, False)
    key = Prediction.objects.get(external_id="case-5").pk
    case = shown(client.get(reverse("prediction", args=[model.project.slug, model.slug, key])))
    assert "Outside the usual ranges</span> Age" in case


@pytest.mark.parametrize(
    ("changes", "is_listed"),
    [
        ({"prediction": "yes", "score": 0.9}, True),
        ({"prediction": "yes", "score": 0.89}, False),
        ({"prediction": "no", "score": 0.1}, True),
        ({"prediction": "no", "score": 0.11}, False),
        # The threshold lies above: 92 % for one class is not sure of the other.
        ({"prediction": "no", "score": 0.92}, False),
        ({"prediction": "yes", "score": None}, False),
    ],
    ids=str,
)
def test_sure_begins_at_ninety_percent_for_either_class(
    client: Client, model: MonitoredModel, changes: dict[str, Any], is_listed: bool
) -> None:
    push_predictions(model, [prediction_row(60, **changes)])
    outcome = "no" if changes["prediction"] == "yes" else "yes"
    push_outcomes(model, [{"id": "case-60", "outcome": outcome, "occurred_at": KNOWN}])
    assert ("case-60" in listed(client, model, only="sure_and_wrong")) == is_listed


def test_of_many_classes_the_score_is_that_of_the_answer() -> None:
    model = make_model(task="multiclass", classes=["a", "b", "c"], positive_class="", class_labels={}, slices=[])
    # A sure answer that is wrong, an unsure one that is wrong, and a sure one that is right
    for number, likeliest, truth in ((1, 0.95, "a"), (2, 0.5, "a"), (3, 0.95, "c")):
        rest = (1 - likeliest) / 2
        probabilities = {"a": rest, "b": rest, "c": likeliest}
        row = prediction_row(number, prediction="c", baseline="c", probabilities=probabilities)
        del row["score"]
        push_predictions(model, [row])
        push_outcomes(model, [{"id": f"case-{number}", "outcome": truth, "occurred_at": KNOWN}])
    visitor = Client()
    visitor.force_login(make_member(model.project, Role.ENGINEER).user)
    page = listed(visitor, model, only="sure_and_wrong")
    assert [f"case-{number}" in page for number in (1, 2, 3)] == [True, False, False]


def test_a_case_that_waits_for_the_readers_judgement_is_neither_listed_nor_counted() -> None:
    queue = make_queue()
    make_items(queue, 2, score=0.95, probabilities={"no": 0.05, "yes": 0.95})
    dan, eve = (make_member(queue.model.project, Role.ENGINEER) for _ in range(2))
    awaited = claim(queue, dan).item.prediction
    for kind in ("contributions", "values"):
        note(int(awaited.external_id.removeprefix("case-")), kind, "age")
    push_outcomes(queue.model, [{"id": awaited.external_id, "outcome": "no", "occurred_at": KNOWN}])
    for member, count in ((dan, 0), (eve, 1)):
        visitor = Client()
        visitor.force_login(member.user)
        page = shown(visitor.get(reverse("cases_lists", args=[queue.model.project.slug, queue.model.slug])))
        assert page.count(f'<span class="muted">{count}</span>') == 3
        for only in LISTS:
            assert (f">{awaited.external_id}<" in listed(visitor, queue.model, only=only)) == bool(count)


def test_a_list_is_downloaded_kept_and_paged_like_any_filter(
    client: Client, model: MonitoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 4, 5):
        note(number, "values", "age")
    place = [model.project.slug, model.slug]
    query = {"only": "values", "prediction": "class:1"}
    table = client.get(reverse("cases_file", args=[*place, "csv"]), query)
    rows = csv.DictReader(b"".join(table.streaming_content).decode().splitlines())
    assert [row["id"] for row in rows] == ["case-5", "case-4", "case-1"]
    client.post(reverse("cases_view", args=place) + "?only=values", {"name": "Odd ones", "act": "keep"})
    assert '<a href="?only=values">Odd ones</a>' in listed(client, model)
    monkeypatch.setattr(finding_views, "PER_PAGE", 2)
    first = listed(client, model, **query)
    after = first.split("&amp;after=")[1].split('"')[0]
    assert "only=values&amp;after=" in first
    second = listed(client, model, **query, after=after)
    assert [f"case-{number}" in second for number in (1, 4, 5)] == [True, False, False]


def test_counts_come_apart_from_the_page_and_are_bounded(
    client: Client, model: MonitoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(5, "values", "age")
    address = reverse("cases_lists", args=[model.project.slug, model.slug])
    page = shown(client.get(address, {"only": "values"}))
    assert 'Sure and wrong <span class="muted">2</span>' in page
    assert 'Outside the usual ranges <span class="muted">1</span>' in page
    assert 'Unlike the rest in contributions <span class="muted">0</span>' in page
    monkeypatch.setattr(finding_views, "MOST_COUNTED", 1)
    assert 'Sure and wrong <span class="muted">1+</span>' in shown(client.get(address))


def test_of_numbers_nothing_is_sure_and_wrong() -> None:
    numbers = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}, "slices": []}
    model = make_model(**numbers, prediction_range=[0, 10])
    visitor = Client()
    visitor.force_login(make_member(model.project, Role.ENGINEER).user)
    page = shown(visitor.get(reverse("cases_lists", args=[model.project.slug, model.slug])))
    assert "Sure and wrong" not in page
    assert "Outside the usual ranges" in page
    listed_page = visitor.get(reverse("cases", args=[model.project.slug, model.slug]), {"only": "sure_and_wrong"})
    assert listed_page.status_code == 400
    push_predictions(model, [prediction_row(1, prediction=5, score=None, baseline=None)])
    _, text = make_key(model.project)
    caller = Client(headers={"Authorization": f"Bearer {text}"})
    for wanted, count in (("true", 0), ("false", 1)):
        found = caller.get(f"/api/v1/models/{model.slug}/predictions", {"sure_and_wrong": wanted})
        assert len(found.json()["predictions"]) == count


def test_programs_ask_for_the_same_lists(model: MonitoredModel) -> None:
    note(5, "values", "age")
    _, text = make_key(model.project)
    caller = Client(headers={"Authorization": f"Bearer {text}"})
    address = f"/api/v1/models/{model.slug}/predictions"

    def ids(**query: Any) -> list[str]:
        return sorted(each["id"] for each in caller.get(address, query).json()["predictions"])

    assert ids(sure_and_wrong="true") == ["case-2", "case-3"]
    assert ids(sure_and_wrong="false") == ["case-1", "case-4", "case-5"]
    assert ids(unusual="values") == ["case-5"]
    assert caller.get(address, {"unusual": "odd"}).status_code == 400
