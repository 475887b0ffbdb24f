"""Figures about one person: small worlds, each expected value counted by hand."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Membership, Role, User
from apps.registry.models import MonitoredModel
from apps.review.models import Decision, ReviewItem, Slot
from apps.stats.intervals import wilson_interval
from apps.truth.services.quality import Quality, Window, answers_of, pace, quality
from tests.factories import make_member
from tests.truth.factories import (
    come_true,
    gold_probe,
    make_cases,
    number_cases,
    repeat_probe,
    say,
    settle,
)

pytestmark = pytest.mark.django_db


def person(item: ReviewItem, role: Role = Role.REVIEWER) -> User:
    member: Membership = make_member(item.model.project, role)
    return member.user


def of(model: MonitoredModel, user: User) -> Quality:
    """The figures as the person's own page computes them; the team's page must say the same."""
    window = Window.of(model)
    own = quality(model, answers_of(model, window=window, reviewer=user.pk), window=window)[user.pk]
    assert quality(model, answers_of(model, window=window), window=window)[user.pk] == own
    return own


def test_gold_counts_the_answers_of_days_that_are_over() -> None:
    item, *_ = make_cases(1)
    anna = person(item)
    for value in (1.0, 1.0, 0.0):
        say(gold_probe(item, 1.0), anna, value)
    say(gold_probe(item, 1.0), anna, 0.0, at=timezone.now())

    found = of(item.model, anna)
    assert (found.gold.value, found.gold.n) == (pytest.approx(2 / 3), 3)
    assert (found.gold.low, found.gold.high) == wilson_interval(2, 3)
    assert found.answers == 4


def test_an_answer_changed_today_moves_the_figure_of_gold_tomorrow() -> None:
    item, *_ = make_cases(1)
    anna = person(item)
    slot = say(gold_probe(item, 1.0), anna, 1.0, blind=False)
    again = Decision.objects.get(slot=slot)
    again.pk, again.value, again.lease_token = None, 0.0, "00000000-0000-4000-8000-000000000001"
    again.save()

    assert of(item.model, anna).gold.value == 1.0
    Decision.objects.update(decided_at=timezone.now() - timedelta(days=1))
    assert of(item.model, anna).gold.value == 0.0


def test_what_an_adjudicator_says_of_gold_does_not_count() -> None:
    item, *_ = make_cases(1)
    anna = person(item, Role.ADJUDICATOR)
    say(item, anna, 1.0)
    say(gold_probe(item, 1.0), anna, 0.0, is_adjudication=True)
    assert of(item.model, anna).gold.code == "no_labels"


def test_agreement_is_with_the_majority_of_the_others_of_settled_cases() -> None:
    agreed, differing, tied, alone, unsettled = make_cases(5)
    anna, ben, cara = (person(agreed) for _ in range(3))
    said = {agreed: (1, 1, 1), differing: (1, 0, 0), tied: (1, 1, 0), alone: (1,), unsettled: (1, 0, 0)}
    for item, values in said.items():
        for user, value in zip((anna, ben, cara), values, strict=False):
            say(item, user, float(value))
    ReviewItem.objects.filter(pk=unsettled.pk).update(state="open")

    found = of(agreed.model, anna).others
    assert (found.value, found.n) == (0.5, 2)


def test_others_count_also_where_they_answered_before_the_window() -> None:
    item, *_ = make_cases(1)
    anna, ben = person(item), person(item)
    say(item, ben, 0.0, at=timezone.now() - timedelta(days=200))
    say(item, anna, 1.0)
    found = of(item.model, anna).others
    assert (found.value, found.n) == (0.0, 1)


def test_later_truth_is_the_outcome_else_another_persons_adjudication() -> None:
    outcome, settled, own, shown, unknown = make_cases(5)
    anna, judge = person(outcome), person(outcome, Role.ADJUDICATOR)
    for item in (outcome, settled, own, unknown):
        say(item, anna, 1.0)
    say(shown, anna, 1.0, blind=False)
    come_true([outcome, shown])
    settle(outcome, judge, 0.0)
    settle(settled, judge, 0.0)
    Slot.objects.filter(item=own).update(round=2)
    settle(own, anna, 1.0)

    found = of(outcome.model, anna).later
    assert (found.value, found.n) == (0.5, 2)


def test_consistency_is_the_share_of_repeats_answered_the_same() -> None:
    first, second = make_cases(2)
    anna = person(first)
    for item, again in ((first, 1.0), (second, 0.0)):
        say(repeat_probe(say(item, anna, 1.0, kept=0.0)), anna, again)
    say(repeat_probe(Slot.objects.get(item=first)), anna, 0.0, at=timezone.now())

    found = of(first.model, anna).consistency
    assert (found.value, found.n) == (0.5, 2)


def test_reveals_change_answers_towards_the_model_or_away() -> None:
    items = make_cases(5)
    anna = person(items[0])
    for item, (first, kept) in zip(items, [(1, 1), (0, 0), (0, 1), (0, 1), (1, 0)], strict=True):
        say(item, anna, float(first), kept=float(kept))
    found = of(items[0].model, anna).reveals
    assert [figure.value for figure in (found.changed, found.towards, found.away)] == [0.6, 0.4, 0.2]
    assert found.changed.n == 5


def test_ten_fast_answers_that_agree_are_a_streak_and_nine_are_none() -> None:
    items = make_cases(40)
    anna, ben = person(items[0]), person(items[0])
    start = timezone.now() - timedelta(days=2)
    for n, item in enumerate(items):
        say(item, ben, 1.0, ms=10_000, at=start + timedelta(seconds=n))
    for n, item in enumerate(items[:20]):
        # The tenth does not agree with the model: nine and then ten are left.
        say(item, anna, 0.0 if n == 9 else 1.0, ms=1_900, at=start + timedelta(seconds=n))

    (found,) = of(items[0].model, anna).streaks
    assert (found.length, found.seconds) == (10, 1.9)
    assert found.start == start + timedelta(seconds=10)
    assert of(items[0].model, ben).streaks == []


def test_a_fifth_of_the_usual_time_is_not_under_it_and_unknown_times_end_a_streak() -> None:
    items = make_cases(40)
    anna, ben, cara = (person(items[0]) for _ in range(3))
    for n, item in enumerate(items):
        say(item, ben, 1.0, ms=10_000)
        if n < 12:
            say(item, anna, 1.0, ms=2_000)
            say(item, cara, 1.0, ms=None if n == 6 else 100)
    assert of(items[0].model, anna).streaks == []
    assert of(items[0].model, cara).streaks == []


def test_pace_counts_answers_by_day_of_the_projects_time_zone() -> None:
    items = make_cases(7)
    anna = person(items[0])
    for item, ms in zip(items[:6], (1_000, 2_000, 3_000, 4_000, 5_000, 6_000), strict=True):
        say(item, anna, 1.0, ms=ms)
    say(items[6], anna, 1.0, at=timezone.now())
    window = Window.of(items[0].model)
    days = pace(items[0].model, answers_of(items[0].model, window=window, reviewer=anna.pk), window=window)

    assert [day.answers for day in days] == [0] * 28 + [6, 1]
    yesterday, today = days[-2].seconds, days[-1].seconds
    assert (yesterday.low, yesterday.value, yesterday.high) == (1.0, 3.5, 6.0)
    assert today.code == "too_few"


def test_numbers_are_compared_by_their_difference() -> None:
    items = number_cases(8)
    anna, ben, cara = (person(items[0]) for _ in range(3))
    for n, item in enumerate(items):
        slot = say(item, anna, 50.0 + n, kept=50.0)
        say(item, ben, 48.0)
        say(item, cara, 52.0)
        say(gold_probe(item, 50.0), anna, 51.0)
        say(repeat_probe(slot), anna, 50.0)
    found = of(items[0].model, anna)

    # The others' median is 50: the differences are 0 … 7, and so are those from the repeats.
    assert (found.others.value, found.others.n) == (3.5, 8)
    assert (found.consistency.low, found.consistency.high) == (0.0, 7.0)
    assert found.gold.value == 1.0
    assert (found.reveals.changed.value, found.reveals.towards.value) == (7 / 8, 7 / 8)
    assert found.later.code == "no_labels"
