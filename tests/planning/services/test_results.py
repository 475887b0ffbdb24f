"""What came of each policy, small enough to count by hand."""

from datetime import timedelta

import pytest
from django.db.models import F
from pytest_django import DjangoAssertNumQueries

from apps.planning.services.results import PolicyResult, Results
from apps.predictions.models import Batch
from apps.registry.models import MonitoredModel
from apps.review import services as review
from apps.review.models import ReviewItem
from apps.sampling.models import Draw, PolicyHour
from apps.sampling.services import policies
from apps.sampling.services.randomness import permanent_number
from tests.factories import draw_all, make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db

ROWS = 300
DIFFERS = {"name": "differs", "kind": "disagreement", "rate": 0.5, "queue": "main", "rank": 1}


@pytest.fixture
def model() -> MonitoredModel:
    """Of 300 predictions the floor draws one in four, and one in two where model and baseline differ."""
    monitored = make_model()
    policies.put_document(monitored, {"floor": 0.25, "policies": [DIFFERS]})
    receive(monitored)
    return monitored


def receive(model: MonitoredModel, *, first: int = 0) -> None:
    push_predictions(model, [prediction_row(number) for number in range(first, first + ROWS)])
    draw_all(model)
    review.open_due_items()


def age(model: MonitoredModel, *, days: int) -> None:
    """Move what was received into the past."""
    past = timedelta(days=days)
    PolicyHour.objects.filter(policy__model=model).update(hour=F("hour") - past)
    Batch.objects.filter(model=model).update(received_at=F("received_at") - past)


def named(model: MonitoredModel) -> dict[str, PolicyResult]:
    return {each.policy.name: each for each in Results(model).policies()}


def test_a_policy_is_told_by_what_it_met_and_drew(model: MonitoredModel) -> None:
    found = named(model)
    # The baseline says "yes" to odd numbers, the model to those not divisible by three: they differ in 150 of 300.
    differs = sum((number % 3 > 0) != (number % 2 > 0) for number in range(ROWS))
    assert (found["floor"].all.n, found["floor"].all.matched, found["differs"].all.matched) == (ROWS, ROWS, differs)
    assert (found["floor"].all.expected, found["differs"].all.expected) == pytest.approx((75, differs / 2))
    u = {each: permanent_number(bytes(model.salt), f"case-{each}") for each in range(ROWS)}
    by_floor = {each for each in u if u[each] < 0.25}
    by_other = {each for each in u if u[each] < 0.5 and (each % 3 > 0) != (each % 2 > 0)}
    assert (found["floor"].all.drawn, found["differs"].all.drawn) == (len(by_floor), len(by_other))
    # The floor has the last rank: what both draw comes by the other one.
    assert (found["floor"].all.served, found["differs"].all.served) == (len(by_floor - by_other), len(by_other))
    assert found["floor"].all.drawn_only == len(by_floor - by_other)


def test_policies_come_in_their_order_with_a_count_for_each_day(model: MonitoredModel) -> None:
    found = Results(model).policies()
    assert [each.policy.name for each in found] == ["differs", "floor"]
    assert [len(each.days) for each in found] == [28, 28]
    assert [count.n for _, count in found[1].days] == [0] * 27 + [ROWS]


def test_a_case_is_answered_for_the_policy_that_served_it(model: MonitoredModel) -> None:
    cases = {each.prediction.external_id: each for each in ReviewItem.objects.select_related("prediction")}
    floor = (
        Draw.objects.filter(model=model)
        .exclude(inclusion_probability=0.5)
        .values_list("prediction__external_id", flat=True)
    )
    ReviewItem.objects.filter(pk__in=[cases[each].pk for each in floor[:3]]).update(label=1.0)
    assert {name: each.all.answered for name, each in named(model).items()} == {"floor": 3, "differs": 0}
    ReviewItem.objects.update(label=1.0)
    found = named(model)
    assert found["floor"].all.answered == found["floor"].all.served
    assert found["differs"].all.answered == found["differs"].all.served


def test_versions_of_a_policy_count_together_and_one_that_ended_comes_last(model: MonitoredModel) -> None:
    policies.put_document(model, {"floor": 0.5, "policies": []})
    receive(model, first=ROWS)
    found = Results(model).policies()
    assert [(each.policy.name, each.policy.version) for each in found] == [("floor", 3), ("differs", 1)]
    assert found[0].all.expected == pytest.approx(75 + 150)
    lines = [(each.policy.name, each.policy.version, each.count.n) for each in Results(model).lines()]
    assert sorted(lines) == [("differs", 1, ROWS), ("floor", 2, ROWS), ("floor", 3, ROWS)]


def test_a_draw_that_chance_explains_is_as_expected(model: MonitoredModel) -> None:
    for each in Results(model).policies():
        assert not each.is_failed
        assert abs(each.check.drawn - each.check.expected) < 4 * each.check.sd


def test_a_draw_that_chance_does_not_explain_fails_alone(model: MonitoredModel) -> None:
    PolicyHour.objects.filter(policy__name="differs").update(drawn=F("drawn") - 40)
    found = named(model)
    assert (found["differs"].is_failed, found["floor"].is_failed) == (True, False)


def test_of_an_idle_model_its_last_four_weeks_count(model: MonitoredModel) -> None:
    age(model, days=60)
    ReviewItem.objects.update(label=1.0)
    found = named(model)
    assert found["floor"].days[-1][1].n == ROWS
    assert found["floor"].all.answered == found["floor"].all.served
    receive(model, first=ROWS)
    assert named(model)["floor"].all.n == ROWS


def test_without_predictions_there_is_nothing() -> None:
    found = Results(make_model())
    assert found.is_empty
    assert found.policies() == []
    assert list(found.lines()) == []


def test_it_takes_the_same_queries_for_many_days(
    model: MonitoredModel, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        Results(model).policies()
    age(model, days=3)
    receive(model, first=ROWS)
    with django_assert_num_queries(4):
        Results(model).policies()
