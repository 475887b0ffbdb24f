"""Asking for a study by API, and reading it."""

import pytest

from apps.accounts.models import Role, Scope
from apps.retraining import services
from apps.retraining.models import StudyJob
from tests.factories import make_key, make_member, make_model
from tests.retraining.stored import make_study
from tests.retraining.worlds import make_learning_world

pytestmark = pytest.mark.django_db


def headers(model, *scopes, role=Role.ENGINEER):
    _, secret = make_key(model.project, [str(each) for each in scopes], acts_for=make_member(model.project, role).user)
    return {"Authorization": f"Bearer {secret}"}


def ask(client, model, body=None, **more):
    address = f"/api/v1/models/{model.slug}/studies"
    allowed = headers(model, Scope.REPORTS_WRITE, **more)
    return client.post(address, body or {}, content_type="application/json", headers=allowed)


def read(client, job, role=Role.ENGINEER):
    return client.get(f"/api/v1/studies/{job.pk}", headers=headers(job.model, Scope.REPORTS_READ, role=role)).json()


def test_a_study_is_asked_for_and_waits(client):
    model = make_model()
    answer = ask(client, model, {"days": 90, "without_sensitive": True})
    assert answer.status_code == 202
    job = StudyJob.objects.get(pk=answer.json()["id"])
    assert (job.days, job.without_sensitive) == (90, True)
    found = read(client, job)
    assert (found["status"], found["headline"], found["advice"], found["curve"]) == ("queued", "", None, [])


def test_days_default_to_half_a_year_and_others_than_those_offered_are_refused(client):
    model = make_model()
    assert StudyJob.objects.get(pk=ask(client, model).json()["id"]).days == 180
    refused = ask(client, model, {"days": 12})
    assert refused.status_code == 400
    assert "days" in refused.json()["details"]["fields"]


def test_asking_again_returns_the_study_under_way(client):
    model = make_model()
    assert ask(client, model).json() == ask(client, model).json()


def test_a_stakeholder_reads_studies_and_asks_for_none(client):
    model = make_model()
    assert ask(client, model, role=Role.STAKEHOLDER).status_code == 403
    job = StudyJob.objects.create(model=model, days=180)
    assert read(client, job, Role.STAKEHOLDER)["status"] == "queued"


def test_a_finished_study_has_its_sentence_and_its_figures(client):
    model = make_model(features=[{"name": "sex", "type": "category", "sensitive": True}])
    job = StudyJob.objects.create(model=model, days=180)
    job.complete(study=make_study(model), step="done")
    found = read(client, job)
    assert found["headline"].startswith("Not yet: with 6,273 labels a new model would be 0.2 ± 0.4")
    assert found["advice"]["gain"]["low"] == -0.006
    assert found["seq"] == 1
    assert [each["name"] for each in found["slices"]] == ["sex"]
    # Gains by a sensitive feature are for engineers.
    assert read(client, job, Role.STAKEHOLDER)["slices"] == []


def test_a_refusal_says_what_is_missing(client):
    model = make_learning_world(20)
    ask(client, model)
    services.run_due()
    found = read(client, StudyJob.objects.get())
    assert found["status"] == "refused"
    assert "Come back after" in found["refusal"]
