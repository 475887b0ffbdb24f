"""Every kind of model that explains itself, against the contributions that the libraries compute themselves."""

import numpy as np
import pytest

from tests.explanations.engine import trained
from tests.explanations.engine.comparing import SOME, check_parts, explained, of_class, places
from tests.explanations.engine.conftest import Load
from tests.explanations.engine.trained import FEATURES


@pytest.mark.parametrize("kind", ["binary", "dart", "categorical", "gblinear"])
def test_xgboost_binary_models_explain_as_the_library_does(load: Load, kind: str) -> None:
    import xgboost

    model = trained.xgboost(kind)
    types = ["float"] * (FEATURES - 1) + ["c"] if kind == "categorical" else None
    rows = xgboost.DMatrix(model.matrix[:SOME], feature_types=types, enable_categorical=True)
    expected = model.model.predict(rows, pred_contribs=True)
    found = explained(load, model)
    check_parts(found, expected[:, :-1], expected[:, -1], library="xgboost")
    assert [each.score for each in found] == model.model.predict(rows).astype(float).tolist()


def test_xgboost_multiclass_explains_the_predicted_class(load: Load) -> None:
    import xgboost

    model = trained.xgboost("multiclass")
    rows = xgboost.DMatrix(model.matrix[:SOME])
    expected = model.model.predict(rows, pred_contribs=True)
    found = explained(load, model)
    chosen = places(found)
    assert chosen == model.model.predict(rows).argmax(axis=1).tolist()
    check_parts(found, of_class(expected, chosen)[:, :-1], of_class(expected, chosen)[:, -1], library="xgboost")


@pytest.mark.parametrize("kind", ["binary", "categorical", "rf"])
def test_lightgbm_binary_models_explain_as_the_library_does(load: Load, kind: str) -> None:
    model = trained.lightgbm(kind)
    expected = model.model.predict(model.matrix[:SOME], pred_contrib=True)
    found = explained(load, model)
    check_parts(found, expected[:, :-1], expected[:, -1], library="lightgbm")
    assert [each.score for each in found] == pytest.approx(model.model.predict(model.matrix[:SOME]), abs=1e-15)


def test_lightgbm_multiclass_explains_the_predicted_class(load: Load) -> None:
    model = trained.lightgbm("multiclass")
    expected = model.model.predict(model.matrix[:SOME], pred_contrib=True).reshape(SOME, 3, FEATURES + 1)
    found = explained(load, model)
    chosen = places(found)
    assert chosen == model.model.predict(model.matrix[:SOME]).argmax(axis=1).tolist()
    check_parts(found, of_class(expected, chosen)[:, :-1], of_class(expected, chosen)[:, -1], library="lightgbm")


@pytest.mark.parametrize("kind", ["HGB", "GB", "HGB regression", "HGB Poisson", "RF regression"])
def test_sklearn_trees_with_one_output_explain_as_shap_does(load: Load, kind: str) -> None:
    import shap

    model = trained.skops(kind)
    explainer = shap.TreeExplainer(model.model)
    found = explained(load, model)
    values = explainer.shap_values(model.matrix[:SOME])
    check_parts(found, values, np.ravel(explainer.expected_value)[0], library="skops")
    if model.spec.task == "regression":
        assert [each.score for each in found] == model.model.predict(model.matrix[:SOME]).tolist()
    else:
        assert [each.score for each in found] == model.model.predict_proba(model.matrix[:SOME])[:, 1].tolist()


@pytest.mark.parametrize("kind", ["HGB multiclass", "RF multiclass"])
def test_sklearn_trees_of_three_classes_explain_the_predicted_one(load: Load, kind: str) -> None:
    import shap

    model = trained.skops(kind)
    explainer = shap.TreeExplainer(model.model)
    found = explained(load, model)
    values = explainer.shap_values(model.matrix[:SOME]).transpose(0, 2, 1)
    chosen = places(found)
    check_parts(found, of_class(values, chosen), np.ravel(explainer.expected_value)[chosen], library="skops")


def test_a_forest_of_two_classes_explains_the_probability_of_the_positive_one(load: Load) -> None:
    import shap

    model = trained.skops("RF")
    explainer = shap.TreeExplainer(model.model)
    found = explained(load, model)
    check_parts(
        found, explainer.shap_values(model.matrix[:SOME])[:, :, 1], explainer.expected_value[1], library="skops"
    )
    assert load("skops", model.content, model.spec).loaded.space == "probability"


@pytest.mark.parametrize("kind", ["LR", "ridge"])
def test_linear_models_explain_as_shap_does(load: Load, kind: str) -> None:
    import shap

    model = trained.skops(kind)
    explainer = shap.LinearExplainer(model.model, model.matrix[:20])
    found = explained(load, model, background=trained.background(model.matrix))
    check_parts(found, explainer.shap_values(model.matrix[:SOME]), explainer.expected_value, library="skops")


def test_categories_in_histogram_boosting_are_scored_and_no_wrong_contributions_are_shown(load: Load) -> None:
    # shap ignores the sets of categories: shap#3436.
    model = trained.skops("HGB categorical")
    child = load("skops", model.content, model.spec)
    found = child.explain(model.rows[:SOME])
    assert [each.score for each in found] == model.model.predict_proba(model.matrix[:SOME])[:, 1].tolist()
    assert {each.code for each in found} == {"does_not_add_up"}
    assert all(each.values is None and (each.additivity_error or 0) > 0.01 for each in found)
