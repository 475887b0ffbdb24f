"""Checks against a real model in its sealed process."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.explanations.models import Artifact, ParityCheck
from apps.explanations.services import checking, explaining
from apps.predictions.models import BatchStage, Prediction, Stage
from apps.registry.models import Incident, IncidentKind
from apps.sampling.services import policies
from tests.explanations.factories import make_scored_model, push_scored, ready_file, register_file
from tests.factories import draw_all, prediction_row, push_predictions

pytestmark = pytest.mark.django_db


def last_check(artifact: Artifact) -> ParityCheck:
    return ParityCheck.objects.filter(artifact=artifact).latest("id")


def test_a_file_that_reproduces_the_stored_scores_is_ready() -> None:
    model = make_scored_model()
    push_scored(model, 60)
    artifact = ready_file(model)
    check = last_check(artifact)
    assert (artifact.state, check.error) == ("ready", "")
    assert (check.rows, check.matched, check.more_rows, check.more_matched) == (50, 50, 10, 10)
    assert check.largest_difference is not None
    assert check.largest_difference < 1e-6
    assert artifact.library.startswith("xgboost ")
    assert (artifact.method, artifact.space) == ("tree", "margin")


def test_the_values_of_its_inputs_are_kept_for_the_controls_of_a_page() -> None:
    model = make_scored_model()
    push_scored(model, 60)
    seen = ready_file(model).seen
    assert seen["sex"]["values"] == [[1, 30], [2, 30]] or seen["sex"]["values"] == [[2, 30], [1, 30]]
    assert seen["hours"]["lacking"] == 6
    assert seen["age"]["is_whole"]
    # Ages go from 18 to 86: every whole number between.
    assert seen["age"]["points"] == [float(age) for age in range(18, 87)]


def test_a_file_of_another_model_explains_nothing_and_opens_no_incident() -> None:
    model = make_scored_model()
    push_predictions(model, [prediction_row(n, features={"age": n, "hours": n, "sex": 1}) for n in range(1, 60)])
    artifact = ready_file(model)
    assert artifact.state == "differs"
    assert last_check(artifact).misses
    assert not Incident.objects.exists()


def test_a_missing_code_that_explains_the_differences_is_named() -> None:
    model = make_scored_model()
    push_scored(model, 100)
    artifact = ready_file(model, features=["age", {"name": "hours", "missing": -1.0}, "sex"])
    check = last_check(artifact)
    assert artifact.state == "differs"
    assert [(each["feature"], each["what"]) for each in check.suspects] == [("hours", "a missing value is NaN")]
    assert check.suspects[0]["matched"] == check.rows == 50


def test_a_file_without_predictions_waits_and_is_checked_once_some_are_drawn() -> None:
    model = make_scored_model()
    artifact = ready_file(model)
    assert artifact.state == "waiting"
    push_scored(model, 60)
    draw_all(model)
    explaining.explain_due()
    checking.check_due()
    artifact.refresh_from_db()
    assert artifact.state == "ready"


def test_a_ready_file_makes_batches_due_that_were_consumed_before() -> None:
    model = make_scored_model()
    policies.put_document(model, {"floor": 1.0})
    push_scored(model, 60)
    draw_all(model)
    BatchStage.objects.filter(stage=Stage.EXPLAIN).update(done_at=timezone.now())
    ready_file(model)
    assert BatchStage.objects.get(stage=Stage.EXPLAIN).done_at is None


def test_a_file_that_cannot_be_loaded_is_refused_with_its_reason() -> None:
    model = make_scored_model()
    push_scored(model, 10)
    artifact = ready_file(model, content=b'{"learner": 1}')
    assert artifact.state == "refused"
    assert artifact.reason


def test_every_file_is_checked_once_a_day() -> None:
    model = make_scored_model()
    push_scored(model, 60)
    artifact = ready_file(model)
    assert checking.ask_nightly() == 0
    ParityCheck.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert checking.ask_nightly() == 1
    assert checking.ask_nightly() == 0
    assert ParityCheck.objects.filter(artifact=artifact).count() == 2


def test_a_file_that_loses_parity_opens_one_incident_which_closes_when_it_is_good_again() -> None:
    model = make_scored_model()
    push_scored(model, 60)
    artifact = ready_file(model)
    # The client now sends scores of another model under the same version.
    rows = [prediction_row(n, features={"age": 30, "hours": 1, "sex": 1}, score=0.999) for n in range(500, 530)]
    push_predictions(model, rows)
    for _ in range(2):
        checking.ask(artifact)
        checking.check_due()
    artifact.refresh_from_db()
    incident = Incident.objects.get(kind=IncidentKind.PARITY_LOST)
    assert (artifact.state, incident.version, incident.closed_at) == ("differs", artifact.version, None)
    Prediction.objects.filter(score=0.999).delete()
    checking.ask(artifact)
    checking.check_due()
    incident.refresh_from_db()
    artifact.refresh_from_db()
    assert incident.closed_at is not None
    assert artifact.state == "ready"


def test_a_check_of_a_replaced_file_ends_without_a_result() -> None:
    model = make_scored_model()
    first = register_file(model, content=b"one")
    register_file(model, content=b"{}")
    checking.check_due()
    assert last_check(first).finished_at is not None
    first.refresh_from_db()
    assert first.state == "checking"
