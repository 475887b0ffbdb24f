"""Contributions of drawn predictions, computed with a real model in its sealed process."""

from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from apps.explanations.models import Attribution
from apps.explanations.services import checking, explaining
from apps.predictions.models import BatchStage, Prediction, Stage
from apps.registry.models import MonitoredModel
from apps.sampling.services import policies
from tests.explanations.factories import features_of, make_scored_model, push_scored, ready_file, scored_rows
from tests.explanations.models import FEATURES, trained
from tests.factories import draw_all, push_predictions

pytestmark = pytest.mark.django_db


def drawn_model(**changes: Any) -> MonitoredModel:
    """A model of which everything is drawn, with a file that reproduces its scores."""
    model = make_scored_model()
    policies.put_document(model, {"floor": 1.0})
    push_scored(model, 60, **changes)
    draw_all(model)
    ready_file(model)
    return model


def native(number: int) -> list[float]:
    """The contributions and the base of the n-th prediction, as xgboost itself computes them."""
    features = features_of(number)
    row = np.array([[np.nan if features[name] is None else features[name] for name in FEATURES]], dtype=np.float32)
    matrix = xgb.DMatrix(row, feature_names=list(FEATURES))
    return [float(each) for each in trained().predict(matrix, pred_contribs=True)[0]]


def test_drawn_predictions_get_the_contributions_that_the_library_computes() -> None:
    drawn_model()
    explaining.explain_due()
    found = {each.prediction.external_id: each for each in Attribution.objects.select_related("prediction")}
    assert len(found) == 60
    for number in (1, 10, 33):
        stored = found[f"case-{number}"]
        *values, base = native(number)
        assert [stored.values[name] for name in FEATURES] == pytest.approx(values, abs=1e-5)
        assert (stored.base, stored.method, stored.code) == (pytest.approx(base, abs=1e-5), "tree", "")
        assert stored.additivity_error is not None
        assert stored.additivity_error < 1e-5
        assert stored.score == pytest.approx(stored.prediction.score, abs=1e-6)


def test_the_batches_are_consumed_with_the_last_of_their_rows() -> None:
    model = drawn_model()
    assert explaining.explain_due() == 1
    assert BatchStage.objects.get(stage=Stage.EXPLAIN).done_at is not None
    assert explaining.explain_due() == 0
    assert Attribution.objects.filter(model=model).count() == 60


def test_repeating_the_work_stores_nothing_twice() -> None:
    drawn_model()
    explaining.explain_due()
    before = dict(Attribution.objects.values_list("prediction", "computed_at"))
    BatchStage.objects.filter(stage=Stage.EXPLAIN).update(done_at=None)
    explaining.explain_due()
    assert dict(Attribution.objects.values_list("prediction", "computed_at")) == before


def test_what_the_client_sent_is_not_computed_again() -> None:
    drawn_model(attributions={"age": 0.1, "hours": 0.2, "sex": 0.0}, attribution_base=0.0)
    explaining.explain_due()
    assert not Attribution.objects.exists()


def test_predictions_that_are_not_drawn_are_left_out() -> None:
    model = make_scored_model()
    policies.put_document(model, {"floor": 0.002})
    push_scored(model, 60)
    draw_all(model)
    ready_file(model)
    explaining.explain_due()
    drawn = Prediction.objects.filter(draw__isnull=False).count()
    assert drawn < 10
    assert Attribution.objects.count() == drawn


def test_a_row_that_the_file_does_not_reproduce_keeps_the_reason_and_no_contributions() -> None:
    model = drawn_model()
    row = scored_rows(range(900, 901))[0]
    push_predictions(model, [row | {"score": 0.999, "prediction": "yes"}])
    draw_all(model)
    explaining.explain_due()
    stored = Attribution.objects.get(prediction__external_id="case-900")
    assert (stored.code, stored.values) == ("not_reproduced", None)
    assert stored.score != pytest.approx(0.999, abs=0.001)


def test_without_a_ready_file_the_stage_passes_the_batches_on() -> None:
    model = make_scored_model()
    push_scored(model, 10)
    draw_all(model)
    assert explaining.explain_due() == 1
    assert not Attribution.objects.exists()


def test_what_was_drawn_before_the_file_came_is_explained_once_it_is_ready() -> None:
    model = make_scored_model()
    policies.put_document(model, {"floor": 1.0})
    push_scored(model, 60)
    draw_all(model)
    explaining.explain_due()
    ready_file(model)
    checking.check_due()
    explaining.explain_due()
    assert Attribution.objects.filter(code="").count() == 60
