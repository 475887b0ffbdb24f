"""Small models of every kind that explains correctly, trained with a fixed seed on made-up rows."""

import json
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.explanations.engine.spec import Input, Output, Spec

ROWS = 400
FEATURES = 5
CATEGORIES = 6
NAMES = [f"f{number}" for number in range(FEATURES)]
BINARY: dict[str, Any] = {"task": "binary", "classes": ["no", "yes"], "positive": "yes"}
MULTI: dict[str, Any] = {"task": "multiclass", "classes": ["a", "b", "c"]}
REGRESSION: dict[str, Any] = {"task": "regression"}


@dataclass(frozen=True)
class Trained:
    """A model, its file and spec, and rows as a client would send them."""

    library: str
    model: Any
    content: bytes
    spec: Spec
    matrix: NDArray[Any]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return as_rows(self.matrix)


def as_rows(matrix: NDArray[Any]) -> list[dict[str, Any]]:
    return [
        {name: None if math.isnan(value) else value for name, value in zip(NAMES, row, strict=False)}
        for row in matrix.tolist()
    ]


@cache
def numbers() -> NDArray[np.float64]:
    """Rows whose values are exact in float32, so that both precisions see the same."""
    return np.random.default_rng(11).normal(size=(ROWS, FEATURES)).astype(np.float32).astype(np.float64)


@cache
def with_categories() -> NDArray[np.float64]:
    """The last feature is a category."""
    matrix = numbers().copy()
    matrix[:, -1] = np.random.default_rng(12).integers(0, CATEGORIES, ROWS)
    return matrix


def truth(task: str, matrix: NDArray[np.float64]) -> NDArray[Any]:
    signal = matrix[:, 0] + matrix[:, 1] * matrix[:, 2] + np.isin(matrix[:, -1], (1, 4))
    if task == "regression":
        return signal
    return (signal > 0).astype(int) + ((signal > 1) if task == "multiclass" else 0)


def spec(task: dict[str, Any], *, dtype: str = "float64", categorical: bool = False, **more: Any) -> Spec:
    inputs = [Input(name, dtype=dtype) for name in NAMES]
    if categorical:
        inputs[-1] = Input(NAMES[-1], dtype=dtype, is_categorical=True)
    return Spec(features=inputs, **task, **more)


def background(matrix: NDArray[np.float64], rows: int = 20) -> list[dict[str, Any]]:
    return as_rows(matrix[:rows])


@cache
def xgboost(kind: str) -> Trained:
    import xgboost as library

    task = MULTI if kind in ("multiclass", "vector leaf") else BINARY
    matrix = with_categories() if kind == "categorical" else numbers()
    settings: dict[str, Any] = {
        "multiclass": {"objective": "multi:softprob", "num_class": 3},
        "vector leaf": {"objective": "multi:softprob", "num_class": 3, "multi_strategy": "multi_output_tree"},
        "dart": {"booster": "dart", "rate_drop": 0.3},
        "gblinear": {"booster": "gblinear"},
        "categorical": {"max_cat_to_onehot": 1},
    }.get(kind, {})
    types = ["float"] * (FEATURES - 1) + ["c"] if kind == "categorical" else None
    data = library.DMatrix(matrix, truth(task["task"], matrix), feature_types=types, enable_categorical=True)
    tree = {} if kind == "gblinear" else {"max_depth": 3, "tree_method": "hist"}
    model = library.train({"objective": "binary:logistic", "seed": 1, "nthread": 1, **tree, **settings}, data, 12)
    described = spec(task, dtype="float32", categorical=kind == "categorical")
    return Trained("xgboost", model, bytes(model.save_raw("json")), described, matrix)


@cache
def lightgbm(kind: str) -> Trained:
    import lightgbm as library

    task = MULTI if kind == "multiclass" else BINARY
    matrix = with_categories() if kind == "categorical" else numbers()
    settings: dict[str, Any] = {
        "multiclass": {"objective": "multiclass", "num_class": 3},
        "rf": {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
        "linear": {"linear_tree": True},
    }.get(kind, {})
    data = library.Dataset(
        matrix, truth(task["task"], matrix), categorical_feature=[FEATURES - 1] if kind == "categorical" else "auto"
    )
    common = {"objective": "binary", "num_leaves": 7, "verbose": -1, "num_threads": 1, "seed": 1, "cat_smooth": 1}
    model = library.train({**common, **settings}, data, 12)
    described = spec(task, categorical=kind == "categorical")
    return Trained("lightgbm", model, model.model_to_string().encode(), described, matrix)


@cache
def skops(kind: str) -> Trained:
    import skops.io
    from sklearn import ensemble, linear_model
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    forest: dict[str, Any] = {"n_estimators": 10, "max_depth": 5, "random_state": 1}
    made: dict[str, tuple[dict[str, Any], Callable[[], Any]]] = {
        "HGB": (BINARY, lambda: ensemble.HistGradientBoostingClassifier(max_iter=10, random_state=1)),
        "HGB multiclass": (MULTI, lambda: ensemble.HistGradientBoostingClassifier(max_iter=5, random_state=1)),
        "HGB regression": (REGRESSION, lambda: ensemble.HistGradientBoostingRegressor(max_iter=10, random_state=1)),
        "HGB Poisson": (
            REGRESSION,
            lambda: ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=10, random_state=1),
        ),
        "HGB categorical": (
            BINARY,
            lambda: ensemble.HistGradientBoostingClassifier(
                max_iter=10, random_state=1, categorical_features=[FEATURES - 1]
            ),
        ),
        "GB": (BINARY, lambda: ensemble.GradientBoostingClassifier(n_estimators=10, random_state=1)),
        "GB multiclass": (MULTI, lambda: ensemble.GradientBoostingClassifier(n_estimators=3, random_state=1)),
        "RF": (BINARY, lambda: ensemble.RandomForestClassifier(**forest)),
        "RF multiclass": (MULTI, lambda: ensemble.RandomForestClassifier(**forest, n_jobs=-1)),
        "RF regression": (REGRESSION, lambda: ensemble.RandomForestRegressor(**forest)),
        "LR": (BINARY, linear_model.LogisticRegression),
        "LR multiclass": (MULTI, linear_model.LogisticRegression),
        "ridge": (REGRESSION, linear_model.Ridge),
        "pipeline": (BINARY, lambda: make_pipeline(StandardScaler(), linear_model.LogisticRegression())),
    }
    task, make = made[kind]
    matrix = with_categories() if kind == "HGB categorical" else numbers()
    target = truth(task["task"], matrix)
    model = make().fit(matrix, np.abs(target) if kind == "HGB Poisson" else target)
    return Trained("skops", model, skops.io.dumps(model), spec(task), matrix)


@cache
def onnx(kind: str) -> Trained:
    """Models that skl2onnx has converted: with one input for all features, or one for each."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    task = {"multiclass": MULTI, "regression": REGRESSION}.get(kind, BINARY)
    matrix = with_categories() if kind == "columns" else numbers()
    rows: Any = matrix
    inputs: Any = [("rows", FloatTensorType([None, FEATURES]))]
    described = spec(task, dtype="float32")
    if kind == "columns":
        import pandas as pd

        rows = pd.DataFrame(matrix, columns=NAMES).astype({NAMES[-1]: int}).astype({NAMES[-1]: str})
        columns = make_column_transformer((OneHotEncoder(), NAMES[-1:]), (StandardScaler(), NAMES[:-1]))
        model = make_pipeline(columns, LogisticRegression())
        inputs = [(name, FloatTensorType([None, 1])) for name in NAMES[:-1]]
        inputs.append((NAMES[-1], StringTensorType([None, 1])))
        described = spec(task, dtype="float32")
        described = Spec(features=[*described.features[:-1], Input(NAMES[-1], dtype="string")], **task)
    elif kind == "regression":
        model = RandomForestRegressor(10, max_depth=4, random_state=1)
    else:
        model = make_pipeline(StandardScaler(), LogisticRegression())
    target = truth(task["task"], matrix)
    model.fit(rows, np.array(task["classes"])[target] if kind == "zipmap" else target)
    options = {} if kind in ("zipmap", "regression") else {id(model): {"zipmap": False}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = convert_sklearn(model, initial_types=inputs, options=options).SerializeToString()
    return Trained("onnx", (model, rows), content, described, matrix)


def edited(content: bytes, edit: Callable[[Any], None]) -> bytes:
    """Return an XGBoost file whose JSON has been changed."""
    document = json.loads(content)
    edit(document)
    return json.dumps(document, separators=(",", ":")).encode()


def with_output(trained: Trained, **output: Any) -> Spec:
    import msgspec

    return msgspec.structs.replace(trained.spec, output=Output(**output))
