"""The fitted priorities of a recommended policy: how much more or less often than its mean rate it draws each kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.registry.models import MonitoredModel
from apps.sampling.services.columns import Floats, Table


@dataclass(frozen=True)
class Priorities:
    """Priorities by predicted class × score bin, with mean 1 over the predictions they were fitted for.

    The edges are its own, so that it means the same whatever bins the model has later: of the score, a bin reaching
    from its edge up, or for a model of numbers of the prediction, as `bin_edges`. `weights` has a row for each class
    (one for a model of numbers) and a column for each bin, the last one for rows without a score. Where the policy is
    fitted for money, a priority grows with the amount: `floor` + √((weight − `floor`)² + (`by_amount` × amount)²).
    """

    edges: Floats
    weights: Floats
    # The version of the model's score bins whose edges these are
    bins: int
    by_amount: Floats | None = None
    floor: float = 0.0

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Priorities":
        """Read what `document` wrote. Raises ValueError if there is not one weight for each bin."""
        edges = np.array(document["edges"], dtype=np.float64)
        weights = np.array(document["weights"], dtype=np.float64)
        if weights.ndim != 2 or weights.shape[1] != len(edges) + 2:
            raise ValueError(f"{len(edges)} edges need rows of {len(edges) + 2} weights, got {weights.shape}")
        if "by_amount" not in document:
            return cls(edges, weights, int(document["bins"]))
        by_amount = np.array(document["by_amount"], dtype=np.float64)
        if by_amount.shape != weights.shape:
            raise ValueError(f"by_amount needs the shape of the weights, {weights.shape}, got {by_amount.shape}")
        return cls(edges, weights, int(document["bins"]), by_amount, float(document["floor"]))

    def of(self, rows: Table, *, model: MonitoredModel) -> Floats:
        """Return each row's priority; 1 for a class that came later."""
        predicted = rows.numbers("predicted_index")
        if model.is_regression:
            return np.asarray(self.weights[0, np.searchsorted(self.edges, predicted)])
        score = rows.numbers("score")
        # Where there is no score, −1: the last column
        bins = np.where(np.isnan(score), -1, np.searchsorted(self.edges, score, side="right"))
        known = predicted < len(self.weights)
        classes = np.where(known, predicted, 0).astype(np.int64)
        weights = self.weights[classes, bins]
        if self.by_amount is not None:
            # As the cells count it, a missing amount is 1.
            money = self.by_amount[classes, bins] * np.nan_to_num(rows.numbers("amount"), nan=1.0)
            weights = self.floor + np.hypot(weights - self.floor, money)
        return np.where(known, weights, 1.0)
