"""The desk by API: the wiring, strict bodies, and that nothing of a prediction leaves before its reveal."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import Role, Scope
from apps.registry.models import ReviewQueue
from apps.review.models import Decision
from tests.factories import make_member, make_project
from tests.review.factories import make_items, make_queue, reviewers
from tests.review.people import Desk
from tests.review.planted import PLANTED, SECRETS

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue()
    make_items(queue, 2, **PLANTED)
    return queue


def test_a_client_claims_judges_and_decides(queue: ReviewQueue) -> None:
    desk = Desk(queue)
    slot = desk.claim()
    assert (slot["blind"], slot["judged"], slot["adjudication"]) == (True, False, False)
    assert slot["item"]["features"]["sex"] in (1, 2)
    assert slot["item"]["id"].startswith("case-")
    held = {"lease_token": slot["lease_token"]}
    reveal = desk.post(f"slots/{slot['slot']}/judgement", held | {"value": "yes", "certainty": 3, "active_ms": 900})
    source = {"method": "sent", "space": "probability", "code": None, "evaluations": None, "file": None}
    told = {name: PLANTED[name] for name in PLANTED if name != "baseline"}
    assert reveal.json() == told | {"attribution_source": source}
    decided = desk.post(f"slots/{slot['slot']}/decision", held | {"verdict": "agree"}).json()
    assert decided["decision"] == Decision.objects.latest("id").pk
    assert decided["next"][0]["slot"] != slot["slot"]


def test_a_submit_that_is_repeated_gets_the_same_answer(queue: ReviewQueue) -> None:
    desk = Desk(queue)
    slot = desk.claim()
    held = {"lease_token": slot["lease_token"]}
    desk.post(f"slots/{slot['slot']}/judgement", held | {"value": "no"})
    body = held | {"verdict": "correct", "value": "no", "note": "n"}
    first, second = (desk.post(f"slots/{slot['slot']}/decision", body) for _ in range(2))
    assert first.json() == second.json()


def test_nothing_of_the_prediction_is_on_the_wire_before_the_judgement(queue: ReviewQueue) -> None:
    desk = Desk(queue)
    body = desk.post(f"queues/{queue.pk}/claim", {"slots": 2}).content
    assert [secret for secret in SECRETS if secret in body] == []
    slot = desk.claim()
    held = {"lease_token": slot["lease_token"]}
    for path, sent in (
        ("decision", {"verdict": "agree"}),
        ("decision", {"verdict": "correct", "value": "yes"}),
        ("judgement", {"value": "maybe"}),
        ("heartbeat", {}),
        ("decision", {"verdict": "skip"}),
    ):
        answer = desk.post(f"slots/{slot['slot']}/{path}", held | sent).content
        assert [secret for secret in SECRETS if secret in answer] == [], path


def test_a_shown_case_and_a_judged_one_come_with_the_prediction() -> None:
    queue = make_queue(blind=False)
    make_items(queue, **PLANTED)
    slot = Desk(queue).claim()
    assert slot["item"]["prediction"] == "yes"
    assert slot["item"]["attributions"] == PLANTED["attributions"]


def test_the_answers_of_others_are_for_adjudicators_without_names() -> None:
    queue = make_queue(overlap=2)
    make_items(queue, **PLANTED)
    anna, ben = Desk(queue), Desk(queue)
    for desk, value in ((anna, "no"), (ben, "yes")):
        slot = desk.claim()
        assert slot["answers"] == []
        held = {"lease_token": slot["lease_token"]}
        desk.post(f"slots/{slot['slot']}/judgement", held | {"value": value})
        verdict = {"verdict": "agree"} if value == "yes" else {"verdict": "correct", "value": "no"}
        desk.post(f"slots/{slot['slot']}/decision", held | verdict | {"note": f"I say {value}"})
    settler = Desk(queue, Role.ADJUDICATOR)
    response = settler.post(f"queues/{queue.pk}/claim", {"only": "adjudication"})
    (slot,) = response.json()["slots"]
    assert [answer["value"] for answer in slot["answers"]] == ["no", "no", "yes", "yes"]
    assert [answer["note"] for answer in slot["answers"] if not answer["is_judgement"]] == ["I say no", "I say yes"]
    assert {answer["counts"] for answer in slot["answers"]} == {True}
    assert anna.member.user.email.encode() not in response.content
    assert slot["item"]["prediction"] == "yes"


def test_an_empty_queue_says_why(queue: ReviewQueue) -> None:
    Desk(queue).post(f"queues/{queue.pk}/claim", {"slots": 2})
    answer = Desk(queue).post(f"queues/{queue.pk}/claim").json()
    assert answer["slots"] == []
    assert answer["waiting"]["leased_by_others"] == 2


def test_a_claim_takes_two_statements(queue: ReviewQueue, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    desk = Desk(queue)
    desk.claim()  # notes the use of the key, as once a minute
    # the key with its person and membership; the claim
    with django_assert_num_queries(2):
        desk.claim()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["none", "9" * 19, "0", "none:main", "a%01b", "%F0%9F%98%80", ":"])
def test_a_name_of_no_queue_is_a_404(queue: ReviewQueue, name: str) -> None:
    desk = Desk(queue)
    for answer in (desk.post(f"queues/{name}/claim"), desk.post(f"queues/{name}/claim", {"slots": "many"})):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_claim_is_capped_by_the_queues_prefetch(queue: ReviewQueue) -> None:
    make_items(queue, 3)
    assert len(Desk(queue).post(f"queues/{queue.pk}/claim", {"slots": 25}).json()["slots"]) == 2


def test_a_queue_is_found_by_number_by_model_and_name_and_by_name_alone(queue: ReviewQueue) -> None:
    desk = Desk(queue)
    for name in (queue.pk, f"{queue.model.slug}:main", "main"):
        assert desk.post(f"queues/{name}/claim").status_code == 200, name


def test_heartbeat_and_release(queue: ReviewQueue) -> None:
    desk = Desk(queue)
    slot = desk.claim()
    held = {"lease_token": slot["lease_token"]}
    assert desk.post(f"slots/{slot['slot']}/heartbeat", held).json()["expires_at"] > slot["expires_at"]
    assert desk.post(f"slots/{slot['slot']}/release", held).status_code == 204
    lost = desk.post(f"slots/{slot['slot']}/heartbeat", held)
    assert (lost.status_code, lost.json()["code"]) == (409, "lease_lost")


def test_a_case_that_cannot_be_told_waits_until_a_day_or_a_moment(queue: ReviewQueue) -> None:
    desk = Desk(queue)
    for until in ("2026-13-01", "2027-01-01T10:00:00", "soon", 5):
        slot = desk.claim()
        body = {"lease_token": slot["lease_token"], "verdict": "cannot_tell", "until": until}
        assert desk.post(f"slots/{slot['slot']}/decision", body).status_code == 400, until
    slot = desk.claim()
    body = {"lease_token": slot["lease_token"], "verdict": "cannot_tell"}
    assert desk.post(f"slots/{slot['slot']}/decision", body).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        {"certainty": 4},
        {"certainty": True},
        {"certainty": "2"},
        {"active_ms": -1},
        {"active_ms": 2**31},
        {"active_ms": 1.5},
        {"verdict": "perhaps"},
        {"value": True},
        {"value": ["no"]},
        {"value": {"a": 1}},
        {"reasons": "x"},
        {"reasons": [1]},
        {"note": 5},
        {"note": "x" * 10_001},
        {"lease_token": "abc"},
        {"lease_token": None},
        {"reviewer": 1},
        {"is_gold": True},
        {"wrong_features": "age"},
        {"wrong_features": [{"feature": "age"}]},
        {"wrong_features": [{"feature": "age", "problem": "odd"}], "verdict": "wrong_data"},
        {"wrong_features": [{"feature": "age", "problem": "stale", "more": 1}], "verdict": "wrong_data"},
        {"wrong_features": [{"feature": "gone", "problem": "stale"}], "verdict": "wrong_data"},
        {"verdict": "wrong_data"},
        {"verdict": "escalate"},
        {"ask": 5},
        {"ask": "nobody"},
        {"ask": "nobody@example.org", "verdict": "escalate", "note": "Who?"},
        {"precedent": "true"},
        {"precedent": True},
        {"until": "9998-01-01T00:00:00Z", "verdict": "cannot_tell"},
    ],
    ids=lambda wrong: next(iter(wrong.items())).__repr__()[:30],
)
def test_a_wrong_field_is_a_400_and_changes_nothing(queue: ReviewQueue, wrong: dict[str, Any]) -> None:
    desk = Desk(queue)
    slot = desk.claim()
    body = {"lease_token": slot["lease_token"], "verdict": "skip"} | wrong
    assert desk.post(f"slots/{slot['slot']}/decision", body).status_code == 400
    assert not Decision.objects.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "body", ['{"slots": 1, "slots": 2}', '{"slots": NaN}', '{"slots": 0}', '{"slots": "1"}', "[]", "3"]
)
def test_a_claim_that_is_not_strict_json_is_a_400(queue: ReviewQueue, body: str) -> None:
    assert Desk(queue).post(f"queues/{queue.pk}/claim", body).status_code == 400


def test_a_nul_in_a_note_is_a_400(queue: ReviewQueue) -> None:
    desk = Desk(queue)
    slot = desk.claim()
    body = json.dumps({"lease_token": slot["lease_token"], "verdict": "skip", "note": "a\x00b"})
    assert desk.post(f"slots/{slot['slot']}/decision", body).status_code == 400


def test_a_key_without_the_scope_or_a_person_or_the_role_is_refused(queue: ReviewQueue) -> None:
    path = f"queues/{queue.pk}/claim"
    assert Desk(queue, scopes=[Scope.LABELS_READ]).post(path).status_code == 403
    assert Desk(queue, acts_for=None).post(path).status_code == 403
    assert Desk(queue, Role.STAKEHOLDER).post(path).status_code == 403


def test_another_projects_queue_and_slot_do_not_exist(queue: ReviewQueue) -> None:
    mine = Desk(queue).claim()
    stranger = Desk(make_queue(make_project()))
    held = {"lease_token": mine["lease_token"]}
    for path, body in (
        (f"queues/{queue.pk}/claim", {}),
        (f"queues/{queue.model.slug}:main/claim", {}),
        (f"slots/{mine['slot']}/judgement", held | {"value": "yes"}),
        (f"slots/{mine['slot']}/decision", held | {"verdict": "skip"}),
        (f"slots/{mine['slot']}/heartbeat", held),
        (f"slots/{mine['slot']}/release", held),
        (f"slots/{10**30}/decision", held | {"verdict": "skip"}),
    ):
        assert stranger.post(path, body).status_code == 404, path


def test_the_schema_knows_the_desk(client: Client) -> None:
    text = client.get("/api/v1/schema").content.decode()
    for operation in ("claim_slots", "judge_slot", "decide_slot", "hold_slot", "release_slot"):
        assert operation in text


def test_reviewers_of_one_queue_get_different_cases(queue: ReviewQueue) -> None:
    assert len(reviewers(queue, 1)) == 1
    assert Desk(queue).claim()["slot"] != Desk(queue).claim()["slot"]


def test_a_client_says_which_features_are_wrong_and_an_adjudicator_reads_it() -> None:
    queue = make_queue(overlap=2)
    make_items(queue)
    wrong = [{"feature": "age", "problem": "stale"}]
    desk = Desk(queue)
    slot = desk.claim()
    body = {"lease_token": slot["lease_token"], "verdict": "wrong_data", "wrong_features": wrong}
    assert desk.post(f"slots/{slot['slot']}/decision", body).status_code == 200
    settler = Desk(queue, Role.ADJUDICATOR)
    (slot,) = settler.post(f"queues/{queue.pk}/claim", {"only": "adjudication"}).json()["slots"]
    assert [each["wrong_features"] for each in slot["answers"]] == [wrong]


def test_a_client_asks_somebody_by_their_address(queue: ReviewQueue) -> None:
    grace = make_member(queue.model.project, Role.ADJUDICATOR)
    desk = Desk(queue)
    slot = desk.claim()
    body = {"lease_token": slot["lease_token"], "verdict": "escalate", "note": "A pension?"}
    unknown = desk.post(f"slots/{slot['slot']}/decision", body | {"ask": "nobody@example.org"})
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_person")
    asked = desk.post(f"slots/{slot['slot']}/decision", body | {"ask": grace.user.email.upper()})
    assert asked.status_code == 200
    assert Decision.objects.get().note == "A pension?"


def test_a_client_settles_a_case_and_keeps_it_as_a_precedent() -> None:
    queue = make_queue(blind=False)
    (item,) = make_items(queue)
    desk, settler = Desk(queue), Desk(queue, Role.ADJUDICATOR)
    slot = desk.claim()
    body = {"lease_token": slot["lease_token"], "verdict": "dispute", "value": "no", "note": "Retired"}
    desk.post(f"slots/{slot['slot']}/decision", body)
    slot = settler.claim()
    body = {"lease_token": slot["lease_token"], "verdict": "agree", "precedent": True}
    assert settler.post(f"slots/{slot['slot']}/decision", body).status_code == 200
    item.refresh_from_db()
    assert item.is_precedent
