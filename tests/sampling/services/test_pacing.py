"""Budgets: each hour a rate that was known before its predictions arrived."""

import itertools
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import numpy as np
import pytest

from apps.accounts.models import Project
from apps.common import doorbell
from apps.predictions.models import Batch, Prediction
from apps.predictions.services import writing
from apps.registry.models import MonitoredModel
from apps.sampling.models import FOLDED, Draw, PolicyHour, PolicyRate
from apps.sampling.services import moments, pacing, policies, policy_hours
from apps.sampling.services.randomness import permanent_numbers
from apps.sampling.services.rates import FIRST_FACTOR
from tests.factories import draw_all, make_model, prediction_row, push_predictions
from tests.threads import at_once

# A Monday
START = datetime(2026, 3, 2, tzinfo=UTC)
BUDGET = {"name": "some", "kind": "uniform", "budget": {"per_day": 20}}


def put(model: MonitoredModel, document: dict[str, Any]) -> None:
    listed = [{"queue": "main", "rank": 100, **policy} for policy in document.get("policies", [])]
    policies.put_document(model, {**document, "policies": listed})


class Clock:
    """The database's clock, set by hand, and pushes at its time."""

    def __init__(self) -> None:
        self.now = START
        self._numbers = itertools.count(1)

    def push(self, model: MonitoredModel, count: int) -> None:
        push_predictions(model, [prediction_row(next(self._numbers)) for _ in range(count)])


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock, begun = Clock(), writing.begun
    monkeypatch.setattr(writing, "begun", lambda: (clock.now, begun()[1]))
    for module in (moments, pacing):
        monkeypatch.setattr(module, "database_now", lambda: clock.now)
    return clock


def rates_of(model: MonitoredModel, name: str = "some") -> list[PolicyRate]:
    return list(PolicyRate.objects.filter(policy__model=model, policy__name=name).order_by("starts_at"))


@pytest.mark.django_db
def test_each_clock_hour_gets_one_rate_however_often_the_bell_rings(clock):
    model = make_model()
    put(model, {"policies": [BUDGET]})
    assert [rate.factor for rate in rates_of(model)] == [FIRST_FACTOR]
    clock.push(model, 10)
    draw_all(model)
    clock.now += timedelta(minutes=59)
    assert pacing.pace_due() == 0
    clock.now += timedelta(minutes=2)
    assert [pacing.pace_due(), pacing.pace_due()] == [1, 0]
    first, second = rates_of(model)
    assert (first.starts_at, second.starts_at) == (START, START + timedelta(minutes=61))
    # Ten came in an hour: for the 22 hours and 59 minutes left, the 20 of the budget are one in 11.5.
    assert second.made_from["spent"] == pytest.approx(10 * FIRST_FACTOR)
    assert second.factor == pytest.approx((20 - 0.1) / second.made_from["today"])
    assert second.made_from["today"] == pytest.approx(230, rel=0.15)


@pytest.mark.django_db
def test_a_batch_is_drawn_with_the_rate_in_force_when_it_was_received(clock):
    """Four batches wait while the rate changes between them; two more make the claim straddle an hour."""
    model = make_model()
    put(model, {"floor": 1e-6, "policies": [BUDGET]})
    policy = model.policies.get(name="some")
    PolicyRate.objects.all().delete()
    for hour, factor in ((1, 0.1), (2, 0.5), (3, 0.9)):
        PolicyRate.objects.create(policy=policy, starts_at=START + timedelta(hours=hour), factor=factor)
    at = {0.5: FIRST_FACTOR, 1.0: 0.1, 1.99: 0.1, 2.0: 0.5, 2.5: 0.5, 3.5: 0.9}
    for hours in at:
        clock.now = START + timedelta(hours=hours)
        clock.push(model, 100)
    draw_all(model)
    for batch, (_, factor) in zip(Batch.objects.order_by("pk"), at.items(), strict=True):
        ids = Prediction.objects.of_batch(batch).values_list("external_id", flat=True)
        u = permanent_numbers(bytes(model.salt), ids)
        draws = Draw.objects.filter(batch=batch)
        assert draws.count() == (u < factor).sum()
        assert {draw.probabilities[str(policy.pk)] for draw in draws} <= {factor}
        assert policies.in_force(model, batch.received_at)[0].factor == factor
    by_hour: dict[datetime, list[float]] = {}
    for row in PolicyHour.objects.filter(policy=policy).order_by("hour"):
        sums = by_hour.setdefault(row.hour, [0, 0.0])
        sums[0] += row.n
        sums[1] += row.sum_p
    assert list(by_hour.values()) == [
        pytest.approx(each) for each in ([100, 1.0], [200, 20.0], [200, 100.0], [100, 90.0])
    ]


@pytest.mark.django_db
def test_hours_count_what_each_policy_met_drew_and_got(clock):
    model = make_model()
    young = {
        "name": "young",
        "kind": "uniform",
        "rate": 0.5,
        "rank": 1,
        "condition": {"field": "features.age", "op": "lt", "value": 40},
    }
    all_alike = {"name": "all", "kind": "uniform", "rate": 0.5, "rank": 2}
    put(model, {"floor": 0.1, "policies": [young, all_alike]})
    clock.push(model, 120)
    draw_all(model)
    u = permanent_numbers(bytes(model.salt), [f"case-{n}" for n in range(1, 121)])
    is_young = np.array([20 + n % 60 < 40 for n in range(1, 121)])
    expected = {
        "young": (120, 40, 40.0, 20.0, 10.0, (is_young & (u < 0.5)).sum(), 0, (is_young & (u < 0.5)).sum()),
        "all": (120, 120, 120.0, 60.0, 30.0, (u < 0.5).sum(), None, (~is_young & (u < 0.5)).sum()),
        "floor": (120, 120, 120.0, 12.0, 1.2, (u < 0.1).sum(), 0, 0),
    }
    # Only "all" draws what is not young and not below the floor's 0.1.
    for name, values in expected.items():
        (row,) = PolicyHour.objects.filter(policy__name=name)
        found = [getattr(row, each) for each in policy_hours.COUNTS]
        only = (~is_young & (u < 0.5) & (u >= 0.1)).sum() if name == "all" else 0
        assert found == pytest.approx([only if value is None else value for value in values])


@pytest.mark.django_db
def test_folding_keeps_the_sums_of_each_hour(clock):
    model = make_model()
    put(model, {"policies": [BUDGET]})
    for minutes in (0, 10, 70):
        clock.now = START + timedelta(minutes=minutes)
        clock.push(model, 30)
        draw_all(model)
    policy = model.policies.get(name="some")
    assert PolicyHour.objects.filter(policy=policy).count() == 3
    for _ in range(2):
        policy_hours.fold()
        rows = PolicyHour.objects.filter(policy=policy).order_by("hour")
        assert [(row.hour, row.n, row.claim) for row in rows] == [
            (START, 60, FOLDED),
            (START + timedelta(hours=1), 30, FOLDED),
        ]


@pytest.mark.django_db
def test_a_model_without_traffic_starts_with_one_in_a_hundred(clock):
    model = make_model()
    put(model, {"policies": [BUDGET]})
    clock.now += timedelta(hours=5)
    assert pacing.pace_due() == 1
    assert [rate.factor for rate in rates_of(model)] == [FIRST_FACTOR, FIRST_FACTOR]


@pytest.mark.django_db
def test_a_new_policy_starts_at_the_rate_that_the_traffic_asks_for(clock):
    """A thousand an hour: 20 in 24,000, as if the policy may draw all of them, as nothing is known of it yet."""
    model = make_model()
    policies.ensure_floor(model)
    history(model, [1_000] * 48)
    clock.now = START + timedelta(hours=48)
    put(model, {"policies": [BUDGET]})
    (rate,) = rates_of(model)
    assert rate.factor == pytest.approx(20 / 24_000, rel=0.05)


@pytest.mark.django_db
def test_what_all_versions_of_a_name_drew_today_is_spent(clock):
    model = make_model()
    put(model, {"policies": [{"name": "some", "kind": "uniform", "rate": 0.5}]})
    clock.push(model, 100)
    draw_all(model)
    clock.now = START + timedelta(hours=1)
    put(model, {"policies": [{**BUDGET, "budget": {"per_day": 60}}]})
    (rate,) = rates_of(model)
    assert rate.made_from["spent"] == pytest.approx(50)
    assert rate.factor == pytest.approx(10 / rate.made_from["today"])
    clock.now = START + timedelta(days=1)
    pacing.pace_due()
    assert rates_of(model)[-1].made_from["spent"] == 0


@pytest.mark.django_db
def test_batches_that_wait_to_be_drawn_count_as_come(clock):
    """Otherwise a slow draw would look like a quiet hour, and the rate would rise."""
    model = make_model()
    put(model, {"policies": [BUDGET]})
    clock.push(model, 100)
    draw_all(model)
    for hour in range(1, 4):
        clock.now = START + timedelta(hours=hour)
        pacing.pace_due()
        clock.push(model, 100)
    clock.now = START + timedelta(hours=4)
    pacing.pace_due()
    assert rates_of(model)[-1].made_from["today"] == pytest.approx(2_000, rel=0.1)


@pytest.mark.django_db
def test_a_surge_is_paced_again_within_the_hour(clock):
    model = make_model()
    policies.ensure_floor(model)
    history(model, [50] * 48)
    clock.now = START + timedelta(hours=48)
    put(model, {"policies": [BUDGET]})
    clock.now += timedelta(minutes=1)
    clock.push(model, 90)
    draw_all(model)
    assert pacing.pace_due() == 0  # less than twice the 50 that were expected
    clock.push(model, 200)
    draw_all(model)
    assert [pacing.pace_due(), pacing.pace_due()] == [1, 0]
    before, after = rates_of(model)
    assert after.factor < before.factor / 2
    assert after.made_from["seen"] == 290


@pytest.mark.django_db
def test_a_claim_that_spends_much_of_a_budget_rings_the_bell_at_once(
    clock, monkeypatch, django_capture_on_commit_callbacks
):
    """A twentieth of 20 is one case: 200 predictions at 1 in 100 spend two, and 50 half a one."""
    model = make_model()
    put(model, {"policies": [BUDGET]})
    rung: list[str] = []
    monkeypatch.setattr(doorbell, "ring", rung.append)
    for count, rings in ((50, 0), (200, 1)):
        clock.push(model, count)
        with django_capture_on_commit_callbacks(execute=True):
            draw_all(model)
        assert rung.count("pace") == rings


@pytest.mark.django_db
def test_the_budgets_day_begins_at_local_midnight(clock):
    """In New York, 2 March begins at 05:00 UTC."""
    model = make_model()
    Project.objects.filter(pk=model.project_id).update(time_zone="America/New_York")
    model = MonitoredModel.objects.select_related("project").get(pk=model.pk)
    clock.now = START + timedelta(hours=4)
    put(model, {"policies": [BUDGET]})
    for hours in (4, 5):
        clock.now = START + timedelta(hours=hours)
        pacing.pace_due()
        clock.push(model, 100)
        draw_all(model)
    clock.now = START + timedelta(hours=6)
    pacing.pace_due()
    *_, fifth, sixth = rates_of(model)
    assert fifth.made_from["spent"] == 0
    assert sixth.made_from["spent"] == pytest.approx(100 * fifth.factor)


@pytest.mark.django_db
def test_a_policy_that_is_off_is_not_paced(clock):
    model = make_model()
    put(model, {"policies": [{**BUDGET, "is_on": False}]})
    clock.now += timedelta(hours=2)
    assert pacing.pace_due() == 0
    assert rates_of(model) == []


@pytest.mark.slow
@pytest.mark.django_db
def test_two_days_through_the_tables_spend_their_budgets(clock):
    """40 predictions an hour by day and 10 by night, and on the second day twice that."""
    model = make_model()
    put(model, {"floor": 1e-6, "policies": [{**BUDGET, "budget": {"per_day": 60}}]})
    for hour in range(48):
        clock.now = START + timedelta(hours=hour)
        pacing.pace_due()
        clock.now += timedelta(minutes=30)
        clock.push(model, (40 if 8 <= hour % 24 < 20 else 10) * (2 if hour >= 24 else 1))
        draw_all(model)
    policy_hours.fold()
    rows = PolicyHour.objects.filter(policy__name="some").order_by("hour")
    assert len(rows) == 48
    spent = np.array([row.sum_p for row in rows]).reshape(2, 24).sum(axis=1)
    assert spent == pytest.approx([60, 60], rel=0.2)
    drawn = sum(row.drawn for row in rows)
    assert abs(drawn - spent.sum()) < 4 * np.sqrt(spent.sum())
    assert drawn == Draw.objects.filter(model=model).count()


@pytest.mark.django_db(transaction=True)
def test_a_batch_received_while_a_change_is_saved_is_drawn_with_the_new_versions(monkeypatch):
    """The push goes through meanwhile; its draw waits until the change is committed."""
    model = make_model()
    put(model, {"floor": 0.5})
    has_moment, is_pushed = Event(), Event()
    set_rates = pacing.set_rates

    def slowly(*given, **named):
        has_moment.set()
        assert is_pushed.wait(10), "the push was blocked"
        assert not Event().wait(0.5)
        set_rates(*given, **named)

    monkeypatch.setattr(pacing, "set_rates", slowly)

    def change() -> int:
        put(model, {"floor": 0.25, "policies": [{"name": "all", "kind": "uniform", "rate": 1.0}]})
        return 0

    def push_and_draw() -> int:
        assert has_moment.wait(10)
        push_predictions(model, [prediction_row(n) for n in range(50)])
        is_pushed.set()
        draw_all(model)
        return 0

    at_once(change, push_and_draw)
    received_at = model.batches.get().received_at
    in_force = {str(each.policy.pk): each.factor for each in policies.in_force(model, received_at)}
    assert sorted(in_force.values()) == [0.25, 1.0]
    draws = Draw.objects.filter(model=model)
    assert draws.count() == 50
    assert all(draw.probabilities == in_force for draw in draws)


@pytest.mark.django_db(transaction=True)
def test_a_batch_received_while_a_rate_is_set_is_drawn_with_that_rate(monkeypatch):
    model = make_model()
    put(model, {"policies": [BUDGET]})
    PolicyRate.objects.update(starts_at=START)
    has_moment, is_pushed = Event(), Event()
    set_rates = pacing.set_rates

    def slowly(*given, **named):
        has_moment.set()
        assert is_pushed.wait(10), "the push was blocked"
        assert not Event().wait(0.5)
        set_rates(*given, **named)
        PolicyRate.objects.filter(starts_at__gt=START).update(factor=0.75)

    monkeypatch.setattr(pacing, "set_rates", slowly)

    def push_and_draw() -> int:
        assert has_moment.wait(10)
        push_predictions(model, [prediction_row(n) for n in range(50)])
        is_pushed.set()
        draw_all(model)
        return 0

    assert at_once(pacing.pace_due, push_and_draw) == [1, 0]
    policy = model.policies.get(name="some")
    draws = Draw.objects.filter(model=model)
    assert draws
    assert {draw.probabilities[str(policy.pk)] for draw in draws} == {0.75}


def history(model: MonitoredModel, counts: list[int]) -> None:
    """Let the model's floor have seen so many predictions in each hour since the start."""
    floor = model.policies.get(name="floor")
    PolicyHour.objects.bulk_create(
        PolicyHour(
            policy=floor,
            hour=START + timedelta(hours=hour),
            n=n,
            matched=n,
            sum_shape=n,
            sum_p=0.002 * n,
            sum_p2=0.0,
            drawn=0,
            drawn_only=0,
            served=0,
        )
        for hour, n in enumerate(counts)
    )
