"""Every kind of model that explains correctly, against the contributions that the libraries compute themselves."""

from itertools import combinations
from math import factorial
from typing import Any

import msgspec
import numpy as np
import pytest

from apps.explanations.engine.running import Explained
from apps.explanations.engine.spec import Input, Output, Spec
from tests.explanations.engine import trained
from tests.explanations.engine.conftest import Load
from tests.explanations.engine.trained import FEATURES, NAMES, Trained

SOME = 60
# Contributions of float32 libraries, and of those that compute in float64.
CLOSE = {"xgboost": 2e-6, "lightgbm": 1e-12, "skops": 1e-12, "onnx": 1e-6}
# With 62 pairs of orders; seen: .006.
MONTE_CARLO = 0.02


def explained(load: Load, model: Trained, **changes: Any) -> list[Explained]:
    described = msgspec.structs.replace(model.spec, **changes)
    found = load(model.library, model.content, described).explain(model.rows[:SOME])
    assert [each.error for each in found] == [""] * SOME
    return found


def check_parts(found: list[Explained], values: Any, base: Any, *, library: str) -> None:
    """Compare with rows × features, and the base of each row."""
    ours = np.array([[each.values[name] for name in NAMES] for each in found if each.values is not None])
    assert ours == pytest.approx(np.asarray(values), abs=CLOSE[library])
    assert [each.base for each in found] == pytest.approx(list(np.broadcast_to(base, len(found))), abs=CLOSE[library])
    assert {each.code for each in found} == {""}
    assert max(each.additivity_error or 0 for each in found) < 1e-5


def places(found: list[Explained]) -> list[int]:
    return ["abc".index(str(each.predicted)) for each in found]


def of_class(contributions: Any, chosen: list[int]) -> Any:
    """Pick each row's class of rows × classes × …."""
    return contributions[np.arange(len(chosen)), chosen]


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


def test_xgboost_vector_leaves_are_explained_by_permutation_where_the_library_cannot(load: Load) -> None:
    model = trained.xgboost("vector leaf")
    loaded = load("xgboost", model.content, model.spec).loaded
    if loaded.method:  # from XGBoost 3.3 on
        assert (loaded.method, loaded.space) == ("tree", "margin")
        return
    assert loaded.reason == "It needs background rows: usual inputs to compare with."
    background = trained.background(model.matrix)
    found = explained(load, model, background=background)
    assert {each.code for each in found} == {""}


def test_only_the_first_rounds_count_if_the_spec_says_so(load: Load) -> None:
    import xgboost

    model = trained.xgboost("binary")
    child = load("xgboost", model.content, trained.with_output(model, rounds=5))
    expected = model.model.predict(xgboost.DMatrix(model.matrix[:SOME]), iteration_range=(0, 5))
    assert [each.score for each in child.score(model.rows[:SOME])] == expected.astype(float).tolist()


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
    check_parts(found, explainer.shap_values(model.matrix[:SOME])[:, :, 1], explainer.expected_value[1], library="skops")
    assert load("skops", model.content, model.spec).loaded.space == "probability"


@pytest.mark.parametrize("kind", ["LR", "ridge"])
def test_linear_models_explain_as_shap_does(load: Load, kind: str) -> None:
    import shap

    model = trained.skops(kind)
    explainer = shap.LinearExplainer(model.model, model.matrix[:20])
    found = explained(load, model, background=trained.background(model.matrix))
    check_parts(found, explainer.shap_values(model.matrix[:SOME]), explainer.expected_value, library="skops")


def test_a_linear_model_without_background_scores_and_says_what_it_needs(load: Load) -> None:
    model = trained.skops("LR")
    child = load("skops", model.content, model.spec)
    assert (child.loaded.method, child.loaded.reason) == ("", "It needs background rows: usual inputs to compare with.")
    assert child.score(model.rows[:1])[0].score == model.model.predict_proba(model.matrix[:1])[0, 1]
    assert child.explain(model.rows[:1])[0].code == "cannot_explain"


def test_categories_in_histogram_boosting_are_scored_and_no_wrong_contributions_are_shown(load: Load) -> None:
    # shap ignores the sets of categories: shap#3436.
    model = trained.skops("HGB categorical")
    child = load("skops", model.content, model.spec)
    found = child.explain(model.rows[:SOME])
    assert [each.score for each in found] == model.model.predict_proba(model.matrix[:SOME])[:, 1].tolist()
    assert {each.code for each in found} == {"does_not_add_up"}
    assert all(each.values is None and (each.additivity_error or 0) > 0.01 for each in found)


@pytest.mark.parametrize(
    ("library", "kind"),
    [
        ("skops", "GB multiclass"),
        ("skops", "pipeline"),
        ("onnx", "binary"),
        ("onnx", "multiclass"),
        ("onnx", "regression"),
        ("onnx", "columns"),
    ],
)
def test_other_models_are_explained_by_permutation(load: Load, library: str, kind: str) -> None:
    model: Trained = getattr(trained, library)(kind)
    background = trained.background(model.matrix)
    child = load(library, model.content, msgspec.structs.replace(model.spec, background=background))
    assert child.loaded.method == "permutation"
    found = child.explain(model.rows[:3], seed=7)
    assert {(each.code, each.seed) for each in found} == {("", 7)}
    assert all(0 < (each.evaluations or 0) <= 500 for each in found)
    again = child.explain(model.rows[:3], seed=7)
    assert again == found


def test_permutation_comes_close_to_the_definition(load: Load) -> None:
    model = trained.skops("pipeline")
    found = explained(load, model, background=trained.background(model.matrix))
    for row in range(3):
        expected = by_definition(lambda rows: model.model.predict_proba(rows)[:, 1], model.matrix, row)
        values = found[row].values
        assert values is not None
        assert list(values.values()) == pytest.approx(expected, abs=MONTE_CARLO)


def test_permutation_is_exact_for_a_model_whose_features_add_up(load: Load) -> None:
    model = trained.skops("ridge")
    found = explained(load, model, background=trained.background(model.matrix), method="permutation")
    expected = (model.matrix[:SOME] - model.matrix[:20].mean(axis=0)) * model.model.coef_
    check_parts(found, expected, model.model.predict(model.matrix[:20]).mean(), library="skops")


@pytest.mark.parametrize(
    ("library", "kind"),
    [("xgboost", "binary"), ("lightgbm", "binary"), ("skops", "RF"), ("skops", "GB"), ("skops", "HGB")],
)
def test_interventional_contributions_are_probabilities_as_shap_computes_them(
    load: Load, library: str, kind: str
) -> None:
    import shap

    model: Trained = getattr(trained, library)(kind)
    background = trained.background(model.matrix)
    explainer = shap.TreeExplainer(
        model.model, model.matrix[:20], feature_perturbation="interventional", model_output="probability"
    )
    expected = explainer.shap_values(model.matrix[:SOME], check_additivity=False)
    if kind == "RF":
        expected = expected[:, :, 1]
    found = explained(load, model, background=background, method="tree_interventional")
    check_parts(found, expected, probability(model, model.matrix[:20]).mean(), library=library)


def test_interventional_contributions_of_three_classes_are_margins(load: Load) -> None:
    model = trained.xgboost("multiclass")
    described = msgspec.structs.replace(
        model.spec, method="tree_interventional", background=trained.background(model.matrix)
    )
    child = load("xgboost", model.content, described)
    assert (child.loaded.method, child.loaded.space) == ("tree_interventional", "margin")
    assert {each.code for each in child.explain(model.rows[:SOME])} == {""}


@pytest.mark.parametrize("kind", ["binary", "zipmap"])
def test_onnx_scores_as_the_model_that_was_converted(load: Load, kind: str) -> None:
    model = trained.onnx(kind)
    estimator, rows = model.model
    scored = load("onnx", model.content, model.spec).score(model.rows)
    assert [each.score for each in scored] == pytest.approx(estimator.predict_proba(rows)[:, 1], abs=1e-6)


def test_onnx_takes_each_column_by_its_name(load: Load) -> None:
    model = trained.onnx("columns")
    estimator, rows = model.model
    swapped = msgspec.structs.replace(model.spec, features=model.spec.features[::-1])
    for described in (model.spec, swapped):
        scored = load("onnx", model.content, described).score(model.rows)
        assert [each.score for each in scored] == pytest.approx(estimator.predict_proba(rows)[:, 1], abs=1e-6)


def test_a_column_of_texts_reaches_a_pipeline_as_a_frame(load: Load) -> None:
    import pandas as pd
    import skops.io
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    matrix = trained.with_categories()
    frame = pd.DataFrame(matrix, columns=NAMES).astype({NAMES[-1]: int}).astype({NAMES[-1]: str})
    encoder = make_column_transformer((OneHotEncoder(), NAMES[-1:]), remainder="passthrough")
    model = make_pipeline(encoder, RandomForestClassifier(5, max_depth=4, random_state=1))
    model.fit(frame, trained.truth("binary", matrix))
    described = Spec(
        features=[*trained.spec(trained.BINARY).features[:-1], Input(NAMES[-1], dtype="string")], **trained.BINARY
    )
    rows = trained.as_rows(matrix)
    scored = load("skops", skops.io.dumps(model), described).score(rows)
    assert [each.score for each in scored] == model.predict_proba(frame)[:, 1].tolist()
    # The encoder refuses a category that it has not seen. That is the row's error, not the batch's.
    scored = load("skops", skops.io.dumps(model), described).score([*rows[:5], {**rows[5], NAMES[-1]: "new"}])
    assert [bool(each.error) for each in scored] == [False] * 5 + [True]


def test_a_calibrated_margin_gives_the_calibrated_score_and_adds_up_to_its_log_odds(load: Load) -> None:
    import lightgbm  # noqa: F401

    model = trained.lightgbm("binary")
    child = load("lightgbm", model.content, trained.with_output(model, slope=0.5, intercept=0.25))
    margins = 0.5 * model.model.predict(model.matrix[:SOME], raw_score=True) + 0.25
    found = child.explain(model.rows[:SOME])
    assert [each.score for each in found] == pytest.approx(1 / (1 + np.exp(-margins)), abs=1e-12)
    sums = [(each.base or 0) + sum((each.values or {}).values()) for each in found]
    assert sums == pytest.approx(margins, abs=1e-12)


def test_equal_rows_are_explained_alike_and_rows_with_an_error_say_so(load: Load) -> None:
    model = trained.xgboost("binary")
    rows = [model.rows[0], {**model.rows[0], "f0": "text"}, model.rows[1], model.rows[0]]
    found = load("xgboost", model.content, model.spec).explain(rows)
    assert found[0] == found[3] != found[2]
    assert (found[1].code, found[1].error) == ("no_score", "f0: a text where a number belongs")


def test_curves_change_one_feature_at_a_time(load: Load) -> None:
    model = trained.xgboost("binary")
    child = load("xgboost", model.content, model.spec)
    row = model.rows[0]
    found = child.curves(row, {"f0": [-1.0, 0.0, None], "f1": [2]})
    changed = [{**row, "f0": -1.0}, {**row, "f0": 0.0}, {**row, "f0": None}, {**row, "f1": 2}]
    assert [*found["f0"], *found["f1"]] == child.score(changed)


def test_another_spec_encodes_the_same_rows_in_another_way(load: Load) -> None:
    model = trained.xgboost("binary")
    child = load("xgboost", model.content, model.spec)
    filled = Spec(features=[Input(name, missing=0.5) for name in NAMES], output=Output(), **trained.BINARY)
    row = {**model.rows[0], "f0": None}
    assert child.score([row], spec=filled) == child.score([{**row, "f0": 0.5}])
    assert child.score([row]) != child.score([row], spec=filled)


def probability(model: Trained, rows: Any) -> Any:
    """Return the probability of the positive class as the library gives it."""
    if model.library == "xgboost":
        import xgboost

        return model.model.predict(xgboost.DMatrix(rows)).astype(float)
    return model.model.predict_proba(rows)[:, 1] if model.library == "skops" else model.model.predict(rows)


def by_definition(output: Any, matrix: Any, row: int) -> list[float]:
    """Return Shapley's values over all 2⁵ sets of features, against the first 20 rows."""
    background, known = matrix[:20], matrix[row]

    def worth(kept: tuple[int, ...]) -> float:
        rows = background.copy()
        rows[:, list(kept)] = known[list(kept)]
        return float(np.mean(output(rows)))

    values = []
    for feature in range(FEATURES):
        others = [each for each in range(FEATURES) if each != feature]
        value = 0.0
        for size in range(FEATURES):
            weight = factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES)
            for kept in combinations(others, size):
                value += weight * (worth((*kept, feature)) - worth(kept))
        values.append(value)
    return values
