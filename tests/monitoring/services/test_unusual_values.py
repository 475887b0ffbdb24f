"""Inspection notes the predictions with values outside what a model's first rows held."""

import pytest

from apps.explanations.models import Unusual
from apps.explanations.services import unusual, usual_values
from apps.monitoring.services import day_counting, inspecting
from apps.predictions.models import BatchStage, Stage
from apps.registry.models import MonitoredModel
from tests.factories import make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> MonitoredModel:
    """A model whose bins are frozen, and that has 100 usual rows: ages from 20 to 69, sexes 1 and 2."""
    monkeypatch.setattr(day_counting, "ENOUGH", 40)
    monkeypatch.setattr(usual_values, "ENOUGH", 100)
    made = make_model(slices=[])
    for start in (0, 100):
        send(made, {start + n: {"age": 20 + n % 50, "sex": 1 + n % 2} for n in range(100)})
    return made


def send(model: MonitoredModel, features: dict[int, dict[str, object]]) -> None:
    push_predictions(model, [prediction_row(n, features=each) for n, each in features.items()])
    inspecting.inspect_due()


def noted(model: MonitoredModel) -> dict[str, list[str]]:
    found = Unusual.objects.filter(model=model, kind=Unusual.Kind.VALUES)
    return {each.prediction.external_id: each.features for each in found}


def test_numbers_far_out_new_categories_and_missing_values_are_noted(model: MonitoredModel) -> None:
    assert noted(model) == {}
    rows = {901: {"age": 400, "sex": 1}, 902: {"age": 30, "sex": 7}, 903: {"sex": 2}, 904: {"age": 75, "sex": 1}}
    send(model, rows)
    # The range is 49 wide: up to 69 + 49 / 4, 81.25, a number is usual.
    assert noted(model) == {"case-901": ["age"], "case-902": ["sex"], "case-903": ["age"]}


def test_inspecting_again_notes_nothing_twice(model: MonitoredModel) -> None:
    send(model, {901: {"age": 400, "sex": 1}})
    BatchStage.objects.filter(stage=Stage.INSPECT).update(done_at=None, attempts=0)
    inspecting.inspect_due()
    assert noted(model) == {"case-901": ["age"]}


def test_of_a_day_and_version_the_strongest_are_kept(model: MonitoredModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unusual, "MOST_A_DAY", 2)
    monkeypatch.setattr(usual_values, "MOST_A_DAY", 2)
    send(model, {n: {"age": n, "sex": 1} for n in (900, 902, 901)})
    assert set(noted(model)) == {"case-901", "case-902"}
