"""Who may see what of a case, and whether they can still judge it blind.

Everything that shows a case asks `sight_of`, or writes what it shows through here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from apps.accounts.models import Membership, Role, User
from apps.common.errors import ConflictError, ForbiddenError
from apps.predictions.services import sightings
from apps.predictions.services.sightings import Place
from apps.registry.models import MonitoredModel
from apps.review.models import Comment, Dispute, ReviewItem, Slot

# The same words for a case and its probe, so that neither gives the other away.
NOT_NOW = "This case is not shown at the moment: a review of it is not finished."
# What a person sees there is their own part.
OWN_PLACES = (Place.DESK, Place.OWN)


@dataclass(frozen=True)
class Sight:
    """How much of a case a person may see."""

    sees_all: bool
    sees_names: bool
    # Their own answer cannot change any more, so what others said may be shown.
    sees_others: bool


def sight_of(item: ReviewItem, *, by: Membership) -> Sight:
    """Adjudicators see all of a case, and names once it is settled; engineers and, of closed cases, validators see all.

    Reviewers see their own part.

    Raises ConflictError for a person who has yet to judge the prediction, and ForbiddenError for a reviewer without an
    answer. A case that was passed on is not answered.
    """
    check_not_awaited(item, by=by)
    own = Slot.objects.filter(item=item, reviewer=by.user).with_answer()
    sees_all, is_engineer = by.reads(Role.ADJUDICATOR), by.reads(Role.ENGINEER)
    if not (sees_all or own.exists()):
        raise ForbiddenError("You can look at a case once you have answered it.")
    sees_names = is_engineer or (sees_all and item.state == ReviewItem.State.CLOSED)
    return Sight(sees_all, sees_names, sees_all or not any(may_change(slot, by=by) for slot in own))


def check_not_awaited(item: ReviewItem, *, by: Membership) -> None:
    """Check that the person has no blind review of the prediction still to judge."""
    if awaited_from(by.user, item.model).filter(item__prediction=item.prediction_id).exists():
        raise ConflictError(NOT_NOW, code="judge_first")


def awaited_from(person: User, model: MonitoredModel) -> QuerySet[Slot]:
    """Return the reviews whose cases the person must not see yet.

    Those are the blind ones that they have yet to judge, probes and those put off or kept included; for a validator,
    all of open cases.
    """
    slots = Slot.objects.filter(queue__model=model)
    if Membership.objects.filter(user=person, project=model.project_id, role=Role.VALIDATOR).exists():
        return slots.filter(item__state=ReviewItem.State.OPEN)
    return slots.filter(reviewer=person).to_judge_blind()


def has_seen(person: User, item: ReviewItem) -> bool:
    """True if the person cannot judge the item blind any more. A repeat is a case that they answered before."""
    besides = sightings.REPEATED if item.purpose == ReviewItem.Purpose.REPEAT else ()
    return sightings.has_seen(person, item.prediction, besides=besides)


def is_spoiled(slot: Slot) -> bool:
    """True if a blind review was seen by its person before they judged it."""
    is_awaited = slot.is_blind and slot.judged_at is None and slot.reviewer is not None
    return is_awaited and has_seen(slot.reviewer, slot.item)  # type: ignore[arg-type]  # not None: see above


def note(items: Iterable[ReviewItem], *, by: Membership, place: Place) -> None:
    """Note that these cases are shown to the person."""
    sightings.note([item.prediction_id for item in items], by.user, place)


def may_change(slot: Slot, *, by: Membership) -> bool:
    """True while the person may replace their answer: nobody who settles has seen it, nor they what others said."""
    item = slot.item
    if slot.outcome != Slot.Outcome.ANSWERED or slot.round != item.round:
        return False
    if slot.is_adjudication or item.adjudicated is not None:
        return False
    is_in_hand = any(each.attempts or each.closed_at for each in item.round_slots.filter(is_adjudication=True))
    return not (is_in_hand or _is_talked_about(item) or has_seen_others(slot.item, by=by))


def has_seen_others(item: ReviewItem, *, by: Membership) -> bool:
    """True if the person has seen more of the case than their own part."""
    return sightings.has_seen(by.user, item.prediction, besides=OWN_PLACES)


def _is_talked_about(item: ReviewItem) -> bool:
    """True if somebody who sees the answers has spoken of them, in a comment or in reply to a dispute."""
    adjudicators = Membership.objects.in_project(item.model.project).with_role_at_least(
        Membership.RANKS[Role.ADJUDICATOR]
    )
    comments = Comment.objects.filter(item=item, author__in=adjudicators.values("user"))
    return comments.exists() or Dispute.objects.filter(item=item, replied_at__isnull=False).exists()
