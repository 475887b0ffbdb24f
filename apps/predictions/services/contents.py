"""What stored predictions say, to name the field in which a row sent again differs."""

from collections.abc import Iterable

from apps.predictions.models import Payload, Prediction
from apps.predictions.reading.content import Content, plain


def stored_contents(keys: Iterable[int]) -> dict[int, Content]:
    """Return the contents of predictions by key, without those whose payload is no longer kept."""
    predictions = Prediction.objects.select_related("version").in_bulk(list(keys))
    if not predictions:
        return {}
    payloads = Payload.objects.filter(
        prediction__in=predictions, received_at__in={each.received_at for each in predictions.values()}
    )
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
    )
