"""What a model file needs beside itself: the order and encoding of its features, and how to read its output.

Both sides of the pipe use it: the worker, and the sealed child that loads the file.
"""

from enum import StrEnum
from typing import Any

import msgspec

# Rows of background data; more make an explanation slower, and hardly better.
MOST_BACKGROUND = 100
# Scores differ by less than this where the same model ran in the same precision elsewhere.
TOLERANCE = {"float32": 1e-5, "float64": 1e-9}


class Format(StrEnum):
    """Formats that hold data and no code. Pickle and its relatives run whatever their author wrote."""

    XGBOOST = "xgboost"  # JSON, not UBJ
    LIGHTGBM = "lightgbm"  # its text format
    ONNX = "onnx"
    SKOPS = "skops"


class Method(StrEnum):
    """How contributions came about. Those of two methods are never shown in one picture."""

    SENT = "sent"  # by the client, with the prediction
    TREE = "tree"
    TREE_INTERVENTIONAL = "tree_interventional"
    LINEAR = "linear"
    PERMUTATION = "permutation"


class Space(StrEnum):
    """In which units contributions add up to the model's output."""

    MARGIN = "margin"  # log-odds of a classifier
    PROBABILITY = "probability"
    VALUE = "value"  # the number of a regression


class Input(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """One input of the model, in the order of the file."""

    name: str
    # float32, float64 or int64; string where the file itself encodes texts
    dtype: str = "float32"
    # What a missing value becomes: null is NaN.
    missing: float | str | None = None
    # The codes of categories, {value as text: code}; a list counts from 0. Empty: numbers as they are.
    categories: dict[str, float] | list[str] = {}
    # The code of a category that is not in the list; null is that of a missing value.
    unknown: float | None = None
    # The library itself knows it as a category, and splits it by sets.
    is_categorical: bool = False


class Output(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """How the score as sent follows from the model's output."""

    # margin, probability or value; empty: as usual for the format
    kind: str = ""
    # The classes in the order of the output; empty: as the model declares them, a binary one's positive class last.
    classes: list[str] = []
    # ONNX: the output that holds the scores; empty: the last one.
    name: str = ""
    # Platt scaling after the model: the probability is 1 / (1 + exp(-(slope · margin + intercept))).
    slope: float = 1.0
    intercept: float = 0.0
    # Only the first so many rounds of boosting count: XGBoost's best_iteration + 1 after early stopping; null: all.
    rounds: int | None = None
    # The client rounds the score to so many decimals.
    decimals: int | None = None
    # A binary score from here on is the positive class.
    threshold: float = 0.5


class Spec(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """All that it takes to feed a model file with stored predictions."""

    features: list[Input]
    # features as sent, or as `processed`
    reads: str = "features"
    output: Output = msgspec.field(default_factory=Output)
    # binary, multiclass or regression, and the classes: the model's own
    task: str = "binary"
    classes: list[str] = []
    positive: str = ""
    # Rows as sent, {name: value}, for methods that compare with usual inputs.
    background: list[dict[str, Any]] = []
    # tree, tree_interventional, linear or permutation; empty: what suits the file
    method: str = ""
    # Null: by the precision of the features.
    tolerance: float | None = None

    @property
    def allowed(self) -> float:
        """How far a computed score may be from the stored one, rounding by the client included."""
        precise = all(each.dtype != "float32" for each in self.features)
        known = self.tolerance if self.tolerance is not None else TOLERANCE["float64" if precise else "float32"]
        rounding = 0.0 if self.output.decimals is None else 0.5 * 10.0**-self.output.decimals
        return known + rounding
