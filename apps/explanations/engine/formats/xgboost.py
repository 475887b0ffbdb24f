"""XGBoost's JSON. Its UBJ files have crashed the library by lengths that are not theirs, so they are refused."""

from typing import Any

import msgspec
import numpy as np
import xgboost

from apps.explanations.engine.encoding import Cells
from apps.explanations.engine.formats import shapley, xgboost_json
from apps.explanations.engine.formats.models import Explain, Floats, Parts, as_outputs, split_base
from apps.explanations.engine.formats.trees import malformed
from apps.explanations.engine.formats.xgboost_json import Learner
from apps.explanations.engine.spec import Input, Method, Space, Spec

# Objectives whose predictions are the margin itself.
UNLINKED = (
    "reg:squarederror",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:quantileerror",
    "binary:logitraw",
    "rank:",
)
# Their predictions are labels or margins, so scores follow from the margin only.
BY_MARGIN = ("binary:logitraw", "binary:hinge", "multi:softmax")


def versions() -> dict[str, str]:
    return {"xgboost": xgboost.__version__}


def prepare(*, with_shap: bool) -> None:
    rows = np.array([[0.0], [1.0]])
    trained = xgboost.train({"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(rows, [0, 1], nthread=1), 1)
    model = load(bytes(trained.save_raw("json")), Spec(features=[Input("x")]))
    model.predict(rows)
    model.contributions(rows, None)
    if with_shap and (explain := model.interventional(rows, is_probability=True)):
        explain(rows)


def load(content: bytes, spec: Spec) -> "XGBoost":
    learner = xgboost_json.read(content)
    booster = xgboost.Booster(params={"nthread": 1})
    try:
        # XGBoost tells JSON from UBJ by the first two characters, so there may be no space between them.
        booster.load_model(bytearray(msgspec.json.format(content, indent=-1)))
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise malformed(_first_line(error)) from error
    booster.set_param({"nthread": 1, "device": "cpu"})
    return XGBoost(booster, learner, spec)


class XGBoost:
    """A booster. It explains itself: `pred_contribs` is what shap would call, too."""

    classes: list[str] = []
    adds_up_to_margin = True
    needs_background = False
    takes_by_name = False

    def __init__(self, booster: xgboost.Booster, learner: Learner, spec: Spec) -> None:
        objective = learner.objective.name
        self.features = learner.learner_model_param.num_feature
        self.names = learner.feature_names
        is_regression = spec.task == "regression"
        self.usual = Space.VALUE if is_regression else Space.MARGIN if objective in BY_MARGIN else Space.PROBABILITY
        self.is_linked = not objective.startswith(UNLINKED)
        self.method = Method.LINEAR if learner.gradient_booster.name == "gblinear" else Method.TREE
        self._booster = booster
        self._rounds = (0, spec.output.rounds or 0)
        self._types = learner.feature_types or [("c" if each.is_categorical else "float") for each in spec.features]

    def predict(self, cells: Cells) -> Floats:
        return as_outputs(self._call(cells))

    def margin(self, cells: Cells) -> Floats:
        return as_outputs(self._call(cells, output_margin=True))

    def contributions(self, cells: Cells, background: Cells | None) -> Parts:  # noqa: ARG002  # other formats need it
        return split_base(self._call(cells, pred_contribs=True))

    def interventional(self, background: Cells, *, is_probability: bool) -> Explain | None:
        if "c" in self._types or self.method != Method.TREE:
            return None
        return shapley.interventional(self._booster, background, is_probability=is_probability)

    def _call(self, cells: Cells, **what: bool) -> Any:
        types = self._types if "c" in self._types else None
        rows = xgboost.DMatrix(cells.astype(np.float32), feature_types=types, enable_categorical=True, nthread=1)
        return self._booster.predict(rows, iteration_range=self._rounds, validate_features=False, **what)


def _first_line(error: Exception) -> str:
    """Shorten a message of XGBoost, which ends in a stack trace."""
    return str(error).splitlines()[0][:200]
