"""What one person should know, and how they want to be told."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.models import Project, User
from apps.common.leases import Leased
from apps.notifications.querysets import NoticeQuerySet
from apps.registry.models import MonitoredModel

LONGEST_TITLE = 300


class NoticeKind(models.TextChoices):
    ASSIGNMENT = "assignment", "What is handed to you"
    QUESTION = "question", "Questions to you"
    ANSWERED = "answered", "Answers to you"
    MENTION = "mention", "Mentions of you"
    REPORT_READY = "report_ready", "Your reports"
    ACCESS = "access", "Your access"
    ALERT = "alert", "Alerts"


class How(models.TextChoices):
    """How a person is told."""

    PAGE = "page", "On the page"
    MAIL = "mail", "Mail at once"
    DIGEST = "digest", "One mail a day"
    OFF = "off", "Not at all"


# What counts for whoever has chosen nothing.
USUAL = {kind: How.DIGEST if kind == NoticeKind.ALERT else How.PAGE for kind in NoticeKind}


class Notice(Leased):
    """One thing that one person should know. Its mail waits until it is sent, or has failed too often.

    It says that something waits, and where. It never tells a prediction, a score or an answer: its reader may have
    yet to judge the case.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="notices", db_index=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    model = models.ForeignKey(MonitoredModel, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=16, choices=NoticeKind)
    # What it is about: told twice, it is one notice.
    key = models.CharField(max_length=200)
    title = models.CharField(max_length=LONGEST_TITLE)
    text = models.TextField(blank=True)
    # Inside this site, without the path of the installation.
    url = models.TextField()
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    # Null: no mail.
    mail_due_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    # Why the last attempt failed.
    said = models.TextField(blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_notice_per_key"),
            models.CheckConstraint(condition=Q(mailed_at=None) | Q(failed_at=None), name="mailed_or_failed"),
            # Whoever opens it never leaves the site: browsers read two slashes as the name of a server.
            models.CheckConstraint(
                condition=Q(url__startswith="/") & ~Q(url__startswith="//") & ~Q(url__startswith="/\\"),
                name="a_notice_leads_into_the_site",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="notices_by_user"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="notices_unread"),
            models.Index(
                fields=["mail_due_at"],
                condition=Q(mail_due_at__isnull=False, mailed_at=None, failed_at=None),
                name="notice_mails_due",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Preference(models.Model):
    """How a person wants to be told of one kind of thing, where they have chosen."""

    user = models.ForeignKey(User, models.CASCADE, related_name="preferences")
    kind = models.CharField(max_length=16, choices=NoticeKind)
    how = models.CharField(max_length=8, choices=How)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_preference_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.how}"


class Lookout(models.Model):
    """From when on one kind of row is looked through for news. Its row lock admits one worker at a time."""

    source = models.CharField(max_length=32, unique=True)
    since = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.source
