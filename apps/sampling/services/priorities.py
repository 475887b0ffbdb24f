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
    (one for a model of numbers) and a column for each bin, the last one for rows without a score.
    """

    edges: Floats
    weights: Floats
    # The version of the model's score bins whose edges these are
    bins: int

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Priorities":
        """Read what `document` wrote. Raises ValueError if there is not one weight for each bin."""
        edges = np.array(document["edges"], dtype=np.float64)
        weights = np.array(document["weights"], dtype=np.float64)
        if weights.ndim != 2 or weights.shape[1] != len(edges) + 2:
            raise ValueError(f"{len(edges)} edges need rows of {len(edges) + 2} weights, got {weights.shape}")
        return cls(edges, weights, int(document["bins"]))

    def of(self, rows: Table, *, model: MonitoredModel) -> Floats:
        """Return each row's priority; 1 for a class that came later."""
        predicted = rows.numbers("predicted_index")
        if model.is_regression:
            return np.asarray(self.weights[0, np.searchsorted(self.edges, predicted)])
        score = rows.numbers("score")
        # Where there is no score, −1: the last column
        bins = np.where(np.isnan(score), -1, np.searchsorted(self.edges, score, side="right"))
        known = predicted < len(self.weights)
        return np.where(known, self.weights[np.where(known, predicted, 0).astype(np.int64), bins], 1.0)
