"""The page *Retrain?*, its jobs, the training set and the model card, through HTTP."""

import pytest
from django.urls import reverse

from apps.accounts.models import Role
from apps.audit.models import Entry
from apps.predictions.models import ExportView
from apps.retraining import services
from apps.retraining.models import StudyJob
from tests.factories import make_member, make_model
from tests.retraining.stored import make_study
from tests.retraining.worlds import make_learning_world

pytestmark = pytest.mark.django_db


def page_of(model, client, role=Role.ENGINEER, name="retraining", **more):
    client.force_login(make_member(model.project, role).user)
    return client.get(reverse(name, args=[model.project.slug, model.slug, *more.values()]))


def test_without_a_study_the_page_says_what_it_takes_and_offers_to_find_out(client):
    text = page_of(make_model(), client).content.decode()
    assert "Would a new model be better?" in text
    assert "It takes 500 labels" in text
    assert "Find out</button>" in text


def test_a_stakeholder_reads_the_sentence_and_has_no_button(client):
    model = make_model()
    make_study(model)
    text = page_of(model, client, Role.STAKEHOLDER).content.decode()
    assert "Not yet: with 6,273 labels a new model would be 0.2 ± 0.4\u00a0points worse; about 11,000 labels" in text
    assert "Ask again</button>" not in text
    assert "training-set.csv" not in text


def test_gains_by_sensitive_features_are_shown_to_engineers_alone(client):
    model = make_model(features=[{"name": "sex", "type": "category", "sensitive": True}])
    make_study(model)
    assert "sex: 1" in page_of(model, client).content.decode()
    assert "sex: 1" not in page_of(model, client, Role.STAKEHOLDER).content.decode()


def test_an_engineer_asks_and_sees_the_progress(client):
    model = make_model()
    client.force_login(make_member(model.project, Role.ENGINEER).user)
    address = reverse("retraining", args=[model.project.slug, model.slug])
    answer = client.post(address, {"days": "180"}, follow=True)
    assert "Waiting for its turn." in answer.content.decode()
    job = StudyJob.objects.get()
    fragment = client.get(reverse("study_job", args=[model.project.slug, job.pk]), headers={"HX-Request": "true"})
    assert "hx-get" in fragment.content.decode()


def test_a_refusal_is_shown_in_words_and_asked_again(client):
    model = make_learning_world(20)
    services.request_study(model, days=365, without_sensitive=False, by=make_member(model.project).user)
    services.run_due()
    assert "there are 20. Come back after 480 more." in page_of(model, client).content.decode()


def test_a_wrong_number_of_days_is_told(client):
    model = make_model()
    client.force_login(make_member(model.project, Role.ENGINEER).user)
    answer = client.post(reverse("retraining", args=[model.project.slug, model.slug]), {"days": "7"})
    assert answer.status_code == 400


def test_the_training_set_comes_as_a_file_and_is_recorded(client):
    model = make_learning_world(20)
    answer = page_of(model, client, name="training_file", form="csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0].endswith("subject,split,features.income,features.region,features.age")
    assert len(lines) == 21
    assert Entry.objects.filter(act="training_set.exported").count() == 1
    assert ExportView.objects.filter(model=model).count() == 1


def test_the_card_states_what_is_missing(client):
    text = page_of(make_model(), client, Role.STAKEHOLDER, name="model_card").content.decode()
    assert "No report on performance yet." in text
    assert "Nobody has asked yet whether a new model would be better." in text


def test_every_figure_of_the_card_leads_to_its_report(client):
    from tests.reports.stored import make_report

    model = make_model()
    report = make_report(model, kind="performance")
    text = page_of(model, client, Role.STAKEHOLDER, name="model_card").content.decode()
    assert reverse("report", args=[model.project.slug, report.pk]) in text
    assert "Right predictions" in text
