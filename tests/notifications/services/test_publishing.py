"""Editions: one for each due moment or event, however often and by however many workers it is found."""

from datetime import UTC, date, datetime, timedelta

import pytest

from apps.accounts.models import Membership, Role
from apps.notifications.models import Alert, Edition, Letter, Schedule
from apps.notifications.services import publishing, subscribing
from apps.registry.models import MonitoredModel
from tests.factories import make_member
from tests.notifications.subscribers import DUE, NOW, subscribe
from tests.reports.documents import document, figure
from tests.reports.stored import make_report, report_model
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> MonitoredModel:
    return report_model()


@pytest.fixture
def anna(model: MonitoredModel) -> Membership:
    return make_member(model.project, Role.STAKEHOLDER)


def test_nothing_is_opened_before_its_hour(anna: Membership, model: MonitoredModel) -> None:
    subscribe(anna, model)
    assert publishing.open_due(now=DUE - timedelta(minutes=1)) == 0


def test_a_due_moment_is_one_edition_with_a_letter_for_each(anna: Membership, model: MonitoredModel) -> None:
    subscribe(anna, model)
    subscribe(make_member(model.project, Role.ENGINEER), model)
    assert publishing.open_due(now=DUE) == 1
    assert publishing.open_due(now=DUE) == 0
    edition = Edition.objects.get()
    assert (edition.key, edition.missed) == (DUE.isoformat(), 0)
    # The last 28 days with the day of the due moment, half-open.
    assert (edition.start, edition.end) == (date(2026, 11, 4), date(2026, 12, 2))
    assert edition.letters.count() == 2


def test_those_who_want_the_same_are_on_one_schedule(anna: Membership, model: MonitoredModel) -> None:
    subscribe(anna, model)
    subscribe(make_member(model.project), model)
    subscribe(anna, model, hour=9)
    assert Schedule.objects.count() == 2


def test_a_long_stop_is_one_edition_that_says_so(anna: Membership, model: MonitoredModel) -> None:
    subscribe(anna, model)
    assert publishing.open_due(now=DUE + timedelta(days=2, hours=1)) == 1
    assert Edition.objects.get().missed == 2
    assert Schedule.objects.get().next_due_at == DUE + timedelta(days=3)


def test_a_schedule_that_nobody_gets_sends_nothing_and_begins_anew(anna: Membership, model: MonitoredModel) -> None:
    made = subscribe(anna, model)
    subscribing.leave(made, by=anna.user)
    assert publishing.open_due(now=DUE) == 0
    subscribe(anna, model, now=DUE + timedelta(days=9))
    assert publishing.open_due(now=DUE + timedelta(days=9)) == 0


@pytest.mark.django_db(transaction=True)
def test_two_beats_open_one_edition() -> None:
    model = report_model()
    subscribe(make_member(model.project), model)
    at_once(*[lambda: publishing.open_due(now=DUE)] * 4)
    assert Edition.objects.count() == Letter.objects.count() == 1


def test_a_month_is_told_once_when_all_of_its_days_are_final(anna: Membership, model: MonitoredModel) -> None:
    MonitoredModel.objects.filter(pk=model.pk).update(maturity_days=10)
    model.refresh_from_db()
    subscribe(anna, model, cadence="final", standing="final_month", hour=None)
    # 30 November is final ten days after its end.
    assert publishing.open_due(now=datetime(2026, 12, 10, 23, 0, tzinfo=UTC)) == 0
    assert publishing.open_due(now=datetime(2026, 12, 11, 0, 30, tzinfo=UTC)) == 1
    assert publishing.open_due(now=datetime(2026, 12, 12, 0, 30, tzinfo=UTC)) == 0
    edition = Edition.objects.get()
    assert (edition.start, edition.end) == (date(2026, 11, 1), date(2026, 12, 1))


def _restated(model: MonitoredModel, by: float) -> None:
    """Store a report whose figure moved by so much of a half-width of 1,000."""
    before = make_report(model, as_of=NOW)
    moved = document("value")
    was = figure(40_000, 1_000)
    entry = {"metric": "value_difference", "was": was, "figure": {**was, "value": 40_000 + by * 1_000}}
    moved["restatements"] = [{**entry, "previous": before.pk, "previous_as_of": "2026-11-20T09:12:00+00:00", "why": {}}]
    make_report(model, seq=900, document=moved, previous=before)


def test_a_figure_that_moved_beyond_its_half_width_is_told_once(anna: Membership, model: MonitoredModel) -> None:
    subscribe(anna, model, cadence="restated", hour=None)
    _restated(model, by=1.5)
    assert publishing.open_due(now=NOW) == 1
    assert publishing.open_due(now=NOW) == 0


def test_a_figure_that_moved_less_is_not_told(anna: Membership, model: MonitoredModel) -> None:
    subscribe(anna, model, cadence="restated", hour=None)
    _restated(model, by=0.5)
    assert publishing.open_due(now=NOW) == 0


def test_restatements_of_before_are_not_told(anna: Membership, model: MonitoredModel) -> None:
    _restated(model, by=1.5)
    subscribe(anna, model, cadence="restated", hour=None)
    assert publishing.open_due(now=NOW) == 0


def test_a_target_is_told_when_it_is_missed_and_when_it_is_met_again(anna: Membership, model: MonitoredModel) -> None:
    made = subscribe(anna, model, cadence="target", hour=None, kind="performance")
    fired = made.schedule.created_at + timedelta(hours=1)
    fields = {"kind": "target", "state": "firing", "value": 1.0, "title": "Below.", "url": "/", "fired_at": fired}
    alert = Alert.objects.create(model=model, **fields)
    assert [publishing.open_due(now=NOW), publishing.open_due(now=NOW)] == [1, 0]
    Alert.objects.filter(pk=alert.pk).update(state="resolved", resolved_at=fired + timedelta(days=1))
    assert [publishing.open_due(now=NOW), publishing.open_due(now=NOW)] == [1, 0]
    assert list(Edition.objects.order_by("pk").values_list("cause", flat=True)) == [publishing.BELOW, publishing.MET]
