"""Whether the reveal helps, in small worlds counted by hand. The model always says "yes"."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Role
from apps.review.models import ReviewItem
from apps.truth.services.quality import Period, first_answers
from apps.truth.services.reveals import RevealEffects, reveal_effects
from tests.factories import make_member
from tests.truth.factories import come_true, gold_probe, make_cases, number_cases, say, settle

pytestmark = pytest.mark.django_db


def effects_of(item: ReviewItem) -> RevealEffects:
    return reveal_effects(item.model, first_answers(item.model, period=Period.of(item.model)))


def test_changes_are_held_against_the_truth_by_what_was_shown() -> None:
    items = make_cases(10)
    anna = make_member(items[0].model.project).user
    for n, item in enumerate(items):
        # Four first say "no" and follow the model; contributions are shown with the last five.
        say(item, anna, float(n >= 4), kept=1.0, shown="none" if n < 5 else "sent", is_partial=n == 9)
    come_true(items[:3], "yes")
    come_true(items[3:], "no")
    effects = effects_of(items[0])
    whole = effects.whole
    assert (whole.answers, whole.n_changed, whole.n_toward, whole.n_away) == (10, 4, 3, 1)
    # The model was wrong and the first answer right in the fourth alone, and right where the first was wrong in three.
    assert (whole.followed.value, whole.followed.n, whole.helped.value, whole.helped.n) == (1.0, 1, 1.0, 3)
    assert [(shown, effect.answers, effect.n_changed) for shown, effect in effects.by_shown] == [
        ("none", 5, 4),
        ("sent", 5, 0),
    ]
    assert effects.partial == 1


def test_those_who_looked_at_similar_cases_before_their_final_answer_are_compared_with_the_others() -> None:
    items = make_cases(7)
    anna, now = make_member(items[0].model.project).user, timezone.now()
    before, after = now - timedelta(hours=2), now
    for n, item in enumerate(items):
        # The final answer is an hour old: two looked before it, and one after it, which is too late to matter.
        looked = before if n < 2 else after if n == 2 else None
        shown = "" if n == 6 else "none"
        say(item, anna, 0.0, kept=float(n < 2), at=now - timedelta(hours=1), shown=shown, similar_at=looked)
    come_true(items, "yes")
    effects = effects_of(items[0])
    # Of the last, nobody noted anything.
    assert [(similar, effect.answers, effect.n_changed) for similar, effect in effects.by_similar] == [
        ("not_opened", 4, 0),
        ("opened", 2, 2),
    ]
    assert effects.whole.answers == 7


def test_where_nobody_looked_at_similar_cases_there_is_nothing_to_compare() -> None:
    items = make_cases(2)
    anna = make_member(items[0].model.project).user
    for item in items:
        say(item, anna, 1.0)
    come_true(items, "yes")
    assert effects_of(items[0]).by_similar == []


def test_only_blind_answers_to_drawn_cases_with_a_known_truth_count() -> None:
    items = make_cases(4)
    anna, ben = (make_member(items[0].model.project, Role.ADJUDICATOR).user for _ in range(2))
    say(items[0], anna, 0.0, kept=1.0)
    say(items[1], anna, 1.0, blind=False)
    say(items[2], anna, 0.0, kept=1.0)
    say(gold_probe(items[3], 1.0), anna, 0.0, kept=1.0)
    come_true([items[1], items[3]])
    settle(items[2], ben, 1.0)
    # No truth; not blind; adjudicated; a probe.
    assert effects_of(items[0]).whole.answers == 1


def test_numbers_move_nearer_the_truth_or_further_from_it() -> None:
    items = number_cases(2)
    anna = make_member(items[0].model.project).user
    say(items[0], anna, 40.0, kept=45.0)
    say(items[1], anna, 60.0, kept=50.0)
    come_true(items, outcome=70.0)  # type: ignore[arg-type]  # a number, for a regression
    whole = effects_of(items[0]).whole
    assert (whole.n_toward, whole.n_away, whole.followed) == (1, 1, None)
