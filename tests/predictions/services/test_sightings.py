"""Who has seen which prediction."""

import pytest

from apps.predictions.models import CaseView, Prediction
from apps.predictions.services import sightings
from apps.predictions.services.sightings import Place
from tests.factories import make_member, make_model, make_project, prediction_row, push_predictions

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
