"""The pages of model files."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import Role
from apps.explanations.models import Artifact, ParityCheck
from apps.registry.models import MonitoredModel
from tests.explanations.factories import make_scored_model, register_file
from tests.factories import make_member
from tests.pages import shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> MonitoredModel:
    return make_scored_model()


@pytest.fixture
def client(model: MonitoredModel) -> Client:
    visitor = Client()
    visitor.force_login(make_member(model.project, Role.ENGINEER).user)
    return visitor


def address(model: MonitoredModel, rest: str = "") -> str:
    return f"/p/{model.project.slug}/models/{model.slug}/files/{rest}"


def test_without_files_the_page_says_how_to_get_one(client: Client, model: MonitoredModel) -> None:
    page = shown(client.get(address(model)))
    assert "No model file yet" in page
    assert "Register a file" in page


def test_a_file_is_registered_on_the_page(client: Client, model: MonitoredModel) -> None:
    parts: dict[str, Any] = {"version": "v9", "file": SimpleUploadedFile("m.json", b"{}"), "document": ""}
    answer = client.post(address(model), parts)
    artifact = Artifact.objects.get()
    assert answer.headers["Location"] == address(model, f"{artifact.pk}/")
    assert artifact.version.name == "v9"
    page = shown(client.get(answer.headers["Location"]))
    assert "It is being compared with stored predictions." in page
    # It looks again by itself while the check is under way.
    assert 'hx-trigger="every 1s"' in page


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"document": "{"}, "id_document_error"),
        ({"document": "[]"}, "This is not a JSON object."),
        ({"document": '{"method": "kernel"}'}, "There is no method"),
        ({"file": SimpleUploadedFile("m.pkl", b"x")}, "Pickled models are refused"),
        ({"version": ""}, "id_version_error"),
    ],
)
def test_what_is_wrong_stands_beside_the_field(
    client: Client, model: MonitoredModel, parts: dict[str, Any], told: str
) -> None:
    given = {"version": "v1", "file": SimpleUploadedFile("m.json", b"{}"), "document": "", **parts}
    answer = client.post(address(model), given)
    assert answer.status_code == 400
    assert told in shown(answer)
    assert not Artifact.objects.exists()


def test_the_page_of_a_ready_file_says_how_many_predictions_it_reproduces(
    client: Client, model: MonitoredModel
) -> None:
    artifact = register_file(model)
    Artifact.objects.update(state="ready", library="xgboost 3.2.0", method="tree", space="margin", sealed=["seccomp"])
    ParityCheck.objects.update(
        finished_at="2026-11-01T00:00:00Z",
        rows=50,
        matched=50,
        more_rows=900,
        more_matched=900,
        largest_difference=3e-7,
    )
    page = shown(client.get(address(model, f"{artifact.pk}/")))
    assert "This file is the model that answered" in page
    assert "<b>50 of 50</b>, largest difference 3.0e-07" in page
    assert "of 900 more, all" in page
    assert "xgboost 3.2.0" in page
    assert "50 of 50" in shown(client.get(address(model)))


def test_the_page_of_a_file_that_differs_names_what_would_explain_it(client: Client, model: MonitoredModel) -> None:
    artifact = register_file(model)
    Artifact.objects.update(state="differs")
    ParityCheck.objects.update(
        finished_at="2026-11-01T00:00:00Z",
        rows=50,
        matched=41,
        misses=[{"id": "case-7", "stored": 0.25, "computed": 0.75, "error": ""}],
        suspects=[{"feature": "hours", "what": "a missing value is -1", "matched": 50}],
    )
    page = shown(client.get(address(model, f"{artifact.pk}/")))
    assert "<b>hours</b>: a missing value is -1" in page
    assert "then 50 of 50" in page
    assert "case-7" in page
    assert "0.75" in page


def test_a_file_is_checked_again_by_a_button(client: Client, model: MonitoredModel) -> None:
    artifact = register_file(model)
    ParityCheck.objects.update(finished_at="2026-11-01T00:00:00Z")
    client.post(address(model, f"{artifact.pk}/"))
    assert ParityCheck.objects.unfinished().count() == 1
    register_file(model, content=b"another")
    answer = client.post(address(model, f"{artifact.pk}/"), follow=True)
    assert "Another file has taken its place." in shown(answer)


def test_a_file_of_another_model_is_not_found(client: Client, model: MonitoredModel) -> None:
    other = register_file(make_scored_model())
    assert client.get(address(model, f"{other.pk}/")).status_code == 404
