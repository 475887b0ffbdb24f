"""Figures about one person, in small worlds where each expected value is counted by hand."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Membership, Role, User
from apps.registry.models import MonitoredModel
from apps.review.models import Decision, ReviewItem, Slot
from apps.stats.intervals import wilson_interval
from apps.truth.services.quality import Period, Quality, first_answers, pace, quality_by_person
from tests.append_only import rewriting
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


def quality_of(model: MonitoredModel, user: User) -> Quality:
    """Compute the figures as the person's own page does; the team's page must agree."""
    period = Period.of(model)
    own = quality_by_person(model, first_answers(model, period=period, reviewer=user.pk), period=period)[user.pk]
    assert quality_by_person(model, first_answers(model, period=period), period=period)[user.pk] == own
    return own


def test_known_answers_count_once_their_day_is_over() -> None:
    item, *_ = make_cases(1)
    anna = person(item)
    for value in (1.0, 1.0, 0.0):
        say(gold_probe(item, 1.0), anna, value)
    say(gold_probe(item, 1.0), anna, 0.0, at=timezone.now())

    figures = quality_of(item.model, anna)
    assert (figures.gold.value, figures.gold.n) == (pytest.approx(2 / 3), 3)
    assert (figures.gold.low, figures.gold.high) == wilson_interval(2, 3)
    assert figures.answers == 4


def test_an_answer_changed_today_counts_from_tomorrow() -> None:
    item, *_ = make_cases(1)
    anna = person(item)
    slot = say(gold_probe(item, 1.0), anna, 1.0, blind=False)
    again = Decision.objects.get(slot=slot)
    again.pk, again.value, again.lease_token = None, 0.0, "00000000-0000-4000-8000-000000000001"
    again.save()

    assert quality_of(item.model, anna).gold.value == 1.0
    with rewriting():
        Decision.objects.update(decided_at=timezone.now() - timedelta(days=1))
    assert quality_of(item.model, anna).gold.value == 0.0


def test_an_adjudication_of_a_known_answer_does_not_count() -> None:
    item, *_ = make_cases(1)
    anna = person(item, Role.ADJUDICATOR)
    say(item, anna, 1.0)
    say(gold_probe(item, 1.0), anna, 0.0, is_adjudication=True)
    assert quality_of(item.model, anna).gold.code == "no_labels"


def test_others_compares_with_the_majority_of_the_others_on_settled_cases() -> None:
    agreed, differing, tied, alone, unsettled = make_cases(5)
    anna, ben, cara = (person(agreed) for _ in range(3))
    answers = {agreed: (1, 1, 1), differing: (1, 0, 0), tied: (1, 1, 0), alone: (1,), unsettled: (1, 0, 0)}
    for item, values in answers.items():
        for user, value in zip((anna, ben, cara), values, strict=False):
            say(item, user, float(value))
    ReviewItem.objects.filter(pk=unsettled.pk).update(state="open")

    figures = quality_of(agreed.model, anna).others
    assert (figures.value, figures.n) == (0.5, 2)


def test_others_count_even_if_they_answered_before_the_period() -> None:
    item, *_ = make_cases(1)
    anna, ben = person(item), person(item)
    say(item, ben, 0.0, at=timezone.now() - timedelta(days=200))
    say(item, anna, 1.0)
    figures = quality_of(item.model, anna).others
    assert (figures.value, figures.n) == (0.0, 1)


def test_later_truth_is_the_outcome_or_else_another_persons_adjudication() -> None:
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

    figures = quality_of(outcome.model, anna).later
    assert (figures.value, figures.n) == (0.5, 2)


def test_consistency_is_the_share_of_repeats_answered_the_same() -> None:
    first, second = make_cases(2)
    anna = person(first)
    for item, again in ((first, 1.0), (second, 0.0)):
        say(repeat_probe(say(item, anna, 1.0, kept=0.0)), anna, again)
    say(repeat_probe(Slot.objects.get(item=first)), anna, 0.0, at=timezone.now())

    figures = quality_of(first.model, anna).consistency
    assert (figures.value, figures.n) == (0.5, 2)


def test_reveals_change_answers_toward_the_model_or_away() -> None:
    items = make_cases(5)
    anna = person(items[0])
    for item, (first, kept) in zip(items, [(1, 1), (0, 0), (0, 1), (0, 1), (1, 0)], strict=True):
        say(item, anna, float(first), kept=float(kept))
    figures = quality_of(items[0].model, anna).reveals
    assert [figure.value for figure in (figures.changed, figures.toward, figures.away)] == [0.6, 0.4, 0.2]
    assert figures.changed.n == 5


def test_ten_fast_agreeing_answers_are_a_streak_and_nine_are_not() -> None:
    items = make_cases(40)
    anna, ben = person(items[0]), person(items[0])
    start = timezone.now() - timedelta(days=2)
    for n, item in enumerate(items):
        say(item, ben, 1.0, ms=10_000, at=start + timedelta(seconds=n))
    for n, item in enumerate(items[:20]):
        # The tenth disagrees with the model and leaves runs of nine and ten.
        say(item, anna, 0.0 if n == 9 else 1.0, ms=1_900, at=start + timedelta(seconds=n))

    (figures,) = quality_of(items[0].model, anna).streaks
    assert (figures.length, figures.seconds) == (10, 1.9)
    assert figures.start == start + timedelta(seconds=10)
    assert quality_of(items[0].model, ben).streaks == []


def test_exactly_a_fifth_of_the_median_is_not_fast_and_unknown_times_end_a_streak() -> None:
    items = make_cases(40)
    anna, ben, cara = (person(items[0]) for _ in range(3))
    for n, item in enumerate(items):
        say(item, ben, 1.0, ms=10_000)
        if n < 12:
            say(item, anna, 1.0, ms=2_000)
            say(item, cara, 1.0, ms=None if n == 6 else 100)
    assert quality_of(items[0].model, anna).streaks == []
    assert quality_of(items[0].model, cara).streaks == []


def test_pace_counts_answers_by_day_in_the_projects_time_zone() -> None:
    items = make_cases(7)
    anna = person(items[0])
    for item, ms in zip(items[:6], (1_000, 2_000, 3_000, 4_000, 5_000, 6_000), strict=True):
        say(item, anna, 1.0, ms=ms)
    say(items[6], anna, 1.0, at=timezone.now())
    period = Period.of(items[0].model)
    answers = first_answers(items[0].model, period=period, reviewer=anna.pk)
    days = pace(items[0].model, answers, period=period)

    assert [day.answers for day in days] == [0] * 28 + [6, 1]
    yesterday, today = days[-2].seconds, days[-1].seconds
    assert (yesterday.low, yesterday.value, yesterday.high) == (1.0, 3.5, 6.0)
    assert today.code == "too_few"


def test_regression_answers_are_compared_by_their_difference() -> None:
    items = number_cases(8)
    anna, ben, cara = (person(items[0]) for _ in range(3))
    for n, item in enumerate(items):
        slot = say(item, anna, 50.0 + n, kept=50.0)
        say(item, ben, 48.0)
        say(item, cara, 52.0)
        say(gold_probe(item, 50.0), anna, 51.0)
        say(repeat_probe(slot), anna, 50.0)
    figures = quality_of(items[0].model, anna)

    # The others' median is 50, so the differences are 0 … 7, and so are those from the repeats.
    assert (figures.others.value, figures.others.n) == (3.5, 8)
    assert (figures.consistency.low, figures.consistency.high) == (0.0, 7.0)
    assert figures.gold.value == 1.0
    assert (figures.reveals.changed.value, figures.reveals.toward.value) == (7 / 8, 7 / 8)
    assert figures.later.code == "no_labels"


def test_numbers_within_the_tolerance_are_equal_answers() -> None:
    """Known answers of 40, answered with 44, 45 and 46: with a tolerance of 5, two of three are equal."""
    (item,) = number_cases(1)
    anna = person(item)
    for value in (44.0, 45.0, 46.0):
        say(gold_probe(item, 40.0), anna, value)
    MonitoredModel.objects.filter(pk=item.model.pk).update(tolerance=5.0)
    gold = quality_of(MonitoredModel.objects.get(pk=item.model.pk), anna).gold
    assert (gold.value, gold.n) == (pytest.approx(2 / 3), 3)
