"""A model with a file that reproduces its predictions."""

import io
from typing import Any

from apps.accounts.models import Project
from apps.explanations.models import Artifact
from apps.explanations.services import checking, registering
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from tests.explanations.models import FEATURES, model_file, scores
from tests.factories import make_model, prediction_row, push_predictions

DECLARED = [
    {"name": "age", "type": "number", "label": "Age", "group": "Person", "unit": "years"},
    {"name": "hours", "type": "number", "label": "Hours a week", "group": "Work"},
    {"name": "sex", "type": "category", "label": "Sex", "group": "Person", "codes": {"1": "male", "2": "female"}},
]


def make_scored_model(project: Project | None = None, slug: str = "", **changes: Any) -> MonitoredModel:
    return make_model(project, slug, features=changes.pop("features", DECLARED), slices=[], **changes)


def features_of(number: int) -> dict[str, Any]:
    """The features of the n-th prediction; every tenth lacks its hours."""
    hours = None if number % 10 == 0 else (7 * number) % 60
    return {"age": 17 + (11 * number) % 70, "hours": hours, "sex": 1 + number % 2}


def scored_rows(numbers: range, **changes: Any) -> list[dict[str, Any]]:
    """Rows as a client would send them that scores with the file."""
    documents = [features_of(number) for number in numbers]
    return [
        prediction_row(number, features=features, score=score, prediction="yes" if score >= 0.5 else "no", **changes)
        for number, features, score in zip(numbers, documents, scores(documents), strict=True)
    ]


def push_scored(model: MonitoredModel, count: int = 60, *, start: int = 1, **changes: Any) -> list[Prediction]:
    push_predictions(model, scored_rows(range(start, start + count), **changes))
    return list(Prediction.objects.filter(model=model).order_by("pk"))


def register_file(
    model: MonitoredModel, *, version: str = "v1", content: bytes | None = None, **document: Any
) -> Artifact:
    document.setdefault("features", list(FEATURES))
    file = io.BytesIO(model_file() if content is None else content)
    return registering.register(model, version, file, name="model.json", document=document, by=None).artifact


def ready_file(model: MonitoredModel, **options: Any) -> Artifact:
    """Register a file and check it."""
    artifact = register_file(model, **options)
    checking.check_due()
    artifact.refresh_from_db()
    return artifact
