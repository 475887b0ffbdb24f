"""The model page archives, restores and deletes."""

import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.registry.models import MonitoredModel
from tests.factories import make_member, make_model, make_project, prediction_row, push_predictions

pytestmark = pytest.mark.django_db
PAGE = "/p/office/models/loans/"


@pytest.fixture
def model() -> MonitoredModel:
    return make_model(make_project("office"), "loans", name="Loans")


def signed_in(model: MonitoredModel, role: Role) -> Client:
    client = Client()
    client.force_login(make_member(model.project, role).user)
    return client


def test_an_engineer_archives_and_restores(model: MonitoredModel) -> None:
    client = signed_in(model, Role.ENGINEER)
    assert "Archive the model" in client.get(PAGE).content.decode()
    shown = client.post(f"{PAGE}archive/", {"act": "archive"}, follow=True).content.decode()
    assert "Loans is archived. Everything it holds stays readable." in shown
    assert "Restore the model" in shown
    assert '<span class="pill warn">archived</span>' in shown
    shown = client.post(f"{PAGE}archive/", {"act": "restore"}, follow=True).content.decode()
    assert "Loans is at work again." in shown
    assert "Delete the empty model" not in shown


def test_an_owner_deletes_an_empty_model_and_is_told_why_not_another(model: MonitoredModel) -> None:
    client = signed_in(model, Role.OWNER)
    assert "Delete the empty model" in client.get(PAGE).content.decode()
    push_predictions(model, [prediction_row(1)])
    assert "Delete the empty model" not in client.get(PAGE).content.decode()
    assert "This model holds predictions" in client.post(f"{PAGE}delete/", follow=True).content.decode()
    make_model(model.project, "empty", name="Trial")
    assert "Trial is deleted." in client.post("/p/office/models/empty/delete/", follow=True).content.decode()
    assert list(MonitoredModel.objects.all()) == [model]
