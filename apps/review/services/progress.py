"""The progress of a queue, and why nothing may be left to claim."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.core.cache import caches
from django.db.models import Count, Q
from django.db.models.functions import Now

from apps.accounts.models import Membership, Role, User
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.models import Question, ReviewItem, Slot
from apps.review.services.own_work import answered_today, midnight

# Cache each count for 50 times as long as it took: recounting then uses at most 2 % of the time.
COUNTING_SHARE = 0.02


@dataclass(frozen=True)
class Progress:
    """The person's answers today, in all queues of the project, and this queue's counts, perhaps some seconds old."""

    mine_today: int
    items: int
    # Cases whose reviews are in, whatever they say: no count tells whether the answers to a case differ.
    reviewed: int
    # The others that are due by midnight, and those past their due time.
    due_today: int
    late: int


@dataclass(frozen=True)
class Waiting:
    """Why nothing is left to claim: where the open slots are."""

    items: int
    leased_by_others: int
    # Put off by others and by this person; and waiting for the answer to this person's question.
    snoozed: int
    snoozed_by_you: int
    your_questions: int
    kept_for_others: int
    done_by_you: int
    passed_by_you: int
    for_other_reviewers: int
    awaiting_adjudication: int
    # Questions this person may answer, in any queue of the project.
    questions_for_you: int
    is_paused: bool

    @property
    def is_empty(self) -> bool:
        """True if nothing has been drawn into the queue yet."""
        return self.items == 0

    @property
    def is_drained(self) -> bool:
        """True if no slot is open."""
        return not (
            self.leased_by_others
            or self.snoozed
            or self.snoozed_by_you
            or self.your_questions
            or self.kept_for_others
            or self.for_other_reviewers
            or self.awaiting_adjudication
        )


def progress(queue: ReviewQueue, *, by: Membership) -> Progress:
    """Return the counts for the head of the desk."""
    return Progress(mine_today=answered_today(by), **_counts(queue, until=midnight(by) + timedelta(days=1)))


def _counts(queue: ReviewQueue, *, until: datetime) -> dict[str, int]:
    """Return the queue's counts, from the cache where they took long."""
    key = f"progress:{queue.pk}"
    kept: dict[str, int] | None = caches["process"].get(key)
    if kept is None:
        began = monotonic()
        kept = _count(queue, until=until)
        caches["process"].set(key, kept, (monotonic() - began) / COUNTING_SHARE)
    return kept


def _count(queue: ReviewQueue, *, until: datetime) -> dict[str, int]:
    items = ReviewItem.objects.filter(queue=queue)
    waiting = items.filter(pk__in=Slot.objects.in_queue(queue).unfinished().filter(_asked_first(queue)).values("item"))
    is_late, is_due = Q(due_at__lte=Now()), Q(due_at__lt=until)
    counts = waiting.aggregate(
        waiting=Count("id"),
        due_today=Count("id", filter=is_due & ~is_late),
        late=Count("id", filter=is_late),
    )
    total = items.count()
    return {"items": total, "reviewed": total - counts.pop("waiting"), **counts}


def _asked_first(queue: ReviewQueue) -> Q:
    """Select reviews without those asked for because answers differ. Four eyes need two, even without an overlap."""
    return Q(is_adjudication=False, position__lt=max(queue.overlap, 2))


def why_waiting(queue: ReviewQueue, *, by: Membership) -> Waiting:
    """Count the queue's open slots by where they are, as this person sees them."""
    me, review, place = Q(reviewer=by.user), _asked_first(queue), Slot.Place
    slots = Slot.objects.in_queue(queue)
    counts = slots.with_place().aggregate(
        leased_by_others=Count("id", filter=Q(place=place.IN_HAND) & ~me & (review | _settles(by))),
        snoozed=Count("id", filter=Q(place__in=(place.PUT_OFF, place.ASKING)) & ~me),
        snoozed_by_you=Count("id", filter=Q(place=place.PUT_OFF) & me),
        your_questions=Count("id", filter=Q(place=place.ASKING) & me),
        kept_for_others=Count("id", filter=Q(place=place.KEPT) & ~me),
        for_other_reviewers=Count("id", filter=Q(place=place.WAITING) & review),
        awaiting_adjudication=Count("id", filter=Q(place=place.WAITING) & _settles(by) & ~Q(is_adjudication=False)),
    )
    counts |= slots.filter(me).aggregate(
        done_by_you=Count("id", filter=Q(outcome__in=(Slot.Outcome.ANSWERED, Slot.Outcome.SEEN))),
        passed_by_you=Count("id", filter=Q(outcome=Slot.Outcome.PASSED)),
    )
    questions = Question.objects.in_project(queue.model.project).open()
    return Waiting(
        items=ReviewItem.objects.filter(queue=queue).count(),
        questions_for_you=questions.for_member(by.user, may_adjudicate=by.reaches(Role.ADJUDICATOR)).count(),
        is_paused=queue.paused_at is not None,
        **counts,
    )


def _settles(by: Membership) -> Q:
    return Q() if by.reaches(Role.ADJUDICATOR) else Q(pk__in=[])


@dataclass(frozen=True)
class QueueCounts:
    """The counts of one queue, for the page of a model's reviews."""

    queue: ReviewQueue
    items: int
    open: int
    adjudicating: int
    settled: int
    labeled: int

    @property
    def response_rate(self) -> float | None:
        """Share of the drawn items that have a label."""
        return self.labeled / self.items if self.items else None

    @property
    def percent(self) -> int | None:
        """The response rate in percent; 100 only if nothing is missing, 0 only if all is."""
        return None if self.response_rate is None else max(int(100 * self.response_rate), int(self.labeled > 0))


@dataclass(frozen=True)
class ReviewerCounts:
    """What one person has answered and passed on in a model's queues."""

    user: User
    answered: int
    passed: int


def queue_counts(model: MonitoredModel) -> list[QueueCounts]:
    """Count the items of each queue of the model by state."""
    states = ReviewItem.State
    drawn = Q(items__draw__isnull=False)
    queues = model.queues.order_by("id").annotate(
        items_total=Count("items", filter=drawn),
        items_open=Count("items", filter=drawn & Q(items__state=states.OPEN)),
        items_adjudicating=Count("items", filter=drawn & Q(items__state=states.ADJUDICATING)),
        items_settled=Count("items", filter=drawn & Q(items__state=states.CLOSED)),
        items_labeled=Count("items", filter=drawn & Q(items__label__isnull=False)),
    )
    return [
        QueueCounts(q, q.items_total, q.items_open, q.items_adjudicating, q.items_settled, q.items_labeled)
        for q in queues
    ]


def reviewer_counts(model: MonitoredModel) -> list[ReviewerCounts]:
    """Count what each person has answered; most answers first."""
    closed = Slot.objects.filter(queue__model=model, reviewer__isnull=False).exclude(closed_at=None)
    counts = (
        closed.order_by()
        .values_list("reviewer")
        .annotate(
            answered=Count("id", filter=Q(outcome__in=(Slot.Outcome.ANSWERED, Slot.Outcome.SEEN))),
            passed=Count("id", filter=Q(outcome=Slot.Outcome.PASSED)),
        )
    )
    people = User.objects.in_bulk([reviewer for reviewer, *_ in counts])
    found = [ReviewerCounts(people[reviewer], answered, passed) for reviewer, answered, passed in counts]
    return sorted(found, key=lambda each: (-each.answered, each.user.email))
