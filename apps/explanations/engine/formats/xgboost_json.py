"""The structure of XGBoost's JSON, checked before XGBoost reads it: it follows any index that it finds."""

from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np

from apps.explanations.engine.formats.trees import LEAF, Ints, check_lengths, check_tree, malformed, whole
from apps.explanations.engine.refusals import ModelRefused, refuse_other_formats

# A category beyond costs a bit set of this size in each node.
MOST_CATEGORIES = 1 << 20
MOST_GROUPS = 1_000
# What may follow the first brace of a UBJ file, but of no JSON.
UBJ = (b"L", b"l", b"I", b"i", b"U", b"$", b"#")

T = TypeVar("T")
Count = Annotated[int, msgspec.Meta(ge=0)]


class TreeParameters(msgspec.Struct):
    num_nodes: Count
    size_leaf_vector: Count = 1


class Tree(msgspec.Struct):
    id: int
    tree_param: TreeParameters
    left_children: list[int]
    right_children: list[int]
    parents: list[int]
    split_indices: list[int]
    split_conditions: list[float]
    default_left: list[int]
    base_weights: list[float]
    split_type: list[int] = []
    categories: list[int] = []
    categories_nodes: list[int] = []
    categories_segments: list[int] = []
    categories_sizes: list[int] = []
    leaf_weights: list[float] = []


class Trees(msgspec.Struct):
    trees: list[Tree]
    tree_info: list[int]
    gbtree_model_param: dict[str, Any]
    iteration_indptr: list[int] | None = None


class Booster(msgspec.Struct):
    """gbtree has `model`, dart `gbtree` with a model in it, and gblinear a model that is weights."""

    name: str
    model: msgspec.Raw = msgspec.Raw(b"")
    gbtree: "Booster | None" = None
    weight_drop: list[float] = []


class Weights(msgspec.Struct):
    weights: list[float]


class ModelParameters(msgspec.Struct):
    num_feature: Count
    num_class: Count = 0
    num_target: Count = 1


class Objective(msgspec.Struct):
    name: str


class Learner(msgspec.Struct):
    gradient_booster: Booster
    learner_model_param: ModelParameters
    objective: Objective
    feature_names: list[str] = []
    feature_types: list[str] = []

    @property
    def groups(self) -> int:
        return max(self.learner_model_param.num_class, self.learner_model_param.num_target, 1)


class File(msgspec.Struct):
    learner: Learner


def read(content: bytes) -> Learner:
    """Return what the file says of itself, or refuse what XGBoost would follow out of its memory."""
    refuse_other_formats(content)
    if content.startswith(b"{") and content[1:2] in UBJ:
        raise ModelRefused("ubj", "This is XGBoost's binary UBJ; save the model with a name that ends in .json.")
    learner = _decoded(content, File).learner
    _check(learner)
    return learner


def _decoded(content: bytes | msgspec.Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind, strict=False)
    except RecursionError as error:
        raise ModelRefused("too_deep", "The JSON is nested too deeply.") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ModelRefused("malformed", f"This is not XGBoost's JSON: {error}.") from error


def _check(learner: Learner) -> None:
    if learner.groups > MOST_GROUPS:
        raise ModelRefused("too_large", f"The file has {learner.groups:,} outputs; {MOST_GROUPS:,} are allowed.")
    if learner.feature_types:
        check_lengths(learner.learner_model_param.num_feature, feature_types=learner.feature_types)
    if learner.feature_names:
        check_lengths(learner.learner_model_param.num_feature, feature_names=learner.feature_names)
    booster = learner.gradient_booster
    if booster.name == "gblinear":
        weights = _model(booster, Weights).weights
        check_lengths((learner.learner_model_param.num_feature + 1) * learner.groups, weights=weights)
        return
    if booster.name not in ("gbtree", "dart"):
        raise malformed(f"“{booster.name[:20]}” is no booster")
    inner = booster.gbtree if booster.name == "dart" else booster
    if inner is None:
        raise malformed("dart has no trees")
    model = _model(inner, Trees)
    if booster.name == "dart":
        check_lengths(len(model.trees), weight_drop=booster.weight_drop)
    _check_trees(model, learner)


def _model(booster: Booster, kind: type[T]) -> T:
    if not bytes(booster.model):
        raise malformed("the booster has no model")
    return _decoded(booster.model, kind)


def _check_trees(model: Trees, learner: Learner) -> None:
    check_lengths(len(model.trees), tree_info=model.tree_info)
    groups = whole(model.tree_info)
    if len(groups) and (groups.min() < 0 or groups.max() >= learner.groups):
        raise malformed("a tree belongs to an output that the file does not have")
    rounds = whole(model.iteration_indptr or [0, len(groups)])
    if rounds[0] != 0 or rounds[-1] != len(groups) or (np.diff(rounds) < 0).any():
        raise malformed("the rounds do not cover the trees")
    # A tree takes the place that its id names.
    if sorted(tree.id for tree in model.trees) != list(range(len(model.trees))):
        raise malformed("the trees are not numbered")
    for tree in model.trees:
        _check_tree(tree, learner)


def _check_tree(tree: Tree, learner: Learner) -> None:
    nodes = tree.tree_param.num_nodes
    if nodes < 1:
        raise malformed("a tree has no nodes")
    check_lengths(
        nodes,
        left_children=tree.left_children,
        right_children=tree.right_children,
        parents=tree.parents,
        split_indices=tree.split_indices,
        split_conditions=tree.split_conditions,
        default_left=tree.default_left,
    )
    if tree.split_type:
        check_lengths(nodes, split_type=tree.split_type)
    left, right = whole(tree.left_children), whole(tree.right_children)
    vector = max(1, tree.tree_param.size_leaf_vector)
    check_lengths(nodes * vector, base_weights=tree.base_weights)
    if vector > 1:
        if vector != learner.groups:
            raise malformed("a leaf has another number of values than the file has outputs")
        right = _without_leaves(left, right, vectors=len(tree.leaf_weights) // vector)
    check_tree(left, right, whole(tree.split_indices), among=learner.learner_model_param.num_feature)
    _check_parents(left, right, whole(tree.parents))
    _check_categories(tree)


def _without_leaves(left: Ints, right: Ints, *, vectors: int) -> Ints:
    """Check where leaves have their vectors, which they keep in place of a right child, and leave that out."""
    places = right[left == LEAF]
    if vectors and len(places) and (places.min() < 0 or places.max() >= vectors):
        raise malformed("a leaf has no values")
    return np.where(left == LEAF, LEAF, right)


def _check_parents(left: Ints, right: Ints, parents: Ints) -> None:
    inner = np.flatnonzero(left > 0)
    if (parents[left[inner]] != inner).any() or (parents[right[inner]] != inner).any():
        raise malformed("a node does not know its parent")


def _check_categories(tree: Tree) -> None:
    """Each categorical split has a segment of the list of categories."""
    count = len(tree.categories_nodes)
    check_lengths(count, categories_segments=tree.categories_segments, categories_sizes=tree.categories_sizes)
    where, starts, sizes = whole(tree.categories_nodes), whole(tree.categories_segments), whole(tree.categories_sizes)
    categories = whole(tree.categories)
    if len(categories) and (categories.min() < 0 or categories.max() >= MOST_CATEGORIES):
        raise malformed("a category is out of range")
    if not np.array_equal(where, np.flatnonzero(whole(tree.split_type) == 1)):
        raise malformed("the categorical splits are not those that have categories")
    if count and ((starts < 0).any() or (sizes < 1).any() or (starts + sizes > len(categories)).any()):
        raise malformed("the categories of a split are outside of the list")
