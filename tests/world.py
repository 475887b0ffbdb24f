"""A project with one of everything, for tests that go through all routes."""

import re
from datetime import date
from typing import Any
from uuid import uuid4

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from apps.accounts.models import Role
from apps.accounts.services import invitations
from apps.explanations.models import Artifact
from apps.monitoring.models import DataEvent, Reference
from apps.notifications.models import Alert, Notice
from apps.notifications.services import subscribing
from apps.notifications.services.subscribing import Wanted
from apps.planning.models import Draft, Replay
from apps.planning.services.replay_totals import Totals
from apps.predictions.models import BatchStage, Upload
from apps.registry.models import Finding, Incident, IncidentKind, ModelVersion
from apps.reports.models import ComparisonJob, ReportJob
from apps.retraining.models import StudyJob
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
from tests.notifications.receiver import make_endpoint
from tests.reports.stored import make_report, make_stored_comparison, sides_of

# What a replay finds of days without predictions
EMPTY = Totals(seed=1).document | {"waiting": 0}


class Route:
    """A route: its name, its pattern, and the view behind it."""

    def __init__(self, pattern: URLPattern, prefix: str) -> None:
        self.name, self.pattern, self.view = str(pattern.name), prefix + str(pattern.pattern), pattern.callback
        self.is_api = self.pattern.startswith("api/")
        self.parameters = re.findall(r"<(?:\w+:)?(\w+)>", self.pattern)

    def __repr__(self) -> str:
        return self.name

    def path(self, values: dict[str, Any]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(values[part[1]]), self.pattern)


def routes(patterns: Any = None, prefix: str = "") -> list[Route]:
    """Return every route of the product."""
    found: list[Route] = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            found += routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            found.append(Route(pattern, prefix))
    return found


class World:
    """A project with one of everything, and the value of each parameter of a route."""

    def __init__(self, slug: str = "office") -> None:
        self.project = make_project(slug)
        self.member = member = make_member(self.project, Role.OWNER)
        key, _ = make_key(self.project, acts_for=member.user)
        invited, _ = invitations.invite(self.project, email="bo@example.org", role=Role.REVIEWER, by=member.user)
        self.model = make_model(self.project, f"{slug}-model")
        policies.put_document(self.model, {"floor": 1.0})
        push_predictions(self.model, [prediction_row(1, hold_until=timezone.now().isoformat())])
        draw_all(self.model)
        open_due_items()
        slot = Slot.objects.in_project(self.project).get()
        decision = Decision.objects.create(
            slot=slot, item=slot.item, reviewer=member.user, was_blind=True, verdict="escalate", lease_token=uuid4()
        )
        window = {"model": self.model, "kind": "value", "start": date(2026, 3, 1), "end": date(2026, 4, 1)}
        report = make_report(self.model)
        seen = {"first_seen_at": timezone.now(), "last_seen_at": timezone.now(), "rows": 1}
        incident = Incident.objects.create(model=self.model, kind=IncidentKind.OUTCOMES_PARKED, **seen)
        job = ReportJob.objects.create(**window)
        compared = make_stored_comparison(self.model)
        comparing = ComparisonJob.objects.create(**sides_of(self.model))
        upload = Upload.objects.create(
            model=self.model, kind="predictions", form="csv", name="rows.csv", size=1, confirmed_at=timezone.now()
        )
        DataEvent.objects.create(
            model=self.model, kind="input", first_day=date(2026, 3, 1), found_day=date(2026, 3, 2), changes=[]
        )
        Reference.objects.create(
            model=self.model, number=1, source="uploaded", rows=100, counts=b"", sums=b"", sample=b""
        )
        version = ModelVersion.objects.get(model=self.model)
        artifact = Artifact.objects.create(
            version=version, format="xgboost", sha256=b"0" * 32, size=2, spec={"features": [{"name": "age"}]}
        )
        alert = Alert.objects.create(
            model=self.model, kind="drift", state="firing", fired_at=timezone.now(), value=1, title="It moved.", url="/"
        )
        dispute = Dispute.objects.create(decision=decision, item=slot.item, round=1)
        question = Question.objects.create(slot=slot, decision=decision, asked_by=member.user, text="Why?")
        window = {"start": timezone.now(), "end": timezone.now()}
        replay = Replay.objects.create(
            model=self.model,
            document={"floor": 1.0, "policies": []},
            result=EMPTY,
            finished_at=timezone.now(),
            **window,
        )
        draft = Draft.objects.create(
            model=self.model,
            owner=make_member(self.project, Role.ENGINEER).user,
            document=policies.current_document(self.model),
            based_on=policies.current_number(self.model),
            proposed_at=timezone.now(),
        )
        finding = Finding.objects.create(model=self.model, title="Women are refused more often.")
        notice = Notice.objects.create(
            user=member.user, project=self.project, model=self.model, kind="alert", key="alert", title="Look.", url="/"
        )
        wanted = Wanted("daily", "last_28_days", model=self.model, kind="value", hour=8)
        subscription = subscribing.subscribe(self.project, wanted, user=member.user)
        self.values: dict[str, Any] = {
            "project": slug,
            "model": self.model.slug,
            "queue": self.model.queues.get().pk,
            "slot": slot.pk,
            "item": slot.item_id,
            "prediction": slot.item.prediction.external_id,
            "case": slot.item.prediction_id,
            "form": "csv",
            "report": report.pk,
            "job": job.pk,
            "pk": job.pk,
            "kind": "value",
            "member": member.pk,
            "user": member.user_id,
            "invitation": invited.pk,
            "key": key.pk,
            "stage": BatchStage.objects.filter(batch__model=self.model).first().pk,
            "incident": incident.pk,
            "finding": finding.pk,
            "upload": upload.pk,
            "study_job": StudyJob.objects.create(model=self.model, days=180).pk,
            "dispute": dispute.pk,
            "question": question.pk,
            "alert": alert.pk,
            "endpoint": make_endpoint(self.project, "https://hooks.example.org").pk,
            "notice": notice.pk,
            "subscription": subscription.pk,
            "schedule": subscription.schedule_id,
            "artifact": artifact.pk,
            "version": version.name,
            "draft": draft.pk,
            "replay": replay.pk,
            "number": 1,
            "comparison": compared.pk,
            "comparing": comparing.pk,
            "session": 1,
            "token": "none",
        }
