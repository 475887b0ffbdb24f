"""Cohorts are days in the project's time zone: provisional until outcomes come, final after the horizon."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from apps.accounts.models import Project
from apps.truth.services import resolving
from apps.truth.services.cohorts import cohorts, is_final
from tests.factories import (
    date_draws,
    draw_all,
    make_model,
    make_project,
    prediction_row,
    push_outcomes,
    push_predictions,
)

pytestmark = pytest.mark.django_db

START, END = date(2026, 3, 1), date(2026, 4, 1)
DRAWN = datetime(2026, 3, 10, tzinfo=UTC)


def on(day: int, number: int, hour: int = 12) -> dict:
    return prediction_row(number, predicted_at=f"2026-03-{day:02}T{hour:02}:00:00Z")


def outcome(number: int) -> dict:
    return {"id": f"case-{number}", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}


def states(model, *, as_of: datetime, seq: int = 99) -> list[tuple]:
    days = cohorts(model, start=START, end=END, seq=seq, as_of=as_of)
    return [(cohort.day.day, cohort.n, cohort.outcomes, cohort.absent, cohort.state) for cohort in days]


def test_a_day_is_provisional_then_maturing_then_final():
    model = make_model(maturity_days=30)
    push_predictions(model, [on(2, 1), on(2, 2), on(5, 3), on(9, 4)])
    draw_all(model)
    date_draws(model, DRAWN)
    push_outcomes(model, [outcome(1), outcome(3)])
    resolving.resolve_due()

    assert states(model, as_of=datetime(2026, 4, 5, tzinfo=UTC)) == [
        (2, 2, 1, 0, "final"),
        (5, 1, 1, 0, "final"),
        (9, 1, 0, 0, "provisional"),
    ]
    assert states(model, as_of=datetime(2026, 4, 4, tzinfo=UTC))[1][-1] == "maturing"
    # As of a number before the outcomes, none is known.
    assert states(model, as_of=datetime(2026, 4, 4, tzinfo=UTC), seq=0)[0][2] == 0


def test_the_rule_for_absent_outcomes_settles_final_days_only():
    model = make_model(maturity_days=30, outcome_if_absent="no")
    push_predictions(model, [on(2, 1), on(2, 2), on(9, 3)])
    draw_all(model)
    date_draws(model, DRAWN)
    push_outcomes(model, [outcome(1)])
    resolving.resolve_due()

    assert states(model, as_of=datetime(2026, 4, 5, tzinfo=UTC)) == [
        (2, 2, 1, 1, "final"),
        (9, 1, 0, 0, "provisional"),
    ]


def test_days_are_in_the_projects_time_zone():
    project = make_project()
    Project.objects.filter(pk=project.pk).update(time_zone="America/New_York")
    project.refresh_from_db()
    model = make_model(project, maturity_days=1)
    push_predictions(model, [on(3, 1, hour=2)])  # the evening of the 2nd in New York
    draw_all(model)
    date_draws(model, DRAWN)
    push_outcomes(model, [outcome(1)])
    resolving.resolve_due()

    assert states(model, as_of=datetime(2026, 4, 5, tzinfo=UTC))[0][:3] == (2, 1, 1)
    assert not is_final(model, date(2026, 3, 2), as_of=datetime(2026, 3, 4, 4, 59, tzinfo=UTC))
    assert is_final(model, date(2026, 3, 2), as_of=datetime(2026, 3, 4, 5, 0, tzinfo=UTC))


def test_as_of_a_moment_later_draws_and_later_days_do_not_exist():
    model = make_model(maturity_days=1)
    push_predictions(model, [on(2, 1), on(12, 2)])
    draw_all(model)
    date_draws(model, DRAWN)
    push_outcomes(model, [outcome(1), outcome(3)])
    push_predictions(model, [on(2, 3), on(2, 4)])  # drawn today
    draw_all(model)
    resolving.resolve_due()

    assert states(model, as_of=DRAWN) == [(2, 1, 1, 0, "final")]
    assert states(model, as_of=datetime(2026, 3, 12, tzinfo=UTC)) == [
        (2, 1, 1, 0, "final"),
        (12, 1, 0, 0, "provisional"),
    ]
    assert states(model, as_of=timezone.now())[0] == (2, 3, 2, 0, "final")
