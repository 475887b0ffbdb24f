"""Studies of every kind of model, made by the worker's task from predictions and outcomes as they are sent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from apps.demo.services.generated import DOCUMENTS, ENERGY, POLICIES, TICKETS, Energy, Tickets
from apps.explanations.models import Artifact
from apps.registry.models import ModelVersion, MonitoredModel
from apps.registry.services import registering
from apps.registry.services.documents import ModelSerializer
from apps.retraining import services
from apps.retraining.engine.document import StudyDocument
from apps.retraining.models import StudyJob
from apps.retraining.services.sentence import headline
from apps.retraining.tasks import study_retraining
from apps.sampling.services.policies import put_document
from apps.truth.services import resolving
from tests.factories import draw_all, make_project, push_outcomes, push_predictions
from tests.retraining.worlds import make_learning_world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SOURCES = {ENERGY: Energy, TICKETS: Tickets}
PACKAGES = {
    Artifact.Format.XGBOOST: "xgboost",
    Artifact.Format.LIGHTGBM: "lightgbm",
    Artifact.Format.ONNX: "scikit-learn",
}


def make_generated(name: str) -> MonitoredModel:
    """The demo's generated model of this name."""
    serializer = ModelSerializer(data=DOCUMENTS[name])
    serializer.is_valid(raise_exception=True)
    model = registering.put_model(make_project(), slug=name, document=serializer.validated_data)
    put_document(model, POLICIES[name])
    source = SOURCES[name](datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1))
    push_predictions(model, list(source.predictions()))
    draw_all(model)
    push_outcomes(model, list(source.outcomes()))
    resolving.resolve_due()
    return model


def register_file(model: MonitoredModel, form: str) -> None:
    version = ModelVersion.objects.filter(model=model).latest("pk")
    Artifact.objects.create(
        version=version, format=form, sha256=b"0" * 32, size=2, spec={"features": []}, state=Artifact.State.READY
    )


def study_of(model: MonitoredModel, **changes: Any) -> StudyDocument:
    services.request_study(model, **{"days": 365, "without_sensitive": False, "by": None, **changes})
    study_retraining()
    job = StudyJob.objects.get(model=model)
    assert job.status == "done", (job.error, job.refusal)
    found: StudyDocument = job.study.document
    return found


def test_numbers_are_studied_in_their_unit():
    document = study_of(make_generated(ENERGY))
    assert (document["metric"], document["unit"], document["learner"]["live"]) == ("mae", "kWh", "number")
    assert " kWh " in headline(document).replace("\u00a0", " ")
    assert document["money"] is not None
    assert {each["name"] for each in document["slices"]} == {"Building", "Hour", "Temperature"}
    assert document["labels"]["used"] >= 10_000


def test_several_classes_are_studied_by_right_answers():
    document = study_of(make_generated(TICKETS))
    assert (document["metric"], document["learner"]["live"]) == ("accuracy", "likelier")
    assert "points" in headline(document)
    assert document["money"] is not None
    assert {each["name"] for each in document["slices"]} == {"Channel", "Product"}


@pytest.mark.parametrize("form", list(PACKAGES))
def test_a_new_model_learns_with_the_library_of_the_registered_file(form: str):
    """The model ignores what the truth depends on, so whatever learns is better; ONNX says nothing of its library."""
    model = make_learning_world(knows=False)
    register_file(model, form)
    document = study_of(model)
    assert document["learner"]["package"].startswith(f"{PACKAGES[Artifact.Format(form)]} ")
    assert document["advice"]["verdict"] == "yes"


@pytest.mark.parametrize("form", [Artifact.Format.XGBOOST, Artifact.Format.LIGHTGBM])
@pytest.mark.parametrize("name", [ENERGY, TICKETS])
def test_each_library_studies_numbers_and_several_classes_too(name: str, form: str):
    model = make_generated(name)
    register_file(model, form)
    document = study_of(model)
    assert document["learner"]["package"].startswith(f"{PACKAGES[Artifact.Format(form)]} ")
    gain = document["advice"]["gain"]
    assert np.isfinite([gain[end] for end in ("value", "low", "high")]).all()
