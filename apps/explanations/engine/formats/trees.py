"""Checks of a tree's arrays. Libraries trust them: an index out of range makes them read or write anywhere."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.explanations.engine.refusals import ModelRefused

Ints = NDArray[np.int64]
# Libraries walk trees by recursion.
MOST_DEPTH = 512
LEAF = -1


def check_tree(left: Ints, right: Ints, features: Ints, *, among: int) -> None:
    """Refuse arrays that are no tree from node 0 downwards; a leaf's children are -1."""
    if ((left == LEAF) != (right == LEAF)).any():
        raise malformed("a node has one child")
    seen = np.zeros(len(left), dtype=bool)
    level: Ints = np.zeros(1, dtype=np.int64)
    for _ in range(MOST_DEPTH):
        if seen[level].any() or len(np.unique(level)) < len(level):
            raise malformed("a node of a tree has two parents")
        seen[level] = True
        inner = level[left[level] != LEAF]
        if not len(inner):
            break
        level = np.concatenate([left[inner], right[inner]])
        if level.min() < 1 or level.max() >= len(left):
            raise malformed("a child is outside of its tree")
        if features[inner].min() < 0 or features[inner].max() >= among:
            raise malformed("a split is on a feature that the file does not have")
    else:
        raise ModelRefused("too_deep", f"A tree is deeper than {MOST_DEPTH} levels.")


def whole(values: Any) -> Ints:
    """Return numbers of a file as whole numbers."""
    try:
        return np.asarray(values, dtype=np.int64)
    except (ValueError, TypeError, OverflowError) as error:
        raise malformed("an index is not a whole number") from error


def check_lengths(expected: int, **arrays: Any) -> None:
    """Refuse arrays of another length; libraries read beyond them."""
    for name, values in arrays.items():
        if len(values) != expected:
            raise malformed(f"{name} has {len(values):,} values instead of {expected:,}")


def malformed(what: str) -> ModelRefused:
    return ModelRefused("malformed", f"The file is damaged: {what}.")
