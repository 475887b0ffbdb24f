"""The desk as a page: its phases, and that nothing of a prediction is in the HTML before its reveal."""

import re
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import Decision, Question, ReviewItem, Slot
from apps.review.pages.case_answers import opinions
from apps.review.services.masking import NOTHING
from tests.factories import make_member
from tests.pages import shown
from tests.review.factories import (
    NUMBER,
    answer,
    claim,
    decide,
    expire,
    judge,
    make_items,
    make_numbers_queue,
    make_queue,
    reviewers,
)
from tests.review.people import Person
from tests.review.planted import NUMBERS, PLANTED

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue(dispute_reasons=["A fact speaks against it"])
    make_items(queue, 2, **PLANTED)
    return queue


def test_a_blind_case_is_judged_compared_and_left_for_the_next(queue: ReviewQueue) -> None:
    anna = Person(queue)
    first = shown(anna.look())
    assert "Is this person employed?" in first
    assert "Employed" in first
    assert "years" in first
    case = anna.slot.item
    revealed = shown(anna.say("class:0", certainty="2", note="A hunch", active_ms="900"))
    assert "73 % sure" in revealed
    assert "Keep: " in revealed
    assert "A hunch" in revealed
    following = shown(anna.say("keep"))
    assert "Your judgement" in following
    case.refresh_from_db()
    assert (case.label, case.state) == (0.0, "closed")
    judgement, decision = Decision.objects.order_by("id")
    assert (judgement.certainty, judgement.active_ms) == (2, 900)
    assert (decision.verdict, decision.value) == ("correct", 0.0)


def test_nothing_of_the_prediction_is_in_the_page_before_the_judgement(queue: ReviewQueue) -> None:
    anna = Person(queue)
    texts = (b"73 % sure", b"What pushed", b"The model agrees", b"The model disagrees", b"Model:", b"toward", *NUMBERS)
    for response in (anna.look(), anna.say("agree"), anna.say("dispute", note="x"), anna.say(), anna.say("skip")):
        assert [text for text in texts if text in response.content] == [], response.status_code
    assert anna.look().content.count(b"Keep: ") == 0


def test_the_page_of_a_blind_case_is_the_same_for_every_prediction() -> None:
    pages = []
    for said in (PLANTED, PLANTED | {"prediction": "no", "score": 0.1, "probabilities": {"no": 0.9, "yes": 0.1}}):
        queue = make_queue()
        make_items(queue, **said)
        page = shown(Person(queue).look())
        pages.append(_without_names(page[page.index("<main") : page.index("</form>")]))
    assert pages[0] == pages[1]


def _without_names(page: str) -> str:
    """Remove tokens and addresses, which differ between any two pages."""
    return re.sub(r'(value="[\w-]{30,}"|/p/project-\d+/slots/\d+/)', "", page)


def test_a_shown_case_can_be_agreed_with_corrected_or_disputed() -> None:
    queue = make_queue(blind=False, dispute_reasons=["A fact speaks against it"])
    make_items(queue, 3, **PLANTED)
    anna = Person(queue)
    assert "73 % sure" in shown(anna.look())
    anna.say("agree")
    anna.say("class:0")
    anna.say("dispute", disputed_for="class:0", reasons=["A fact speaks against it"])
    assert [(d.verdict, d.value) for d in Decision.objects.order_by("id")] == [
        ("agree", 1.0),
        ("correct", 0.0),
        ("dispute", 0.0),
    ]


def test_the_last_answer_leads_to_why_there_is_nothing_left(queue: ReviewQueue) -> None:
    anna = Person(queue)
    anna.look()
    anna.say("cannot_tell", until="2099-01-01")
    assert anna.slot.closed_at is None
    anna.say("cannot_tell")
    page = shown(anna.say("cannot_tell"))
    assert "Nothing to review right now" in page
    assert "Coming back to you on the day you chose" in page


def test_an_empty_queue_says_that_nothing_was_drawn() -> None:
    assert "No case has been drawn" in shown(Person(make_queue()).look())


def test_a_lost_lease_is_a_409_with_the_text_kept_and_escaped(queue: ReviewQueue) -> None:
    anna, ben = Person(queue), Person(queue)
    anna.look()
    mine = anna.slot
    expire(mine)
    claim(queue, ben.member)
    response = anna.say("class:1", slot=mine, note="<script>alert(1)</script> typed for long")
    assert response.status_code == 409
    assert b"&lt;script&gt;alert(1)&lt;/script&gt; typed for long" in response.content
    assert b"Take the next case" in response.content
    assert not Decision.objects.exists()


def test_a_mistake_is_named_and_changes_nothing(queue: ReviewQueue) -> None:
    anna = Person(queue)
    anna.look()
    wrong: list[dict[str, Any]] = [
        {"choice": ""},
        {"choice": "class:7"},
        {"choice": "class:-1"},
        {"choice": "perhaps"},
        {"choice": "class:1", "certainty": "9"},
        {"choice": "class:1", "note": "a\x00b"},
        {"choice": "cannot_tell", "until": "9998-01-01"},
        {"choice": "cannot_tell", "until": "soon"},
        {"choice": "class:1", "lease_token": "x"},
        {"choice": "class:1", "active_ms": "-5"},
    ]
    for fields in wrong:
        assert anna.say(**fields).status_code == 400, fields
    assert not Decision.objects.exists()


def test_without_scripts_the_form_leads_to_the_next_case(queue: ReviewQueue) -> None:
    anna = Person(queue)
    anna.look()
    response = anna.say("class:1", script=False)
    assert response.status_code == 302
    assert "73 % sure" in shown(anna.look())
    page = anna.say("perhaps", script=False, note="my long note")
    assert page.status_code == 400
    assert b"my long note" in page.content
    assert b"<title>" in page.content


def test_a_settled_case_shows_the_answers_without_names() -> None:
    queue = make_queue(overlap=2)
    make_items(queue, **PLANTED)
    anna, ben = reviewers(queue, 2)
    answer(queue, anna, "no", note="Retired, I think.")
    answer(queue, ben, "yes")
    settler = Person(queue, Role.ADJUDICATOR)
    page = shown(settler.look())
    assert "Settle this case" in page
    assert "The reviewers disagree." in page
    assert "Retired, I think." in page
    # Her name stands only in the list of people to ask, like everybody's.
    assert anna.user.email not in page[: page.index('name="ask"')]
    settler.say("class:1")
    assert ReviewItem.objects.get().adjudicated == 1.0


def test_a_regression_is_answered_with_a_number() -> None:
    queue = make_numbers_queue()
    make_items(queue, **NUMBER)
    anna = Person(queue)
    assert 'name="number"' in shown(anna.look())
    assert anna.say("number").status_code == 400
    assert "can mean 1234 or 1.234" in shown(anna.say("number", number="1,234"))
    slot = anna.slot
    assert "12.5 days" in shown(anna.say("number", number="13,5"))
    anna.say("keep")
    assert ReviewItem.objects.get().label == 13.5
    back = anna.client.post(anna.url("slot_back", slot), headers={"X-Fragment": "1"})
    assert 'name="number" inputmode="decimal" maxlength="400" value="13.5"' in shown(back)


@pytest.mark.parametrize(
    ("share", "heading", "verdict", "told"),
    [
        (0.0, "The model disagrees", "correct", "Your number is 1 days, 8 %, higher than the model’s."),
        (
            0.1,
            "The model agrees",
            "agree",
            "1 days, 8 %, higher than the model’s: within what counts as the same.",
        ),
    ],
)
def test_a_number_near_the_models_is_the_same_answer(share: float, heading: str, verdict: str, told: str) -> None:
    queue = make_numbers_queue(tolerance_share=share)
    make_items(queue, **NUMBER)
    anna = Person(queue)
    anna.look()
    page = shown(anna.say("number", number="13.5"))
    assert heading in page
    assert told in page
    slot = anna.slot
    anna.say("keep")
    decision = slot.decisions.get(is_judgement=False)
    assert (decision.verdict, decision.value) == (verdict, 13.5)
    assert ReviewItem.objects.get().label == 13.5


def test_hostile_names_and_values_are_text() -> None:
    queue = make_queue()
    evil = '"><script>x</script>{{7*7}}'
    make_items(queue, features={"age": evil, evil: evil}, attributions={evil: 1.0}, version=evil[:20])
    anna = Person(queue)
    for page in (anna.look().content, anna.say("class:1").content):
        assert b"<script>x" not in page
        assert b"{{7*7}}" in page


def test_a_sign_of_life_and_leaving(queue: ReviewQueue) -> None:
    anna = Person(queue)
    anna.look()
    slot = anna.slot
    held = {"lease_token": slot.lease_token}
    assert anna.client.post(anna.url("slot_heartbeat", slot), held).status_code == 204
    assert anna.client.post(anna.url("slot_release", slot), held).status_code == 302
    assert anna.client.post(anna.url("slot_heartbeat", slot), held).status_code == 409
    assert anna.client.post(anna.url("slot_release", slot), held).status_code == 302


def test_the_reviews_page_counts_queues_and_people(queue: ReviewQueue) -> None:
    robot = make_member(queue.model.project, Role.REVIEWER, name="Ada", is_simulated=True)
    make_items(queue, 2)
    for _ in range(3):
        answer(queue, robot)
    carla = Person(queue, Role.ADJUDICATOR)
    page = shown(carla.client.get(reverse("reviews", args=[queue.model.project.slug, queue.model.slug])))
    assert "75 %" in page
    assert "3 of 4 drawn cases" in page
    cells = re.sub(r"<[^>]+>|\s+", " ", page[page.index("Ada (simulated)") :]).split()
    assert cells[:4] == ["Ada", "(simulated)", "3", "0"]


@pytest.mark.parametrize("second", [{"value": "yes"}, {"value": "no"}, {"verdict": "dispute", "note": "Retired"}])
def test_the_reviews_page_tells_a_reviewer_nothing_of_what_others_said(second: dict[str, str]) -> None:
    queue = make_queue(overlap=2, is_extra_reviewer_asked=True)
    make_items(queue, 1)
    anna, (ben, _) = Person(queue), reviewers(queue, 2)
    answer(queue, anna.member, "yes")
    answer(queue, ben, **second)
    page = shown(anna.client.get(reverse("reviews", args=[queue.model.project.slug, queue.model.slug])))
    figures = page[page.index('class="figs"') : page.index(">Reviewers<")]
    assert "<b>1</b>" in figures
    assert "of 1 case, with 2 answers each" in figures
    assert "Waiting" not in figures
    assert "label" not in figures


def test_an_adjudicator_can_ask_for_adjudications_only() -> None:
    queue = make_queue(adjudication_rate_agreed=1.0)
    make_items(queue, 3)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna)
    settler = Person(queue, Role.ADJUDICATOR)
    reviews = shown(settler.client.get(reverse("reviews", args=[queue.model.project.slug, queue.model.slug])))
    way = settler.url_of_queue + "?only=adjudication"
    assert f'href="{way}">Settle 1' in reviews
    assert "Settle this case" in shown(settler.client.get(way))
    (slot,) = services.claim_slots(queue, by=settler.member, only=services.Only.ADJUDICATION)
    after = shown(settler.say("class:1", slot=slot, only="adjudication"))
    assert "Nothing to settle right now" in after
    assert "Your judgement" not in after
    assert "Your judgement" in shown(settler.look())


def test_a_reviewer_sees_no_link_to_adjudications() -> None:
    queue = make_queue(adjudication_rate_agreed=1.0)
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna)
    ben = Person(queue)
    reviews = shown(ben.client.get(reverse("reviews", args=[queue.model.project.slug, queue.model.slug])))
    assert "only=adjudication" not in reviews


@pytest.mark.parametrize("name", ["queue", "reviews"])
def test_stakeholders_and_strangers_are_refused(queue: ReviewQueue, name: str) -> None:
    project = queue.model.project
    path = reverse(name, args=[project.slug, queue.pk if name == "queue" else queue.model.slug])
    for member, status in (_stakeholder(queue), 403), (make_member(make_queue().model.project, Role.OWNER), 404):
        client = Client()
        client.force_login(member.user)
        assert client.get(path).status_code == status
    assert Client().get(path).status_code == 302


def test_a_queue_of_another_project_does_not_exist_under_ones_own(queue: ReviewQueue) -> None:
    stranger = Person(make_queue(), Role.OWNER)
    mine = claim(queue, reviewers(queue, 1)[0])
    own = stranger.queue.model.project.slug
    assert stranger.client.get(reverse("queue", args=[own, queue.pk])).status_code == 404
    for name in ("slot_answer", "slot_heartbeat", "slot_release"):
        response = stranger.client.post(reverse(name, args=[own, mine.pk]), {"lease_token": mine.lease_token})
        assert response.status_code == 404


def _stakeholder(queue: ReviewQueue) -> Membership:
    return make_member(queue.model.project, Role.STAKEHOLDER)


# What belongs to an answer


def test_wrong_features_come_from_the_form_without_a_script() -> None:
    queue = make_queue(blind=False)
    make_items(queue, 2)
    anna = Person(queue)
    page = shown(anna.look())
    assert 'name="wrong:age"' in page
    fields = {"wrong:age": "stale", "wrong:sex": ""}
    assert anna.say("wrong_data", script=False, **{"wrong:age": ""}).status_code == 400
    assert anna.say("wrong_data", script=False, **{"wrong:gone": "stale"}).status_code == 400
    assert anna.say("wrong_data", script=False, **fields).status_code == 302
    assert Decision.objects.get().wrong_features == [{"feature": "age", "problem": "stale"}]


def test_marks_stay_behind_when_another_answer_is_chosen() -> None:
    queue = make_queue(blind=False)
    make_items(queue)
    Person(queue).say("agree", **{"wrong:age": "stale", "ask": "999999", "precedent": ""})
    assert (Decision.objects.get().verdict, Decision.objects.get().wrong_features) == ("agree", [])


def test_a_form_lists_no_more_features_than_a_body_has_fields_for() -> None:
    queue = make_queue(blind=False)
    make_items(queue, features={f"f{number}": number for number in range(1_200)})
    assert Person(queue).look().content.count(b'name="wrong:') == 300


def test_people_to_ask_are_listed_with_their_roles_adjudicators_first() -> None:
    queue = make_queue(blind=False)
    make_items(queue)
    project = queue.model.project
    make_member(project, Role.REVIEWER, name="Ada")
    make_member(project, Role.ADJUDICATOR, name="Grace")
    make_member(project, Role.STAKEHOLDER, name="Nobody")
    make_member(project, Role.ADJUDICATOR, name="Robot", is_simulated=True)
    page = shown(Person(queue).look())
    select = page[page.index('name="ask"') : page.index("</select>", page.index('name="ask"'))]
    assert re.findall(r">([^<]+)</option>", select) == ["An adjudicator", "Grace, adjudicator", "Ada, reviewer"]


def test_a_question_is_asked_by_form() -> None:
    queue = make_queue(blind=False)
    make_items(queue)
    anna, grace = Person(queue), make_member(queue.model.project, Role.ADJUDICATOR)
    (stranger,) = reviewers(make_queue(), 1)
    anna.look()
    assert anna.say("escalate", ask=grace.user_id).status_code == 400
    assert anna.say("escalate", ask=stranger.user_id, note="Who?").status_code == 400
    assert anna.say("escalate", ask="x", note="Who?").status_code == 400
    assert anna.say("escalate", ask=grace.user_id, note="Is this a pension?").status_code == 200
    assert Decision.objects.get().note == "Is this a pension?"


def ask(person: Person, text: str, **answer: Any) -> None:
    """Ask about the case on the desk and let it come back."""
    slot, user = person.slot, person.member.user
    decision = Decision.objects.create(
        slot=slot, item=slot.item, reviewer=user, was_blind=True, verdict="escalate", lease_token=uuid4()
    )
    Question.objects.create(slot=slot, decision=decision, asked_by=user, text=text, **answer)


def test_a_case_that_came_back_shows_what_was_asked_newest_first(queue: ReviewQueue) -> None:
    anna, grace = Person(queue), make_member(queue.model.project, Role.ADJUDICATOR, name="Grace")
    anna.look()
    said = {"answer": "Yes, <b>since</b> 2019.", "answered_by": grace.user, "answered_at": timezone.now()}
    ask(anna, "Is this a pension?", **said)
    ask(anna, "Which one?", asked_of=grace.user)
    page = shown(anna.look())
    order = [page.index(text) for text in ("You asked Grace:", "Which one?", "Not answered yet.", "Is this a pension?")]
    assert order == sorted(order)
    assert "Grace answered:" in page
    assert "Yes, &lt;b&gt;since&lt;/b&gt; 2019." in page


def test_a_question_of_somebody_else_is_not_shown(queue: ReviewQueue) -> None:
    anna = Person(queue)
    anna.look()
    ask(anna, "Is this a pension?")
    slot = anna.slot
    Slot.objects.filter(pk=slot.pk).update(reviewer=Person(queue).member.user)
    ben = Person(queue)
    Slot.objects.filter(pk=slot.pk).update(reviewer=ben.member.user)
    assert "Is this a pension?" not in shown(ben.look())


def test_the_answers_to_settle_say_what_is_wrong_and_what_the_reveal_changed() -> None:
    queue = make_queue(overlap=3)
    make_items(queue, **PLANTED)
    anna, ben, cleo = reviewers(queue, 3)
    slot = claim(queue, anna)
    judge(slot, anna, "no", certainty=3)
    decide(slot, anna, "dispute", value="yes", note="Not sure any more")
    answer(queue, ben, "yes")
    decide(claim(queue, cleo), cleo, "wrong_data", wrong_features=(("age", "stale"), ("sex", "misread")))
    page = shown(Person(queue, Role.ADJUDICATOR).look())
    said = page[page.index('class="opinions"') : page.index('class="said"')]
    for text in (
        "Certain",
        "After the model’s answer: Employed",
        "Kept after the model’s answer",
        "Disputes the model",
    ):
        assert text in said
    assert "Age: out of date" in said
    assert "Sex: misread" in said


def test_an_answer_to_a_case_put_off_is_shown_to_the_adjudicator() -> None:
    queue = make_queue(blind=False, overlap=2)
    make_items(queue, **PLANTED)
    anna, ben = reviewers(queue, 2)
    slot = claim(queue, anna)
    decide(slot, anna, "cannot_tell")
    Slot.objects.filter(pk=slot.pk).update(snoozed_until=timezone.now())
    answer(queue, anna, "no")
    answer(queue, ben, "yes")
    (first, second) = opinions(Person(queue, Role.ADJUDICATOR).slot, hidden=NOTHING)
    assert (first.answer, second.answer) == ("Not employed", "Employed")


@pytest.mark.parametrize("keeps", [True, False])
def test_a_dispute_is_kept_as_a_precedent_unless_the_adjudicator_says_otherwise(keeps: bool) -> None:
    queue = make_queue(blind=False)
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    decide(claim(queue, anna), anna, "dispute", value="no", note="Retired")
    settler = Person(queue, Role.ADJUDICATOR)
    page = shown(settler.look())
    assert re.search(r'name="precedent"[^>]* checked', page)
    settler.say("class:0", **({"precedent": "on"} if keeps else {}))
    assert ReviewItem.objects.get().is_precedent is keeps


def test_a_case_without_a_dispute_is_no_precedent_by_default() -> None:
    queue = make_queue(overlap=2)
    make_items(queue)
    for member, value in zip(reviewers(queue, 2), ("no", "yes"), strict=True):
        answer(queue, member, value)
    page = shown(Person(queue, Role.ADJUDICATOR).look())
    assert 'name="precedent"' in page
    assert not re.search(r'name="precedent"[^>]* checked', page)


# What is due


def at(queue: ReviewQueue, **moment: int) -> datetime:
    """Return a moment of today or another day in the project's time zone."""
    days = moment.pop("days", 0)
    zone = queue.model.zone
    today = timezone.now().astimezone(zone).date()
    return datetime.combine(today, time(**moment), tzinfo=zone) + timedelta(days=days)


def test_a_case_says_when_it_is_due_by_the_projects_clock(queue: ReviewQueue) -> None:
    project = queue.model.project
    project.time_zone = "Asia/Kathmandu"
    project.save()
    queue = ReviewQueue.objects.select_related("model__project").get()
    anna = Person(queue)
    anna.look()
    for moment, words in (
        (at(queue, hour=23, minute=59, second=59), "due today 23:59 +0545"),
        (at(queue, hour=9, days=1), "due tomorrow 09:00 +0545"),
        (at(queue, hour=0), "late since today 00:00 +0545"),
        (at(queue, hour=17, days=-1), "late since yesterday 17:00 +0545"),
    ):
        ReviewItem.objects.update(due_at=moment)
        page = shown(anna.look())
        assert words in page
        assert (f'<span class="pill warn">{words}</span>' in page) is words.startswith("late")
    ReviewItem.objects.update(due_at=datetime(2031, 5, 4, 17, tzinfo=queue.model.zone))
    assert "due 4 May 2031 17:00" in shown(anna.look())
    ReviewItem.objects.update(due_at=None)
    assert not re.search(r"\b(due|late since)\b", shown(anna.look()))


def test_the_head_says_how_much_is_due_and_how_much_is_late() -> None:
    queue = make_queue()
    items = make_items(queue, 4)
    now = timezone.now()
    for item, moment in zip(items, (now, now, at(queue, hour=23, minute=59, second=59), None), strict=True):
        ReviewItem.objects.filter(pk=item.pk).update(due_at=moment)
    anna = Person(queue)
    page = re.sub(r"<[^>]+>", "", shown(anna.look()))
    assert "1 due today, 2 late" in page
    Slot.objects.update(closed_at=now, outcome=Slot.Outcome.ANSWERED)
    caches["process"].clear()
    page = re.sub(r"<[^>]+>", "", shown(anna.look()))
    assert not re.search(r"\d (due today|late)", page)
    assert "4 of 4 cases reviewed" in page
