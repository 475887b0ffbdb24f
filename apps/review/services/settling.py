"""From answers to a label, and from there to the second phase. Callers hold the item's lock."""

from itertools import combinations

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.common import doorbell
from apps.common.isolation import one_by_one
from apps.predictions.services import sightings
from apps.registry.models import MonitoredModel
from apps.review.models import Decision, ReviewItem, Slot, Verdict
from apps.review.querysets import SlotQuerySet
from apps.review.services import sight
from apps.review.services.casework import reviews_needed
from apps.review.services.order import order_key
from apps.sampling.services.randomness import permanent_number

Reason = ReviewItem.AdjudicationReason


def finish(slot: Slot) -> None:
    """End a review by its answer and settle the item. If the answer does not count, the case is left to others."""
    slot.close(slot.ending)
    if slot.outcome == Slot.Outcome.SEEN:
        pass_on(slot)
    settle(slot.item)


def take_away(slot: Slot) -> None:
    """Take an unfinished slot from its person, for anybody. A blind judgement stands as the answer; a probe ends."""
    if slot.judged_at is not None:
        finish(slot)
    elif slot.item.is_probe:
        slot.close(Slot.Outcome.PASSED)
        settle(slot.item)
    else:
        slot.put_back()


def pass_on(slot: Slot) -> None:
    """Leave the position to another person of the same role, or to an adjudicator if nobody is left for a review.

    A probe is for one person: it ends.
    """
    item = slot.item
    if slot.is_adjudication:
        reopen(slot)
    elif item.is_probe:
        return
    elif somebody_is_left(item):
        reopen(slot)
    else:
        open_adjudication(item, reason=Reason.NOBODY_LEFT)


def settle(item: ReviewItem) -> None:
    """Update the item after any change of a slot: label, selection for adjudication, state."""
    answers = first_answers(item)
    is_complete = not item.round_slots.unfinished().reviews().exists()
    if is_complete and _needs_extra_reviewer(item, answers):
        _open_slot(item, position=len(answers), is_adjudication=False)
        is_complete = False
    if answers and is_complete and not item.is_probe:
        _set_label(item, majority(item.model, answers))
    if item.adjudication_probability is None:
        _choose(item, answers, is_complete=is_complete)
    kinds = set(item.round_slots.unfinished().values_list("is_adjudication", flat=True))
    states = ReviewItem.State
    item.state = states.ADJUDICATING if True in kinds else states.OPEN if kinds else states.CLOSED
    item.save()
    if item.needs_resolution:
        doorbell.ring_on_commit("resolve")


def first_answers(item: ReviewItem) -> list[float]:
    """Return the answer that counts of each answered review, by position: the judgement if blind, else the latest.

    A later decision replaces an earlier one on a shown case; nothing replaces a judgement.
    """
    answers = Decision.objects.answers().filter(
        slot__in=item.round_slots.reviews().filter(outcome=Slot.Outcome.ANSWERED)
    )
    rows = answers.order_by("slot__position", "slot", "is_judgement", "id").values_list("slot", "value")
    return list(dict(rows).values())


def majority(model: MonitoredModel, answers: list[float]) -> float:
    """Return the answer with which most agree; at a tie, the one that comes first."""
    return max(answers, key=lambda answer: _supporters(model, answer, answers))


def differ(model: MonitoredModel, answers: list[float]) -> bool:
    """Return whether any two of the answers are not the same."""
    return not all(model.agrees(one, other) for one, other in combinations(answers, 2))


def _supporters(model: MonitoredModel, answer: float, answers: list[float]) -> int:
    return sum(bool(model.agrees(answer, each)) for each in answers)


def _set_label(item: ReviewItem, label: float) -> None:
    if item.label != label:
        item.label, item.labelled_at, item.needs_resolution = label, timezone.now(), True


def _needs_extra_reviewer(item: ReviewItem, answers: list[float]) -> bool:
    """True if the first answers differ, the queue asks one more person before an adjudicator, and somebody is left."""
    if not item.queue.is_extra_reviewer_asked or item.is_probe or item.adjudication_probability is not None:
        return False
    return differ(item.model, answers) and len(answers) == reviews_needed(item) and somebody_is_left(item)


def _choose(item: ReviewItem, answers: list[float], *, is_complete: bool) -> None:
    """Select for adjudication: surely after a dispute or without a majority, else with the queue's probability."""
    disputes = Decision.objects.filter(
        slot__in=item.round_slots.reviews().filter(outcome=Slot.Outcome.ANSWERED), verdict=Verdict.DISPUTE
    )
    queue = item.queue
    if disputes.exists():
        open_adjudication(item, reason=Reason.DISPUTE)
    elif item.is_probe or not is_complete or not answers:
        return
    elif differ(item.model, answers):
        is_outvoted = _supporters(item.model, majority(item.model, answers), answers) > len(answers) / 2
        rate = queue.adjudication_rate_disagreed if is_outvoted else 1.0
        open_adjudication(item, reason=Reason.DISAGREEMENT, probability=rate)
    else:
        agrees = item.model.agrees(item.label, item.prediction.predicted)
        rate = queue.adjudication_rate_agreed if agrees else queue.adjudication_rate_differs
        open_adjudication(item, reason=Reason.CHECK, probability=rate)


def open_adjudication(item: ReviewItem, *, reason: Reason, probability: float = 1.0) -> None:
    """Select the item with this probability, by a hash of its own. Once selected, it stays selected."""
    if item.is_adjudication_chosen:
        return
    number = permanent_number(bytes(item.model.salt), item.prediction.external_id, "adjudication")
    item.adjudication_probability = probability
    item.is_adjudication_chosen = number < probability
    if item.is_adjudication_chosen:
        item.adjudication_reason = reason
        _open_slot(item, position=0, is_adjudication=True)


def is_referred_by(slot: Slot) -> bool:
    """True if the item came to an adjudicator because this review, and no other, was passed on."""
    passed = slot.item.round_slots.reviews().filter(outcome=Slot.Outcome.PASSED).exclude(pk=slot.pk)
    return slot.item.adjudication_reason in (Reason.REFERRED, Reason.NOBODY_LEFT) and not passed.exists()


def call_off(item: ReviewItem, adjudication: Slot) -> None:
    """Take back an adjudication that nobody has claimed: the item may be selected again, like any other."""
    adjudication.delete()
    item.is_adjudication_chosen, item.adjudication_probability, item.adjudication_reason = False, None, ""


def adjudicate(slot: Slot, *, value: float, is_precedent: bool = False) -> None:
    """Store the adjudicator's answer and close the open reviews; a judgement in one of them stands."""
    slot.close(Slot.Outcome.ANSWERED)
    item = slot.item
    item.adjudicated, item.adjudicated_at, item.needs_resolution = value, timezone.now(), not item.is_probe
    item.is_precedent = is_precedent
    for each in item.round_slots.unfinished().select_for_update():
        each.close(each.ending if each.judged_at else Slot.Outcome.PASSED)
    settle(item)


def reopen(slot: Slot) -> None:
    """Open the same position again, for somebody else."""
    _open_slot(slot.item, position=slot.position, is_adjudication=slot.is_adjudication)


def _open_slot(item: ReviewItem, *, position: int, is_adjudication: bool) -> None:
    Slot.objects.create(
        item=item,
        queue=item.queue,
        round=item.round,
        position=position,
        is_adjudication=is_adjudication,
        order_key=order_key(item),
    )


def somebody_is_left(item: ReviewItem) -> bool:
    """True while some reviewer of the project has had no part in the item and could judge it as it was drawn."""
    had_part = item.round_slots.filter(reviewer__isnull=False).values("reviewer")
    reviewers = Membership.objects.in_project(item.model.project).with_role_at_least(Membership.RANKS[Role.REVIEWER])
    left = reviewers.exclude(user__in=had_part)
    if item.is_blind:
        left = left.exclude(user__in=sightings.viewers(item.prediction))
    return left.exists()


def close_lapsed(slots: list[int] | None = None) -> int:
    """Close slots whose blind judgement was left until the lease ran out; the judgement stands as the answer.

    Looks at the given slots, or at all. Returns how many were closed.
    """
    lapsed = Slot.objects.lapsed_after_judgement().values_list("pk", flat=True)
    return sum(one_by_one(lapsed if slots is None else slots, _close_if_lapsed, name="close_lapsed"))


def pass_on_spoiled(slots: list[int]) -> None:
    """Take from its reviewer each of these slots that they have seen and not judged."""
    for key in slots:
        _pass_on_if_spoiled(key)


@transaction.atomic
def _close_if_lapsed(key: int) -> bool:
    slot = _lock_free(Slot.objects.lapsed_after_judgement(), key)
    if slot is not None:
        finish(slot)
    return slot is not None


@transaction.atomic
def _pass_on_if_spoiled(key: int) -> None:
    slot = _lock_free(Slot.objects.to_judge_blind(), key)
    if slot is not None and sight.is_spoiled(slot):
        slot.close(Slot.Outcome.PASSED)
        pass_on(slot)
        settle(slot.item)


def _lock_free(slots: SlotQuerySet, key: int) -> Slot | None:
    """Lock the slot and its item; None if its reviewer is deciding right now, or another sweep closing it."""
    items = ReviewItem.objects.select_related("queue__model__project", "prediction")
    item: ReviewItem | None = items.select_for_update(of=("self",), skip_locked=True).filter(slots=key).first()
    slot: Slot | None = slots.select_for_update(of=("self",)).filter(pk=key).first() if item else None
    if item is not None and slot is not None:
        slot.item = item
    return slot
