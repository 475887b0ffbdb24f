"""Gradient boosting that stands for a model trained anew: scikit-learn's, or the library of the registered model file.

Loaded in workers only: the libraries take seconds to import and 100 MB. Each fit uses one core.
"""

from collections.abc import Callable
from importlib.metadata import version

import numpy as np

from apps.registry.models import Task
from apps.stats.arrays import BoolArray, FloatArray, IntArray

ROUNDS = 100
RATE = 0.1
LEAST_IN_LEAF = 20
L2 = 1.0
# A tree gets a leaf for so many labels, within these limits: few labels bear only small trees.
LABELS_PER_LEAF = 400
FEWEST_LEAVES, MOST_LEAVES = 4, 31
# Distinct values of a number that a tree may split at
MOST_VALUES = 254

SKLEARN, XGBOOST, LIGHTGBM = "scikit-learn", "xgboost", "lightgbm"
PACKAGES = {SKLEARN: ("scikit-learn",), XGBOOST: ("xgboost-cpu", "xgboost"), LIGHTGBM: ("lightgbm",)}


# A trained candidate: from features to probabilities of all classes, or to numbers in one column.
Predicts = Callable[[FloatArray], FloatArray]


def package_of(library: str) -> str:
    """Return the library's name with its version, such as "scikit-learn 1.9.1"."""
    for name in PACKAGES[library]:
        try:
            return f"{library} {version(name)}"
        except ModuleNotFoundError:
            continue
    return library


def usable(library: str) -> str:
    """Return the library if it is installed here, else scikit-learn."""
    return library if library in PACKAGES and package_of(library) != library else SKLEARN


def leaves_of(labels: int) -> int:
    """
    >>> leaves_of(500), leaves_of(6_000), leaves_of(20_000)
    (4, 15, 31)
    """
    return int(np.clip(labels // LABELS_PER_LEAF, FEWEST_LEAVES, MOST_LEAVES))


def train(
    library: str,
    task: str,
    features: FloatArray,
    truth: FloatArray,
    weight: FloatArray,
    *,
    classes: int,
    is_category: BoolArray,
    seed: int,
) -> Predicts:
    """Train a candidate. Of a class that is not among the labels, it knows nothing, and gives it probability 0."""
    weight = weight / weight.mean()
    if task == Task.REGRESSION:
        return _FITS[library](features, truth, weight, classes=0, is_category=is_category, seed=seed)
    seen, codes = np.unique(truth.astype(np.int64), return_inverse=True)
    if len(seen) == 1:
        return _Spread(None, seen, classes)
    fit = _FITS[library](
        features,
        codes.reshape(-1).astype(np.float64),
        weight,
        classes=len(seen),
        is_category=is_category,
        seed=seed,
    )
    return _Spread(fit, seen, classes)


class _Spread:
    """Spreads the probabilities of the classes that were seen over all classes."""

    def __init__(self, fit: Predicts | None, seen: IntArray, classes: int) -> None:
        self.fit, self.seen, self.classes = fit, seen, classes

    def __call__(self, features: FloatArray) -> FloatArray:
        spread = np.zeros((len(features), self.classes))
        spread[:, self.seen] = 1.0 if self.fit is None else self.fit(features)
        return spread


def _of_sklearn(
    features: FloatArray, truth: FloatArray, weight: FloatArray, *, classes: int, is_category: BoolArray, seed: int
) -> Predicts:
    from sklearn.ensemble import (  # noqa: PLC0415  # see above
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  # it comes with scikit-learn

    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    model = kind(
        max_iter=ROUNDS,
        learning_rate=RATE,
        max_leaf_nodes=leaves_of(len(truth)),
        min_samples_leaf=min(LEAST_IN_LEAF, max(1, len(truth) // 10)),
        l2_regularization=L2,
        early_stopping=False,
        categorical_features=is_category,
        random_state=seed,
    )
    rounded = np.column_stack(
        [column if is_code else _rounded(column) for column, is_code in zip(features.T, is_category, strict=True)]
    )
    with threadpool_limits(1):
        model.fit(rounded, truth, sample_weight=weight)

    def predict(rows: FloatArray) -> FloatArray:
        with threadpool_limits(1):
            found = model.predict_proba(rows) if classes else model.predict(rows)[:, None]
        return np.asarray(found, dtype=np.float64)

    return predict


def _rounded(column: FloatArray) -> FloatArray:
    """Round to the nearest of so many quantiles: binning more values by weight takes longer than the fit itself.

    >>> len(np.unique(_rounded(np.arange(1000.0)))), _rounded(np.array([2.0, np.nan, 1.0])).tolist()
    (254, [2.0, nan, 1.0])
    """
    known = column[~np.isnan(column)]
    if len(np.unique(known)) <= MOST_VALUES:
        return column
    grid = np.unique(np.quantile(known, np.linspace(0, 1, MOST_VALUES)))
    nearest = grid[np.searchsorted((grid[1:] + grid[:-1]) / 2, column)]
    return np.where(np.isnan(column), np.nan, nearest)


def _of_xgboost(
    features: FloatArray, truth: FloatArray, weight: FloatArray, *, classes: int, is_category: BoolArray, seed: int
) -> Predicts:
    import xgboost as xgb  # noqa: PLC0415  # see above

    types = ["c" if each else "float" for each in is_category]

    def matrix(rows: FloatArray, **more: FloatArray) -> xgb.DMatrix:
        return xgb.DMatrix(rows, feature_types=types, enable_categorical=True, nthread=1, **more)

    parameters = {
        "objective": "multi:softprob" if classes else "reg:squarederror",
        "max_leaves": leaves_of(len(truth)),
        "max_depth": 0,
        "grow_policy": "lossguide",
        "tree_method": "hist",
        "eta": RATE,
        "lambda": L2,
        "seed": seed,
        "nthread": 1,
    }
    if classes:
        parameters["num_class"] = classes
    booster = xgb.train(parameters, matrix(features, label=truth, weight=weight), ROUNDS)

    def predict(rows: FloatArray) -> FloatArray:
        return np.asarray(booster.predict(matrix(rows)), dtype=np.float64).reshape(len(rows), -1)

    return predict


def _of_lightgbm(
    features: FloatArray, truth: FloatArray, weight: FloatArray, *, classes: int, is_category: BoolArray, seed: int
) -> Predicts:
    import lightgbm as lgb  # noqa: PLC0415  # see above

    parameters = {
        "objective": "multiclass" if classes else "regression",
        "num_leaves": leaves_of(len(truth)),
        "min_data_in_leaf": min(LEAST_IN_LEAF, max(1, len(truth) // 10)),
        "learning_rate": RATE,
        "lambda_l2": L2,
        "seed": seed,
        "num_threads": 1,
        "verbosity": -1,
    }
    if classes:
        parameters["num_class"] = classes
    columns = [int(each) for each in np.flatnonzero(is_category)]
    data = lgb.Dataset(features, truth, weight=weight, categorical_feature=columns)
    booster = lgb.train(parameters, data, ROUNDS)

    def predict(rows: FloatArray) -> FloatArray:
        found = np.asarray(booster.predict(rows, num_threads=1), dtype=np.float64)
        return found.reshape(len(rows), -1)

    return predict


_FITS = {SKLEARN: _of_sklearn, XGBOOST: _of_xgboost, LIGHTGBM: _of_lightgbm}
