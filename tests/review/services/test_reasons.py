"""Computed contributions at the desk: after the first answer, with the way in which they came about."""

from typing import Any

import pytest
from django.urls import reverse

from apps.accounts.models import Role
from apps.registry.models import ReviewQueue
from apps.review.models import ReviewItem
from tests.explanations.computed import make_attribution
from tests.pages import shown
from tests.review.factories import make_items, make_queue
from tests.review.people import Desk, Person
from tests.review.planted import PLANTED, SECRETS

pytestmark = pytest.mark.django_db

NONE_SENT = PLANTED | {"attributions": None, "attribution_base": None}
# PLANTED's, in log-odds: 1.0009 = 0.5478 + 0.7654 − 0.3123
COMPUTED: dict[str, Any] = {"values": PLANTED["attributions"], "base": 0.5478}


def plant(*, blind: bool = True, **computed: Any) -> tuple[ReviewQueue, ReviewItem]:
    """Return a queue with a case whose contributions were computed, not sent."""
    queue = make_queue(blind=blind)
    (item,) = make_items(queue, **NONE_SENT)
    make_attribution(item.prediction, **(COMPUTED | computed))
    return queue, item


def test_computed_contributions_are_on_no_wire_before_the_first_answer() -> None:
    queue, _ = plant()
    desk = Desk(queue)
    slot = desk.claim()
    held = {"lease_token": slot["lease_token"]}
    answers = [
        desk.post(f"queues/{queue.pk}/claim", {"slots": 2}).content,
        desk.post(f"slots/{slot['slot']}/heartbeat", held).content,
        desk.post(f"slots/{slot['slot']}/judgement", held | {"value": "maybe"}).content,
        desk.post(f"slots/{slot['slot']}/decision", held | {"verdict": "agree"}).content,
    ]
    assert [secret for secret in SECRETS for answer in answers if secret in answer] == []
    judged = desk.post(f"slots/{slot['slot']}/judgement", held | {"value": "no"}).json()
    assert (judged["attributions"], judged["attribution_base"]) == (COMPUTED["values"], COMPUTED["base"])
    assert judged["attribution_source"] == {
        "method": "tree",
        "space": "margin",
        "code": None,
        "evaluations": None,
        "file": "0001020304050607",
    }


def test_the_desk_shows_them_after_the_first_answer_and_says_how_they_came_about() -> None:
    queue, _ = plant()
    anna = Person(queue)
    before = anna.look().content
    assert [secret for secret in (b"What pushed", b"Computed with", b"0.7654") if secret in before] == []
    anna.say("class:0")
    after = shown(anna.look())
    assert "What pushed the model from its usual answer to this one" in after
    assert "Computed with the model file: exact for its trees." in after
    # 1 / (1 + e^-0.5478) = 0.634
    assert "63 % Employed" in after


def test_what_was_found_by_trying_is_about() -> None:
    queue, _ = plant(blind=False, method="permutation", evaluations=500)
    assert "About: computed with the model file in 500 evaluations." in shown(Person(queue).look())


@pytest.mark.parametrize(
    ("computed", "said"),
    [
        ({"values": None, "code": "not_reproduced"}, "the model file gives another answer"),
        ({"values": None, "code": "does_not_add_up"}, "does not add up to its answer"),
    ],
)
def test_what_is_not_shown_has_a_reason(computed: dict[str, Any], said: str) -> None:
    queue, _ = plant(blind=False, **computed)
    seen = shown(Person(queue).look())
    assert said in seen
    assert "What pushed" not in seen


def test_sent_contributions_that_do_not_add_up_are_not_shown_anywhere() -> None:
    queue = make_queue(blind=False)
    item, _ = make_items(queue, 2, **(PLANTED | {"attribution_base": 0.4}))
    slot = Desk(queue).claim()
    assert (slot["item"]["attributions"], slot["item"]["attribution_source"]["code"]) == (None, "does_not_add_up")
    owner, slug = Person(queue, Role.OWNER), queue.model.project.slug
    pages = [
        shown(owner.look()),
        shown(owner.client.get(reverse("case", args=[slug, item.pk]))),
        shown(owner.client.get(reverse("prediction", args=[slug, queue.model.slug, item.prediction_id]))),
    ]
    for page in pages:
        assert "it does not add up to the model’s answer" in page
        assert "What pushed" not in page
        assert "0.7654" not in page
