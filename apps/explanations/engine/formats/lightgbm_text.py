"""The structure of LightGBM's text, checked before LightGBM reads it: it jumps to whatever it is told."""

import re
from dataclasses import dataclass

import numpy as np

from apps.explanations.engine.formats.models import Floats
from apps.explanations.engine.formats.trees import Ints, check_lengths, check_tree, malformed, whole
from apps.explanations.engine.refusals import ModelRefused, refuse_other_formats

MOST_GROUPS = 1_000
# Bits of `decision_type`: categorical, default left, and two for what counts as missing.
IS_CATEGORICAL, MOST_KINDS = 1, 15
BEGINS = b"tree\n"
END = b"end of trees"
# Their predictions are the sum of the leaves itself.
UNLINKED = (
    "regression",
    "regression_l1",
    "huber",
    "fair",
    "quantile",
    "mape",
    "lambdarank",
    "rank_xendcg",
    "custom",
    "",
)

# Lines of the head that stand alone.
FLAGS = ("tree", "average_output")

Fields = dict[str, str]


@dataclass(frozen=True)
class Header:
    features: int
    groups: int
    objective: str

    @property
    def name(self) -> str:
        """The objective without its options."""
        return (self.objective.split() or [""])[0]

    @property
    def is_linked(self) -> bool:
        return self.name not in UNLINKED or "sqrt" in self.objective.split()


def read(content: bytes) -> tuple[Header, int]:
    """Refuse texts that LightGBM would follow out of its memory; return where the trees end."""
    refuse_other_formats(content)
    if not content.startswith(BEGINS) or b"\0" in content:
        raise ModelRefused("malformed", "This is not LightGBM's text: its first line is “tree”.")
    start = content.find(b"\nTree=0\n") + 1
    if not start:
        raise malformed("it has no trees")
    fields = _fields(content[:start])
    sizes = whole(fields.get("tree_sizes", "").split())
    header = _check_header(fields, len(sizes))
    for number, size in enumerate(sizes):
        # LightGBM jumps by these sizes, without looking.
        tree = content[start : start + size]
        if size < 1 or not tree.startswith(b"Tree=%d\n" % number) or tree.count(b"Tree=") != 1:
            raise malformed("the sizes of the trees are not theirs")
        _check_tree(_fields(tree), header)
        start += int(size)
    if not content[start : start + 20].lstrip().startswith(END):
        raise malformed("the trees have no end")
    return header, start


def _check_header(fields: Fields, trees: int) -> Header:
    features = _number(fields, "max_feature_idx") + 1
    groups, classes = _number(fields, "num_tree_per_iteration"), _number(fields, "num_class")
    if not 1 <= groups <= MOST_GROUPS or groups != classes or trees % groups:
        raise malformed("its number of outputs is not that of its trees")
    check_lengths(
        features,
        feature_names=fields.get("feature_names", "").split(),
        feature_infos=fields.get("feature_infos", "").split(),
    )
    return Header(features, groups, fields.get("objective", ""))


def _check_tree(fields: Fields, header: Header) -> None:
    leaves = _number(fields, "num_leaves")
    if leaves < 1 or "num_cat" not in fields:
        raise malformed("a tree does not say of what it is made")
    check_lengths(leaves, leaf_value=_numbers(fields, "leaf_value"))
    inner = leaves - 1
    for name in ("leaf_weight", "leaf_count"):
        if inner and name in fields:
            check_lengths(leaves, **{name: _numbers(fields, name)})
    for name in ("threshold", "split_gain", "internal_value", "internal_weight", "internal_count"):
        if inner and (name in fields or name == "threshold"):
            check_lengths(inner, **{name: _numbers(fields, name)})
    splits, left, right, kinds = (
        whole(fields.get(name, "").split()) for name in ("split_feature", "left_child", "right_child", "decision_type")
    )
    if inner:
        check_lengths(inner, split_feature=splits, left_child=left, right_child=right, decision_type=kinds)
        leaf = np.full(leaves, -1)
        check_tree(
            np.concatenate([_nodes(left, inner), leaf]),
            np.concatenate([_nodes(right, inner), leaf]),
            np.concatenate([splits, leaf]),
            among=header.features,
        )
        if kinds.min() < 0 or kinds.max() > MOST_KINDS:
            raise malformed("a split is of no known kind")
        _check_categories(fields, kinds)
    if _number(fields, "is_linear", 0):
        _check_linear(fields, leaves, header)


def _nodes(children: Ints, inner: int) -> Ints:
    """Number leaves, which are ~0, ~1, … here, after the inner nodes."""
    return np.where(children < 0, inner + ~children, np.where(children < inner, children, -2))


def _check_categories(fields: Fields, kinds: Ints) -> None:
    """A categorical split's threshold says which set of categories is its own."""
    count = _number(fields, "num_cat")
    is_categorical = (kinds & IS_CATEGORICAL) != 0
    if count < 1:
        if is_categorical.any():
            raise malformed("a categorical split has no categories")
        return
    bounds, words = whole(fields.get("cat_boundaries", "").split()), fields.get("cat_threshold", "").split()
    check_lengths(count + 1, cat_boundaries=bounds)
    if bounds[0] != 0 or (np.diff(bounds) < 0).any() or bounds[-1] != len(words):
        raise malformed("the sets of categories do not cover their list")
    chosen = _numbers(fields, "threshold")[is_categorical]
    if ((chosen < 0) | (chosen >= count) | (chosen % 1 != 0)).any():
        raise malformed("a split names a set of categories that there is not")


def _check_linear(fields: Fields, leaves: int, header: Header) -> None:
    """Leaves with linear models name the features that they use."""
    counts, used = whole(fields.get("num_features", "").split()), whole(fields.get("leaf_features", "").split())
    check_lengths(leaves, num_features=counts, leaf_const=_numbers(fields, "leaf_const"))
    check_lengths(len(used), leaf_coeff=_numbers(fields, "leaf_coeff"))
    if (
        (counts < 0).any()
        or counts.sum() != len(used)
        or (len(used) and not 0 <= used.min() <= used.max() < header.features)
    ):
        raise malformed("a leaf uses a feature that the file does not have")


def _fields(text: bytes) -> Fields:
    found: Fields = {}
    for line in text.decode(errors="replace").splitlines():
        name, _, value = line.partition("=")
        if name in found or (line and "=" not in line and name not in FLAGS):
            raise malformed(f"“{name[:20]}” is there twice, or has no value")
        if name:
            found[name] = value
    return found


def _number(fields: Fields, name: str, otherwise: int | None = None) -> int:
    text = fields.get(name, "" if otherwise is None else str(otherwise))
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise malformed(f"{name} is not a whole number")
    return int(text)


def _numbers(fields: Fields, name: str) -> Floats:
    try:
        return np.array(fields.get(name, "").split(), dtype=np.float64)
    except ValueError as error:
        raise malformed(f"{name} has something that is not a number") from error
