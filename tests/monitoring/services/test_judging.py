"""Days that are not like the weeks before become one event, with its cause, its cost and its end."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Role
from apps.audit.models import Entry
from apps.common.errors import DomainError
from apps.monitoring.models import DataEvent, Reference, Series, Watched
from apps.monitoring.services import event_views, judging, references
from apps.monitoring.services.describing import sentence
from apps.monitoring.services.naming import Names
from apps.predictions.models import Prediction
from apps.registry.models import Incident, IncidentKind
from tests.factories import make_member, prediction_row, push_predictions
from tests.monitoring.days import CROWDED, EMPTY_OF, FIRST, USUAL, count_days, model_with_homes
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counted_samples(monkeypatch):
    """These models have counts and no rows: the cause is that of the counts."""
    monkeypatch.setattr(references, "sampled_rows", lambda *_, **__: [])
    monkeypatch.setattr(event_views, "sampled_rows", lambda *_, **__: [])


def judged(model) -> list[DataEvent]:
    Watched.objects.filter(model=model).update(revision=-1)
    judging.judge(model)
    return list(DataEvent.objects.filter(model=model).order_by("first_day"))


def crowded(number):
    return CROWDED if 100 <= number < 110 else USUAL


def test_ten_crowded_days_are_one_event_with_their_dates():
    model = model_with_homes()
    count_days(model, 130, crowded)
    (event,) = judged(model)
    assert (event.first_day, event.last_day) == (FIRST + timedelta(days=100), FIRST + timedelta(days=109))
    assert event.found_day <= FIRST + timedelta(days=102)
    assert [(each["stage"], each["name"]) for each in event.changes] == [("feature", "home")]


def test_the_event_goes_on_while_its_days_do_and_is_the_same_row_when_it_ends():
    model = model_with_homes()
    count_days(model, 104, crowded)
    (event,) = judged(model)
    assert event.last_day is None
    count_days(model, 130, crowded)
    (same,) = judged(model)
    assert (same.pk, same.last_day) == (event.pk, FIRST + timedelta(days=109))


@pytest.mark.slow
@pytest.mark.parametrize(("age", "is_news"), [(timedelta(days=60), False), (timedelta(hours=1), True)])
def test_what_arrived_long_ago_is_no_news(age, is_news):
    model = model_with_homes()
    count_days(model, 130, crowded)
    found_day = FIRST + timedelta(days=101)
    push_predictions(model, [prediction_row(1, predicted_at=f"{found_day}T12:00:00Z")])
    now = timezone.now()
    Prediction.objects.update(received_at=now - age)
    judging.judge(model)
    event = DataEvent.objects.get()
    assert event.found_day == found_day
    assert (event.found_at > now - timedelta(days=7)) is is_news


@pytest.mark.slow
def test_an_event_is_an_incident_that_closes_by_itself():
    model = model_with_homes()
    count_days(model, 104, crowded)
    judged(model)
    incident = Incident.objects.get()
    assert (incident.kind, incident.feature, incident.closed_at) == (IncidentKind.DATA_CHANGED, "Home", None)
    assert incident.detail.startswith("Since 10 June")
    count_days(model, 130, crowded)
    judged(model)
    judged(model)
    incident.refresh_from_db()
    assert incident.closed_at is not None
    assert "From 10 to 19 June" in incident.detail
    assert Incident.objects.count() == 1


def test_a_fall_to_none_is_found_too():
    model = model_with_homes()
    count_days(model, 100, lambda number: EMPTY_OF if number >= 60 else USUAL)
    (event,) = judged(model)
    assert event.first_day == FIRST + timedelta(days=60)


def test_quiet_weeks_with_busy_weekdays_and_growth_are_no_event():
    model = model_with_homes()
    count_days(model, 150, lambda _: USUAL, rows=900)
    assert judged(model) == []


def test_scores_say_what_to_expect_and_outcomes_what_came():
    """A dormitory's 65 and an institution's 92 in 100 give .45·.92 + .53·.65 + .02·.85 = .7755, against .844 before."""
    model = model_with_homes()
    count_days(model, 130, crowded)
    (event,) = judged(model)
    figures = event.figures
    assert figures["expected_before"]["value"] == pytest.approx(0.844, abs=0.01)
    assert figures["expected"]["value"] == pytest.approx(0.7755, abs=0.02)
    assert figures["measured"]["value"] == pytest.approx(0.7755, abs=0.02)
    # Each error costs nine: about .068 more of them in 8,000 decisions.
    assert figures["money"]["value"] == pytest.approx(0.068 * 8_000 * 9, rel=0.25)
    assert figures["money"]["low"] > 0


def test_without_outcomes_the_expected_cost_stands_alone():
    model = model_with_homes()
    count_days(model, 104, crowded, known=lambda number: number < 80)
    (event,) = judged(model)
    assert event.figures["measured"]["value"] is None
    assert event.figures["expected"]["value"] == pytest.approx(0.7755, abs=0.03)
    assert event.figures["money"]["value"] > 0


def test_fewer_right_decisions_among_the_same_cases_are_an_event_of_their_own():
    model = model_with_homes(maturity_days=1)

    def worse(number, home):
        return 0.6 if number >= 100 else {"flat": 0.85, "house": 0.85}.get(home, 0.8)

    count_days(model, 125, lambda _: USUAL, right=worse)
    (event,) = judged(model)
    assert event.kind == DataEvent.Kind.RIGHT
    assert event.first_day == FIRST + timedelta(days=100)
    assert "60 in 100 decisions were right, against 8" in sentence(event, Names(model), {})


def test_an_event_that_later_rows_explain_away_is_over():
    model = model_with_homes()
    count_days(model, 104, crowded)
    (event,) = judged(model)
    count_days(model, 104, lambda _: USUAL)
    (same,) = judged(model)
    assert (same.pk, same.ended) == (event.pk, "back")
    assert same.last_day is not None


def test_a_slice_that_errs_more_is_named(monkeypatch):
    """Only dormitories, one case in twenty-five, lose 40 points: of all decisions that is under two."""
    model = model_with_homes(maturity_days=1)
    model.slices = [{"name": "home", "feature": "home", "edges": []}]
    model.save()

    def worse(number, home):
        return 0.3 if number >= 100 and home == "dormitory" else 0.85

    count_days(model, 125, lambda _: USUAL, rows=2_000, right=worse, with_slices=True)
    (event,) = judged(model)
    assert (event.kind, event.first_day) == (DataEvent.Kind.RIGHT, FIRST + timedelta(days=100))
    series = {(each.stage, each.name): each for each in Series.objects.filter(model=model)}
    said = sentence(event, Names(model), series)
    assert said.startswith("Since 10 June, where home is Dormitory, ")
    assert " in 100 decisions were right, against 8" in said


def test_the_first_thirty_days_become_the_reference_once():
    model = model_with_homes()
    count_days(model, 29, lambda _: USUAL)
    judged(model)
    assert not Reference.objects.exists()
    count_days(model, 60, lambda _: USUAL)
    judged(model)
    judged(model)
    kept = Reference.objects.get()
    assert (kept.start, kept.end, kept.rows) == (FIRST, FIRST + timedelta(days=30), 30 * 800)


def test_days_called_normal_are_the_reference_and_end_the_event():
    model = model_with_homes()
    owner = make_member(model.project, Role.OWNER).user
    count_days(model, 130, crowded)
    (event,) = judged(model)
    references.call_normal(event, by=owner)
    event.refresh_from_db()
    newest = references.current(model)
    assert (event.normal_by, newest.number, newest.source) == (owner, 2, Reference.Source.DECLARED)
    assert (newest.start, newest.end) == (FIRST + timedelta(days=100), FIRST + timedelta(days=110))
    entry = Entry.objects.get(act="reference.declared")
    assert entry.details["first_day"] == "2026-06-10"
    # Judged again it stays normal.
    (again,) = judged(model)
    assert again.normal_at is not None


def test_too_few_rows_are_no_reference():
    model = model_with_homes()
    count_days(model, 40, lambda _: USUAL, rows=2)
    with pytest.raises(DomainError, match="fewer than 100"):
        references.declare_normal(model, start=date(2026, 3, 2), end=date(2026, 3, 9), by=None)


def test_what_is_new_is_named_in_one_sentence(monkeypatch):
    model = model_with_homes()
    count_days(model, 130, crowded)
    cause = {"parts": [{"stage": "feature", "name": "home", "bins": [2, 3]}], "then": 0.08, "now": 0.98, "before": 0.08}
    monkeypatch.setattr(event_views.View, "_cause", lambda *_: cause)
    (event,) = judged(model)
    series = {(each.stage, each.name): each for each in Series.objects.filter(model=model)}
    assert sentence(event, Names(model), series) == (
        "From 10 to 19 June, 98 % of predictions have Home: Institution or Dormitory; against 8 % in the reference. "
        "By the model’s own scores, right decisions should fall from 84 to 77 in 100; outcomes say 78."
    )


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_one_event():
    model = model_with_homes()
    count_days(model, 104, crowded)
    at_once(lambda: judging.judge(model), lambda: judging.judge(model))
    assert DataEvent.objects.count() == 1
