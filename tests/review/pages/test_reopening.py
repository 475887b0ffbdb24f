"""A case comes back to the desk as its reviewer left it, and saved again without a change it says the same."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Role
from apps.review import services
from apps.review.models import Decision, Dispute, Question, ReviewItem, Slot
from tests.factories import make_member
from tests.pages import shown
from tests.review.factories import make_items, make_queue
from tests.review.people import Person

pytestmark = pytest.mark.django_db
REASON = "A fact speaks against it"
IN_A_WEEK = (timezone.now() + timedelta(days=7)).date().isoformat()


class Form(HTMLParser):
    """The fields that a browser would send with the form of the desk."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self.select = self.area = ""
        self.feed(page[page.index('<form class="form answer"') : page.index('<form id="release"')])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, is_box = given.get("name", ""), given.get("type") in ("radio", "checkbox")
        if tag == "input" and name and (not is_box or "checked" in given):
            self.fields.setdefault(name, []).append(given.get("value", "on"))
        self.select = name if tag == "select" else self.select
        if tag == "option" and "selected" in given:
            self.fields[self.select] = [given["value"]]
        self.area = name if tag == "textarea" else self.area

    def handle_data(self, data: str) -> None:
        if self.area:
            self.fields[self.area], self.area = [data], ""

    def handle_endtag(self, tag: str) -> None:
        self.area = "" if tag == "textarea" else self.area


def reopen(person: Person, slot: Slot) -> tuple[str, dict[str, list[str]]]:
    page = shown(person.client.post(person.url("slot_back", slot), headers={"X-Fragment": "1"}))
    return page, Form(page).fields


def send(person: Person, slot: Slot, fields: dict[str, list[str]]) -> Any:
    return person.client.post(person.url("slot_answer", slot), fields, headers={"X-Fragment": "1"})


SAID = [
    ("agree", "class:1", {"certainty": "2", "note": "as always"}, "Employed"),
    ("correct", "class:0", {"certainty": "3"}, "Not employed"),
    (
        "dispute",
        "dispute",
        {"disputed_for": "class:0", "reasons": [REASON], "certainty": "1", "note": "see age"},
        "Not employed, disputed",
    ),
    ("cannot_tell", "cannot_tell", {"until": IN_A_WEEK, "note": "wait"}, "cannot tell yet"),
    ("wrong_data", "wrong_data", {"wrong:age": "misread", "wrong:sex": "stale", "certainty": "1"}, "data is wrong"),
    ("escalate", "escalate", {"ask": "member", "note": "Is it?"}, "ask someone"),
    ("skip", "skip", {"skip_reasons": ["Too little to go on"], "note": "no time"}, "skip"),
    ("recuse", "recuse", {"note": "my aunt"}, "I am involved"),
]


@pytest.mark.parametrize(
    "others", [pytest.param(0, id="alone"), pytest.param(1, id="with others", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("verdict", "choice", "more", "words"), SAID, ids=[each[0] for each in SAID])
def test_a_case_comes_back_as_it_was_left(
    verdict: str, choice: str, more: dict[str, Any], words: str, others: int
) -> None:
    queue = make_queue(blind=False, dispute_reasons=[REASON, "Another"])
    make_items(queue, 2)
    anna = Person(queue)
    colleague = make_member(queue.model.project, Role.REVIEWER if others else Role.STAKEHOLDER)
    if more.get("ask"):
        asked = make_member(queue.model.project, Role.REVIEWER)
        more = more | {"ask": str(asked.user_id)}
    slot = anna.slot
    assert anna.say(choice, **more).status_code == 200
    before = ReviewItem.objects.values().get(pk=slot.item_id)
    page, fields = reopen(anna, slot)
    assert re.search(rf"Reopened: you said {words} at \d\d:\d\d UTC", page)
    expected = {"choice": choice, **more}
    assert {name: fields.get(name) for name in expected} == {
        name: value if isinstance(value, list) else [value] for name, value in expected.items()
    }
    assert send(anna, slot, fields).status_code == 200
    # Saved without a change, it says the same.
    slot.refresh_from_db()
    last = Decision.objects.filter(slot=slot).order_by("-id")[0]
    assert last.verdict == verdict
    after = ReviewItem.objects.values().get(pk=slot.item_id)
    assert {**after, "labelled_at": None} == {**before, "labelled_at": None}
    assert Dispute.objects.open().count() == (verdict == "dispute")
    assert Question.objects.open().count() == (verdict == "escalate")
    assert colleague.pk


@pytest.mark.slow
def test_a_dispute_ends_only_where_its_reviewer_withdraws_it() -> None:
    queue = make_queue(dispute_reasons=[REASON])
    make_items(queue, 1)
    anna = Person(queue)
    slot = anna.slot
    anna.say("class:0")
    anna.say("dispute", reasons=[REASON], note="first")
    raised = Dispute.objects.get()
    _, fields = reopen(anna, slot)
    send(anna, slot, fields)
    assert list(Dispute.objects.open()) == [raised]
    assert Decision.objects.count() == 2
    # Another note is another dispute of the same answer.
    _, fields = reopen(anna, slot)
    said = send(anna, slot, fields | {"note": ["second"]})
    assert said.status_code == 200
    assert [each.decision.note for each in Dispute.objects.open()] == ["second"]
    page, fields = reopen(anna, slot)
    assert "your answer, without the dispute" in page
    send(anna, slot, fields | {"choice": ["class:0"]})
    assert not Dispute.objects.open().exists()
    _, fields = reopen(anna, slot)
    assert fields["choice"] == ["class:0"]


def test_a_case_that_an_adjudicator_holds_does_not_come_back() -> None:
    queue = make_queue(blind=False)
    make_items(queue, 1)
    anna = Person(queue)
    slot = anna.slot
    anna.say("wrong_data", note="the age")
    settler = Person(queue, Role.ADJUDICATOR)
    settler.look()
    assert anna.client.post(anna.url("slot_back", slot), headers={"X-Fragment": "1"}).status_code == 409


def test_a_case_that_comes_back_with_an_answer_is_not_called_reopened() -> None:
    queue = make_queue(blind=False)
    make_items(queue, 1)
    anna = Person(queue)
    anna.say("escalate", note="Is it?")
    services.answer_question(Question.objects.get(), by=make_member(queue.model.project, Role.ADJUDICATOR), text="Yes")
    page = shown(anna.look())
    assert "Reopened" not in page
    assert "choice" not in Form(page).fields
