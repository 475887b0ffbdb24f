"""What a loaded model file can do, whatever its format, and the shapes in which it answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from apps.explanations.engine.encoding import Cells
from apps.explanations.engine.spec import Method, Space, Spec

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """Contributions, rows × features × outputs, and where they start from, rows × outputs."""

    values: Floats
    base: Floats


# Contributions of rows.
Explain = Callable[[Cells], Parts]


class Model(Protocol):
    """A loaded file. Outputs are rows × outputs."""

    # how many features the file expects, -1 where it does not say, and their names, if it has them
    features: int
    names: list[str]
    # Whether it finds its features by name, whatever their order.
    takes_by_name: bool
    # as the file names them; empty where it does not
    classes: list[str]
    # The units of what the library's own `predict` returns.
    usual: Space
    # Whether `predict` is a function of a margin other than itself.
    is_linked: bool
    # How it explains itself, if it does, and whether that adds up to the margin or to what `predict` returns.
    method: Method | None
    adds_up_to_margin: bool
    needs_background: bool

    def predict(self, cells: Cells) -> Floats: ...

    def margin(self, cells: Cells) -> Floats: ...

    def contributions(self, cells: Cells, background: Cells | None) -> Parts:
        """Explain by `method`."""

    def interventional(self, background: Cells, *, is_probability: bool) -> Explain | None:
        """Return how to explain against the background rows, if that is possible."""


class Library(Protocol):
    """A module of this package: it imports its library, once, and then loads files."""

    def versions(self) -> dict[str, str]: ...

    def prepare(self, *, with_shap: bool) -> None:
        """Do everything once that would open a file the first time."""

    def load(self, content: bytes, spec: Spec) -> Model: ...


def as_outputs(predicted: Any) -> Floats:
    """Return what a library predicts as rows × outputs."""
    found: Floats = np.asarray(predicted, dtype=np.float64)
    return found.reshape(len(found), -1)


def as_parts(values: Any, base: Any) -> Parts:
    """Return contributions in one shape.

    Libraries give rows × features, or rows × features × outputs, and the base as a number or one for each output.
    """
    parts = np.asarray(values, dtype=np.float64)
    parts = parts[:, :, None] if parts.ndim == 2 else parts
    return Parts(parts, np.broadcast_to(np.asarray(base, dtype=np.float64), (len(parts), parts.shape[2])))


def split_base(contributions: Any) -> Parts:
    """Split rows × (features and base), or rows × outputs × (features and base), as boosters return them."""
    found = np.asarray(contributions, dtype=np.float64)
    found = found[:, None, :] if found.ndim == 2 else found
    return Parts(found[:, :, :-1].transpose(0, 2, 1), found[:, :, -1])
