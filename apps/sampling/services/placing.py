"""The bin in which the population cells count a prediction."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.registry.models import MonitoredModel
from apps.stats.score_bins import ScoreBins


def score_bins(model: MonitoredModel, bins: ScoreBins, *, predicted: Any, score: Any) -> NDArray[np.int16]:
    """Return the score bin of each row (of the prediction for a regression); −1 where there is no score.

    Cells and reviewed items both use this function: an estimate needs the same bins in both.
    """
    if model.is_regression:
        edges = np.asarray(model.bin_edges or [], dtype=np.float64)
        return np.searchsorted(edges, np.asarray(predicted, dtype=np.float64)).astype(np.int16)
    return bins.place(np.asarray(score, dtype=np.float64))
