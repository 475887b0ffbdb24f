"""Which contributions are shown beside a prediction: those sent, else those of the file in force."""

from typing import Any

import pytest

from apps.explanations.models import Artifact
from apps.explanations.services.shown import Contributions, contributions_of
from apps.predictions.models import Prediction
from tests.explanations.computed import make_artifact, make_attribution
from tests.factories import make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db

# 1 / (1 + e^-0.44) = 0.6083
SCORE, VALUES = 0.6083, {"age": 0.75, "sex": -0.31}


@pytest.fixture
def prediction() -> Prediction:
    model = make_model()
    push_predictions(model, [prediction_row(score=SCORE)])
    return Prediction.objects.select_related("model", "version").get(model=model)


def shown(prediction: Prediction, sent: Any = None, base: float | None = None) -> Contributions | None:
    return contributions_of(prediction, model=prediction.model, sent=sent, base=base)


def test_nothing_sent_and_nothing_computed_is_nothing(prediction: Prediction) -> None:
    assert shown(prediction) is None


def test_what_was_sent_and_adds_up_is_shown(prediction: Prediction) -> None:
    make_attribution(prediction, values={"age": 9.0}, base=0.0)
    found = shown(prediction, VALUES, 0.0)
    assert found == Contributions("sent", VALUES, 0.0, space="margin", reads=True)


def test_what_was_sent_and_does_not_add_up_is_not_shown(prediction: Prediction) -> None:
    found = shown(prediction, VALUES, 0.5)
    assert found is not None
    assert (found.values, found.base, found.code) == ({}, None, "does_not_add_up")


def test_without_a_base_it_is_shown_as_nobody_can_check_it(prediction: Prediction) -> None:
    found = shown(prediction, VALUES)
    assert found is not None
    assert (found.values, found.code, found.reads) == (VALUES, "not_checkable", False)


def test_what_the_file_in_force_computed_is_shown_where_nothing_was_sent(prediction: Prediction) -> None:
    make_attribution(prediction, values=VALUES, base=0.0)
    found = shown(prediction)
    assert found == Contributions("tree", VALUES, 0.0, space="margin", reads=True, fingerprint="00010203 04050607")
    assert found.source["file"] == "0001020304050607"


def test_what_a_replaced_file_computed_is_not_shown(prediction: Prediction) -> None:
    made = make_attribution(prediction, values=VALUES, base=0.0)
    Artifact.objects.filter(pk=made.artifact_id).update(replaced_at=made.computed_at)
    make_artifact(prediction.version)
    assert shown(prediction) is None


def test_a_score_that_the_file_does_not_reproduce_has_a_code_and_no_contributions(prediction: Prediction) -> None:
    make_attribution(prediction, values=None, code="not_reproduced")
    found = shown(prediction)
    assert found is not None
    assert (found.values, found.code) == ({}, "not_reproduced")


def test_sums_of_a_calibrated_model_do_not_read_as_its_probability(prediction: Prediction) -> None:
    # 1 / (1 + e^-2.0) is not 0.6083, and what was stored was checked against the model's own margin.
    make_attribution(prediction, values={"age": 2.0}, base=0.0)
    found = shown(prediction)
    assert found is not None
    assert (found.values, found.code, found.reads) == ({"age": 2.0}, "", False)
