"""The page of a replay: its progress, what it found, and who may see which case."""

import csv
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.planning.models import Draft, Replay
from apps.planning.services import replaying
from apps.predictions.models import CaseView
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review import services
from apps.review.models import ReviewItem, Slot, Verdict
from apps.sampling.models import Draw
from apps.sampling.services import policies
from tests.factories import draw_all, make_member, prediction_row, push_outcomes, push_predictions
from tests.review.factories import answer, claim, make_queue, reviewers
from tests.review.planted import NUMBERS, PLANTED

pytestmark = pytest.mark.django_db
HALF = {"name": "half", "kind": "uniform", "rate": 0.5, "queue": "main", "rank": 1}
OTHER = {"name": "other", "kind": "disagreement", "rate": 0.5, "queue": "main", "rank": 2}


SALT = b"\x0c\x00" * 16


@pytest.fixture
def queue() -> ReviewQueue:
    """60 predictions, of which a policy has drawn about half for blind review."""
    made = make_queue()
    # With this one, 28 numbers of the 60 are below a half, and none is below 0.01.
    MonitoredModel.objects.filter(pk=made.model_id).update(salt=SALT)
    made.model.refresh_from_db()
    policies.put_document(made.model, {"floor": 0.01, "policies": [HALF]})
    push_predictions(made.model, [prediction_row(n, **PLANTED) for n in range(1, 61)])
    draw_all(made.model)
    services.open_due_items()
    return made


@pytest.fixture
def dan(queue: ReviewQueue) -> Membership:
    return make_member(queue.model.project, Role.ENGINEER)


def make_replay(queue: ReviewQueue, by: Membership, **document: Any) -> Replay:
    """A finished replay of a draft that draws everything from which model and baseline differ, and no half of all."""
    draft = {"floor": 0.01, "policies": [OTHER | {"rate": 1.0}], **document}
    Draft.objects.create(model=queue.model, owner=by.user, document=draft, based_on=1)
    replay = replaying.request_replay(queue.model, by=by.user)
    replaying.replay_due()
    replay.refresh_from_db()
    assert replay.error == ""
    return replay


def address(replay: Replay, name: str = "replay", *more: str) -> str:
    return reverse(name, args=[replay.model.project.slug, replay.model.slug, replay.pk, *more])


def look(member: Membership, path: str, **headers: str) -> Any:
    client = Client()
    client.force_login(member.user)
    return client.get(path, headers=headers)


def test_asking_goes_to_the_page_of_the_replay_which_tells_its_progress(queue: ReviewQueue, dan: Membership) -> None:
    client = Client()
    client.force_login(dan.user)
    response = client.post(reverse("replays", args=[queue.model.project.slug, queue.model.slug]))
    replay = Replay.objects.get()
    assert response.headers["Location"] == address(replay)
    page = client.get(address(replay)).content.decode()
    assert "Waiting for its turn" in page
    assert 'hx-trigger="every 1s"' in page
    fragment = client.get(address(replay), headers={"HX-Request": "true"})
    assert "<html" not in fragment.content.decode()
    replaying.replay_due()
    done = client.get(address(replay), headers={"HX-Request": "true"})
    assert done.headers["HX-Redirect"] == address(replay)


def test_a_draft_with_a_mistake_leads_back_with_what_is_wrong(queue: ReviewQueue, dan: Membership) -> None:
    Draft.objects.create(model=queue.model, owner=dan.user, document={"floor": 7, "policies": []}, based_on=1)
    client = Client()
    client.force_login(dan.user)
    path = reverse("replays", args=[queue.model.project.slug, queue.model.slug])
    response = client.post(path, follow=True)
    assert "floor: Ensure this value is less than or equal to 1" in response.content.decode()
    assert not Replay.objects.exists()


def test_a_failed_replay_says_why_and_is_tried_again(
    queue: ReviewQueue, dan: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = replaying.request_replay(queue.model, by=dan.user)
    Replay.objects.update(finished_at=timezone.now(), error="The disk is full.", attempts=3)
    assert "The disk is full." in look(dan, address(replay)).content.decode()
    client = Client()
    client.force_login(dan.user)
    assert client.post(address(replay)).status_code == 302
    replay.refresh_from_db()
    assert (replay.finished_at, replay.error) == (None, "")


def test_the_page_says_what_the_draft_changes(queue: ReviewQueue, dan: Membership) -> None:
    # Half of the known outcomes are "no", and the model said "yes" of all.
    known = [
        {"id": f"case-{n}", "outcome": "no" if n % 2 else "yes", "occurred_at": "2026-03-20T00:00:00Z"}
        for n in range(1, 61)
    ]
    push_outcomes(queue.model, known)
    replay = make_replay(queue, dan)
    drawn = Draw.objects.count()
    page = look(dan, address(replay)).content.decode()
    # The model says "yes", the baseline "no": the draft draws all.
    assert f"With the draft, {60 - drawn} more cases would have come that week: 60 instead of {drawn}." in page
    assert f"gives back all {drawn} cases that were really drawn" in page
    assert ">exact<" in page
    assert f"Model wrong among the {60 - drawn}" in page
    assert "overall 50 in 100" in page
    assert "all through “Model and baseline differ”" in page
    assert "Nobody has answered there yet" in page
    assert "Monday 2 March 2026" in page
    assert "Employed, 73%" in page


def test_what_is_not_exact_says_so(queue: ReviewQueue, dan: Membership) -> None:
    ReviewItem.objects.all().delete()
    Draw.objects.filter(pk=Draw.objects.earliest("pk").pk).delete()
    page = look(dan, address(make_replay(queue, dan))).content.decode()
    assert ">not exact<" in page
    assert "and 1 that were not" in page


def test_people_s_time_is_told_once_somebody_has_answered(queue: ReviewQueue, dan: Membership) -> None:
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    token = slot.lease_token
    services.judge(slot, by=anna, lease_token=token, value="no", active_ms=60_000)
    services.decide(slot, by=anna, lease_token=token, answer=services.Answer(verdict=Verdict.AGREE, active_ms=60_000))
    page = look(dan, address(make_replay(queue, dan))).content.decode()
    added = 60 - Draw.objects.count()
    # Two minutes for each answer, and one answer for each case.
    assert f"+ {added * 2 // 60} h {added * 2 % 60} min".replace("+ 0 h ", "+ ").replace(" 0 min", "") in page
    assert "people managed 1 on their busier days" in page


def test_whoever_looks_is_not_served_the_case_blind_any_more(queue: ReviewQueue, dan: Membership) -> None:
    replay = make_replay(queue, dan, policies=[])
    page = look(dan, address(replay)).content.decode()
    shown = {item.prediction_id for item in ReviewItem.objects.all() if f"/cases/{item.prediction_id}/" in page}
    assert len(shown) == 20
    assert set(CaseView.objects.filter(user=dan.user).values_list("prediction", flat=True)) == shown
    served = services.claim_slots(queue, by=dan, limit=100)
    assert not {slot.item.prediction_id for slot in served} & shown
    assert len(served) == Draw.objects.count() - 20


def test_whoever_reviews_the_model_does_not_see_the_cases_that_they_may_be_given(
    queue: ReviewQueue, dan: Membership
) -> None:
    item = answer(queue, dan, "no")
    replay = make_replay(queue, dan, policies=[])
    open_cases = Draw.objects.count() - 1
    page = look(dan, address(replay)).content.decode()
    assert f"{open_cases} cases that you may still be given to judge blind" in " ".join(page.split())
    assert [key for key in Draw.objects.values_list("pk", flat=True) if f"/cases/{key}/" in page] == [
        item.prediction_id
    ]
    rows = list(csv.DictReader(_file(dan, replay, "csv").decode().splitlines()))
    assert [row["id"] for row in rows] == [item.prediction.external_id]
    assert len(services.claim_slots(queue, by=dan, limit=100)) == open_cases


@pytest.mark.slow
@pytest.mark.parametrize("left", ["in hand", "put off", "kept"])
def test_a_case_that_waits_for_its_own_judge_is_not_shown_in_any_way(
    queue: ReviewQueue, dan: Membership, left: str
) -> None:
    slot = Slot.objects.earliest("pk")
    own: dict[str, Any] = {"reviewer": dan.user}
    if left == "put off":
        own |= {"snoozed_until": timezone.now() + timedelta(days=1)}
    Slot.objects.filter(pk=slot.pk).update(**own, is_reserved=left == "kept")
    replay = make_replay(queue, dan, policies=[])
    for path in (address(replay), address(replay, "replay_file", "ndjson")):
        content = b"".join(look(dan, path))
        assert slot.item.prediction.external_id.encode() + b'"' not in content
        assert f"/cases/{slot.item.prediction_id}/".encode() not in content


def test_people_who_only_review_see_nothing_of_it(queue: ReviewQueue, dan: Membership) -> None:
    replay = make_replay(queue, dan)
    for role in (Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR):
        member = make_member(queue.model.project, role)
        for path in (address(replay), address(replay, "replay_file", "csv")):
            response = look(member, path)
            assert response.status_code == 403
            assert not any(number in response.content for number in NUMBERS)


def test_sensitive_features_are_hidden_from_whoever_a_queue_hides_them_from(
    queue: ReviewQueue, dan: Membership
) -> None:
    model = queue.model
    model.features = [{**each, "sensitive": each["name"] == "sex"} for each in model.features]
    model.save(update_fields=["features"])
    replay = make_replay(queue, dan)
    assert "male" in look(dan, address(replay)).content.decode()
    ReviewQueue.objects.update(sensitive_role=Role.OWNER)
    page = look(dan, address(replay)).content.decode()
    assert "male" not in page
    assert "years" in page


def test_twenty_others_are_shown_on_request_and_then_the_first_again(queue: ReviewQueue, dan: Membership) -> None:
    replay = make_replay(queue, dan)
    (total,) = (len(replay.result[name]) for name in ("added",) if replay.result is not None)
    assert 20 < total <= 40
    first, second, third = (look(dan, address(replay) + f"?others={n}").content.decode() for n in range(3))
    assert links(first).isdisjoint(links(second))
    assert len(links(first) | links(second)) == total
    assert links(third) == links(first)
    fragment = look(dan, address(replay) + "?others=1", **{"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert links(fragment) == links(second)


def links(page: str) -> set[str]:
    return {part.split("/")[0] for part in page.split("/cases/")[1:] if part[0].isdigit()}


def test_both_lists_are_downloaded(queue: ReviewQueue, dan: Membership) -> None:
    replay = make_replay(queue, dan)
    lines = [json.loads(line) for line in _file(dan, replay, "ndjson").splitlines()]
    assert {line["list"] for line in lines} == {"added"}
    assert {line["policy"] for line in lines} == {"other"}
    assert len(lines) == 60 - Draw.objects.count()
    assert look(dan, address(replay, "replay_file", "exe")).status_code == 404


def _file(member: Membership, replay: Replay, form: str) -> bytes:
    return b"".join(look(member, address(replay, "replay_file", form)))


def test_a_replay_of_another_model_is_not_found(queue: ReviewQueue, dan: Membership) -> None:
    replay, other = make_replay(queue, dan), make_queue(queue.model.project)
    path = reverse("replay", args=[other.model.project.slug, other.model.slug, replay.pk])
    assert look(dan, path).status_code == 404


def test_the_page_says_when_the_draft_has_changed_since(queue: ReviewQueue, dan: Membership) -> None:
    replay = make_replay(queue, dan)
    assert b"not your draft as it is now" not in look(dan, address(replay)).content
    Draft.objects.update(document={"floor": 0.5, "policies": []})
    assert b"not your draft as it is now" in look(dan, address(replay)).content
