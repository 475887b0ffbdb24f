"""Findings over HTTP: written by validators, followed up by engineers, closed by those who wrote them."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.audit.models import Entry
from apps.registry.models import Finding
from tests.factories import make_key, make_member, make_model, make_project

pytestmark = pytest.mark.django_db

TITLE = "Women are refused more often than their outcomes explain."


class Api:
    """A key that acts for somebody with a role."""

    def __init__(self, role: Role, *, project: Any = None) -> None:
        self.project = project or make_project()
        self.model = self.project.models.first() or make_model(self.project, "loans")
        self.user = make_member(self.project, role).user
        _, text = make_key(self.project, acts_for=self.user)
        self.client = Client(headers={"authorization": f"Bearer {text}"})

    def write(self, **fields: Any) -> Any:
        body = {"title": TITLE} | fields
        return self.client.post("/api/v1/models/loans/findings", body, content_type="application/json")

    def change(self, finding: int, **fields: Any) -> Any:
        return self.client.patch(f"/api/v1/findings/{finding}", fields, content_type="application/json")

    def titles(self, query: str = "") -> list[str]:
        return [each["title"] for each in self.client.get(f"/api/v1/models/loans/findings{query}").json()["findings"]]


def test_a_validator_writes_a_finding_for_an_engineer_who_says_what_was_done() -> None:
    validator = Api(Role.VALIDATOR)
    engineer = Api(Role.ENGINEER, project=validator.project)
    written = validator.write(owner=engineer.user.email, due_on="2026-12-31")
    assert (written.status_code, written.json()["owner"]) == (201, engineer.user.email)
    changed = engineer.change(written.json()["id"], cause="The income field.", action="Left it out.", helped="partly")
    assert {name: changed.json()[name] for name in ("cause", "action", "helped", "due_on")} == {
        "cause": "The income field.",
        "action": "Left it out.",
        "helped": "partly",
        "due_on": "2026-12-31",
    }
    assert list(Entry.objects.filter(subject=f"finding {written.json()['id']}").values_list("act", flat=True)) == [
        "finding.written",
        "finding.followed",
    ]


def test_the_record_keeps_no_text_of_a_finding() -> None:
    validator = Api(Role.VALIDATOR)
    finding = validator.write(text="Jane Roe was refused.").json()["id"]
    validator.change(finding, cause="Jane Roe moved.")
    assert not [entry for entry in Entry.objects.all() if "Roe" in str(entry.details) + entry.subject]


def test_an_engineer_cannot_close_a_finding_and_its_validator_can() -> None:
    validator = Api(Role.VALIDATOR)
    engineer = Api(Role.ENGINEER, project=validator.project)
    finding = validator.write().json()["id"]
    refused = engineer.change(finding, is_open=False)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    assert validator.change(finding, is_open=False).json()["closed_by"] == validator.user.display_name
    assert (validator.titles(), validator.titles("?state=closed")) == ([], [TITLE])
    again = validator.change(finding, is_open=False)
    assert (again.status_code, again.json()["code"]) == (409, "finding_unchanged")
    assert validator.change(finding, is_open=True).json()["closed_at"] is None


def test_a_stakeholder_cannot_own_a_finding() -> None:
    validator = Api(Role.VALIDATOR)
    reader = make_member(validator.project, Role.STAKEHOLDER).user
    refused = validator.write(owner=reader.email)
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_owner")
    assert not Finding.objects.exists()


def test_a_key_that_acts_for_nobody_writes_no_finding() -> None:
    model = make_model(slug="loans")
    _, text = make_key(model.project)
    headers = {"authorization": f"Bearer {text}"}
    answer = Client(headers=headers).post("/api/v1/models/loans/findings", {"title": TITLE}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "key_acts_for_nobody")
