"""Found predictions as programs read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from apps.explanations.services.shown import Contributions, contributions_of
from apps.predictions.models import Action, Hold, Outcome, Payload, Prediction
from apps.registry.models import MonitoredModel
from apps.review.services import finding
from apps.review.services.finding import Found
from apps.sampling.models import Draw, SamplingPolicy

KINDS = {
    "id": "text",
    "predicted_at": "moment",
    "received_at": "moment",
    "version": "text",
    "prediction": "class",
    "score": "number",
    "baseline": "class",
    "amount": "number",
    "log_share": "number",
    "subject": "text",
    "slices": "text",
    "outcome": "class",
    "queue": "text",
    "inclusion_probability": "number",
    "reviewed": "class",
    "adjudicated": "class",
    "disputed": "flag",
    "targeted": "flag",
}

Document = dict[str, Any]


def kinds(model: MonitoredModel) -> dict[str, str]:
    """Return what each column of an export holds: see `apps.common.exports`."""
    of_class = "number" if model.is_regression else "text"
    return {name: of_class if kind == "class" else kind for name, kind in KINDS.items()}


def rows(model: MonitoredModel, predictions: Sequence[Prediction]) -> list[Document]:
    """Describe predictions, each in one flat row."""
    return [_row(model, each) for each in finding.describe(model, predictions)]


@dataclass(frozen=True, eq=False)
class Whole:
    """All that is known of one prediction."""

    model: MonitoredModel
    found: Found
    # The payload; once retention has dropped it, the item's copy, if it was drawn.
    sent: Any
    # All outcomes that were sent, the one that counts last; and all that was done, likewise.
    outcomes: list[Outcome]
    actions: list[Action]
    # What waits for people's answer, if anything does.
    hold: Hold | None

    @cached_property
    def contributions(self) -> Contributions | None:
        """What moved the model, as sent or computed."""
        sent, base = (self.sent.attributions, self.sent.attribution_base) if self.sent else (None, None)
        return contributions_of(self.found.prediction, model=self.model, sent=sent, base=base)


def look_up(model: MonitoredModel, prediction: Prediction) -> Whole:
    """Gather all that is known of a prediction."""
    (found,) = finding.describe(model, [prediction])
    payload = Payload.objects.filter(prediction=prediction.pk, received_at=prediction.received_at).first()
    outcomes = Outcome.objects.filter(model=model.champion, external_id=prediction.external_id).order_by(
        "occurred_at", "id"
    )
    actions = Action.objects.filter(model=model, external_id=prediction.external_id).order_by("taken_at", "id")
    hold = Hold.objects.filter(prediction=prediction).first()
    return Whole(model, found, payload or found.item, list(outcomes), list(actions), hold)


def document(model: MonitoredModel, whole: Whole) -> Document:
    """Describe one prediction in full."""
    sent, shown = whole.sent, whole.contributions
    return _row(model, whole.found) | {
        "features": sent.features if sent else None,
        "probabilities": sent.probabilities if sent else None,
        "attributions": dict(shown.values) if shown and shown.values else None,
        "attribution_base": shown.base if shown else None,
        "attribution_source": shown.source if shown else None,
        "latency_ms": getattr(sent, "latency_ms", None),
        "resources": getattr(sent, "resources", None),
        "processed": sent.processed if sent else None,
        "outcomes": [
            {
                "outcome": model.decode(each.outcome),
                "occurred_at": each.occurred_at.isoformat(),
                "received_at": each.received_at.isoformat(),
            }
            for each in whole.outcomes
        ],
        "observable": whole.found.prediction.observable,
        "explore_share": whole.found.prediction.explore_share,
        "actions": [
            {
                "action": each.action,
                "taken_at": each.taken_at.isoformat(),
                "by": each.by or None,
                "received_at": each.received_at.isoformat(),
            }
            for each in whole.actions
        ],
        "hold": _hold(model, whole.hold),
        "draw": _draw(_draw_of(whole.found.prediction)),
    }


def _hold(model: MonitoredModel, hold: Hold | None) -> Document | None:
    if hold is None:
        return None
    return {
        "until": hold.until.isoformat(),
        "default": model.decode(hold.default),
        "source": hold.source or None,
        "verdict": None if hold.answer is None else model.decode(hold.answer),
    }


def policies(draw: Draw) -> list[tuple[SamplingPolicy, float]]:
    """Return the policy versions evaluated for a draw with their probabilities, the highest first."""
    known = SamplingPolicy.objects.in_bulk([int(key) for key in draw.probabilities])
    found = [(known[int(key)], share) for key, share in draw.probabilities.items() if int(key) in known]
    return sorted(found, key=lambda each: -each[1])


def _row(model: MonitoredModel, found: Found) -> Document:
    each, item, draw = found.prediction, found.item, _draw_of(found.prediction)

    def decoded(stored: float | None) -> str | float | None:
        return None if stored is None else model.decode(stored)

    return {
        "id": each.external_id,
        "predicted_at": each.predicted_at.isoformat(),
        "received_at": each.received_at.isoformat(),
        "version": each.version.name,
        "prediction": model.decode(each.predicted),
        "score": each.score,
        "baseline": decoded(each.baseline),
        "amount": None if each.amount is None else float(each.amount),
        "log_share": each.log_share,
        "subject": each.subject,
        "slices": {declared.name: each.slices.get(declared.key) for declared in model.slice_list},
        "outcome": decoded(found.outcome),
        "queue": draw.queue.slug if draw else item.queue.slug if item else None,
        "inclusion_probability": draw.inclusion_probability if draw else None,
        "reviewed": decoded(item.label) if item else None,
        "adjudicated": decoded(item.adjudicated) if item else None,
        "disputed": found.is_disputed,
        "targeted": found.is_targeted,
    }


def _draw_of(prediction: Prediction) -> Draw | None:
    return getattr(prediction, "draw", None)


def _draw(draw: Draw | None) -> Document | None:
    if draw is None:
        return None
    return {
        "queue": draw.queue.slug,
        "drawn_at": draw.drawn_at.isoformat(),
        "inclusion_probability": draw.inclusion_probability,
        "counted_probability": draw.counted_probability,
        "blind": draw.is_blind,
        "policies": [
            {"policy": policy.name, "version": policy.version, "probability": share} for policy, share in policies(draw)
        ],
    }
