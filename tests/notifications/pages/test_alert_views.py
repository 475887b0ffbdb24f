"""Alerts are listed, searched and exported; acknowledged and muted; their rules are changed on a page."""

import csv

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Role
from apps.notifications.models import Alert, Rule
from apps.notifications.services import alerting
from tests.factories import make_member, make_model, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def model():
    return make_model(make_project("credit"), "loans")


@pytest.fixture
def client(model):
    client = Client()
    client.force_login(make_member(model.project, Role.ENGINEER).user)
    return client


def alert(model, title="Income moved.", **changes):
    fields = {"kind": "drift", "state": "firing", "fired_at": timezone.now(), "value": 0.04, "url": "/p/credit/"}
    return Alert.objects.create(model=model, title=title, **(fields | changes))


def listed(client, query=""):
    return client.get(f"/p/credit/alerts/{query}").content.decode()


def test_alerts_are_listed_and_filtered_and_pending_ones_are_not(client, model):
    alert(model)
    alert(model, "Age moved.", subject="2", state="resolved", resolved_at=timezone.now())
    alert(model, "Not yet.", subject="3", state="pending", fired_at=None)
    page = listed(client)
    assert "2 alerts" in page
    assert "Not yet." not in page
    assert "Age moved." not in listed(client, "?state=firing")
    assert "Income moved." not in listed(client, "?text=age")
    assert "No alerts match" in listed(client, "?kind=silence")
    assert "2 alerts" in listed(client, "?model=loans&state=nonsense")


def test_the_list_is_downloaded_as_filtered(client, model):
    alert(model)
    alert(model, "=cmd", subject="2")
    answer = client.get("/p/credit/alerts/alerts.csv?text=moved")
    (row,) = csv.DictReader(b"".join(answer.streaming_content).decode().splitlines())
    assert (row["model"], row["rule"], row["title"]) == ("loans", "drift", "Income moved.")


def test_an_alert_is_acknowledged_and_muted(client, model):
    found = alert(model)
    url = f"/p/credit/alerts/{found.pk}/"
    assert "Income moved." in client.get(url).content.decode()
    client.post(f"{url}act/", {"act": "acknowledge", "days": 3})
    found.refresh_from_db()
    assert found.state == Alert.State.ACKNOWLEDGED
    client.post(f"{url}act/", {"act": "mute", "days": 3})
    assert Rule.objects.get().muted_until > timezone.now()
    answer = client.post(f"{url}act/", {"act": "mute", "days": 0}, follow=True)
    assert "from 1 to 90" in answer.content.decode()


def test_what_is_over_cannot_be_acknowledged(client, model):
    found = alert(model, state="resolved", resolved_at=timezone.now())
    answer = client.post(f"/p/credit/alerts/{found.pk}/act/", {"act": "acknowledge", "days": 3}, follow=True)
    assert "over already" in answer.content.decode()


def test_a_rule_is_changed_in_points(client, model):
    url = "/p/credit/models/loans/rules/"
    assert 'value="1"' in client.get(url).content.decode()
    client.post(url, {"kind": "drift", "is_on": "on", "level": "2.5"})
    assert alerting.rules_of(model)["drift"].level == pytest.approx(0.025)
    client.post(url, {"kind": "drift", "level": "2.5"})
    assert not alerting.rules_of(model)["drift"].is_on
    answer = client.post(url, {"kind": "drift", "level": "many"}, follow=True)
    assert "The level is a number" in answer.content.decode()
    assert "no such rule" in client.post(url, {"kind": "weather"}, follow=True).content.decode()


def test_a_rule_that_hardly_anybody_acts_on_is_marked(client, model):
    for number in range(6):
        alert(model, subject=str(number), is_acted_on=number == 0)
    assert "hardly anybody acts on it" in client.get("/p/credit/models/loans/rules/").content.decode()


@pytest.mark.parametrize("path", ["alerts/", "alerts/alerts.csv", "models/loans/rules/"])
def test_they_are_for_engineers(model, path):
    client = Client()
    client.force_login(make_member(model.project, Role.ADJUDICATOR).user)
    assert client.get(f"/p/credit/{path}").status_code == 403
