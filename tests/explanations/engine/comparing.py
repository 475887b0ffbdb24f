"""Contributions of a sealed child beside those that the libraries compute here."""

from typing import Any

import msgspec
import numpy as np
import pytest

from apps.explanations.engine.running import Explained
from tests.explanations.engine.conftest import Load
from tests.explanations.engine.trained import NAMES, Trained

SOME = 60
# Contributions of float32 libraries, and of those that compute in float64.
CLOSE = {"xgboost": 2e-6, "lightgbm": 1e-12, "skops": 1e-12, "onnx": 1e-6}


def explained(load: Load, model: Trained, **changes: Any) -> list[Explained]:
    described = msgspec.structs.replace(model.spec, **changes)
    found = load(model.library, model.content, described).explain(model.rows[:SOME])
    assert [each.error for each in found] == [""] * SOME
    return found


def check_parts(found: list[Explained], values: Any, base: Any, *, library: str) -> None:
    """Compare with rows × features, and the base of each row."""
    ours = np.array([[each.values[name] for name in NAMES] for each in found if each.values is not None])
    assert ours == pytest.approx(np.asarray(values), abs=CLOSE[library])
    assert [each.base for each in found] == pytest.approx(list(np.broadcast_to(base, len(found))), abs=CLOSE[library])
    assert {each.code for each in found} == {""}
    assert max(each.additivity_error or 0 for each in found) < 1e-5


def places(found: list[Explained]) -> list[int]:
    return ["abc".index(str(each.predicted)) for each in found]


def of_class(contributions: Any, chosen: list[int]) -> Any:
    """Pick each row's class of rows × classes × …."""
    return contributions[np.arange(len(chosen)), chosen]
