"""scikit-learn's estimators and pipelines: how they predict, and which of them explain themselves."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.ensemble._forest import BaseForest
from sklearn.ensemble._gb import BaseGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
from sklearn.tree import BaseDecisionTree

from apps.explanations.engine.encoding import Cells, is_textual
from apps.explanations.engine.formats import shapley
from apps.explanations.engine.formats.forests import has_categories
from apps.explanations.engine.formats.models import Explain, Floats, Parts, as_outputs
from apps.explanations.engine.refusals import ModelRefused
from apps.explanations.engine.spec import Method, Space, Spec


class Estimator:
    """An estimator or a pipeline."""

    takes_by_name = False

    def __init__(self, estimator: Any, spec: Spec) -> None:
        self._estimator = estimator
        self._names = [str(name) for name in getattr(estimator, "feature_names_in_", [])]
        self._spec = spec
        self.names = self._names
        self.features = int(getattr(estimator, "n_features_in_", -1))
        self.classes = [str(name) for name in getattr(estimator, "classes_", [])]
        self._is_classifier = spec.task != "regression"
        has_margin = self._is_classifier and hasattr(estimator, "decision_function")
        self._has_probabilities = self._is_classifier and hasattr(estimator, "predict_proba")
        if self._is_classifier and not has_margin and not self._has_probabilities:
            raise ModelRefused("wrong_outputs", f"{type(estimator).__name__} gives neither probabilities nor margins.")
        classifies = Space.PROBABILITY if self._has_probabilities else Space.MARGIN
        self.usual = classifies if self._is_classifier else Space.VALUE
        is_boosting = isinstance(estimator, BaseHistGradientBoosting)
        self._is_log = is_boosting and getattr(estimator, "loss", "") in ("poisson", "gamma")
        self.is_linked = (has_margin and self._has_probabilities) or self._is_log
        # Trees that vote add up to probabilities; those that are boosted, to the margin.
        self.adds_up_to_margin = not isinstance(estimator, BaseForest | BaseDecisionTree)
        self.method = self._own_method()
        self.needs_background = self.method == Method.LINEAR

    def predict(self, cells: Cells) -> Floats:
        estimator, rows = self._estimator, self._rows(cells)
        if self._has_probabilities:
            return as_outputs(estimator.predict_proba(rows))
        return as_outputs(estimator.decision_function(rows) if self._is_classifier else estimator.predict(rows))

    def margin(self, cells: Cells) -> Floats:
        if self._is_log:
            return np.log(self.predict(cells))
        if self._is_classifier and self.is_linked:
            return as_outputs(self._estimator.decision_function(self._rows(cells)))
        return self.predict(cells)

    def contributions(self, cells: Cells, background: Cells | None) -> Parts:
        if background is not None and self.method == Method.LINEAR:
            return self._linear(cells, background)
        return self._explain(cells)

    def interventional(self, background: Cells, *, is_probability: bool) -> Explain | None:
        if self.method != Method.TREE or has_categories(self._estimator):
            return None
        return shapley.interventional(
            self._estimator, background, is_probability=is_probability and self.adds_up_to_margin
        )

    def _own_method(self) -> Method | None:
        estimator = self._estimator
        is_trees = isinstance(
            estimator, BaseForest | BaseDecisionTree | BaseGradientBoosting | BaseHistGradientBoosting
        )
        # shap cannot explain gradient boosting of more than two classes.
        if is_trees and not (isinstance(estimator, GradientBoostingClassifier) and len(self.classes) > 2):
            self._explain = shapley.path_dependent(estimator)
            return Method.TREE
        return Method.LINEAR if self._is_linear() else None

    def _is_linear(self) -> bool:
        """Whether the margin is a weighted sum of the inputs, as it is of no model behind another link."""
        if not hasattr(self._estimator, "coef_") or any(is_textual(each) for each in self._spec.features):
            return False
        rows = np.random.default_rng(0).normal(size=(3, self.features))
        coefficients = np.atleast_2d(np.asarray(self._estimator.coef_, dtype=np.float64))
        if coefficients.shape[1] != self.features:
            return False
        outputs = rows @ coefficients.T + np.asarray(self._estimator.intercept_, dtype=np.float64)
        return outputs.shape == self.margin(rows).shape and np.allclose(outputs, self.margin(rows))

    def _linear(self, cells: Cells, background: Cells) -> Parts:
        """Explain by how far each input is from its mean (Lundberg and Lee 2017, corollary 1)."""
        mean = np.asarray(background, dtype=np.float64).mean(axis=0)
        coefficients = np.atleast_2d(np.asarray(self._estimator.coef_, dtype=np.float64))
        values = (np.asarray(cells, dtype=np.float64) - mean)[:, :, None] * coefficients.T[None]
        base = mean @ coefficients.T + np.asarray(self._estimator.intercept_, dtype=np.float64)
        return Parts(values, np.broadcast_to(base, (len(values), values.shape[2])))

    def _rows(self, cells: Cells) -> Any:
        """Return a frame where the model knows its columns by name."""
        if not self._names:
            return cells
        types = [object if is_textual(each) else each.dtype for each in self._spec.features]
        columns = {
            name: cells[:, place].astype(kind)
            for place, (name, kind) in enumerate(zip(self._names, types, strict=True))
        }
        return pd.DataFrame(columns, columns=self._names)
