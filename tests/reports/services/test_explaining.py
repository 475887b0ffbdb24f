"""Months that are over are compared with the month before by themselves, once somebody follows them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from apps.home.services.months import following
from apps.registry.models import MonitoredModel
from apps.reports.models import ComparisonJob, Kind
from apps.reports.services.explaining import explain_due
from apps.reports.services.following import follow
from tests.factories import make_model
from tests.home.planted import BEFORE, LAST, TODAY, plant

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)


def planted(month: date = LAST, *, before: date | None = BEFORE) -> MonitoredModel:
    model = make_model()
    for each in filter(None, (before, month)):
        plant(model, Kind.PERFORMANCE, (0.9, 0.88, 0.92), month=each, created_at=NOW)
    return model


def test_a_followed_month_is_compared_once() -> None:
    model = planted()
    assert explain_due(now=NOW) == 0
    follow(model, Kind.PERFORMANCE, LAST, following(LAST))
    assert explain_due(now=NOW) == 1
    assert explain_due(now=NOW) == 0
    job = ComparisonJob.objects.get()
    assert (job.model, job.kind, job.first_start, job.second_start) == (model, "performance", BEFORE, LAST)


def test_a_month_under_way_and_one_without_a_month_before_are_not() -> None:
    this = TODAY.replace(day=1)
    for model, month in ((planted(this, before=LAST), this), (planted(before=None), LAST)):
        follow(model, Kind.PERFORMANCE, month, following(month))
    assert explain_due(now=NOW) == 0


def test_old_figures_are_left_alone() -> None:
    follow(planted(), Kind.PERFORMANCE, LAST, following(LAST))
    assert explain_due(now=NOW + timedelta(days=2)) == 0
