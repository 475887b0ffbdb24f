"""What a loaded file answers beside contributions: scores, curves, errors of single rows."""

import msgspec
import numpy as np
import pytest

from apps.explanations.engine.spec import Input, Output, Spec
from tests.explanations.engine import trained
from tests.explanations.engine.comparing import SOME
from tests.explanations.engine.conftest import Load
from tests.explanations.engine.trained import NAMES


def test_only_the_first_rounds_count_if_the_spec_says_so(load: Load) -> None:
    import xgboost

    model = trained.xgboost("binary")
    child = load("xgboost", model.content, trained.with_output(model, rounds=5))
    expected = model.model.predict(xgboost.DMatrix(model.matrix[:SOME]), iteration_range=(0, 5))
    assert [each.score for each in child.score(model.rows[:SOME])] == expected.astype(float).tolist()


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


@pytest.mark.slow
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
