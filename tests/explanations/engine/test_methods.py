"""Contributions by permutation and against background rows, with the definition and with shap."""

from itertools import combinations
from math import factorial
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.explanations.engine import trained
from tests.explanations.engine.comparing import SOME, check_parts, explained
from tests.explanations.engine.conftest import Load
from tests.explanations.engine.trained import FEATURES, Trained

pytestmark = pytest.mark.slow

# With 62 pairs of orders; seen: .006.
MONTE_CARLO = 0.02


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


def test_a_linear_model_without_background_scores_and_says_what_it_needs(load: Load) -> None:
    model = trained.skops("LR")
    child = load("skops", model.content, model.spec)
    assert (child.loaded.method, child.loaded.reason) == ("", "It needs background rows: usual inputs to compare with.")
    assert child.score(model.rows[:1])[0].score == model.model.predict_proba(model.matrix[:1])[0, 1]
    assert child.explain(model.rows[:1])[0].code == "cannot_explain"


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
