"""XGBoost's JSON. Its UBJ files have crashed the library by lengths that are not theirs, so they are refused."""

from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
import xgboost

from apps.explanations.engine.encoding import Cells
from apps.explanations.engine.formats import shapley
from apps.explanations.engine.formats.models import Explain, Floats, Parts, as_outputs, split_base
from apps.explanations.engine.formats.trees import LEAF, check_lengths, check_tree, malformed, whole
from apps.explanations.engine.refusals import ModelRefused, refuse_other_formats
from apps.explanations.engine.spec import Input, Method, Space, Spec

# A category beyond costs a bit set of this size in each node.
MOST_CATEGORIES = 1 << 20
MOST_GROUPS = 1_000
# Objectives whose predictions are the margin itself.
UNLINKED = (
    "reg:squarederror",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:quantileerror",
    "binary:logitraw",
    "rank:",
)
# Their predictions are labels or margins, so that scores follow from the margin only.
BY_MARGIN = ("binary:logitraw", "binary:hinge", "multi:softmax")

T = TypeVar("T")

Count = Annotated[int, msgspec.Meta(ge=0)]


class TreeParameters(msgspec.Struct):
    num_nodes: Count
    size_leaf_vector: Count = 1


class Tree(msgspec.Struct):
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
    learner = _read(content)
    _check(learner)
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

    def contributions(self, cells: Cells, background: Cells | None) -> Parts:  # noqa: ARG002  # as every format
        return split_base(self._call(cells, pred_contribs=True))

    def interventional(self, background: Cells, *, is_probability: bool) -> Explain | None:
        if "c" in self._types or self.method != Method.TREE:
            return None
        return shapley.interventional(self._booster, background, is_probability=is_probability)

    def _call(self, cells: Cells, **what: bool) -> Any:
        types = self._types if "c" in self._types else None
        rows = xgboost.DMatrix(cells.astype(np.float32), feature_types=types, enable_categorical=True, nthread=1)
        return self._booster.predict(rows, iteration_range=self._rounds, validate_features=False, **what)


def _read(content: bytes) -> Learner:
    refuse_other_formats(content)
    if content[:1] == b"{" and content[1:2] in (b"L", b"$", b"#", b"i", b"U", b"l", b"I"):
        raise ModelRefused("ubj", "This is XGBoost's binary UBJ; save the model with a name that ends in .json.")
    return _decoded(content, File).learner


def _decoded(content: bytes | msgspec.Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind, strict=False)
    except RecursionError as error:
        raise ModelRefused("too_deep", "The JSON is nested too deeply.") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ModelRefused("malformed", f"This is not XGBoost's JSON: {error}.") from error


def _check(learner: Learner) -> None:
    """Refuse structures that XGBoost would follow out of its memory."""
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
    if tree.tree_param.size_leaf_vector <= 1:
        check_lengths(nodes, base_weights=tree.base_weights)
    elif tree.tree_param.size_leaf_vector != learner.groups:
        raise malformed("a leaf has another number of values than the file has outputs")
    left, right = whole(tree.left_children), whole(tree.right_children)
    if tree.tree_param.size_leaf_vector > 1:
        # A leaf keeps the place of its values where others keep the right child.
        right = np.where(left == LEAF, LEAF, right)
    check_tree(left, right, whole(tree.split_indices), among=learner.learner_model_param.num_feature)
    _check_parents(left, right, whole(tree.parents))
    _check_categories(tree)


def _check_parents(left: Any, right: Any, parents: Any) -> None:
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


def _first_line(error: Exception) -> str:
    """Shorten a message of XGBoost, which ends in a stack trace."""
    return str(error).splitlines()[0][:200]
