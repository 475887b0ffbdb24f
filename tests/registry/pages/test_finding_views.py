"""Pages of findings, and of what is done about an incident."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Role
from apps.notifications.models import Notice
from apps.notifications.services.noticing import notice_due
from apps.registry.models import Finding, Incident, IncidentKind, MonitoredModel
from apps.registry.services import findings
from tests.factories import MORNING, make_member, make_model
from tests.pages import shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> MonitoredModel:
    return make_model()


def client_of(model: MonitoredModel, role: Role) -> Client:
    visitor = Client()
    visitor.force_login(make_member(model.project, role).user)
    return visitor


def listed(model: MonitoredModel) -> str:
    return reverse("findings", args=[model.project.slug, model.slug])


def test_a_validator_writes_a_finding_and_its_owner_is_told(model: MonitoredModel) -> None:
    engineer = make_member(model.project, Role.ENGINEER)
    validator = client_of(model, Role.VALIDATOR)
    notice_due()
    fields = {"title": "Ages stop at 80.", "text": "Older people are missing.", "owner": engineer.user_id}
    page = shown(validator.post(listed(model), fields | {"due_on": "2026-12-31"}, follow=True))
    assert all(told in page for told in ("Ages stop at 80.", "Older people are missing.", "2026-12-31"))
    notice_due()
    assert Notice.objects.get(user=engineer.user).url == reverse(
        "finding", args=[model.project.slug, Finding.objects.get().pk]
    )


def test_what_was_typed_stays_where_a_field_is_wrong(model: MonitoredModel) -> None:
    answer = client_of(model, Role.VALIDATOR).post(listed(model), {"title": "", "text": "Half a thought."})
    assert answer.status_code == 400
    assert "Half a thought." in answer.content.decode()
    assert not Finding.objects.exists()


def test_findings_are_searched_listed_by_state_and_downloaded(model: MonitoredModel) -> None:
    validator = make_member(model.project, Role.VALIDATOR)
    findings.write(model, "Ages stop at 80.", by=validator)
    findings.close(findings.write(model, "Wages are in pence.", by=validator), by=validator)
    visitor = client_of(model, Role.ENGINEER)
    assert "Wages" not in shown(visitor.get(listed(model)))
    assert "Ages" not in shown(visitor.get(listed(model), {"text": "wages", "state": "all"}))
    lines = visitor.get(reverse("findings_csv", args=[model.project.slug, model.slug]), {"state": "closed"})
    assert "Wages are in pence." in b"".join(lines.streaming_content).decode()


def test_a_finding_past_its_date_is_late_until_it_is_closed(model: MonitoredModel) -> None:
    validator = make_member(model.project, Role.VALIDATOR)
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date()
    late = findings.write(model, "Ages stop at 80.", due_on=yesterday, by=validator)
    visitor = client_of(model, Role.VALIDATOR)
    assert "late" in shown(visitor.get(listed(model)))
    visitor.post(reverse("finding", args=[model.project.slug, late.pk]), {"act": "close"})
    assert "late" not in shown(visitor.get(listed(model), {"state": "all"}))


def test_an_engineer_says_what_was_done_about_an_incident_and_others_read_it(model: MonitoredModel) -> None:
    incident = Incident.objects.create(
        model=model, kind=IncidentKind.FEATURE_NEW, feature="age", first_seen_at=MORNING, last_seen_at=MORNING, rows=1
    )
    address = reverse("incident", args=[model.project.slug, incident.pk])
    engineer, reader = client_of(model, Role.ENGINEER), client_of(model, Role.STAKEHOLDER)
    engineer.post(address, {"cause": "A new form.", "action": "Declared it.", "helped": "yes"})
    page = shown(reader.get(address))
    assert all(told in page for told in ("A new form.", "Declared it.", "It helped"))
    assert reader.post(address, {"cause": "Mine."}).status_code == 403
