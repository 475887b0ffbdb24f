"""skops files of scikit-learn models: types by an allow-list, and the trees inside checked before anything runs."""

import importlib
import io
import warnings
import zipfile
from typing import Any

import pandas as pd
import shap
import sklearn
import skops
import skops.io
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from apps.explanations.engine.formats.estimators import Estimator
from apps.explanations.engine.formats.forests import check_forests
from apps.explanations.engine.formats.trees import malformed
from apps.explanations.engine.refusals import TORCH_ENTRY, ZIP, ModelRefused, refuse_other_formats
from apps.explanations.engine.spec import Input, Spec

# Beyond what skops trusts: trees, and how HistGradientBoosting keeps a list of its categorical features.
TRUSTED = (
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "functools.partial",
    "sklearn.utils.validation.check_array",
)
# skops imports what a file names, and a sealed process opens no module any more.
MODULES = (
    "calibration compose decomposition discriminant_analysis dummy ensemble feature_extraction feature_selection "
    "gaussian_process impute isotonic kernel_approximation linear_model mixture model_selection multiclass naive_bayes "
    "neighbors neural_network pipeline preprocessing random_projection svm tree"
)
MOST_UNPACKED = 256 << 20
MOST_ENTRIES = 20_000
SCHEMA = "schema.json"


def prepare(*, with_shap: bool) -> None:  # noqa: ARG001  # it always needs shap
    for name in MODULES.split():
        importlib.import_module(f"sklearn.{name}")
    frame = pd.DataFrame({"x": [0.0, 1.0]})
    for trained in (
        RandomForestClassifier(1).fit(frame, [0, 1]),
        HistGradientBoostingClassifier(max_iter=1).fit(frame, [0, 1]),
    ):
        model = load(skops.io.dumps(trained), Spec(features=[Input("x")]))
        model.predict(frame.to_numpy())
        model.contributions(frame.to_numpy(), None)


def versions() -> dict[str, str]:
    return {"scikit-learn": sklearn.__version__, "skops": skops.__version__, "shap": shap.__version__}


def load(content: bytes, spec: Spec) -> Estimator:
    refuse_other_formats(content, is_zip=True)
    _check_archive(content)
    estimator = _unpack(content)
    if not isinstance(estimator, BaseEstimator) or not hasattr(estimator, "predict"):
        raise ModelRefused("no_model", f"The file holds a {type(estimator).__name__}, which predicts nothing.")
    check_forests(estimator)
    return Estimator(estimator, spec)


def _unpack(content: bytes) -> Any:
    try:
        strange = set(skops.io.get_untrusted_types(data=content)).difference(TRUSTED)
        if not strange:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # parity tells whether another version matters
                return skops.io.loads(content, trusted=list(TRUSTED))
    except MemoryError:
        raise
    except RecursionError as error:
        raise ModelRefused("too_deep", "The file is nested too deeply.") from error
    except Exception as error:  # damaged files raise whatever they run into
        raise malformed(f"{type(error).__name__}: {error}"[:200]) from error
    raise ModelRefused(
        "forbidden_types", f"The file holds types that are not allowed: {', '.join(sorted(strange)[:5])}."
    )


def _check_archive(content: bytes) -> None:
    if not content.startswith(ZIP):
        raise ModelRefused("malformed", "This is not a skops file: those are zip archives.")
    try:
        entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise malformed(str(error)[:200]) from error
    if any(each.filename.endswith(TORCH_ENTRY) for each in entries):
        raise ModelRefused("torch", "This is a file of torch.save, which holds a pickle; convert it to ONNX.")
    if len(entries) > MOST_ENTRIES or sum(each.file_size for each in entries) > MOST_UNPACKED:
        raise ModelRefused(
            "too_large", f"Unpacked, the file is larger than {MOST_UNPACKED >> 20} MB or {MOST_ENTRIES:,} entries."
        )
    if SCHEMA not in {each.filename for each in entries}:
        raise ModelRefused("malformed", f"This is not a skops file: it has no {SCHEMA}.")
