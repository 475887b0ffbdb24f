"""What the reveal showed is noted on the first answer, for the figures on whether it helps."""

from typing import Any

import pytest

from apps.accounts.models import Role
from apps.explanations.engine.spec import Method
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import Decision, Shown
from tests.explanations.computed import make_attribution
from tests.review.factories import claim, decide, judge, make_items, make_queue, reviewers
from tests.review.services.test_masking import fill, make_secret

pytestmark = pytest.mark.django_db


def judged(queue: ReviewQueue, role: Role = Role.REVIEWER) -> Decision:
    (member,) = reviewers(queue, 1, role)
    return judge(claim(queue, member), member)


@pytest.mark.parametrize(
    ("attributions", "shown"),
    [({"age": 0.4}, "sent"), ({"age": 0.0}, "none"), ({}, "none"), (None, "none")],
)
def test_the_first_answer_notes_which_contributions_the_reveal_showed(attributions: Any, shown: str) -> None:
    queue = make_queue()
    make_items(queue, 1, attributions=attributions, attribution_base=None)
    noted = judged(queue)
    assert (noted.shown, noted.is_shown_in_part) == (shown, False)


def test_computed_contributions_are_noted_by_their_method() -> None:
    queue = make_queue()
    (item,) = make_items(queue, 1, attributions=None)
    make_attribution(item.prediction, method="tree", values={"age": 0.4}, base=0.0)
    assert judged(queue).shown == "tree"


def test_contributions_that_do_not_add_up_are_not_shown() -> None:
    queue = make_queue()
    make_items(queue, 1, attributions={"age": 9.0}, attribution_base=0.0)
    assert judged(queue).shown == "none"


@pytest.mark.parametrize("method", list(Method))
def test_every_method_has_words(method: str) -> None:
    assert Shown.words(method) != method


def test_contributions_left_out_for_a_role_are_noted() -> None:
    queue = make_secret()
    fill(queue, 2)
    assert [(each.shown, each.is_shown_in_part) for each in (judged(queue), judged(queue, Role.ADJUDICATOR))] == [
        ("sent", True),
        ("sent", False),
    ]


def test_contributions_of_hidden_features_alone_show_nothing() -> None:
    queue = make_secret()
    make_items(queue, 1, features={"income": 5}, attributions={"income": 0.5}, attribution_base=None)
    noted = judged(queue)
    assert (noted.shown, noted.is_shown_in_part) == ("none", True)


def test_an_answer_without_a_reveal_notes_nothing() -> None:
    queue = make_queue()
    make_items(queue, 1, attributions={"age": 0.4})
    (member,) = reviewers(queue, 1)
    slot = claim(queue, member)
    left = services.judge_and_leave(slot, by=member, lease_token=slot.lease_token, value="yes")
    assert left.shown == ""


def test_the_answer_after_the_reveal_notes_nothing_of_its_own() -> None:
    queue = make_queue()
    make_items(queue, 1, attributions={"age": 0.4})
    (member,) = reviewers(queue, 1)
    slot = claim(queue, member)
    judge(slot, member)
    assert decide(slot, member).shown == ""
