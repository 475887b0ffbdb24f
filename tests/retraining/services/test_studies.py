"""Studies are asked for once, made by a worker, kept, and refused where labels are too few."""

import numpy as np
import pandas as pd
import pytest

from apps.accounts.models import Role
from apps.common.errors import ConflictError, DomainError
from apps.predictions.models import Payload
from apps.retraining import services
from apps.retraining.models import Study, StudyJob
from apps.retraining.services import evidence
from apps.retraining.services.studies import TooManyStudiesError
from tests.factories import make_member, make_model, make_project
from tests.retraining.worlds import make_learning_world

pytestmark = pytest.mark.django_db


def ask(model, **changes):
    by = make_member(model.project, Role.ENGINEER).user
    return services.request_study(model, **{"days": 365, "without_sensitive": False, "by": by, **changes})


def study_of(model, **changes):
    job = ask(model, **changes)
    services.run_due()
    job.refresh_from_db()
    assert not job.error, job.error
    return job


def test_a_model_that_ignores_what_the_truth_depends_on_should_be_trained_again():
    job = study_of(make_learning_world(knows=False))
    assert job.status == "done"
    document = job.study.document
    assert document["advice"]["verdict"] == "yes"
    # The live model is right by chance; the likelier class given income is right in about 80 of 100.
    assert document["advice"]["gain"]["value"] == pytest.approx(0.3, abs=0.1)
    assert document["labels"] == {
        "outcomes": 700,
        "reviews": 0,
        "reviews_left_out": 0,
        "used": 700,
        "subjects": 350,
        "without_features": 0,
    }
    assert document["learner"]["package"].startswith("scikit-learn ")


def test_a_model_that_knows_the_truths_own_chances_cannot_be_beaten():
    job = study_of(make_learning_world(knows=True))
    assert job.study.document["advice"]["verdict"] != "yes"
    assert job.study.document["advice"]["gain"]["low"] < 0


def test_the_same_labels_and_configuration_give_the_same_study():
    model = make_learning_world()
    first, second = study_of(model), study_of(model)
    assert first.pk != second.pk
    assert first.study_id == second.study_id
    assert services.newest_study(model) == first.study


def test_a_study_may_leave_sensitive_features_out():
    document = study_of(make_learning_world(), without_sensitive=True).study.document
    assert "age" not in document["learner"]["features"]
    assert "age" in document["learner"]["left_out"]


def test_a_job_under_way_answers_a_second_request():
    model = make_learning_world(20)
    assert ask(model) == ask(model)


def test_too_few_labels_are_refused_with_the_number_that_is_missing():
    job = study_of(make_learning_world(180))
    assert job.status == "refused"
    assert job.refusal == ("Too few labels: a learning curve needs 500, and there are 180. Come back after 320 more.")
    assert not Study.objects.exists()


def test_labels_of_one_class_are_refused_by_its_name():
    model = make_learning_world(520, outcome_if_absent=None)
    from apps.truth.models import Resolution
    from tests.append_only import rewriting

    with rewriting():
        Resolution.objects.filter(model=model).update(truth=1.0, outcome=1.0)
    assert "Nearly all labels are “Employed”" in study_of(model).refusal


def test_without_payloads_the_copies_of_drawn_cases_stand_for_all():
    """With 30 % of 700 drawn, about 210 keep their features: too few, and the reason says so."""
    model = make_learning_world()
    Payload.objects.all().delete()
    from apps.review.services import open_due_items

    open_due_items()
    assert study_of(model).refusal.startswith("Too few labels")


def test_an_error_stays_visible_and_can_be_tried_again(monkeypatch):
    model = make_learning_world(20)

    def fail(*_, **__):
        raise ValueError("the disk is full")

    monkeypatch.setattr("apps.retraining.services.making.gather_labels", fail)
    job = ask(model)
    services.run_due()
    services.run_due()
    job.refresh_from_db()
    assert (job.status, job.error) == ("failed", "ValueError: the disk is full")
    services.retry_study(job)
    job.refresh_from_db()
    assert job.status == "queued"
    with pytest.raises(ConflictError):
        services.retry_study(job)


def test_days_are_chosen_from_a_list():
    with pytest.raises(DomainError, match="Choose 90, 180 or 365 days"):
        ask(make_model(), days=12)


def test_a_project_has_five_studies_under_way_at_most():
    project = make_project()
    for _ in range(5):
        StudyJob.objects.create(model=make_model(project), days=90)
    with pytest.raises(TooManyStudiesError):
        ask(make_model(project))


def test_a_few_reviews_of_open_days_do_not_stand_beside_many_outcomes():
    """50 reviews that stand for 20,000 predictions: with 1,000 outcomes, n_eff is 21,000²/(1,000 + 50·400²) = 55."""
    rows = pd.DataFrame({"weight": np.ones(1_000)})
    items = pd.DataFrame({"weight": np.full(50, 400.0)})
    assert evidence._counted(rows, items) is rows
    # 1,000 that stand for 2,000: n_eff is 3,000²/(1,000 + 4,000) = 1,800.
    assert len(evidence._counted(rows, pd.DataFrame({"weight": np.full(1_000, 2.0)}))) == 2_000
    assert len(evidence._counted(rows.iloc[:0], items)) == 50
