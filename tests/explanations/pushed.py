"""Pushes with contributions in log-odds that add up, by a rule that is easy to follow."""

import math
from collections.abc import Callable, Iterable
from typing import Any

from apps.explanations.services import summing
from apps.registry.models import MonitoredModel
from tests.factories import prediction_row, push_predictions

BASE = 0.5


def pushes_of(number: int) -> dict[str, float]:
    """Age moves by −1.0, −0.5, 0.0, 0.5 in turn; sex by ±0.25."""
    return {"age": (number % 4 - 2) / 2, "sex": 0.25 if number % 2 else -0.25}


def explained_row(number: int, pushes: dict[str, float] | None = None, **changes: Any) -> dict[str, Any]:
    """A row whose score is that of the sum of its contributions."""
    contributions = pushes_of(number) if pushes is None else pushes
    score = 1 / (1 + math.exp(-BASE - sum(contributions.values())))
    explained = {"score": score, "attributions": contributions, "attribution_base": BASE}
    return prediction_row(number, **{"prediction": "yes" if score >= 0.5 else "no", **explained, **changes})


def push_explained(
    model: MonitoredModel, numbers: Iterable[int], *, row: Callable[..., dict[str, Any]] = explained_row, **changes: Any
) -> None:
    """Push rows and count their contributions."""
    push_predictions(model, [row(number, **changes) for number in numbers])
    summing.add_up_due()
