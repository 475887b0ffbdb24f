"""What was sent with stored predictions, as far as it is kept."""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from apps.predictions.models import Payload, Prediction
from apps.predictions.reading.content import Content, plain


def kept(predictions: Sequence[Prediction]) -> QuerySet[Payload]:
    """Return the payloads of these predictions that are still kept.

    The range of ids uses the BRIN index; the moments select the partitions.
    """
    keys = [each.pk for each in predictions]
    return Payload.objects.filter(
        prediction_id__gte=min(keys, default=0),
        prediction_id__lte=max(keys, default=0),
        prediction_id__in=keys,
        received_at__in={each.received_at for each in predictions},
    )


def stored_contents(keys: Iterable[int]) -> dict[int, Content]:
    """Return the contents of predictions by key, to name the field in which a row sent again differs."""
    predictions = Prediction.objects.select_related("version").in_bulk(list(keys))
    if not predictions:
        return {}
    payloads = kept(list(predictions.values()))
    return {each.prediction_id: _content(predictions[each.prediction_id], each) for each in payloads}


def _content(prediction: Prediction, payload: Payload) -> Content:
    return Content(
        prediction.predicted_at.timestamp(),
        prediction.version.name,
        prediction.predicted,
        prediction.score,
        prediction.baseline,
        None if prediction.amount is None else float(prediction.amount),
        prediction.subject,
        payload.latency_ms,
        payload.attribution_base,
        plain(payload.features),
        plain(payload.probabilities),
        plain(payload.attributions),
        plain(payload.resources),
        prediction.observable,
        prediction.explore_share,
        plain(payload.processed),
        prediction.log_share,
    )
