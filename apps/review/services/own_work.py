"""A person's own work in a project: what they answered, put off, asked about and found wrong."""

from datetime import datetime, time

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import Membership
from apps.review.models import Decision, Question, Slot, Verdict
from apps.review.querysets import SlotQuerySet


class OwnWork(models.TextChoices):
    """A kind of a person's own cases."""

    ANSWERED = "answered", "Answered"
    PUT_OFF = "put_off", "Put off"
    ASKED = "asked", "Asked about"
    WRONG_DATA = "wrong_data", "Data is wrong"


def midnight(member: Membership) -> datetime:
    """Return when today began, in the project's time zone."""
    zone = member.project.zone
    return datetime.combine(timezone.now().astimezone(zone).date(), time(), tzinfo=zone)


def answered_today(member: Membership) -> int:
    """Count the cases of the project that the person has answered today."""
    mine = Slot.objects.in_project(member.project).with_answer().filter(reviewer=member.user)
    return mine.filter(closed_at__gte=midnight(member)).count()


def own_slots(member: Membership, kind: OwnWork, *, text: str = "") -> SlotQuerySet:
    """Return the person's cases of a kind, the latest first; with a text, those with it in their id or in a note.

    What they answered is left out while they have yet to judge the same prediction again.
    """
    mine = Slot.objects.in_project(member.project).filter(reviewer=member.user)
    said = Decision.objects.filter(reviewer=member.user)
    found = _of_kind(mine, kind, said=said, member=member)
    if text:
        noted = said.filter(note__icontains=text).values("slot")
        found = found.filter(Q(item__prediction__external_id__icontains=text) | Q(pk__in=noted))
    return found.select_related("item__prediction", "queue__model__project")


def _of_kind(
    mine: SlotQuerySet, kind: OwnWork, *, said: "models.QuerySet[Decision]", member: Membership
) -> SlotQuerySet:
    if kind == OwnWork.ANSWERED:
        awaited = mine.to_judge_blind().values("item__prediction")
        return mine.with_answer().exclude(item__prediction__in=awaited).order_by("-closed_at", "-id")
    if kind == OwnWork.PUT_OFF:
        return mine.with_place().filter(place=Slot.Place.PUT_OFF).order_by("snoozed_until", "id")
    if kind == OwnWork.ASKED:
        asked = Question.objects.in_project(member.project).filter(asked_by=member.user)
        return mine.filter(pk__in=asked.values("slot")).order_by(F("closed_at").desc(nulls_first=True), "-id")
    return mine.filter(pk__in=said.filter(verdict=Verdict.WRONG_DATA).values("slot")).order_by("-id")


def set_goal(member: Membership, answers: int | None) -> None:
    """Set how many answers the person wants to give a day; None is no goal."""
    member.daily_goal = answers
    member.save(update_fields=["daily_goal"])
