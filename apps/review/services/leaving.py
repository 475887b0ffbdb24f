"""People who leave a project: what waits for them goes back to others."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from apps.accounts.models import Membership, Role
from apps.accounts.services import audit_log
from apps.common.isolation import one_by_one
from apps.review.models import Question, Slot
from apps.review.querysets import SlotQuerySet
from apps.review.services import settling
from apps.review.services.holding import lock


@dataclass(frozen=True)
class OpenWork:
    """What a person has open in a project."""

    # Cases in hand, put off, kept for them, or waiting for an answer to their question.
    cases: int
    # Questions asked of them and of nobody else.
    questions: int


def open_work(member: Membership) -> OpenWork:
    """Count what goes back to others if the member leaves."""
    asked = Question.objects.in_project(member.project).open().filter(asked_of=member.user)
    held = Slot.objects.in_project(member.project).unfinished().filter(reviewer=member.user)
    return OpenWork(held.count(), asked.count())


def free_abandoned() -> int:
    """Free the cases of people who are no longer active reviewers of their project. Returns how many.

    Questions asked of such a person become questions to any adjudicator.
    """
    asked = Question.objects.open().filter(~_is_active("slot__queue__model__project", "asked_of", Role.STAKEHOLDER))
    asked.exclude(asked_of=None).update(asked_of=None)
    keys = _abandoned().values_list("pk", flat=True)
    return sum(one_by_one(keys, _free, name="free_abandoned"))


def _abandoned() -> SlotQuerySet:
    reviews = Q(is_adjudication=False) & ~_is_active("queue__model__project", "reviewer", Role.REVIEWER)
    seconds = Q(is_adjudication=True) & ~_is_active("queue__model__project", "reviewer", Role.ADJUDICATOR)
    return Slot.objects.unfinished().filter(reviewer__isnull=False).filter(reviews | seconds)


def _is_active(project: str, person: str, role: Role) -> Exists:
    """Return the condition that a person can work in a project, with a role that reaches this one."""
    members = Membership.objects.with_role_at_least(Membership.RANKS[role])
    return Exists(members.filter(project=OuterRef(project), user=OuterRef(person)))


@transaction.atomic
def _free(key: int) -> bool:
    slot = _abandoned().filter(pk=key).first()
    if slot is None:
        return False
    held = lock(slot)
    if held.closed_at is not None or held.reviewer_id != slot.reviewer_id or held.reviewer is None:
        return False
    before = audit_log.person(held.reviewer)
    settling.take_away(held)
    subject = f"case {held.item.prediction.external_id}"
    audit_log.record(held.item.model.project, "slot.released", subject=subject, by=None, details={"of": before})
    return True
