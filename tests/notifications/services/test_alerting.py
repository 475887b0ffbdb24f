"""A rule that fires tells the right people once, whatever flaps, dies or was away."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import Role
from apps.audit.models import Entry
from apps.monitoring.models import DataEvent, IntakeHour
from apps.notifications.models import Alert, Looked, Notice, RuleKind
from apps.notifications.services import alerting, past, signs
from apps.notifications.services.signs import Sign
from apps.registry.models import Incident, IncidentKind
from tests.factories import make_member, make_model, prediction_row, push_predictions
from tests.threads import at_once

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def model():
    return make_model()


@pytest.fixture
def engineer(model):
    return make_member(model.project, Role.ENGINEER).user


@pytest.fixture
def value(monkeypatch):
    """One rule whose sign has a value that tests choose; the others see nothing."""
    chosen = {"value": 0.0, "urgent": False}

    def look(model, _now):
        yield Sign("one", chosen["value"], "Something stands out.", "/p/x/", is_urgent=chosen["urgent"])

    monkeypatch.setattr(alerting, "LOOKS", {kind: lambda *_: () for kind in signs.LOOKS} | {RuleKind.QUEUE_LATE: look})
    monkeypatch.setattr(alerting, "SLOW_LOOKS", {RuleKind.DRAW_CHECK: lambda *_: ()})
    return chosen


def look(model, times=1):
    for _ in range(times):
        alerting.look(model)


def later(by):
    """Move all that has happened back in time."""
    for name in ("fired_at", "resolved_at", "acknowledged_until", "first_seen_at"):
        Alert.objects.update(**{name: F(name) - by})


def test_it_fires_after_enough_looks_and_tells_once(model, engineer, value):
    value["value"] = 12
    look(model, 2)
    assert Alert.objects.get().state == Alert.State.PENDING
    assert not Notice.objects.exists()
    look(model, 3)
    alert = Alert.objects.get()
    assert (alert.state, alert.looks) == (Alert.State.FIRING, 5)
    notice = Notice.objects.get()
    assert (notice.user, notice.title) == (engineer, "Something stands out.")
    assert notice.url.endswith(f"/alerts/{alert.pk}/")


def test_only_those_who_can_do_something_are_told(model, engineer, value):
    for role in (Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR):
        make_member(model.project, role)
    owner = make_member(model.project, Role.OWNER).user
    make_member(model.project, Role.ENGINEER, is_simulated=True)
    value["value"] = 12
    look(model, 3)
    assert set(Notice.objects.values_list("user", flat=True)) == {engineer.pk, owner.pk}


def test_between_firing_and_resolving_nothing_changes(model, engineer, value):
    value["value"] = 12
    look(model, 3)
    value["value"] = 6
    look(model)
    assert Alert.objects.get().state == Alert.State.FIRING
    value["value"] = 4
    look(model)
    assert Alert.objects.get().state == Alert.State.RESOLVED


def test_what_is_seen_too_seldom_leaves_no_trace(model, engineer, value):
    value["value"] = 12
    look(model, 2)
    value["value"] = 0
    look(model)
    assert not Alert.objects.exists()


def test_an_alert_that_flaps_is_one_alert_and_one_message(model, engineer, value):
    for _ in range(6):
        value["value"] = 12
        look(model, 3)
        value["value"] = 0
        look(model)
        later(HOUR)
    assert Alert.objects.count() == 1
    assert Notice.objects.count() == 1


def test_what_comes_back_after_days_is_told_again(model, engineer, value):
    value["value"] = 12
    look(model, 3)
    value["value"] = 0
    look(model)
    later(2 * DAY)
    value["value"] = 12
    look(model, 3)
    assert Alert.objects.count() == 2
    assert Notice.objects.count() == 2


def test_an_evaluator_that_was_away_for_a_day_sends_nothing_twice(model, engineer, value):
    value["value"] = 12
    look(model, 3)
    later(DAY)
    Looked.objects.update(looked_at=F("looked_at") - DAY)
    look(model, 5)
    assert Alert.objects.get().state == Alert.State.FIRING
    assert Notice.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_several_workers_fire_once(model, engineer, value):
    value["value"] = 12
    look(model, 2)
    at_once(*[lambda: alerting.look(model)] * 4)
    assert Alert.objects.count() == 1
    assert Notice.objects.count() == 1


def test_an_acknowledged_alert_is_silent_until_its_day_and_then_told_again(model, engineer, value):
    value["value"] = 12
    look(model, 3)
    alerting.acknowledge(Alert.objects.get(), by=engineer, days=3)
    look(model, 3)
    alert = Alert.objects.get()
    assert (alert.state, alert.acknowledged_by, alert.is_acted_on) == (Alert.State.ACKNOWLEDGED, engineer, True)
    assert Notice.objects.count() == 1
    later(4 * DAY)
    look(model, 2)
    assert Alert.objects.get().state == Alert.State.FIRING
    assert Notice.objects.count() == 2


def test_a_muted_rule_lists_and_tells_nobody(model, engineer, value):
    value["value"] = 12
    look(model, 3)
    alerting.mute(Alert.objects.get(), by=engineer, days=5)
    value["value"] = 0
    look(model)
    later(2 * DAY)
    value["value"] = 12
    look(model, 3)
    assert Alert.objects.count() == 2
    assert Notice.objects.count() == 1
    assert Entry.objects.get(act="rule.muted").details["rule"] == "queue_late"


def test_a_rule_that_fails_stops_no_other(model, engineer, value, monkeypatch):
    def broken(*_):
        raise ValueError("no such column")

    monkeypatch.setitem(alerting.LOOKS, RuleKind.SILENCE, broken)
    value["value"] = 12
    look(model, 3)
    assert Alert.objects.get().state == Alert.State.FIRING


def test_a_rule_that_is_off_or_has_another_level_does_as_told(model, engineer, value):
    value["value"] = 12
    alerting.change_rule(model, RuleKind.QUEUE_LATE, is_on=True, level=20, by=engineer)
    look(model, 4)
    assert not Alert.objects.exists()
    alerting.change_rule(model, RuleKind.QUEUE_LATE, is_on=True, level=None, by=engineer)
    look(model, 4)
    assert Alert.objects.get().state == Alert.State.FIRING
    alerting.change_rule(model, RuleKind.QUEUE_LATE, is_on=False, level=None, by=engineer)
    look(model)
    assert Alert.objects.get().state == Alert.State.RESOLVED


def test_what_is_urgent_is_mailed_at_once_and_the_rest_in_the_morning(model, engineer, value):
    value |= {"value": 12, "urgent": True}
    look(model, 3)
    assert Notice.objects.get().mail_due_at <= timezone.now()
    Notice.objects.all().delete()
    later(3 * DAY)
    value |= {"value": 0, "urgent": False}
    look(model)
    later(3 * DAY)
    value["value"] = 12
    look(model, 3)
    assert Notice.objects.get().mail_due_at > timezone.now()


def event(model, **changes):
    today = timezone.now().date()
    figures = {
        "expected_before": {"value": 0.83, "low": 0.82, "high": 0.84},
        "expected": {"value": 0.79, "low": 0.78, "high": 0.8},
        "known_share": 0.0,
    }
    fields = {
        "kind": "input",
        "first_day": today - 5 * DAY,
        "found_day": today - 3 * DAY,
        "changes": [],
        "figures": figures,
    }
    return DataEvent.objects.create(model=model, **(fields | changes))


def test_days_with_an_expected_cost_fire_and_cheap_ones_do_not(model, engineer):
    cheap = {"expected_before": {"value": 0.83}, "expected": {"value": 0.828}, "known_share": 0.0}
    event(model, figures=cheap)
    look(model)
    assert not Alert.objects.exists()
    found = event(model)
    look(model)
    alert = Alert.objects.get()
    assert (alert.subject, round(alert.value, 3)) == (f"event {found.pk}", 0.04)
    assert "right decisions should fall from 83 to 79 in 100" in alert.text
    assert Notice.objects.count() == 1


def test_days_that_are_over_are_told_once_and_resolve(model, engineer):
    found = event(model, last_day=timezone.now().date() - DAY)
    look(model)
    assert Alert.objects.get().state == Alert.State.FIRING
    look(model, 3)
    assert Alert.objects.get().state == Alert.State.RESOLVED
    assert Notice.objects.count() == 1
    # It goes on after all: the same alert, and no second message.
    found.last_day = None
    found.save()
    look(model)
    assert Alert.objects.get().state == Alert.State.FIRING
    assert Notice.objects.count() == 1


def test_an_event_called_normal_resolves_its_alert(model, engineer):
    found = event(model)
    look(model)
    found.normal_at = timezone.now()
    found.save()
    look(model)
    assert Alert.objects.get().state == Alert.State.RESOLVED


def test_open_incidents_are_one_alert(model, engineer):
    seen = {"first_seen_at": timezone.now(), "last_seen_at": timezone.now(), "rows": 3}
    for feature in ("age", "income", "job", "car"):
        Incident.objects.create(model=model, kind=IncidentKind.FEATURE_MISSING, feature=feature, **seen)
    look(model)
    assert Alert.objects.get().kind == RuleKind.INCIDENT
    assert Notice.objects.count() == 1


def received(model, *, hours, now, rows=30):
    hour = now.replace(minute=0, second=0, microsecond=0)
    IntakeHour.objects.bulk_create(
        IntakeHour(model=model, kind="predictions", hour=hour - HOUR * back, batches=1, accepted=rows, duplicates=0)
        for back in hours
    )


def silent_for(model, hours, *, busy):
    """A model whose last batch came so many hours ago, with the hours of five weeks before in which rows came."""
    now = timezone.now()
    push_predictions(model, [prediction_row(1)])
    model.batches.update(received_at=now - HOUR * hours)
    received(model, hours=[back for back in range(hours + 1, 5 * 7 * 24) if busy(back)], now=now)
    return list(signs.silence(model, now))


def test_silence_in_hours_that_always_had_rows_is_told(model):
    (sign,) = silent_for(model, 5, busy=lambda _: True)
    assert sign.value >= 90
    assert sign.is_urgent


def test_silence_in_hours_that_are_always_silent_is_none(model):
    week = 7 * 24
    (sign,) = silent_for(model, 5, busy=lambda back: back % week > 6)
    assert sign.value == 0


def test_a_young_model_is_not_missed(model):
    assert silent_for(model, 5, busy=lambda back: back < 24 * 8) == []


def test_the_past_says_how_often_a_rule_would_have_fired(model, engineer):
    event(model)
    event(model, first_day=timezone.now().date() - 40 * DAY, last_day=timezone.now().date() - 30 * DAY)
    now = timezone.now()
    assert past.would_have_fired(model, RuleKind.DRIFT, level=0.01, now=now) == 2
    assert past.would_have_fired(model, RuleKind.DRIFT, level=0.05, now=now) == 0
    received(model, hours=[back for back in range(60 * 24) if not 100 < back < 106], now=now)
    assert past.would_have_fired(model, RuleKind.SILENCE, level=20, now=now) == 1
    assert past.would_have_fired(model, RuleKind.TARGET, level=0.9, now=now) == 0
