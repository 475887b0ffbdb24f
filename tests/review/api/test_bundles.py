"""The bundle over the API: by id and by key, with the scope and for engineers only."""

import io
import zipfile

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Role
from apps.audit.models import Entry
from apps.explanations.models import Artifact
from apps.predictions.models import CaseView, Prediction
from tests.explanations import bundled
from tests.explanations.factories import make_scored_model
from tests.factories import make_key, make_member, make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def prediction() -> Prediction:
    return bundled.make_case(make_scored_model())[1]


def client(prediction: Prediction, role: Role = Role.ENGINEER, **options: object) -> Client:
    person = make_member(prediction.model.project, role).user
    return Client(
        headers={"Authorization": f"Bearer {make_key(prediction.model.project, acts_for=person, **options)[1]}"}
    )


def by_id(prediction: Prediction) -> str:
    return f"/api/v1/models/{prediction.model.slug}/predictions/{prediction.external_id}/bundle"


def by_key(prediction: Prediction) -> str:
    return f"/api/v1/models/{prediction.model.slug}/cases/{prediction.pk}/bundle"


@pytest.mark.parametrize("path", [by_id, by_key])
def test_the_archive_comes_by_id_and_by_key(prediction: Prediction, path) -> None:
    answer = client(prediction).get(path(prediction))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert zipfile.ZipFile(io.BytesIO(answer.getvalue())).testzip() is None
    assert CaseView.objects.count() == 1
    assert Entry.objects.latest("number").details["key"]


def test_an_id_with_slashes_is_found(prediction: Prediction) -> None:
    Prediction.objects.filter(pk=prediction.pk).update(external_id="a/b c/bundle")
    prediction.refresh_from_db()
    assert client(prediction).get(by_id(prediction).replace(" ", "%20")).status_code == 200


def test_a_file_that_is_not_ready_is_a_conflict_in_json(prediction: Prediction) -> None:
    Artifact.objects.update(state=Artifact.State.WAITING)
    answer = client(prediction).get(by_id(prediction), headers={"Accept": "application/zip"})
    assert (answer.status_code, answer.json()["code"]) == (409, "file_not_ready")


def test_adjudicators_and_other_models_get_none(prediction: Prediction) -> None:
    assert client(prediction, Role.ADJUDICATOR).get(by_id(prediction)).status_code == 403
    other = make_model(prediction.model.project, "other")
    path = by_key(prediction).replace(prediction.model.slug, other.slug)
    assert client(prediction).get(path).status_code == 404


def test_the_page_gives_the_archive_to_engineers(prediction: Prediction) -> None:
    model = prediction.model
    path = reverse("case_bundle", args=[model.project.slug, model.slug, prediction.pk])
    for role, status in ((Role.ENGINEER, 200), (Role.ADJUDICATOR, 403)):
        browser = Client()
        browser.force_login(make_member(model.project, role).user)
        answer = browser.get(path)
        assert answer.status_code == status
    browser.force_login(make_member(model.project, Role.OWNER).user)
    answer = browser.get(path)
    assert answer["Content-Disposition"] == f'attachment; filename="{model.slug}-{prediction.pk}.zip"'
    assert zipfile.ZipFile(io.BytesIO(answer.getvalue())).namelist()[-1] == "model.json"
