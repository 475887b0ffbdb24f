"""The rules of a claim in SQL against the same rules in Python, on random situations."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.predictions.models import CaseView, ExportView
from apps.predictions.services import sightings
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import ReviewItem, Slot
from tests.review.factories import make_items, make_queue, reviewers

pytestmark = pytest.mark.django_db

SITUATIONS = 60
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Situation:
    """All slots of a queue, seen by one person."""

    person: Membership
    slots: list[Slot]
    seen: set[int]
    now: datetime

    def holds(self, slot: Slot) -> bool:
        is_leased = slot.lease_expires_at is not None and slot.lease_expires_at >= self.now
        is_held = slot.closed_at is None and is_leased and slot.reviewer_id == self.person.user_id
        return is_held and not self.has_seen(slot)

    def has_seen(self, slot: Slot) -> bool:
        """True if the person cannot judge the case blind any more."""
        return slot.is_blind and slot.judged_at is None and slot.item.prediction_id in self.seen

    def may_take(self, slot: Slot) -> bool:
        is_leased = slot.lease_expires_at is not None and slot.lease_expires_at >= self.now
        is_put_off = slot.snoozed_until is not None and slot.snoozed_until > self.now
        if slot.closed_at is not None or is_leased or is_put_off:
            return False
        if slot.is_adjudication and not self.person.reaches(Role.ADJUDICATOR):
            return False
        if self.has_seen(slot) or (slot.is_adjudication and self.is_awaited(slot)):
            return False
        if slot.reviewer_id == self.person.user_id:
            return True
        return not (
            slot.is_reserved or slot.snoozed_until is not None or slot.judged_at is not None or self.had_part(slot)
        )

    def is_awaited(self, slot: Slot) -> bool:
        """True if the person has yet to judge another review of the case."""
        return any(
            other.item_id == slot.item_id
            and other.reviewer_id == self.person.user_id
            and other.is_blind
            and not (other.closed_at or other.judged_at)
            for other in self.slots
        )

    def had_part(self, slot: Slot) -> bool:
        return any(
            (other.item_id, other.round) == (slot.item_id, slot.round) and other.reviewer_id == self.person.user_id
            for other in self.slots
        )

    def claimed(self, *, limit: int, only: services.Only | None) -> list[int]:
        wanted = [
            slot
            for slot in sorted(self.slots, key=lambda slot: (slot.order_key, slot.pk))
            if only is None or slot.is_adjudication == (only == services.Only.ADJUDICATION)
        ]
        held = sorted(
            filter(self.holds, wanted), key=lambda slot: slot.judged_at or datetime.max.replace(tzinfo=self.now.tzinfo)
        )
        fresh: dict[int, int] = {}
        for slot in filter(self.may_take, wanted):
            fresh.setdefault(slot.item_id, slot.pk)
        return [*(slot.pk for slot in held), *fresh.values()][:limit]


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue(overlap=2)
    make_items(queue, 4)
    ReviewItem.objects.filter(pk__in=ReviewItem.objects.order_by("?").values("pk")[:2]).update(is_blind=False)
    for item in ReviewItem.objects.filter(queue=queue):
        key = item.slots.values_list("order_key", flat=True)[0]
        Slot.objects.create(item=item, queue=queue, position=0, is_adjudication=True, order_key=key)
    ReviewItem.objects.filter(queue=queue).update(is_adjudication_chosen=True)
    return queue


@pytest.mark.slow
@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADJUDICATOR])
def test_a_claim_takes_what_the_rules_say(queue: ReviewQueue, role: Role) -> None:
    people = [*reviewers(queue, 1, role), *reviewers(queue, 1)]
    rng = random.Random(f"claim as {role}")
    claims = 0
    for situation in situations(queue, people, rng):
        mine = [slot for slot in situation.slots if situation.holds(slot) or situation.may_take(slot)]
        cases, to_settle = {slot.item_id for slot in mine}, {slot.item_id for slot in mine if slot.is_adjudication}
        counts = services.count_for(people[0]).get(queue.pk, services.ForPerson())
        assert (counts.cases, counts.to_settle) == (len(cases), len(to_settle))
        limit, only = rng.choice([1, 2, 9]), rng.choice([None, *services.Only])
        slots = services.claim_slots(queue, by=people[0], limit=limit, only=only)
        assert [slot.pk for slot in slots] == situation.claimed(limit=limit, only=only)
        claims += len(slots)
    assert claims > SITUATIONS / 2


def situations(queue: ReviewQueue, people: list[Membership], rng: random.Random) -> Iterator[Situation]:
    """Put every slot in a random state. No judgement has lapsed, since a claim would close it first."""
    slots = list(Slot.objects.filter(queue=queue).select_related("item").order_by("pk"))
    predictions = {slot.item.prediction_id for slot in slots}
    for _ in range(SITUATIONS):
        now = timezone.now()
        # Slots that took the place of one whose person had seen the case.
        Slot.objects.exclude(pk__in=[slot.pk for slot in slots]).delete()
        Slot.objects.filter(queue=queue).update(reviewer=None)
        taken: set[tuple[int, int | None]] = set()
        for slot in slots:
            slot.reviewer_id = rng.choice([None, *(person.user_id for person in people)])
            if (slot.item_id, slot.reviewer_id) in taken:
                slot.reviewer_id = None
            taken.add((slot.item_id, slot.reviewer_id))
            slot.judged_at = rng.choice([None, None, now - rng.random() * HOUR])
            slot.lease_expires_at = rng.choice(
                [None, None, now + HOUR] if slot.judged_at else [None, now - HOUR, now + HOUR]
            )
            slot.snoozed_until = rng.choice([None, None, None, now - HOUR, now + HOUR])
            slot.is_reserved = rng.random() < 0.2
            slot.closed_at = rng.choice([None, None, None, now])
            slot.outcome = Slot.Outcome.ANSWERED if slot.closed_at else ""
        fields = ["reviewer", "judged_at", "lease_expires_at", "snoozed_until", "is_reserved", "closed_at", "outcome"]
        Slot.objects.bulk_update(slots, fields)
        CaseView.objects.all().delete()
        seen = {prediction for prediction in predictions if rng.random() < 0.3}
        ExportView.objects.all().delete()
        for prediction in seen:
            if rng.random() < 0.5:
                sightings.note([prediction], people[0].user, sightings.Place.LIST)
            else:
                sightings.note_export(people[0].user, queue.model, filters={}, first=prediction, last=prediction)
        yield Situation(people[0], slots, seen, now)
