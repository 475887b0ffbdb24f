"""What people do about an incident or a finding: who sees to it, its cause, what was done, and whether it helped."""

from django.db import models

from apps.accounts.models import User

LONGEST_TEXT = 5_000


class Helped(models.TextChoices):
    YES = "yes", "It helped"
    PARTLY = "partly", "It helped in part"
    NO = "no", "It did not help"


class FollowUp(models.Model):
    """A row that somebody sees to."""

    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    due_on = models.DateField(null=True, blank=True)
    cause = models.TextField(blank=True, db_default="")
    action = models.TextField(blank=True, db_default="")
    # Empty: not known yet.
    helped = models.CharField(max_length=8, choices=Helped, blank=True, db_default="")

    class Meta:
        abstract = True
