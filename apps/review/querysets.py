"""Queries over items, slots, decisions and what people say about them."""

from typing import TYPE_CHECKING, Self

from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Now

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.leases import LeaseQuerySet

if TYPE_CHECKING:
    from apps.accounts.models import Project, User
    from apps.registry.models import ReviewQueue


class ReviewItemQuerySet(ProjectScopedQuerySet):
    project_path = "queue__model__project"

    def drawn(self) -> Self:
        """Items that estimates count."""
        return self.filter(draw__isnull=False)

    def reviews(self) -> Self:
        """Items that were drawn or sent to review: all but probes."""
        return self.filter(purpose__in=(self.model.Purpose.REVIEW, self.model.Purpose.TARGETED))

    def probes(self) -> Self:
        return self.exclude(purpose__in=(self.model.Purpose.REVIEW, self.model.Purpose.TARGETED))

    def unresolved(self) -> Self:
        """Items with changes that `truth` has not recorded yet."""
        return self.filter(needs_resolution=True)


class SlotQuerySet(LeaseQuerySet):
    def in_project(self, project: "Project") -> Self:
        return self.filter(queue__model__project=project)

    def in_queue(self, queue: "ReviewQueue | int") -> Self:
        return self.filter(queue=queue)

    def on_desk(self) -> Self:
        """Load everything that a case shows."""
        return self.select_related("item__prediction__version", "item__queue__model__project")

    def unfinished(self) -> Self:
        """Slots neither answered nor passed on."""
        return self.filter(closed_at=None)

    def reviews(self) -> Self:
        """Slots that are not adjudications."""
        return self.filter(is_adjudication=False)

    def open(self) -> Self:
        """Unfinished slots that are not put off until later."""
        return self.unfinished().filter(Q(snoozed_until=None) | Q(snoozed_until__lte=Now()))

    def with_place(self) -> Self:
        """Unfinished slots, each with its `place`."""
        questions = self.model._meta.get_field("questions").related_model._default_manager.open()
        place, is_put_off = self.model.Place, Q(snoozed_until__gt=Now())
        return self.unfinished().annotate(
            place=Case(
                When(lease_expires_at__gte=Now(), then=Value(place.IN_HAND)),
                When(is_put_off & Exists(questions.filter(slot=OuterRef("pk"))), then=Value(place.ASKING)),
                When(is_put_off, then=Value(place.PUT_OFF)),
                When(Q(is_reserved=True) | Q(snoozed_until__isnull=False), then=Value(place.KEPT)),
                default=Value(place.WAITING),
            )
        )

    def to_judge_blind(self) -> Self:
        """Unfinished blind reviews without a judgement."""
        return self.unfinished().reviews().filter(item__is_blind=True, judged_at=None)

    def with_answer(self) -> Self:
        """Slots closed by an answer of their reviewer, whether it counts or not."""
        return self.filter(outcome__in=(self.model.Outcome.ANSWERED, self.model.Outcome.SEEN))

    def lapsed_after_judgement(self) -> Self:
        """Blind reviews that were judged, then left until the lease ran out."""
        return self.unfinished().filter(judged_at__isnull=False, lease_expires_at__lt=Now())


class DecisionQuerySet(ProjectScopedQuerySet):
    project_path = "slot__queue__model__project"

    def answers(self) -> Self:
        """Decisions that give a label. On a blind case they do so only if the judgement was blind."""
        is_seen = Q(item__is_blind=True, slot__is_adjudication=False, was_blind=False)
        return self.filter(value__isnull=False).exclude(is_seen)


class DisputeQuerySet(ProjectScopedQuerySet):
    project_path = "item__queue__model__project"

    def open(self) -> Self:
        """Disputes of the current round that are neither settled nor withdrawn."""
        return self.filter(withdrawn_at=None, item__adjudicated=None, round=F("item__round"))


class QuestionQuerySet(ProjectScopedQuerySet):
    project_path = "slot__queue__model__project"

    def open(self) -> Self:
        """Unanswered questions whose case still waits for its asker."""
        return self.filter(answered_at=None, slot__closed_at=None, slot__reviewer=F("asked_by"))

    def for_member(self, user: "User", *, may_adjudicate: bool) -> Self:
        """Questions this person may answer: asked of them, or of any adjudicator."""
        mine = Q(asked_of=user) | Q(asked_of=None) if may_adjudicate else Q(asked_of=user)
        return self.filter(mine).exclude(asked_by=user)


class GoldAnswerQuerySet(ProjectScopedQuerySet):
    project_path = "queue__model__project"

    def in_use(self) -> Self:
        return self.filter(retired_at=None)
