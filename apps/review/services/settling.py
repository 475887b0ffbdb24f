"""From answers to a label, and from labels to the second phase. Callers hold the item's lock."""

from collections import Counter

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.common import doorbell
from apps.review.models import Decision, ReviewItem, Slot, Verdict
from apps.review.services.opening import reviews_needed
from apps.review.services.order import order_key
from apps.sampling.services.randomness import permanent_number

Reason = ReviewItem.AdjudicationReason


def settle(item: ReviewItem) -> None:
    """After any change of a slot: the label, whether it is adjudicated and with which probability, the state."""
    answers = first_answers(item)
    is_complete = not item.round_slots.unfinished().reviews().exists()
    if is_complete and _needs_extra_reviewer(item, answers):
        _open_slot(item, position=len(answers), is_adjudication=False)
        is_complete = False
    if answers and is_complete and not item.is_probe:
        _set_label(item, majority(answers))
    if item.adjudication_probability is None:
        _choose(item, answers, is_complete=is_complete)
    kinds = set(item.round_slots.unfinished().values_list("is_adjudication", flat=True))
    states = ReviewItem.State
    item.state = states.ADJUDICATING if True in kinds else states.OPEN if kinds else states.CLOSED
    item.save()
    if item.needs_resolution:
        doorbell.ring_on_commit("resolve")


def first_answers(item: ReviewItem) -> list[float]:
    """The answer of each answered review that counts, first slot first: the judgement of a blind one, else the latest.

    A decision about a shown case is replaced by a later one; nothing replaces a judgement.
    """
    said = Decision.objects.answers().filter(slot__in=item.round_slots.reviews().filter(outcome=Slot.Outcome.ANSWERED))
    rows = said.order_by("slot__position", "slot", "is_judgement", "id").values_list("slot", "value")
    return list(dict(rows).values())


def majority(answers: list[float]) -> float:
    """The most frequent answer; among equally frequent ones that of the first slot."""
    # Counter keeps the order of arrival among equals.
    return Counter(answers).most_common(1)[0][0]


def _set_label(item: ReviewItem, label: float) -> None:
    if item.label != label:
        item.label, item.labelled_at, item.needs_resolution = label, timezone.now(), True


def _needs_extra_reviewer(item: ReviewItem, answers: list[float]) -> bool:
    """The first answers differ, one more person is to be asked before an adjudicator, and there is one."""
    if not item.queue.is_extra_reviewer_asked or item.is_probe or item.adjudication_probability is not None:
        return False
    return len(set(answers)) > 1 and len(answers) == reviews_needed(item) and somebody_is_left(item)


def _choose(item: ReviewItem, answers: list[float], *, is_complete: bool) -> None:
    """Is the item adjudicated: surely after a dispute or without a majority, else with the queue's probability."""
    disputes = Decision.objects.filter(
        slot__in=item.round_slots.reviews().filter(outcome=Slot.Outcome.ANSWERED), verdict=Verdict.DISPUTE
    )
    queue = item.queue
    if disputes.exists():
        open_adjudication(item, reason=Reason.DISPUTE)
    elif item.is_probe or not is_complete or not answers:
        return
    elif len(set(answers)) > 1:
        is_outvoted = Counter(answers)[majority(answers)] > len(answers) / 2
        rate = queue.adjudication_rate_disagreed if is_outvoted else 1.0
        open_adjudication(item, reason=Reason.DISAGREEMENT, probability=rate)
    else:
        agrees = item.label == item.prediction.predicted
        rate = queue.adjudication_rate_agreed if agrees else queue.adjudication_rate_differs
        open_adjudication(item, reason=Reason.CHECK, probability=rate)


def open_adjudication(item: ReviewItem, *, reason: Reason, probability: float = 1.0) -> None:
    """Choose the item with this probability, by a hash of its own; once chosen, it stays so."""
    if item.is_adjudication_chosen:
        return
    number = permanent_number(bytes(item.model.salt), item.prediction.external_id, "adjudication")
    item.adjudication_probability = probability
    item.is_adjudication_chosen = number < probability
    if item.is_adjudication_chosen:
        item.adjudication_reason = reason
        _open_slot(item, position=0, is_adjudication=True)


def adjudicate(item: ReviewItem, *, value: float, is_precedent: bool = False) -> None:
    """The adjudicator's word. Reviews that are still open are withdrawn; what was judged in them stands."""
    item.adjudicated, item.adjudicated_at, item.needs_resolution = value, timezone.now(), not item.is_probe
    item.is_precedent = is_precedent
    for slot in item.round_slots.unfinished().select_for_update():
        slot.close(Slot.Outcome.ANSWERED if slot.judged_at else Slot.Outcome.PASSED)


def reopen(slot: Slot) -> None:
    """The same place once more, for somebody else."""
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
    """True while a member who may review has had no part in the item."""
    had_part = item.round_slots.filter(reviewer__isnull=False).values("reviewer")
    reviewers = Membership.objects.in_project(item.model.project).with_role_at_least(Membership.RANKS[Role.REVIEWER])
    return reviewers.exclude(user__in=had_part).exists()


def close_lapsed(slots: list[int] | None = None) -> int:
    """Close slots whose blind judgement was left until its lease ran out: it stands as the answer. How many.

    Of these slots, or of all there are.
    """
    lapsed = Slot.objects.lapsed_after_judgement().values_list("pk", flat=True)
    return sum(_close_if_lapsed(key) for key in (lapsed if slots is None else slots))


@transaction.atomic
def _close_if_lapsed(key: int) -> bool:
    items = ReviewItem.objects.select_related("queue__model__project", "prediction")
    item = items.select_for_update(of=("self",), skip_locked=True).filter(slots=key).first()
    # Its reviewer may be deciding at this moment, or another sweep be closing it.
    slot = Slot.objects.lapsed_after_judgement().select_for_update().filter(pk=key).first() if item else None
    if item is None or slot is None:
        return False
    slot.close(Slot.Outcome.ANSWERED)
    settle(item)
    return True
