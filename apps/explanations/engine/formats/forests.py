"""Checks of the trees inside scikit-learn's estimators."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble._forest import BaseForest
from sklearn.ensemble._gb import BaseGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.tree import BaseDecisionTree
from sklearn.tree._tree import Tree

from apps.explanations.engine.formats.trees import LEAF, check_tree, malformed, whole

# They check the width of their rows once, and the trees inside trust it.
TRUSTING = BaseForest | BaseGradientBoosting | BaseHistGradientBoosting | BaseDecisionTree


def check_forests(found: Any, *, width: int | None = None, seen: set[int] | None = None) -> None:
    """Check every tree inside an object against the width of the rows that reach it."""
    seen = set() if seen is None else seen
    if id(found) in seen:
        return
    seen.add(id(found))
    if isinstance(found, Tree):
        among = found.n_features if width is None else min(found.n_features, width)
        check_tree(whole(found.children_left), whole(found.children_right), whole(found.feature), among=among)
        return
    if isinstance(found, TreePredictor):
        _check_predictor(found, among=width or 0)
        return
    if isinstance(found, BaseEstimator):
        if isinstance(found, BaseHistGradientBoosting):
            _check_categories(found)
        width = _width(found, width) if isinstance(found, TRUSTING) else None
    for value in _inside(found):
        check_forests(value, width=width, seen=seen)


def has_categories(estimator: Any) -> bool:
    """Whether gradient boosting splits by sets of categories."""
    return isinstance(estimator, BaseHistGradientBoosting) and bool(np.any(estimator._bin_mapper.is_categorical_))


def _inside(found: Any) -> Iterable[Any]:
    if isinstance(found, BaseEstimator | dict):
        return list((found if isinstance(found, dict) else vars(found)).values())
    is_list = isinstance(found, list | tuple) or (isinstance(found, np.ndarray) and found.dtype == object)
    return list(found.flat if isinstance(found, np.ndarray) else found) if is_list else ()


def _width(estimator: Any, outer: int | None) -> int | None:
    own = getattr(estimator, "n_features_in_", None)
    if own is None:
        return outer
    if not isinstance(own, int | np.integer):
        raise malformed("the number of features is no number")
    return int(own) if outer is None else min(int(own), outer)


def _check_predictor(predictor: Any, *, among: int) -> None:
    """Check a tree of histogram gradient boosting, whose nodes are records."""
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"] != 0
    left, right = (np.where(is_leaf, LEAF, nodes[side].astype(np.int64)) for side in ("left", "right"))
    check_tree(left, right, nodes["feature_idx"].astype(np.int64), among=among)
    sets = nodes["bitset_idx"][~is_leaf & (nodes["is_categorical"] != 0)]
    if len(sets) and sets.max() >= len(predictor.raw_left_cat_bitsets):
        raise malformed("a split names a set of categories that there is not")


def _check_categories(boosting: Any) -> None:
    """A categorical split looks its feature up among the known categories."""
    known = np.asarray(boosting._bin_mapper.is_categorical_, dtype=bool)
    for predictor in (each for stage in boosting._predictors for each in stage):
        split = predictor.nodes[(predictor.nodes["is_categorical"] != 0) & (predictor.nodes["is_leaf"] == 0)]
        features = split["feature_idx"]
        if len(features) and (features.min() < 0 or features.max() >= len(known) or not known[features].all()):
            raise malformed("a split by categories is on a feature that has none")
