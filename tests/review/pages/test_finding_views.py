"""Cases found on pages: the list with its filters and files, the page of one, and the search."""

import csv
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import Membership, Role
from apps.predictions.models import BatchStage, CaseView, Payload, Prediction, Stage
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import ReviewItem
from apps.review.services import by_features, saved_views, verdicts
from tests.factories import make_member, prediction_row, push_outcomes, push_predictions
from tests.predictions.actions import push_actions
from tests.review.factories import (
    NUMBER,
    answer,
    claim,
    make_items,
    make_numbers_queue,
    make_queue,
    reviewers,
)
from tests.review.pages.test_case_views import send, visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    """Three drawn predictions and two that are not."""
    made = make_queue()
    make_items(made, 3)
    push_predictions(made.model, [prediction_row(50, subject="Ann"), prediction_row(51, subject="Ann", version="v2")])
    return made


@pytest.fixture
def dan(queue: ReviewQueue) -> Membership:
    return make_member(queue.model.project, Role.ENGINEER)


def listed(member: Membership, queue: ReviewQueue, **query: Any) -> list[str]:
    rows = csv.DictReader(visit(member, "cases_file", queue.model.slug, "csv", **query).splitlines())
    return [row["id"] for row in rows]


def test_the_list_shows_predictions_with_what_became_of_them(queue: ReviewQueue, dan: Membership) -> None:
    (anna,) = reviewers(queue, 1)
    item = answer(queue, anna, "no")
    push_outcomes(
        queue.model, [{"id": item.prediction.external_id, "outcome": "no", "occurred_at": "2026-03-20T00:00:00Z"}]
    )
    page = visit(dan, "cases", queue.model.slug)
    for words in ("case-51", "reviewed: Not employed", "waits for review", ">wrong<", "differs"):
        assert words in page
    assert CaseView.objects.filter(user=dan.user).count() == 5


def test_the_truth_is_the_outcome_or_what_reviewers_settled_on_where_there_is_none(
    queue: ReviewQueue, dan: Membership
) -> None:
    (anna,) = reviewers(queue, 1)
    reviewed = answer(queue, anna, "no").prediction.external_id
    assert listed(dan, queue, truth="class:0") == [reviewed]
    assert listed(dan, queue, truth="class:1") == []
    push_outcomes(queue.model, [{"id": reviewed, "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}])
    assert listed(dan, queue, truth="class:1") == [reviewed]
    assert listed(dan, queue, truth="class:0") == []


def test_nobody_finds_by_its_truth_a_case_that_they_have_yet_to_judge_blind(
    queue: ReviewQueue, dan: Membership
) -> None:
    slot = claim(queue, dan)
    assert slot.is_blind
    name = slot.item.prediction.external_id
    push_outcomes(queue.model, [{"id": name, "outcome": "no", "occurred_at": "2026-03-20T00:00:00Z"}])
    for truth in ("class:0", "class:1"):
        assert name not in listed(dan, queue, truth=truth)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"version": "v2"}, ["case-51"]),
        ({"prediction": "class:0"}, ["case-51"]),
        ({"state": "not_drawn"}, ["case-51", "case-50"]),
        ({"state": "waiting"}, ["case-7", "case-4", "case-1"]),
        ({"score_to": "0,5"}, ["case-51"]),
        ({"subject": "Ann", "baseline": "differs"}, ["case-51", "case-50"]),
        ({"since": "2026-03-03"}, []),
        ({"until": "2026-03-02"}, ["case-51", "case-50", "case-7", "case-4", "case-1"]),
        ({"slice": "sex", "slice_value": "1"}, ["case-50", "case-4"]),
        ({"outcome": "known"}, []),
    ],
    ids=str,
)
def test_filters_narrow_the_list_and_its_file(
    queue: ReviewQueue, dan: Membership, query: dict[str, str], found: list[str]
) -> None:
    assert listed(dan, queue, **query) == found
    page = visit(dan, "cases", queue.model.slug, **query)
    everything = {f"case-{number}" for number in (1, 4, 7, 50, 51)}
    assert {name for name in everything if f">{name}</a>" in page} == set(found)


def _younger_than(age: float) -> str:
    return json.dumps({"field": "features.age", "op": "lt", "value": age})


def test_a_condition_on_features_narrows_the_list_and_its_file(queue: ReviewQueue, dan: Membership) -> None:
    # Ages are 21, 24, 27, 70 and 71.
    assert listed(dan, queue, where=_younger_than(27)) == ["case-4", "case-1"]
    assert listed(dan, queue, where=_younger_than(80), state="not_drawn") == ["case-51", "case-50"]
    page = visit(dan, "cases", queue.model.slug, where=_younger_than(27))
    assert "Age less than 27" in page
    assert (">case-4<" in page, ">case-7<" in page) == (True, False)
    # Only what a person was shown counts as seen.
    assert CaseView.objects.filter(user=dan.user, place=CaseView.Place.LIST).count() == 2
    assert 'name="where"' in page


def test_without_its_features_a_case_is_not_found_by_them(queue: ReviewQueue, dan: Membership) -> None:
    Payload.objects.filter(prediction__external_id="case-4").delete()
    assert listed(dan, queue, where=_younger_than(27)) == ["case-1"]
    # A missing value meets the opposite, a missing row nothing.
    assert listed(dan, queue, where=json.dumps({"not": json.loads(_younger_than(60))})) == ["case-51", "case-50"]


def test_a_rare_condition_is_sought_page_by_page(
    queue: ReviewQueue, dan: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_features, "MOST_READ", 3)
    where = _younger_than(22)
    first = visit(dan, "cases", queue.model.slug, where=where)
    assert "None of the 3 newest cases" in first
    after = first.split("after=")[1].split('"')[0]
    second = visit(dan, "cases", queue.model.slug, where=where, after=after)
    assert (">case-1<" in second, "after=" in second) == (True, False)


@pytest.mark.parametrize(
    "where",
    [
        "{",
        "[" * 3_000,
        '{"field": "features.height", "op": "lt", "value": 1}',
        '{"field": "score", "op": "lt", "value": 1}',
        "x" * 5_000,
    ],
)
def test_a_bad_condition_on_features_says_so(queue: ReviewQueue, dan: Membership, where: str) -> None:
    assert "condition" in visit(dan, "cases", queue.model.slug, status=400, where=where)


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        {"prediction": "class:9"},
        {"slice": "sex"},
        {"since": "March"},
        {"score_to": "x"},
        {"until": "9999-12-31"},
    ],
    ids=str,
)
def test_a_filter_that_makes_no_sense_says_so(queue: ReviewQueue, dan: Membership, query: dict[str, str]) -> None:
    assert 'class="wrong"' in visit(dan, "cases", queue.model.slug, status=400, **query)


def test_the_list_goes_on_behind_its_last_row(queue: ReviewQueue, dan: Membership) -> None:
    push_predictions(queue.model, [prediction_row(number) for number in range(100, 160)])
    first = visit(dan, "cases", queue.model.slug)
    after = first.split("after=")[1].split('"')[0]
    second = visit(dan, "cases", queue.model.slug, after=after)
    assert ("case-159" in first, "case-1<" in first) == (True, False)
    assert ("case-159" in second, "case-1<" in second) == (False, True)
    for bad in ("x", "9" * 40, "-1"):
        visit(dan, "cases", queue.model.slug, after=bad)


def test_nobody_finds_what_they_have_yet_to_judge(queue: ReviewQueue, dan: Membership) -> None:
    awaited = claim(queue, dan).item.prediction
    assert f">{awaited.external_id}<" not in visit(dan, "cases", queue.model.slug)
    assert awaited.external_id not in listed(dan, queue)
    assert "not finished" in visit(dan, "prediction", queue.model.slug, awaited.pk, status=409)
    assert not CaseView.objects.filter(user=dan.user, prediction=awaited).exists()


def test_what_is_opened_is_not_served_blind(queue: ReviewQueue, dan: Membership) -> None:
    for item in ReviewItem.objects.all():
        visit(dan, "prediction", queue.model.slug, item.prediction_id)
    assert services.claim_slots(queue, by=dan) == []


def test_the_page_of_a_drawn_case_tells_its_draw_and_leads_to_its_review(queue: ReviewQueue, dan: Membership) -> None:
    item = ReviewItem.objects.order_by("pk").first()
    page = visit(dan, "prediction", queue.model.slug, item.prediction_id)
    for words in ("with probability 1", "stands for 1 predictions", "floor", "What reviewers said", "83 % sure"):
        assert words in page
    assert f"/items/{item.pk}/" in page


def test_the_page_of_one_that_was_not_drawn_tells_what_was_sent(queue: ReviewQueue, dan: Membership) -> None:
    push_outcomes(
        queue.model,
        [
            {"id": "case-50", "outcome": "no", "occurred_at": "2026-03-20T00:00:00Z"},
            {"id": "case-50", "outcome": "yes", "occurred_at": "2026-03-21T00:00:00Z"},
        ],
    )
    key = Payload.objects.get(prediction__external_id="case-50").pk
    page = visit(dan, "prediction", queue.model.slug, key)
    for words in (
        "It was not drawn.",
        "70 years",
        "replaced",
        "it turned out to be Employed",
        "case-51",
        "&quot;id&quot;",
    ):
        assert words in page
    Payload.objects.all().delete()
    assert "older than the time" in visit(dan, "prediction", queue.model.slug, key)


def test_the_page_of_a_prediction_tells_what_the_model_saw_only_if_it_was_sent(
    queue: ReviewQueue, dan: Membership
) -> None:
    push_predictions(queue.model, [prediction_row(80, processed={"age_scaled": -0.125}), prediction_row(81)])
    pages = [
        visit(dan, "prediction", queue.model.slug, Prediction.objects.get(external_id=f"case-{n}").pk) for n in (80, 81)
    ]
    assert ["As the model saw it" in page for page in pages] == [True, False]
    assert "-0.125" in pages[0].partition("As the model saw it")[2].partition("</details>")[0]


def test_numbers_have_a_page_and_a_list_too() -> None:
    queue = make_numbers_queue()
    make_items(queue, 2, **NUMBER)
    dan = make_member(queue.model.project, Role.ENGINEER)
    assert "12.5 days" in visit(dan, "cases", queue.model.slug, prediction="12,5")
    assert "12.5 days" not in visit(dan, "cases", queue.model.slug, prediction="13")
    assert "12.5 days" in visit(dan, "prediction", queue.model.slug, ReviewItem.objects.first().prediction_id)


def test_numbers_give_another_answer_beyond_the_tolerance() -> None:
    queue = make_numbers_queue(tolerance=1.0, tolerance_share=0.1)
    pairs = {1: (10.0, 11.0), 2: (10.0, 11.2), 3: (50.0, 55.5), 4: (50.0, 56.0), 5: (50.0, None)}
    rows = [
        prediction_row(number, prediction=own, baseline=other, score=None) for number, (own, other) in pairs.items()
    ]
    push_predictions(queue.model, rows)
    dan = make_member(queue.model.project, Role.ENGINEER)
    # 10 % of the larger one: of 11.2 it is 1.12, and of 55.5 5.55. Case 2 is 1.2 apart, case 4 is 6.0.
    assert listed(dan, queue, baseline="differs") == ["case-4", "case-2"]
    assert listed(dan, queue, baseline="agrees") == ["case-3", "case-1"]
    assert visit(dan, "cases", queue.model.slug).count(">differs<") == 2


def test_search_finds_a_case_by_its_id_and_opens_it(queue: ReviewQueue, dan: Membership) -> None:
    visit(dan, "search", q=" case-50 ", status=302)
    assert "Nothing here is called “case-5”" in visit(dan, "search", q="case-5")
    page = visit(dan, "search", q="main")
    assert "Main queue" in page


def test_search_shows_each_role_what_it_may_open(queue: ReviewQueue, dan: Membership) -> None:
    anna, olga = reviewers(queue, 1)[0], make_member(queue.model.project, Role.OWNER)
    stakeholder = make_member(queue.model.project, Role.STAKEHOLDER)
    assert "Nothing here is called" in visit(anna, "search", q="case-50")
    assert "Main queue" in visit(anna, "search", q="queue")
    assert "Main queue" not in visit(stakeholder, "search", q="queue")
    assert "Employment" in visit(stakeholder, "search", q="employ")
    assert anna.user.email in visit(olga, "search", q=anna.user.email[:8])
    assert anna.user.email not in visit(dan, "search", q=anna.user.email[:8])
    send(anna, "search", status=405)


def test_the_list_and_the_page_of_one_cost_the_same_queries_whatever_they_hold(
    queue: ReviewQueue, dan: Membership, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    key = Payload.objects.get(prediction__external_id="case-50").pk
    push_predictions(queue.model, [prediction_row(number, subject="Ann") for number in range(100, 180)])
    client, place = Client(), [dan.project.slug, queue.model.slug]
    client.force_login(dan.user)
    with django_assert_max_num_queries(14):
        client.get(reverse("cases", args=place))
    with django_assert_max_num_queries(33):
        client.get(reverse("prediction", args=[*place, key]))


def test_a_person_keeps_their_filters_under_a_name(queue: ReviewQueue, dan: Membership) -> None:
    page = _post(dan, queue, {"name": "Wrong ones", "act": "keep"}, "?outcome=class:0&prediction=class:1&x=1")
    assert page.status_code == 302
    assert page.url.endswith("?prediction=class%3A1&outcome=class%3A0")
    seen = visit(dan, "cases", queue.model.slug)
    assert ">Wrong ones</a>" in seen
    assert "?prediction=class%3A1&amp;outcome=class%3A0" in seen
    other = make_member(queue.model.project, Role.ENGINEER)
    assert "Wrong ones" not in visit(other, "cases", queue.model.slug)
    _post(other, queue, {"name": "Wrong ones", "act": "forget"})
    assert "Wrong ones" in visit(dan, "cases", queue.model.slug)
    _post(dan, queue, {"name": "Wrong ones", "act": "forget"})
    assert "Wrong ones" not in visit(dan, "cases", queue.model.slug)


def test_a_view_of_the_same_name_takes_its_place_and_there_is_a_most(
    queue: ReviewQueue, dan: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_views, "MOST", 1)
    _post(dan, queue, {"name": "A", "act": "keep"}, "?version=v1")
    _post(dan, queue, {"name": "A", "act": "keep"}, "?version=v2")
    _post(dan, queue, {"name": "B", "act": "keep"}, "?version=v3")
    assert [view.query for view in saved_views.of_person(queue.model, dan.user)] == ["version=v2"]
    page = _post(dan, queue, {"name": "", "act": "keep"}, "?version=v3", follow=True)
    assert "Give the view a name" in page.content.decode()


def test_search_finds_reports_by_their_kind(queue: ReviewQueue) -> None:
    stakeholder = make_member(queue.model.project, Role.STAKEHOLDER)
    page = visit(stakeholder, "search", q="perf")
    assert f"/models/{queue.model.slug}/reports/performance/" in page
    assert "reports/performance" not in visit(stakeholder, "search", q="pe")


def test_similar_settled_cases_stand_on_the_page_of_one(queue: ReviewQueue, dan: Membership) -> None:
    (anna,) = reviewers(queue, 1)
    item = answer(queue, anna, "no")
    key = Payload.objects.get(prediction__external_id="case-50").pk
    page = visit(dan, "prediction", queue.model.slug, key)
    assert "Similar settled cases" in page
    assert item.prediction.external_id in page
    assert CaseView.objects.filter(user=dan.user, prediction=item.prediction, place="beside").exists()


def _post(member: Membership, queue: ReviewQueue, fields: dict[str, str], query: str = "", **options: Any) -> Any:
    client = Client()
    client.force_login(member.user)
    return client.post(reverse("cases_view", args=[member.project.slug, queue.model.slug]) + query, fields, **options)


def sent(member: Membership, review: ReviewQueue, *cases: int, query: str = "", **fields: Any) -> str:
    """Send cases to review as the list does, and return the page that follows."""
    client = Client()
    client.force_login(member.user)
    where = reverse("cases_send", args=[member.project.slug, review.model.slug]) + query
    answer = client.post(where, {"case": cases, "queue": review.pk, **fields}, follow=True)
    return str(answer.content.decode())


def test_selected_cases_are_sent_to_review(queue: ReviewQueue, dan: Membership) -> None:
    undrawn = list(Prediction.objects.filter(model=queue.model, subject="Ann").values_list("pk", flat=True))
    assert "2 not sent: still to be drawn" in sent(dan, queue, *undrawn)
    BatchStage.objects.filter(stage=Stage.DRAW).update(done_at=timezone.now())
    drawn = ReviewItem.objects.values_list("prediction", flat=True).first()
    after = sent(dan, queue, undrawn[0], drawn, query="?state=targeted")
    assert "1 case waits for review. No figure counts" in after
    assert "1 not sent: in review already" in after
    assert listed(dan, queue, state="targeted") == ["case-50"]
    assert after.count('pill plain">targeted') == 1
    page = visit(dan, "prediction", queue.model.slug, undrawn[0])
    assert "no figure counts its label" in page
    assert "Send to review" in visit(dan, "prediction", queue.model.slug, undrawn[1])
    assert "Send to review" not in visit(dan, "prediction", queue.model.slug, drawn)


@pytest.mark.slow
@pytest.mark.parametrize("fields", [{"case": []}, {"case": ["x"]}, {"case": ["9" * 40]}, {"queue": 10**9}], ids=str)
def test_a_selection_that_makes_no_sense_sends_nothing(
    queue: ReviewQueue, dan: Membership, fields: dict[str, Any]
) -> None:
    one = Prediction.objects.get(model=queue.model, external_id="case-50")
    assert 'class="notice bad">' in sent(dan, queue, one.pk, **fields)
    assert ReviewItem.objects.count() == 3


def test_a_file_of_senseless_filters_is_refused_on_the_list(queue: ReviewQueue, dan: Membership) -> None:
    visit(dan, "cases_file", queue.model.slug, "csv", status=302, score_from="much")


def test_the_page_tells_what_was_done_and_what_waited(queue: ReviewQueue, dan: Membership) -> None:
    held = {"hold_until": "2026-03-02T10:00:00Z", "hold_default": "yes", "observable": False}
    push_predictions(queue.model, [prediction_row(60, **held)])
    for action, day in (("yes", 3), ("no", 4)):
        push_actions(queue.model, [{"id": "case-60", "action": action, "taken_at": f"2026-03-0{day}T00:00:00Z"}])
    prediction = Prediction.objects.get(external_id="case-60")
    verdicts.end_due()
    page = visit(dan, "prediction", queue.model.slug, prediction.pk)
    assert "Its outcome cannot be observed." in page
    assert page.index("4 March 2026") < page.index("3 March 2026")
    assert page.count('<span class="pill plain">replaced') == 1
    assert "it got\n        its default, Employed." in page
