"""The features that were sent with predictions, as far as they are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.predictions.models import Prediction
from apps.predictions.services import contents
from apps.review.models import ReviewItem

Features = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """Features, and whether they come from the copy of a review item: then nothing is kept of cases nobody drew."""

    features: Features
    is_copy: bool


def sent_with(keys: Sequence[int]) -> dict[int, Sent]:
    """Return the features of predictions by key: from their payload, or the copy of their review item."""
    predictions = list(Prediction.objects.filter(pk__in=keys).only("pk", "received_at"))
    payloads = contents.kept(predictions).values_list("prediction_id", "features")
    found = {key: Sent(features, is_copy=False) for key, features in payloads if features}
    lost = [key for key in keys if key not in found]
    copies = ReviewItem.objects.reviews().filter(prediction__in=lost).values_list("prediction_id", "features")
    return found | {key: Sent(features, is_copy=True) for key, features in copies if features}
