"""A user or key of project A gets 404 for every object of project B, on every route."""

import re
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from apps.accounts.models import Role
from apps.predictions.models import BatchStage, Upload
from apps.registry.models import Incident, IncidentKind, MonitoredModel
from apps.reports.models import Report, ReportJob
from apps.review.models import Decision, Dispute, Question, Slot
from apps.review.services import open_due_items
from apps.sampling.services import policies
from tests.factories import (
    draw_all,
    make_key,
    make_member,
    make_model,
    make_project,
    prediction_row,
    push_predictions,
)

pytestmark = pytest.mark.django_db

# Routes that show nothing of a project: signing in, health, a person's own account, the API's description.
WITHOUT_PROJECT = {"home", "glossary", "setup", "enter", "healthz", "readyz", "schema", "api_limits", "demo_progress"}
# Routes that name a project and no other object: the project's own members see its objects alone.
PROJECT_ONLY = {"project", "members", "api_keys", "api_key_create", "audit", "audit_csv", "questions", "api_models"}
METHODS = ("get", "post", "put", "patch", "delete")


def routes(patterns: Any = None, prefix: str = "") -> list[tuple[str, str]]:
    """Return the name and pattern of every route."""
    pairs = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            pairs += routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            pairs.append((str(pattern.name), prefix + str(pattern.pattern)))
    return pairs


def shows_a_project(name: str, route: str) -> bool:
    return not (route.startswith("accounts/") or name in WITHOUT_PROJECT)


PAGES = [r for r in routes() if shows_a_project(*r) and not r[1].startswith("api/")]
CALLS = [r for r in routes() if shows_a_project(*r) and r[1].startswith("api/") and r[0] not in PROJECT_ONLY]


class World:
    """A project with one of everything, its model named `theirs`."""

    def __init__(self) -> None:
        self.project = make_project("b-project")
        self.member = make_member(self.project, Role.OWNER)
        self.key, _ = make_key(self.project, acts_for=self.member.user)
        self.model = make_model(self.project, "theirs")
        policies.put_document(self.model, {"floor": 1.0})
        push_predictions(self.model, [prediction_row(1)])
        draw_all(self.model)
        open_due_items()
        window = {"model": self.model, "kind": "value", "start": date(2026, 3, 1), "end": date(2026, 4, 1)}
        self.report = Report.objects.create(
            **window,
            seq=1,
            as_of=timezone.now(),
            configuration_hash="x",
            document={},
        )
        seen = {"first_seen_at": timezone.now(), "last_seen_at": timezone.now(), "rows": 1}
        self.incident = Incident.objects.create(model=self.model, kind=IncidentKind.OUTCOMES_PARKED, **seen)
        self.job = ReportJob.objects.create(**window)
        self.upload = Upload.objects.create(
            model=self.model, kind="predictions", form="csv", name="theirs.csv", size=1, confirmed_at=timezone.now()
        )

        slot = Slot.objects.get()
        decision = Decision.objects.create(
            slot=slot,
            item=slot.item,
            reviewer=self.member.user,
            was_blind=True,
            verdict="escalate",
            lease_token=uuid4(),
        )
        self.dispute = Dispute.objects.create(decision=decision, item=slot.item, round=1)
        self.question = Question.objects.create(slot=slot, decision=decision, asked_by=self.member.user, text="Why?")

    @property
    def values(self) -> dict[str, Any]:
        """The value of each parameter of a route."""
        return {
            "model": self.model.slug,
            "queue": self.model.queues.get().pk,
            "slot": Slot.objects.get().pk,
            "report": self.report.pk,
            "job": self.job.pk,
            "member": self.member.pk,
            "key": self.key.pk,
            "stage": BatchStage.objects.first().pk,
            "item": Slot.objects.get().item_id,
            "kind": "value",
            "pk": self.job.pk,
            "incident": self.incident.pk,
            "upload": self.upload.pk,
            "user": self.member.user_id,
            "dispute": self.dispute.pk,
            "question": self.question.pk,
        }


def filled(route: str, values: dict[str, Any]) -> str:
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(values[part[1]]), route)


@pytest.fixture
def theirs() -> World:
    return World()


@pytest.fixture
def mine():
    project = make_project("a-project")
    make_model(project, "mine")
    return make_member(project, Role.OWNER)


def statuses(client: Client, url: str) -> dict[str, int]:
    answers = {method: getattr(client, method)(url, content_type="application/json") for method in METHODS}
    return {method: answer.status_code for method, answer in answers.items() if answer.status_code != 405}


@pytest.mark.parametrize(("name", "route"), PAGES, ids=[name for name, _ in PAGES])
def test_no_page_shows_anything_of_another_project(theirs, mine, name, route):
    client = Client()
    client.force_login(mine.user)
    in_theirs = statuses(client, filled(route, {**theirs.values, "project": "b-project"}))
    assert in_theirs
    assert set(in_theirs.values()) == {404}, in_theirs
    if name not in PROJECT_ONLY:
        # Under the address of one's own project, their objects do not exist either.
        in_mine = statuses(client, filled(route, {**theirs.values, "project": "a-project"}))
        assert set(in_mine.values()) == {404}, in_mine


@pytest.mark.parametrize(("name", "route"), CALLS, ids=[name for name, _ in CALLS])
def test_no_call_reaches_anything_of_another_project(theirs, mine, name, route):
    _, text = make_key(mine.project, acts_for=mine.user)
    client = Client(headers={"authorization": f"Bearer {text}"})
    answers = statuses(client, filled(route, theirs.values))
    assert answers
    if name == "api_model":
        # The name is free in one's own project, so PUT would make a model there. The document is empty: 400.
        assert answers.pop("put") == 400
        assert MonitoredModel.objects.in_project(theirs.project).get().pk == theirs.model.pk
    assert set(answers.values()) == {404}, answers


def test_signed_out_people_are_sent_to_sign_in(theirs):
    for name, route in PAGES:
        answer = Client().get(filled(route, {**theirs.values, "project": "b-project"}))
        assert answer.status_code in {302, 405}, name
