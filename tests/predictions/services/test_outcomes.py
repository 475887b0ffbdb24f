"""Pushing outcomes: late, early, again, corrected."""

import pytest

from apps.predictions.models import Outcome
from tests.factories import make_model, prediction_row, push_outcomes, push_predictions

pytestmark = pytest.mark.django_db


def outcome(number: int, value: str = "yes", day: int = 5):
    return {"id": f"case-{number}", "outcome": value, "occurred_at": f"2026-03-{day:02}T00:00:00Z"}


def test_an_outcome_of_a_known_prediction_is_stored():
    model = make_model()
    push_predictions(model, [prediction_row(1)])
    answer = push_outcomes(model, [outcome(1)])
    assert (answer.accepted, answer.parked, answer.duplicates) == (1, 0, 0)


def test_an_outcome_before_its_prediction_is_parked():
    answer = push_outcomes(make_model(), [outcome(1), outcome(2)])
    assert (answer.accepted, answer.parked) == (2, 2)


def test_the_same_outcome_again_is_a_duplicate():
    model = make_model()
    push_outcomes(model, [outcome(1)])
    answer = push_outcomes(model, [outcome(1), outcome(1)])
    assert (answer.accepted, answer.duplicates, answer.batch) == (0, 2, None)


def test_a_corrected_outcome_is_a_new_row_and_the_old_one_stays():
    model = make_model()
    push_outcomes(model, [outcome(1, "yes")])
    push_outcomes(model, [outcome(1, "no")])
    assert list(Outcome.objects.order_by("id").values_list("outcome", flat=True)) == [1.0, 0.0]


@pytest.mark.parametrize("between", [outcome(1, "no"), outcome(1, "no", day=9), outcome(1, "yes", day=2)])
def test_an_outcome_sent_again_after_others_of_its_id_is_a_duplicate(between):
    model = make_model()
    push_outcomes(model, [outcome(1)])
    answer = push_outcomes(model, [between, outcome(1)])
    assert (answer.accepted, answer.duplicates) == (1, 1)
    again = push_outcomes(model, [between, outcome(1)])
    assert (again.accepted, again.duplicates, again.batch) == (0, 2, None)
    assert Outcome.objects.count() == 2


def test_the_same_moment_in_another_zone_is_the_same_outcome():
    model = make_model()
    push_outcomes(model, [outcome(1)])
    elsewhere = {**outcome(1), "occurred_at": "2026-03-05T05:30:00+05:30"}
    assert push_outcomes(model, [elsewhere]).duplicates == 1


@pytest.mark.parametrize("other", [outcome(2), outcome(1, "no"), outcome(1, day=6)])
def test_an_outcome_that_differs_in_id_class_or_time_is_stored(other):
    model = make_model()
    push_outcomes(model, [outcome(1)])
    assert push_outcomes(model, [other]).accepted == 1


def test_another_model_may_have_the_same_outcome():
    push_outcomes(make_model(), [outcome(1)])
    assert push_outcomes(make_model(), [outcome(1)]).accepted == 1


def test_an_unknown_class_is_rejected():
    answer = push_outcomes(make_model(), [outcome(1, "perhaps")])
    assert [each.code for each in answer.rejected] == ["unknown_class"]
