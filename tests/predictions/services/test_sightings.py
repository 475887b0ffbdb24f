"""Who has seen which prediction."""

import pytest

from apps.accounts.models import Role, User
from apps.common.errors import ConflictError
from apps.predictions.models import BatchKind, CaseView, Prediction
from apps.predictions.services import pushing, sightings
from apps.predictions.services.sightings import Place
from tests.factories import (
    body_of,
    make_member,
    make_model,
    make_project,
    prediction_row,
    push_outcomes,
    push_predictions,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def predictions() -> list[Prediction]:
    model = make_model()
    push_predictions(model, [prediction_row(number) for number in (1, 2, 3)])
    return list(Prediction.objects.filter(model=model).order_by("pk"))


def test_a_view_noted_twice_is_one_row_and_counts_for_its_person_alone(predictions: list[Prediction]) -> None:
    anna, ben = make_member(make_project()).user, make_member(make_project()).user
    for _ in range(2):
        sightings.note([predictions[1].pk, predictions[0].pk], anna, Place.CASE)
    assert CaseView.objects.count() == 2
    assert [sightings.has_seen(anna, each) for each in predictions] == [True, True, False]
    assert not any(sightings.has_seen(ben, each) for each in predictions)


def test_one_place_can_be_left_out(predictions: list[Prediction]) -> None:
    anna, (one, two, _) = make_member(make_project()).user, predictions
    sightings.note([one.pk, two.pk], anna, Place.DESK)
    sightings.note([two.pk], anna, Place.BESIDE)
    assert [sightings.has_seen(anna, each, besides=[Place.DESK]) for each in (one, two)] == [False, True]


def test_an_export_counts_for_its_range_and_model(predictions: list[Prediction]) -> None:
    anna, other = make_member(make_project()).user, make_model()
    first, last = predictions[0].pk, predictions[1].pk
    sightings.note_export(anna, other, filters={}, first=first, last=last)
    assert not any(sightings.has_seen(anna, each) for each in predictions)
    sightings.note_export(anna, predictions[0].model, filters={}, first=first, last=last)
    assert [sightings.has_seen(anna, each, besides=[Place.DESK]) for each in predictions] == [True, True, False]


@pytest.mark.parametrize("is_new", [False, True])
def test_a_person_whose_key_pushes_an_outcome_knows_the_truth(predictions: list[Prediction], is_new: bool) -> None:
    model = predictions[0].model
    row = {"id": predictions[0].external_id, "outcome": "yes", "occurred_at": "2026-03-05T00:00:00Z"}
    if not is_new:
        push_outcomes(model, [row])
    engineer = make_member(model.project, Role.ENGINEER).user
    with body_of({"outcomes": [row]}) as body:
        pushing.push(BatchKind.OUTCOMES, model, body, told=engineer)
    assert [sightings.has_seen(engineer, each) for each in predictions] == [True, False, False]


def test_the_answer_to_an_idempotency_key_is_for_the_person_that_it_was_given_to(
    predictions: list[Prediction],
) -> None:
    model = predictions[0].model
    anna, ben = (make_member(model.project, Role.ENGINEER).user for _ in range(2))

    def send(person: User | None) -> int:
        with body_of({"predictions": [prediction_row(1)]}) as body:
            return pushing.push(BatchKind.PREDICTIONS, model, body, key="k1", told=person)[0]

    assert (send(anna), send(anna)) == (200, 200)
    for other in (ben, None):
        with pytest.raises(ConflictError, match="somebody else"):
            send(other)
    assert not sightings.has_seen(ben, predictions[0])


@pytest.mark.parametrize("is_atomic", [False, True])
@pytest.mark.parametrize("guess", [{}, {"prediction": "no", "score": 0.2}])
def test_a_person_whose_key_pushes_a_row_again_has_seen_whether_it_is_the_same(
    is_atomic: bool, guess: dict[str, object]
) -> None:
    model = make_model()
    push_predictions(model, [prediction_row(1)])
    engineer = make_member(model.project, Role.ENGINEER).user
    with body_of({"predictions": [prediction_row(1, **guess)]}) as body:
        pushing.push(BatchKind.PREDICTIONS, model, body, is_atomic=is_atomic, told=engineer)
    assert sightings.has_seen(engineer, Prediction.objects.get())
