"""Subscriptions in the API: of the person that the key acts for, in the key's project."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.notifications.models import Subscription
from apps.registry.models import MonitoredModel
from tests.factories import make_key, make_member
from tests.notifications.subscribers import subscribe
from tests.reports.stored import report_model

pytestmark = pytest.mark.django_db

URL = "/api/v1/subscriptions"
BODY = {
    "kind": "value",
    "window": "last_28_days",
    "cadence": "weekly",
    "day": 1,
    "hour": 8,
    "time_zone": "Europe/Berlin",
}


@pytest.fixture
def model() -> MonitoredModel:
    return report_model()


@pytest.fixture
def headers(model: MonitoredModel) -> dict[str, str]:
    member = make_member(model.project, Role.STAKEHOLDER)
    _, token = make_key(model.project, ["reports:read", "reports:write"], acts_for=member.user)
    return {"Authorization": f"Bearer {token}"}


def call(client: Client, method: str, headers: dict[str, str], path: str = URL, body: Any = None) -> Any:
    return client.generic(
        method,
        path,
        data="" if body is None else __import__("json").dumps(body),
        content_type="application/json",
        headers=headers,
    )


def test_a_person_subscribes_lists_and_leaves(client: Client, model: MonitoredModel, headers: dict[str, str]) -> None:
    made = call(client, "POST", headers, body=BODY | {"model": model.slug})
    assert made.status_code == 201
    listed = call(client, "GET", headers).json()["subscriptions"]
    assert listed == [made.json()]
    assert {name: listed[0][name] for name in BODY} == BODY
    assert call(client, "DELETE", headers, f"{URL}/{listed[0]['id']}").status_code == 204
    assert call(client, "GET", headers).json() == {"subscriptions": []}


def test_what_cannot_be_is_refused_in_words(client: Client, model: MonitoredModel, headers: dict[str, str]) -> None:
    answer = call(client, "POST", headers, body=BODY | {"model": model.slug, "hour": None})
    assert answer.status_code == 400
    assert "Choose an hour from 0 to 23." in answer.content.decode()


def test_nobody_ends_what_others_get(client: Client, model: MonitoredModel, headers: dict[str, str]) -> None:
    other = subscribe(make_member(model.project), model)
    assert call(client, "DELETE", headers, f"{URL}/{other.pk}").status_code == 404
    assert Subscription.objects.active().count() == 1


def test_a_key_that_acts_for_nobody_subscribes_nobody(client: Client, model: MonitoredModel) -> None:
    _, token = make_key(model.project, ["reports:read", "reports:write"])
    answer = call(client, "POST", {"Authorization": f"Bearer {token}"}, body=BODY | {"model": model.slug})
    assert answer.status_code == 403
