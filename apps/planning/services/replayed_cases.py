"""The cases of a replay's two lists, as far as a person may see them without spoiling a blind review.

Which list a case is in tells why it was drawn, and its row what the model said. So a case that the person may still be
given blind is left out, and each one that is shown is noted, and not given to them blind any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.accounts.models import Membership, Role, User
from apps.planning.models import Replay
from apps.predictions.models import Payload, Prediction
from apps.predictions.services import sightings
from apps.predictions.services.sightings import Place
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.models import ReviewItem, Slot
from apps.review.services import finding, masking
from apps.review.services.finding import Found
from apps.review.services.masking import Hidden
from apps.review.services.sight import awaited_from
from apps.sampling.models import Draw

ADDED, GONE = "added", "gone"


@dataclass(frozen=True)
class Listed:
    """The cases of one list that the person may see, in its random order: their keys, with the policy of each."""

    policies: dict[int, str]
    # Those that the person may still be given blind
    left_out: int

    @property
    def keys(self) -> list[int]:
        return list(self.policies)


@dataclass(frozen=True)
class Case:
    """A case with what was sent of it, and the policy by which it would have come or came."""

    found: Found
    features: dict[str, Any]
    hidden: Hidden
    policy: str


def listed(replay: Replay, name: str, *, reader: User) -> Listed:
    """Return the cases of the list that the person may see."""
    assert replay.result is not None
    policies = {int(each["id"]): str(each["policy"]) for each in replay.result[name]}
    kept = set(Prediction.objects.filter(model=replay.model, pk__in=policies).values_list("pk", flat=True))
    held = kept & given_blind(reader, replay.model, kept)
    shown = {key: policy for key, policy in policies.items() if key in kept - held}
    return Listed(shown, len(held))


def given_blind(person: User, model: MonitoredModel, keys: set[int]) -> set[int]:
    """Return those of the predictions that may still come to the person to be judged blind.

    Those that wait for them in any case; and if they review this model, all that are open and that they have not seen.
    """
    awaited = set(awaited_from(person, model).values_list("item__prediction", flat=True))
    if not Slot.objects.filter(reviewer=person, queue__model=model).exists():
        return awaited & keys
    unseen = ~sightings.seen_by(person.pk, prediction="item__prediction", model=model)
    waiting = Slot.objects.filter(queue__model=model, item__prediction__in=keys).to_judge_blind().filter(unseen)
    # Drawn a moment ago, and not opened yet
    fresh = Draw.objects.filter(prediction__in=keys, is_blind=True, item=None)
    return (awaited & keys).union(
        waiting.values_list("item__prediction", flat=True), fresh.values_list("pk", flat=True)
    )


def show(replay: Replay, chosen: dict[int, str], *, by: Membership) -> list[Case]:
    """Return these cases in their order, and note that the person sees them."""
    model = replay.model
    sightings.note(chosen, by.user, Place.LIST)
    known = Prediction.objects.filter(model=model).select_related("version", "draw__queue").in_bulk(list(chosen))
    described = finding.describe(model, [known[key] for key in chosen if key in known])
    features, hidden = _features(described), _hidden(model, by=by)
    return [Case(each, features.get(each.prediction.pk, {}), hidden, chosen[each.prediction.pk]) for each in described]


def _features(described: Sequence[Found]) -> dict[int, dict[str, Any]]:
    """Return what was sent of the cases: the payload, or the copy of a drawn one."""
    copies = {each.prediction.pk: each.item.features for each in described if each.item is not None}
    moments = [each.prediction.received_at for each in described]
    if not moments:
        return {}
    sent = Payload.objects.filter(
        prediction__in=[each.prediction.pk for each in described],
        received_at__gte=min(moments),
        received_at__lte=max(moments),
    )
    return copies | dict(sent.values_list("prediction_id", "features"))


def _hidden(model: MonitoredModel, *, by: Membership) -> Hidden:
    """Return the features that the strictest of the model's queues hides from this person: a case may be in any."""
    ranks = {queue: Membership.RANKS[Role(queue.sensitive_role)] for queue in model.queues.all()}
    strictest = max(ranks, key=lambda queue: ranks[queue], default=ReviewQueue(model=model))
    strictest.model = model
    return masking.hidden_features(ReviewItem(queue=strictest, prediction=Prediction(model=model)), by=by)
