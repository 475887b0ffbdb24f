"""Computed contributions count with the weight of their draw, and each prediction once."""

from collections.abc import Iterable

import pytest

from apps.explanations.models import Artifact, AttributionDay, PushBins
from apps.explanations.services import computed_pushes
from apps.explanations.services.computed_pushes import Push
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.sampling.models import Draw
from apps.sampling.services import policies
from tests.explanations.computed import make_artifact, make_attribution
from tests.factories import draw_all, make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> MonitoredModel:
    """A model with four drawn predictions, each with probability 1/4, and one that is not drawn."""
    made = make_model()
    policies.put_document(made, {"floor": 1.0})
    push_predictions(made, [prediction_row(number) for number in range(1, 5)])
    draw_all(made)
    Draw.objects.update(inclusion_probability=0.25, counted_probability=0.25)
    push_predictions(made, [prediction_row(5)])
    return made


def explain(model: MonitoredModel, *, size: float = 0.5) -> Artifact:
    """Store contributions to all predictions with a new file, and count them."""
    predictions = Prediction.objects.filter(model=model).order_by("pk")
    artifact = make_artifact(predictions[0].version)
    count(artifact, predictions, {"age": size, "sex": -0.25})
    return artifact


def count(artifact: Artifact, predictions: Iterable[Prediction], values: dict[str, float]) -> None:
    for each in predictions:
        make_attribution(each, values=values, base=0.0)
    computed_pushes.count(artifact, {each.pk: Push({"age": 30, "sex": 1}, values) for each in predictions})


def test_a_drawn_prediction_stands_for_all_that_it_was_drawn_from(model: MonitoredModel) -> None:
    explain(model)
    age = AttributionDay.objects.get(feature="age")
    # w = 1 / 0.25: Σw = 16, Σw² = 64, Σw|φ| = 8, Σw²|φ| = 32, Σw²φ² = 16
    assert (age.rows, age.weight, age.weight2, age.size, age.size2, age.square2) == (4, 16.0, 64.0, 8.0, 32.0, 16.0)
    bins = PushBins.objects.get()
    assert (bins.method, bins.space, bins.rows) == ("tree", "margin", 4)


def test_what_nobody_drew_counts_nothing(model: MonitoredModel) -> None:
    Draw.objects.all().delete()
    explain(model)
    assert not PushBins.objects.exists()


def test_another_file_of_the_version_counts_no_prediction_again(model: MonitoredModel) -> None:
    first = explain(model)
    Artifact.objects.filter(pk=first.pk).update(replaced_at=first.registered_at)
    explain(model, size=9.0)
    assert AttributionDay.objects.get(feature="age").size == 8.0


def test_bins_of_few_rows_are_made_anew_of_all(model: MonitoredModel) -> None:
    artifact = explain(model)
    push_predictions(model, [prediction_row(number) for number in range(11, 13)])
    draw_all(model)
    new = list(Prediction.objects.filter(external_id__in=["case-11", "case-12"]))
    count(artifact, new, {"age": 3.0, "sex": 0.0})
    bins = PushBins.objects.get()
    assert (bins.rows, bins.edges[-1]) == (6, 3.0)
    assert AttributionDay.objects.get(feature="age").size == 8.0 + 2 * 3.0
