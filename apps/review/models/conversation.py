"""What people say to each other about a case: disputes, questions, comments and mentions."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.review.querysets import DisputeQuerySet, QuestionQuerySet


class Dispute(models.Model):
    """A reviewer's challenge to the model on a case. An adjudicator settles it; an engineer may reply for the model."""

    decision = models.OneToOneField("Decision", models.PROTECT, related_name="dispute")
    item = models.ForeignKey("ReviewItem", models.PROTECT, related_name="disputes")
    round = models.PositiveSmallIntegerField()
    raised_at = models.DateTimeField(auto_now_add=True)
    # The reviewer changed the answer before anybody saw it.
    withdrawn_at = models.DateTimeField(null=True)
    # The model's side.
    reply = models.TextField(blank=True)
    replied_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    replied_at = models.DateTimeField(null=True)

    objects = DisputeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"dispute {self.pk}"


class Question(models.Model):
    """A question from the person who holds a case. The case waits for the answer, then returns to the asker."""

    slot = models.ForeignKey("Slot", models.PROTECT, related_name="questions")
    decision = models.OneToOneField("Decision", models.PROTECT, related_name="question")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="questions_asked")
    # Null: any adjudicator.
    asked_of = models.ForeignKey(User, models.PROTECT, null=True, related_name="questions_received")
    text = models.TextField()
    asked_at = models.DateTimeField(auto_now_add=True)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["asked_of"], condition=Q(answered_at=None), name="questions_open")]

    def __str__(self) -> str:
        return f"question {self.pk}"


class Comment(models.Model):
    """A remark on a case by somebody who has had a part in it or may see all of it."""

    item = models.ForeignKey("ReviewItem", models.PROTECT, related_name="comments")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.TextField()
    # People named with @ in the text; listed among their questions until they have seen it.
    mentioned = models.ManyToManyField(User, through="Mention", related_name="mentioned_in")
    written_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"comment {self.pk}"


class Mention(models.Model):
    """A person named in a comment."""

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="mentions")
    user = models.ForeignKey(User, models.CASCADE, related_name="mentions")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "user"], name="one_mention_per_comment")]

    def __str__(self) -> str:
        return f"mention of {self.user}"

    def mark_seen(self) -> None:
        self.seen_at = timezone.now()
        self.save(update_fields=["seen_at"])
