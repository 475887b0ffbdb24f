"""Other pages mention events, without what a role must not see."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Role
from apps.monitoring.models import DataEvent, Series
from apps.monitoring.services import events
from tests.factories import make_member, make_model, make_project

pytestmark = pytest.mark.django_db
JUNE = date(2026, 6, 10)


def sensitive_model(*, sensitive=True):
    sex = {"name": "sex", "type": "category", "label": "Sex", "codes": {"1": "male", "2": "female"}}
    model = make_model(make_project("credit"), "loans", features=[sex | {"sensitive": sensitive}], slices=[])
    Series.objects.create(model=model, stage="feature", name="sex", bins={"names": ["1", "2"]}, place=0)
    return model


def event(model, **changes):
    cause = {"parts": [{"stage": "feature", "name": "sex", "bins": [1]}], "then": 0.5, "now": 0.9, "before": 0.5}
    fields = {"kind": "input", "first_day": JUNE, "last_day": JUNE + timedelta(days=4), "found_day": JUNE}
    return DataEvent.objects.create(model=model, changes=[], cause=cause, **(fields | changes))


def texts(model, start, end, **options):
    return [each.text for each in events.within(model, start, end, **options)]


def test_a_window_mentions_the_events_that_it_holds():
    model = sensitive_model(sensitive=False)
    event(model)
    told = "From 10 to 14 June, 90 % of predictions have Sex: female; against 50 % in the reference."
    assert texts(model, JUNE, JUNE + timedelta(days=1), shows_sensitive=False) == [told]
    assert texts(model, JUNE - timedelta(days=9), JUNE, shows_sensitive=False) == []
    assert texts(model, JUNE + timedelta(days=5), JUNE + timedelta(days=9), shows_sensitive=False) == []


def test_a_sensitive_feature_is_not_named_below_engineer():
    model = sensitive_model()
    event(model)
    (hidden,) = texts(model, JUNE, JUNE + timedelta(days=1), shows_sensitive=False)
    assert hidden == (
        "From 10 to 14 June, the data were not like the weeks before, in a feature that your role does not see."
    )
    (shown,) = texts(model, JUNE, JUNE + timedelta(days=1), shows_sensitive=True)
    assert "female" in shown


def test_what_somebody_called_normal_is_not_mentioned():
    model = sensitive_model()
    event(model, normal_at=timezone.now())
    assert texts(model, JUNE, JUNE + timedelta(days=1), shows_sensitive=True) == []


def test_what_goes_on_and_costs_comes_first_and_then_what_cost_most():
    def figures(now):
        return {"measured_before": {"value": 0.8}, "measured": {"value": now}}

    model = sensitive_model(sensitive=False)
    over = event(model, figures=figures(0.7))
    worse = event(model, last_day=None, figures=figures(0.78))
    better = event(model, last_day=None, figures=figures(0.9))
    assert events.foremost([over, better, worse]) == worse
    assert events.foremost([better, over]) == over
    assert events.foremost([better]) == better
    assert events.foremost([]) is None


def test_the_first_page_mentions_what_goes_on_before_what_is_over(client):
    model = sensitive_model(sensitive=False)
    today = timezone.now().date()
    event(model, first_day=today - timedelta(days=3), last_day=today)
    figures = {"expected_before": {"value": 0.8}, "expected": {"value": 0.7}}
    event(model, first_day=today - timedelta(days=9), last_day=None, found_day=today, figures=figures)
    client.force_login(make_member(model.project, Role.STAKEHOLDER).user)
    page = client.get("/p/credit/").content.decode()
    assert "not like the weeks before" in page
    assert "Since " in page
    assert "data/?event" not in page
