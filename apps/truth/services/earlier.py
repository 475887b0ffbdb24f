"""Labels that came so far, for judging what further ones will bring."""

from dataclasses import dataclass

import numpy as np
from django.db.models import F, FloatField, OuterRef, Subquery
from django.db.models.functions import Cast, Coalesce
from numpy.typing import NDArray

from apps.registry.models import MonitoredModel
from apps.sampling.models import Draw
from apps.truth.models import Resolution

MOST = 1_000
COLUMNS = ("prediction__predicted", "prediction__score", "truth", "probability", "money")


@dataclass(frozen=True, eq=False)
class RecentLabels:
    """Labels (n,) with the probability that each was logged and counts, the newest predictions first.

    Classes are positions in the model's list. The score is nan where there is none, and so is the amount.
    """

    predicted: NDArray[np.float64]
    score: NDArray[np.float64]
    truth: NDArray[np.float64]
    pi: NDArray[np.float64]
    amount: NDArray[np.float64]


def recent_labels(model: MonitoredModel, *, most: int = MOST) -> RecentLabels:
    """Read the truth of the newest predictions drawn blind that have one, as reports count it."""
    # From the draws: nearly every resolution may be that of a prediction that nobody drew.
    latest = Resolution.objects.filter(prediction=OuterRef("pk")).order_by("-seq")
    rows = (
        Draw.objects.filter(model=model, is_blind=True)
        .annotate(
            truth=Subquery(latest.values("truth")[:1]),
            money=Cast("prediction__amount", FloatField()),
            probability=F("counted_probability") * Coalesce("prediction__log_share", 1.0),
        )
        .filter(truth__isnull=False)
        .order_by("-pk")
        .values_list(*COLUMNS)[:most]
    )
    columns = np.array(list(rows), dtype=np.float64).reshape(-1, len(COLUMNS)).T
    return RecentLabels(*columns)
