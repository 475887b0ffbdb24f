"""Listing, archiving and deleting models over HTTP."""

import pytest
from django.test import Client

from apps.accounts.models import Role
from tests.factories import make_key, make_member, make_model, make_project, prediction_row, push_predictions

pytestmark = pytest.mark.django_db


class Api:
    def __init__(self, role: Role | None = None) -> None:
        self.project = make_project()
        user = make_member(self.project, role).user if role else None
        self.client = Client(headers={"authorization": f"Bearer {make_key(self.project, acts_for=user)[1]}"})

    def ask(self, method: str, path: str, body: object = None):
        return self.client.generic(method, f"/api/v1/models{path}", body or "", "application/json")

    def listed(self, query: str = "") -> list[str]:
        return [model["model"] for model in self.ask("GET", query).json()["models"]]


def test_models_are_listed_newest_first_and_archived_ones_on_demand():
    api = Api(Role.ENGINEER)
    for slug in ("loans", "cards", "homes"):
        make_model(api.project, slug)
    make_model(make_project(), "elsewhere")
    assert api.ask("POST", "/cards/archive").json()["archived_at"] is not None
    assert api.listed() == ["homes", "loans"]
    assert api.listed("?state=archived") == ["cards"]
    assert api.listed("?state=all") == ["homes", "cards", "loans"]
    first = api.ask("GET", "?state=all&limit=2").json()
    assert api.listed(f"?state=all&cursor={first['next']}") == ["loans"]
    assert api.ask("GET", "?state=other").status_code == 400
    (loans,) = [model for model in first["models"] if model["model"] == "cards"]
    assert set(loans) == {"model", "name", "question", "task", "created_at", "archived_at"}


def test_a_push_to_an_archived_model_is_refused_until_it_is_restored():
    api = Api(Role.ENGINEER)
    make_model(api.project, "loans")
    body = '{"predictions": []}'
    assert api.ask("POST", "/loans/archive").status_code == 200
    refused = api.ask("POST", "/loans/predictions", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "model_archived")
    assert api.ask("GET", "/loans").json()["archived_at"] is not None
    assert api.ask("POST", "/loans/restore").json()["archived_at"] is None
    assert api.ask("POST", "/loans/predictions", body).status_code == 200


def test_an_empty_model_is_deleted_and_another_is_kept():
    api = Api(Role.OWNER)
    full = make_model(api.project, "full")
    make_model(api.project, "empty")
    push_predictions(full, [prediction_row(1)])
    assert [api.ask("DELETE", f"/{slug}").status_code for slug in ("empty", "empty", "full")] == [204, 404, 409]
    assert api.ask("DELETE", "/full").json()["message"] == (
        "This model holds predictions, which are kept. Archive it instead."
    )
    assert api.listed() == ["full"]


@pytest.mark.parametrize(
    ("role", "archive", "delete"),
    [(Role.ADJUDICATOR, 403, 403), (Role.ENGINEER, 200, 403), (Role.OWNER, 200, 204), (None, 200, 403)],
)
def test_engineers_archive_and_owners_delete(role, archive, delete):
    api = Api(role)
    make_model(api.project, "loans")
    assert api.ask("POST", "/loans/archive").status_code == archive
    assert api.ask("DELETE", "/loans").status_code == delete
