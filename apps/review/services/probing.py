"""Probes: known cases mixed in among the others to measure reviewers.

A gold item has a known answer; a repeat was answered before by the same person. Both look like any other case, wait
for one person, and have no draw, so no estimate counts them.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from apps.accounts.models import Membership, Role, User
from apps.common.errors import ConflictError
from apps.predictions.models import Outcome
from apps.predictions.services import sightings
from apps.registry.models import ReviewQueue
from apps.review.models import GoldAnswer, ReviewItem, Slot
from apps.review.services.order import order_key
from apps.sampling.services.randomness import permanent_number

Purpose = ReviewItem.Purpose
# Don't send probes to reviewers who have been inactive this long.
ACTIVE_DAYS = 7
# A person still remembers this many of their latest answers.
FORGOTTEN_AFTER = 20
MOST_CANDIDATES = 500


def probes_beside(items: list[ReviewItem]) -> list[Slot]:
    """Return unsaved slots of probes, chosen for the reviews of freshly opened items at the queue's rates.

    The choice is a hash of the item, so opening it again would choose the same. There is no probe where nobody is
    active or the person has had all candidates.
    """
    by_queue: dict[ReviewQueue, list[ReviewItem]] = defaultdict(list)
    for item in items:
        by_queue[item.queue].append(item)
    probed = [(queue, opened) for queue, opened in by_queue.items() if queue.gold_rate or queue.repeat_rate]
    return [slot for queue, opened in probed for slot in _beside(queue, opened)]


def make_gold(item: ReviewItem, *, value: float, by: User | None, note: str = "") -> GoldAnswer:
    """Keep the case with its known answer, to be shown to people who have not seen it."""
    if item.is_probe:
        raise ConflictError("This case is itself a probe.", code="is_probe")
    try:
        with transaction.atomic():
            return GoldAnswer.objects.create(item=item, queue=item.queue, value=value, made_by=by, note=note)
    except IntegrityError:
        raise ConflictError("This case already has a known answer.", code="gold_already") from None


def retire_gold(gold: GoldAnswer) -> None:
    """Stop showing the case. Earlier answers to it still count."""
    GoldAnswer.objects.in_use().filter(pk=gold.pk).update(retired_at=timezone.now())


def _beside(queue: ReviewQueue, items: list[ReviewItem]) -> Iterator[Slot]:
    people = _active(queue)
    for purpose, rate, find in (
        (Purpose.GOLD, queue.gold_rate, _gold_for),
        (Purpose.REPEAT, queue.repeat_rate, _repeats_for),
    ):
        for person, seeds in _chosen(items, people, rate=rate, purpose=purpose).items():
            yield from _probes(person, purpose, seeds, find(queue, person))


def _active(queue: ReviewQueue) -> list[int]:
    """Return the members who have answered in this queue lately."""
    since = timezone.now() - timedelta(days=ACTIVE_DAYS)
    reviewers = Membership.objects.in_project(queue.model.project).with_role_at_least(Membership.RANKS[Role.REVIEWER])
    busy = Slot.objects.in_queue(queue).reviews().filter(outcome=Slot.Outcome.ANSWERED, closed_at__gte=since)
    found = busy.filter(reviewer__in=reviewers.values("user")).order_by("reviewer").distinct()
    return list(found.values_list("reviewer", flat=True))


def _chosen(
    items: list[ReviewItem], people: list[int], *, rate: float, purpose: Purpose
) -> dict[int, list[tuple[ReviewItem, float]]]:
    """By person: the items beside which they get a probe, each with a number in [0, 1) that selects the candidate."""
    found: dict[int, list[tuple[ReviewItem, float]]] = defaultdict(list)
    for item in items if people else []:
        for place in range(item.queue.overlap):
            name = f"{item.prediction.external_id}\x1f{place}"
            number = permanent_number(bytes(item.model.salt), name, purpose)
            if number < rate:
                # Below the rate, the number is again uniform: its integer part selects the person, the rest the case.
                spread = number / rate * len(people)
                found[people[int(spread)]].append((item, spread % 1))
    return found


Candidate = GoldAnswer | Slot


def _gold_for(queue: ReviewQueue, person: int) -> list[Candidate]:
    """Return known answers to cases this person has never seen."""
    had = Slot.objects.filter(reviewer=person).values("item__prediction")
    gold = GoldAnswer.objects.in_use().filter(queue=queue).exclude(item__prediction__in=had)
    gold = gold.exclude(sightings.seen_by(person, prediction="item__prediction", model=queue.model))
    return list(gold.select_related("item__prediction").order_by("pk")[:MOST_CANDIDATES])


def _repeats_for(queue: ReviewQueue, person: int) -> list[Candidate]:
    """Return slots this person answered some time ago, once; seen nowhere else, and without a known truth."""
    answered = Slot.objects.in_queue(queue).reviews().filter(reviewer=person, outcome=Slot.Outcome.ANSWERED)
    forgotten = list(answered.order_by("-closed_at").values_list("pk", flat=True)[FORGOTTEN_AFTER:MOST_CANDIDATES])
    again = Slot.objects.filter(pk__in=forgotten, repeated_by=None, item__draw__isnull=False, round=1)
    outcome = Outcome.objects.filter(model=queue.model, external_id=OuterRef("item__prediction__external_id"))
    seen = sightings.seen_by(person, prediction="item__prediction", model=queue.model, besides=sightings.REPEATED)
    again = again.filter(~Exists(outcome), item__adjudicated=None).exclude(seen)
    return list(again.select_related("item__prediction").order_by("pk"))


def _probes(
    person: int, purpose: Purpose, seeds: list[tuple[ReviewItem, float]], candidates: list[Candidate]
) -> Iterator[Slot]:
    probes = []
    for beside, number in seeds[: len(candidates)]:
        candidate = candidates.pop(int(number * len(candidates)))
        probes.append(_probe(purpose, candidate, beside=beside))
    for item in ReviewItem.objects.bulk_create(probes):
        key = order_key(item)
        yield Slot(item=item, queue=item.queue, reviewer_id=person, is_reserved=True, position=0, order_key=key)


def _probe(purpose: Purpose, candidate: Candidate, *, beside: ReviewItem) -> ReviewItem:
    """Return an item that repeats the known case, opened and due like its neighbor."""
    known: ReviewItem = candidate.item
    return ReviewItem(
        purpose=purpose,
        gold=candidate if isinstance(candidate, GoldAnswer) else None,
        repeats=candidate if isinstance(candidate, Slot) else None,
        prediction=known.prediction,
        queue=beside.queue,
        is_blind=known.is_blind,
        order=beside.order,
        due_at=beside.due_at,
        features=known.features,
        probabilities=known.probabilities,
        attributions=known.attributions,
        attribution_base=known.attribution_base,
        processed=known.processed,
    )
