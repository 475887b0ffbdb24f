"""LightGBM's text format. Up to 4.7.0 the library writes out of bounds where a tree is none (CVE-2026-92786)."""

from typing import Any

import lightgbm
import numpy as np

from apps.explanations.engine.encoding import Cells
from apps.explanations.engine.formats import lightgbm_text, shapley
from apps.explanations.engine.formats.lightgbm_text import END, Header
from apps.explanations.engine.formats.models import Explain, Floats, Parts, as_outputs, split_base
from apps.explanations.engine.formats.trees import malformed
from apps.explanations.engine.spec import Input, Method, Space, Spec

# The settings of the training follow the trees. Of them, shap reads the objective, and LightGBM reads beyond settings
# that are cut off.
TAIL = "\n{end}\n\nparameters:\n[objective: {objective}]\n\nend of parameters\n\npandas_categorical:null\n"


def versions() -> dict[str, str]:
    return {"lightgbm": lightgbm.__version__}


def prepare(*, with_shap: bool) -> None:
    rows = np.array([[0.0], [1.0]])
    settings = {"objective": "binary", "min_data_in_leaf": 1, "min_data_in_bin": 1, "verbose": -1, "num_threads": 1}
    trained = lightgbm.train(settings, lightgbm.Dataset(rows, [0, 1]), 1)
    model = load(trained.model_to_string().encode(), Spec(features=[Input("x")]))
    model.predict(rows)
    model.contributions(rows, None)
    if with_shap and (explain := model.interventional(rows, is_probability=True)):
        explain(rows)


def load(content: bytes, spec: Spec) -> "LightGBM":
    header, end = lightgbm_text.read(content)
    try:
        tail = TAIL.format(end=END.decode(), objective=header.name)
        booster = lightgbm.Booster(model_str=content[:end].decode() + tail)
    except (lightgbm.basic.LightGBMError, ValueError, KeyError) as error:
        raise malformed(str(error)[:200]) from error
    return LightGBM(booster, header, spec)


class LightGBM:
    """A booster. It explains itself: `pred_contrib` is what shap would call, too."""

    classes: list[str] = []
    method = Method.TREE
    adds_up_to_margin = True
    needs_background = False
    takes_by_name = False

    def __init__(self, booster: lightgbm.Booster, header: Header, spec: Spec) -> None:
        self.features = header.features
        self.names = booster.feature_name()
        self.usual = Space.VALUE if spec.task == "regression" else Space.PROBABILITY
        self.is_linked = header.is_linked
        self._booster = booster
        self._has_categories = any(each.is_categorical for each in spec.features)
        self._rounds = spec.output.rounds

    def predict(self, cells: Cells) -> Floats:
        return as_outputs(self._call(cells))

    def margin(self, cells: Cells) -> Floats:
        return as_outputs(self._call(cells, raw_score=True))

    def contributions(self, cells: Cells, background: Cells | None) -> Parts:  # noqa: ARG002  # other formats need it
        found = np.asarray(self._call(cells, pred_contrib=True))
        # rows × (outputs · (features and base))
        return split_base(found.reshape(len(cells), -1, self.features + 1))

    def interventional(self, background: Cells, *, is_probability: bool) -> Explain | None:
        if self._has_categories:
            return None
        return shapley.interventional(self._booster, background, is_probability=is_probability)

    def _call(self, cells: Cells, **what: bool) -> Any:
        return self._booster.predict(
            np.asarray(cells, dtype=np.float64), num_iteration=self._rounds or -1, num_threads=1, **what
        )
