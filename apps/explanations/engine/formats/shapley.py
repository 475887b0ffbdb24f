"""shap's tree explainer, for what libraries do not explain themselves. It is imported only where it is needed."""

from typing import Any

import numpy as np

from apps.explanations.engine.encoding import Cells
from apps.explanations.engine.formats.models import Explain, Parts, as_parts
from apps.explanations.engine.refusals import ModelRefused


def path_dependent(model: Any) -> Explain:
    """Explain by the paths through the trees, weighted by the rows they were trained on."""
    import shap  # noqa: PLC0415  # it takes seconds to import

    return _explain_by(shap.TreeExplainer(model))


def interventional(model: Any, background: Cells, *, is_probability: bool) -> Explain:
    """Explain against the background rows, in units of probability if asked for."""
    import shap  # noqa: PLC0415  # it takes seconds to import

    try:
        explainer = shap.TreeExplainer(
            model,
            data=np.asarray(background, dtype=np.float64),
            feature_perturbation="interventional",
            model_output="probability" if is_probability else "raw",
        )
    except Exception as error:  # whatever shap cannot do with this model
        raise ModelRefused("wrong_method", f"tree_interventional does not suit this file: {error}") from error
    return _explain_by(explainer)


def _explain_by(explainer: Any) -> Explain:
    def explain(cells: Cells) -> Parts:
        # Its own check misses models; ours is made of every row.
        values = explainer.shap_values(np.asarray(cells, dtype=np.float64), check_additivity=False)
        return as_parts(values, explainer.expected_value)

    return explain
