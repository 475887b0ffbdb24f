"""Questions to a real model in its sealed process."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.common.errors import ConflictError, UnprocessableError
from apps.explanations.models import Artifact, Attribution, Trial
from apps.explanations.services import trials
from apps.predictions.models import Payload, Prediction
from apps.review.services import targeting
from tests.explanations.factories import features_of, make_scored_model, push_scored, ready_file
from tests.explanations.models import scores
from tests.factories import draw_all, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def artifact() -> Artifact:
    model = make_scored_model()
    push_scored(model, 60)
    return ready_file(model)


def prediction(number: int = 7) -> Prediction:
    return Prediction.objects.get(external_id=f"case-{number}")


def answered(artifact: Artifact, number: int = 7, changes: dict[str, Any] | None = None) -> Trial:
    asked = trials.ask(artifact, prediction(number), changes=changes, by=None)
    trials.answer_due()
    asked.refresh_from_db()
    return asked


def answer_of(trial: Trial) -> dict[str, Any]:
    assert trial.error == ""
    assert trial.answer is not None
    return dict(trial.answer)


def test_a_stored_prediction_is_reproduced_and_explained(artifact: Artifact) -> None:
    answer = answer_of(answered(artifact))
    assert answer["reproduced"]
    assert answer["score"] == pytest.approx(prediction().score, abs=1e-6)
    total = answer["base"] + sum(answer["contributions"].values())
    # The sum in log-odds is the score: closed form.
    assert 1 / (1 + 2.718281828459045**-total) == pytest.approx(answer["score"], abs=1e-5)


def test_every_other_value_has_the_score_that_the_model_gives(artifact: Artifact) -> None:
    answer = answer_of(answered(artifact))
    curve = answer["curves"]["age"]
    assert curve["values"][:3] == [18.0, 19.0, 20.0]
    expected = scores([features_of(7) | {"age": age} for age in curve["values"]])
    assert curve["scores"] == pytest.approx(expected, abs=1e-6)
    assert answer["curves"]["sex"]["values"] == [1, 2]


def test_the_smallest_change_is_where_the_class_changes(artifact: Artifact) -> None:
    answer = answer_of(answered(artifact))
    flip = answer["flip"]
    changed = features_of(7) | {flip["feature"]: flip["value"]}
    (score,) = scores([changed])
    assert flip["score"] == pytest.approx(score, abs=1e-6)
    assert flip["predicted"] != answer["predicted"]
    assert (score >= 0.5) == (flip["predicted"] == "yes")
    assert flip["value"] in answer["curves"][flip["feature"]]["values"]


def test_sensitive_features_are_not_proposed_as_a_change() -> None:
    declared = [{"name": name, "sensitive": name != "sex"} for name in ("age", "hours", "sex")]
    model = make_scored_model(features=declared)
    push_scored(model, 60)
    answer = answer_of(answered(ready_file(model)))
    # Sex hardly matters to this model, so it flips nothing.
    assert answer["flip"] is None


def test_a_changed_row_is_scored_and_explained_exactly(artifact: Artifact) -> None:
    answer = answer_of(answered(artifact, changes={"age": 80, "hours": None}))
    (score,) = scores([features_of(7) | {"age": 80, "hours": None}])
    assert answer["score"] == pytest.approx(score, abs=1e-6)
    assert set(answer["contributions"]) == {"age", "hours", "sex"}
    # The curves are those of the changed row.
    at = answer["curves"]["sex"]["values"].index(features_of(7)["sex"])
    assert answer["curves"]["sex"]["scores"][at] == pytest.approx(score, abs=1e-6)


def test_a_missing_value_can_be_filled_in(artifact: Artifact) -> None:
    answer = answer_of(answered(artifact, 10))
    assert answer["curves"]["hours"]["values"][-1] is None
    assert answer["input"]["hours"] is None


def test_a_row_without_contributions_keeps_those_computed_on_demand(artifact: Artifact) -> None:
    answered(artifact)
    stored = Attribution.objects.get()
    assert (stored.prediction, stored.code) == (prediction(), "")
    answered(artifact)
    assert Attribution.objects.count() == 1


def test_a_changed_row_is_not_stored(artifact: Artifact) -> None:
    answered(artifact, changes={"age": 80})
    assert not Attribution.objects.exists()


def test_another_versions_file_answers_and_stores_nothing(artifact: Artifact) -> None:
    model = artifact.model
    push_scored(model, 60, start=100, version="v2")
    ready_file(model, version="v2")
    asked = trials.ask_all(artifact, prediction(), by=None)
    assert [each.artifact.version.name for each in asked] == ["v1", "v2"]
    trials.answer_due()
    found = trials.wait(asked)
    assert [answer_of(each)["reproduced"] for each in found] == [True, True]
    assert Attribution.objects.get().artifact == artifact


def test_features_that_are_not_kept_cannot_be_asked_about(artifact: Artifact) -> None:
    Payload.objects.all().delete()
    assert answer_of(answered(artifact)) == {"code": "not_kept"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"agee": 1}, "unknown_feature"),
        ({"age": [1]}, "invalid_value"),
        ({"age": {"a": 1}}, "invalid_value"),
        ({"age": "x" * 1001}, "invalid_value"),
    ],
)
def test_a_change_that_the_model_cannot_take_is_refused(artifact: Artifact, changes: Any, code: str) -> None:
    with pytest.raises(UnprocessableError) as caught:
        trials.ask(artifact, prediction(), changes=changes, by=None)
    assert caught.value.code == code


def test_a_text_where_a_number_belongs_is_answered_with_the_reason(artifact: Artifact) -> None:
    answer = answer_of(answered(artifact, changes={"age": "old"}))
    assert answer["score"] is None
    assert "age" in answer["error"]


def test_a_file_that_is_not_ready_is_not_asked(artifact: Artifact) -> None:
    Artifact.objects.update(state="differs")
    artifact.refresh_from_db()
    with pytest.raises(ConflictError):
        trials.ask(artifact, prediction(), by=None)


def test_a_file_that_lost_its_readiness_meanwhile_answers_with_the_reason(artifact: Artifact) -> None:
    asked = trials.ask(artifact, prediction(), by=None)
    Artifact.objects.update(state="differs")
    trials.answer_due()
    asked.refresh_from_db()
    assert "reproduce" in asked.error
    assert asked.answer is None


def test_waiting_ends_without_an_answer(artifact: Artifact) -> None:
    (found,) = trials.wait([trials.ask(artifact, prediction(), by=None)], seconds=0.05)
    assert found.finished_at is None


def test_questions_are_forgotten_after_an_hour(artifact: Artifact) -> None:
    answered(artifact)
    Trial.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    trials.answer_due()
    assert not Trial.objects.exists()


def test_predictions_that_a_person_sends_to_review_are_explained(artifact: Artifact) -> None:
    model = artifact.model
    push_scored(model, 1, start=300, attributions={"age": 0.1})
    queue = model.queues.get()
    draw_all(model)
    chosen = Prediction.objects.filter(external_id__in=["case-7", "case-300"], draw=None)
    targeting.send_to_review(queue, [each.pk for each in chosen], by=make_member(model.project).user)
    trials.answer_due()
    # The client sent contributions of the other one.
    assert Attribution.objects.get().prediction == prediction()
