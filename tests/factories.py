"""Projects, models and pushes for tests, made by the real services."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from apps.accounts.models import ApiKey, Membership, Project, Role, Scope, User
from apps.accounts.services import invitations, keys
from apps.predictions.models import BatchKind, BatchStage, Stage
from apps.predictions.reading.bodies import Body
from apps.predictions.services import pushing as predictions
from apps.predictions.services.writing import PushResult
from apps.registry.models import MonitoredModel
from apps.registry.services import registering
from apps.sampling.models import Draw, PopulationCell
from apps.sampling.services import drawing as sampling
from apps.sampling.services import keeping

_numbers = itertools.count(1)
MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def make_project(slug: str = "") -> Project:
    slug = slug or f"project-{next(_numbers)}"
    return Project.objects.create(slug=slug, name=slug.capitalize())


def make_member(project: Project, role: Role = Role.REVIEWER, **fields: Any) -> Membership:
    user = User.objects.create_user(f"person{next(_numbers)}@example.org", "a long password", **fields)
    return Membership.objects.create(project=project, user=user, role=role)


def invite_member(owner: Membership, email: str, *, role: Role = Role.REVIEWER, name: str = "") -> Membership:
    """Return somebody whom the owner invited, and who made an account."""
    _, token = invitations.invite(owner.project, email=email, role=role, by=owner.user)
    user = invitations.accept_with_new_account(keys.digest(token), name=name, password="four words of mine")
    return user.memberships.get()


def make_key(project: Project, scopes: list[str] | None = None, *, acts_for: User | None = None) -> tuple[ApiKey, str]:
    scopes = [str(scope) for scope in Scope] if scopes is None else scopes
    return keys.create_key(project, name="test", scopes=scopes, by=None, acts_for=acts_for, lifetime=None)


def model_document(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Employment",
        "question": "Is this person employed?",
        "task": "binary",
        "classes": ["no", "yes"],
        "positive_class": "yes",
        "class_labels": {"no": "Not employed", "yes": "Employed"},
        "features": [
            {"name": "age", "type": "number", "label": "Age", "group": "Person", "unit": "years"},
            {
                "name": "sex",
                "type": "category",
                "label": "Sex",
                "group": "Person",
                "codes": {"1": "male", "2": "female"},
            },
        ],
        "slices": [{"name": "sex", "feature": "sex", "edges": []}],
        "maturity_days": 30,
        **changes,
    }


def make_model(project: Project | None = None, slug: str = "", **changes: Any) -> MonitoredModel:
    return registering.put_model(
        project or make_project(), slug=slug or f"model-{next(_numbers)}", document=model_document(**changes)
    )


def prediction_row(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"case-{number}",
        "predicted_at": (MORNING + timedelta(minutes=number)).isoformat(),
        "version": "v1",
        "features": {"age": 20 + number % 60, "sex": 1 + number % 2},
        "prediction": "yes" if number % 3 else "no",
        "score": 0.9 if number % 3 else 0.2,
        "baseline": "yes" if number % 2 else "no",
        **changes,
    }


def push_predictions(model: MonitoredModel, rows: list[dict[str, Any]]) -> PushResult:
    return push_rows(BatchKind.PREDICTIONS, model, rows)


def push_outcomes(model: MonitoredModel, rows: list[dict[str, Any]]) -> PushResult:
    return push_rows(BatchKind.OUTCOMES, model, rows)


def body_of(document: Any, *, content_type: str = "application/json") -> Body:
    """Return a body as a client would send it."""
    sent = document if isinstance(document, bytes) else msgspec.json.encode(document)
    return Body.receive([sent], content_type=content_type)


def push_rows(kind: BatchKind, model: MonitoredModel, rows: list[dict[str, Any]]) -> PushResult:
    from django.db import transaction

    with transaction.atomic(), body_of({kind.value: rows}) as body:
        return predictions.store(kind, model, body)


def draw_all(model: MonitoredModel) -> None:
    """Draw all batches that are due, and read what the sample keeps of them."""
    sampling.draw_due()
    keeping.read_features()


def date_draws(model: MonitoredModel, moment: datetime, *, since: datetime = datetime(1970, 1, 1, tzinfo=UTC)) -> None:
    """Pretend that the model's draws, or those since then, were made at this moment."""
    BatchStage.objects.filter(batch__model=model, stage=Stage.DRAW, done_at__gt=since).update(done_at=moment)
    Draw.objects.filter(model=model, drawn_at__gt=since).update(drawn_at=moment)
    PopulationCell.objects.filter(model=model, drawn_from__gt=since).update(drawn_from=moment)
