"""Cases in review: items, the slots that people take, their decisions, and known answers."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.common.leases import RELEASED, Leased
from apps.predictions.models import Prediction, SentJSONField
from apps.registry.models import Guideline, MonitoredModel, ReviewQueue
from apps.review.models.conversation import Comment, Dispute, Mention, Question
from apps.review.models.saved_view import SavedView
from apps.review.querysets import (
    DecisionQuerySet,
    GoldAnswerQuerySet,
    ReviewItemQuerySet,
    SlotQuerySet,
)
from apps.sampling.models import Draw

__all__ = [
    "LABELING",
    "Comment",
    "DataProblem",
    "Decision",
    "Dispute",
    "GoldAnswer",
    "Mention",
    "Question",
    "ReviewItem",
    "SavedView",
    "Shown",
    "Similar",
    "Slot",
    "Verdict",
]


class ReviewItem(models.Model):
    """A prediction in its queue, with a copy of its payload and what is settled so far.

    Most were drawn. A targeted one was sent to review by a person who chose it, and a probe repeats a known case to
    measure its reviewer: neither has a draw, so no estimate counts them.
    """

    class Purpose(models.TextChoices):
        REVIEW = "review"
        TARGETED = "targeted"
        GOLD = "gold"
        REPEAT = "repeat"

    class State(models.TextChoices):
        OPEN = "open"
        ADJUDICATING = "adjudicating"
        CLOSED = "closed"

    class AdjudicationReason(models.TextChoices):
        DISPUTE = "dispute"
        DISAGREEMENT = "disagreement"
        REFERRED = "referred", "referred by a reviewer"
        NOBODY_LEFT = "nobody_left", "no reviewer left"
        CHECK = "check", "random check"

    draw = models.OneToOneField(Draw, models.CASCADE, null=True, related_name="item")
    purpose = models.CharField(max_length=16, choices=Purpose, default=Purpose.REVIEW)
    # What a probe is compared with: a known answer, or an earlier slot of the same person.
    gold = models.ForeignKey("GoldAnswer", models.PROTECT, null=True, related_name="probes")
    repeats = models.ForeignKey("Slot", models.PROTECT, null=True, related_name="repeated_by")
    prediction = models.ForeignKey(Prediction, models.DO_NOTHING, db_constraint=False, related_name="+")
    queue = models.ForeignKey(ReviewQueue, models.CASCADE, related_name="items")
    is_blind = models.BooleanField()
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    round = models.PositiveSmallIntegerField(default=1)
    # The order in which the queue served it.
    order = models.CharField(max_length=16, choices=ReviewQueue.Order, default=ReviewQueue.Order.RANDOM)
    # When a rule took the place of a random order; null: never, or it opened under one.
    ordered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(null=True)
    # A copy of the payload: open cases outlive retention.
    features = SentJSONField()
    probabilities = models.JSONField(null=True)
    attributions = models.JSONField(null=True)
    attribution_base = models.FloatField(null=True)
    processed = SentJSONField(null=True)
    # L: the majority of first answers; at a tie, that of the first slot. Null while answers are missing.
    label = models.FloatField(null=True)
    labelled_at = models.DateTimeField(null=True)
    # The second phase: selected with the recorded probability q, and the adjudicator's answer.
    adjudication_probability = models.FloatField(null=True)
    adjudication_reason = models.CharField(max_length=16, choices=AdjudicationReason, blank=True)
    is_adjudication_chosen = models.BooleanField(default=False)
    adjudicated = models.FloatField(null=True)
    adjudicated_at = models.DateTimeField(null=True)
    # The adjudicator keeps it as an example for later cases.
    is_precedent = models.BooleanField(default=False)
    # Set by every change of the above; `truth` clears it once it has recorded the change.
    needs_resolution = models.BooleanField(default=False)

    objects = ReviewItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(purpose="review") & Q(draw__isnull=False, gold=None, repeats=None))
                | (Q(purpose="targeted") & Q(draw=None, gold=None, repeats=None))
                | (Q(purpose="gold") & Q(draw=None, gold__isnull=False, repeats=None))
                | (Q(purpose="repeat") & Q(draw=None, gold=None, repeats__isnull=False)),
                name="only_reviews_have_a_draw",
            ),
            # No prediction is both drawn and sent to review: its truth has one label.
            models.UniqueConstraint(
                fields=["prediction"], condition=Q(purpose__in=["review", "targeted"]), name="one_case_per_prediction"
            ),
        ]
        indexes = [
            models.Index(fields=["queue"], condition=Q(needs_resolution=True), name="items_to_resolve"),
            models.Index(fields=["queue", "state"], name="items_by_state"),
            models.Index(fields=["queue", "-id"], condition=Q(draw__isnull=False), name="items_drawn_last"),
        ]

    def __str__(self) -> str:
        return f"item {self.pk}"

    @property
    def model(self) -> MonitoredModel:
        return self.queue.model

    @property
    def is_probe(self) -> bool:
        """True for items that measure their reviewer, not the model."""
        return self.purpose in (self.Purpose.GOLD, self.Purpose.REPEAT)

    @property
    def is_late(self) -> bool:
        return self.state != self.State.CLOSED and self.due_at is not None and self.due_at < timezone.now()

    @property
    def round_slots(self) -> SlotQuerySet:
        """The slots of the current round."""
        return Slot.objects.filter(item=self, round=self.round)


class Slot(Leased):
    """One review that an item needs. A person takes it under a lease, and their name stays on it."""

    class Outcome(models.TextChoices):
        ANSWERED = "answered"
        PASSED = "passed"
        # Blind, but judged by somebody who had seen the prediction: recorded, and counted as no answer.
        SEEN = "seen", "answered after seeing the prediction, not counted"

    class Place(models.TextChoices):
        """Where an unfinished slot is: see `SlotQuerySet.with_place`."""

        WAITING = "waiting", "waits"
        IN_HAND = "in_hand", "in hand"
        PUT_OFF = "put_off", "put off"
        ASKING = "asking", "waits for an answer to a question"
        KEPT = "kept", "kept for one person"

    item = models.ForeignKey(ReviewItem, models.CASCADE, related_name="slots")
    queue = models.ForeignKey(ReviewQueue, models.CASCADE, related_name="slots")
    round = models.PositiveSmallIntegerField(default=1)
    # 0, 1, … among the item's reviews; at a tie the lowest decides.
    position = models.PositiveSmallIntegerField()
    is_adjudication = models.BooleanField(default=False)
    reviewer = models.ForeignKey(User, models.PROTECT, null=True, related_name="slots")
    # The item's place in the queue.
    order_key = models.FloatField()
    opened_at = models.DateTimeField(auto_now_add=True)
    # Kept for its reviewer, held or not.
    is_reserved = models.BooleanField(default=False)
    # When the blind judgement was stored; from then on the slot stays with its reviewer.
    judged_at = models.DateTimeField(null=True)
    # When similar settled cases were first shown beside the prediction. What is looked at before the first answer is no
    # part of the reveal.
    similar_at = models.DateTimeField(null=True)
    # Until then it waits for its reviewer alone.
    snoozed_until = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    closed_at = models.DateTimeField(null=True)

    objects = SlotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "round", "reviewer"], name="one_slot_per_item_round_and_reviewer"),
            models.UniqueConstraint(
                fields=["item", "round", "is_adjudication", "position"],
                condition=Q(closed_at=None),
                name="one_open_slot_per_position",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="") | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="a_closed_slot_has_an_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["queue", "order_key", "id"], condition=Q(closed_at=None), name="slots_open"),
            models.Index(fields=["reviewer", "closed_at"], name="slots_by_reviewer"),
            models.Index(
                fields=["lease_expires_at"], condition=Q(closed_at=None, judged_at__isnull=False), name="slots_judged"
            ),
        ]

    def __str__(self) -> str:
        return f"slot {self.pk}"

    @property
    def is_blind(self) -> bool:
        """True if the reviewer judges before seeing the prediction. Adjudicators always see it."""
        return self.item.is_blind and not self.is_adjudication

    @property
    def revealed(self) -> ReviewItem | None:
        """The item if its prediction may be shown, else None."""
        return self.item if not self.is_blind or self.judged_at else None

    @property
    def judgement(self) -> "Decision | None":
        """The blind first answer, once it is stored."""
        return self.decisions.filter(is_judgement=True).first() if self.judged_at else None

    @property
    def ending(self) -> Outcome:
        """The outcome if the slot ends by its answer."""
        judgement = self.judgement
        return self.Outcome.ANSWERED if judgement is None or judgement.counts else self.Outcome.SEEN

    @property
    def answers_to_settle(self) -> "DecisionQuerySet":
        """For an adjudicator: the round's decisions by position; names are not shown."""
        decisions = Decision.objects.filter(item=self.item, slot__round=self.round, slot__is_adjudication=False)
        return decisions.order_by("slot__position", "slot", "id") if self.is_adjudication else decisions.none()

    def close(self, outcome: Outcome) -> None:
        """Close with this outcome. The token stays, to recognize a submit that its holder repeats."""
        self.outcome, self.closed_at = outcome, timezone.now()
        self.save(update_fields=["outcome", "closed_at"])

    def note_similar(self) -> None:
        """Note that similar settled cases are shown, once the first answer of a blind case is stored."""
        judged = Slot.objects.filter(pk=self.pk, judged_at__isnull=False, similar_at=None)
        judged.update(similar_at=timezone.now())

    def put_off(self, *, until: datetime) -> None:
        """Give back, to return to the same person later."""
        self._give_back(snoozed_until=until)

    def put_back(self) -> None:
        """Give back for anybody; a probe waits for its person."""
        if self.item.is_probe:
            self._give_back(snoozed_until=None)
        else:
            self._give_back(reviewer=None, snoozed_until=None, is_reserved=False)

    def keep_for(self, reviewer: User) -> None:
        """Reserve for this person."""
        self._give_back(reviewer=reviewer, snoozed_until=None, is_reserved=True)

    def take_up(self) -> None:
        """Hold again, for the person whose name is on it."""
        self.outcome, self.closed_at, self.snoozed_until, self.lease_token = "", None, None, uuid4()
        self.save(update_fields=["outcome", "closed_at", "snoozed_until", "lease_token"])
        self.heartbeat(seconds=self.queue.lease_seconds)

    def _give_back(self, **changes: Any) -> None:
        for name, value in (RELEASED | changes).items():
            setattr(self, name, value)
        self.save(update_fields=[*RELEASED, *changes])


class Verdict(models.TextChoices):
    AGREE = "agree"
    CORRECT = "correct"
    DISPUTE = "dispute"
    CANNOT_TELL = "cannot_tell"
    WRONG_DATA = "wrong_data"
    ESCALATE = "escalate"
    RECUSE = "recuse"
    SKIP = "skip"


class DataProblem(models.TextChoices):
    STALE = "stale", "out of date"
    MISSING = "missing", "missing"
    MISREAD = "misread", "misread"


class Shown(models.TextChoices):
    """What a reveal shows beside the prediction: nothing, or contributions of this method."""

    NOTHING = "none", "the model’s answer alone"
    SENT = "sent", "contributions as sent"
    TREE = "tree", "contributions by tree paths"
    TREE_INTERVENTIONAL = "tree_interventional", "trees against background"
    LINEAR = "linear", "contributions, linear model"
    PERMUTATION = "permutation", "contributions by permutation"

    @classmethod
    def words(cls, stored: str) -> str:
        """Return what was shown in words; an empty value means that nobody noted it."""
        return dict(cls.choices).get(stored, stored) if stored else "not noted at the time"


class Similar(models.TextChoices):
    """Whether somebody looked at similar settled cases between the reveal and their final answer."""

    OPENED = "opened", "similar cases opened"
    NOT_OPENED = "not_opened", "similar cases not opened"


LABELING = (Verdict.AGREE, Verdict.CORRECT, Verdict.DISPUTE)


class Decision(models.Model):
    """What a person answered; append-only. A blind review has two: the judgement, and the answer after the reveal."""

    slot = models.ForeignKey(Slot, models.PROTECT, related_name="decisions")
    item = models.ForeignKey(ReviewItem, models.PROTECT, related_name="decisions")
    reviewer = models.ForeignKey(User, models.PROTECT, related_name="decisions")
    # The answer to a blind item before the desk showed the prediction. Estimates use it, if it was blind.
    is_judgement = models.BooleanField(default=False)
    # False also for a blind item that the reviewer had seen elsewhere before.
    was_blind = models.BooleanField()
    # On a judgement, what the reveal showed beside the prediction; empty without a reveal, and where nobody noted it.
    shown = models.CharField(max_length=24, choices=Shown, blank=True, default="", db_default="")
    # Contributions of features that this person may not see were left out.
    is_shown_in_part = models.BooleanField(default=False, db_default=False)
    # Empty on a judgement.
    verdict = models.CharField(max_length=16, choices=Verdict, blank=True)
    value = models.FloatField(null=True)
    certainty = models.PositiveSmallIntegerField(null=True)
    reasons = models.JSONField(default=list)
    note = models.TextField(blank=True)
    snoozed_until = models.DateTimeField(null=True)
    active_ms = models.PositiveIntegerField(null=True)
    # With wrong data: [{"feature", "problem"}], each problem one of DataProblem.
    wrong_features = models.JSONField(default=list)
    # The guidelines in force at that moment.
    guideline = models.ForeignKey(Guideline, models.PROTECT, null=True, related_name="+")
    # The lease it was given under: identifies a repeated submit.
    lease_token = models.UUIDField()
    decided_at = models.DateTimeField(auto_now_add=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slot"], condition=Q(is_judgement=True), name="one_judgement_per_slot"),
            models.UniqueConstraint(
                fields=["slot", "lease_token"], condition=Q(is_judgement=False), name="one_decision_per_lease"
            ),
            models.CheckConstraint(
                condition=Q(certainty__isnull=True) | Q(certainty__gte=1, certainty__lte=3), name="certainty_1_to_3"
            ),
            models.CheckConstraint(
                condition=~Q(verdict__in=[str(v) for v in LABELING]) | Q(value__isnull=False),
                name="a_label_has_a_value",
            ),
        ]
        indexes = [models.Index(fields=["reviewer", "-id"], name="decisions_by_reviewer")]

    def __str__(self) -> str:
        return self.verdict or "judgement"

    @property
    def counts(self) -> bool:
        """False for an answer to a blind case by somebody who had seen its prediction; `answers` leaves it out."""
        return self.was_blind or not self.slot.is_blind


class GoldAnswer(models.Model):
    """A case whose true answer is known: shown again like any other, to learn how often a reviewer is right."""

    # The case as it was reviewed. Its answer is known from an outcome, an adjudicator or an engineer.
    item = models.ForeignKey(ReviewItem, models.PROTECT, related_name="gold_answers")
    queue = models.ForeignKey(ReviewQueue, models.CASCADE, related_name="gold_answers")
    value = models.FloatField()
    note = models.TextField(blank=True)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)

    objects = GoldAnswerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item"], condition=Q(retired_at=None), name="one_gold_answer_per_item"),
        ]

    def __str__(self) -> str:
        return f"gold answer {self.pk}"
