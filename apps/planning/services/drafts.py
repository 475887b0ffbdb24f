"""Drafts of a model's sampling: kept on the server for one person, until they are saved or thrown away."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.models import Membership, Role, User
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError, ForbiddenError
from apps.planning.models import Draft
from apps.registry.models import MonitoredModel
from apps.sampling.services import policies, validation

Document = dict[str, Any]


def draft_of(model: MonitoredModel, owner: User) -> Draft:
    """Return the person's draft; a new one that is not stored yet shows what is in force."""
    found: Draft | None = Draft.objects.filter(model=model, owner=owner).first()
    return found or fresh(model, owner)


def fresh(model: MonitoredModel, owner: User) -> Draft:
    """Return a draft of what is in force, not stored yet."""
    return Draft(
        model=model,
        owner=owner,
        document=policies.current_document(model),
        based_on=policies.current_number(model),
    )


def is_changed(draft: Draft) -> bool:
    """Whether the draft differs from what is in force, or from what was when it was begun."""
    return bool(draft.pk)


def keep(draft: Draft, document: Document) -> Draft:
    """Store the draft with this document. A draft that changes nothing any more is thrown away."""
    with transaction.atomic():
        same = document == policies.current_document(draft.model)
        if same and draft.based_on == policies.current_number(draft.model):
            Draft.objects.filter(model=draft.model, owner=draft.owner).delete()
            return fresh(draft.model, draft.owner)
        # A change takes a proposal back: nobody agrees to what they have not seen.
        values = {"document": document, "based_on": draft.based_on, "proposed_at": None}
        return Draft.objects.update_or_create(model=draft.model, owner=draft.owner, defaults=values)[0]


def discard(draft: Draft) -> None:
    Draft.objects.filter(model=draft.model, owner=draft.owner).delete()


def rebase(draft: Draft) -> Draft:
    """Let the draft change what is in force now, after somebody else has changed it."""
    draft.based_on = policies.current_number(draft.model)
    return keep(draft, draft.document)


def save(draft: Draft, *, reason: str) -> bool:
    """Put the draft in force, or propose it to a second person. Returns whether it is in force.

    Raises DomainError for a document with mistakes, and ConflictError where somebody else has changed the sampling.
    """
    checked = validation.validated(draft.document, model=draft.model)
    if draft.model.is_sampling_agreed_by_two:
        if draft.based_on != policies.current_number(draft.model):
            raise ConflictError("Somebody changed the sampling meanwhile.", code="changed_meanwhile")
        values = {"document": draft.document, "based_on": draft.based_on, "reason": reason, "proposed_at": Now()}
        Draft.objects.update_or_create(model=draft.model, owner=draft.owner, defaults=values)
        return False
    with transaction.atomic():
        policies.put_document(draft.model, checked, by=draft.owner, reason=reason, based_on=draft.based_on)
        discard(draft)
    return True


def agree(draft: Draft, *, by: User) -> None:
    """Put a proposed draft in force, as its second person. Raises ForbiddenError for its owner."""
    with transaction.atomic():
        found = Draft.objects.proposed().select_for_update().filter(pk=draft.pk).first()
        if found is None:
            raise ConflictError("This proposal has been changed or taken back.", code="not_proposed")
        if found.owner_id == by.pk:
            raise ForbiddenError("Somebody else has to agree to your change.", code="own_proposal")
        checked = validation.validated(found.document, model=found.model)
        policies.put_document(
            found.model, checked, by=found.owner, approved_by=by, reason=found.reason, based_on=found.based_on
        )
        found.delete()


def send_back(draft: Draft) -> None:
    """Give a proposed draft back to its owner, to be changed."""
    Draft.objects.filter(pk=draft.pk).update(proposed_at=None)


def ask_for_two(model: MonitoredModel, *, is_asked: bool, by: Membership) -> None:
    """Set whether a second person has to agree to changes. Raises ForbiddenError for anybody but an owner."""
    if not by.reaches(Role.OWNER):
        raise ForbiddenError("An owner sets who has to agree.", code="needs_owner")
    with transaction.atomic():
        MonitoredModel.objects.filter(pk=model.pk).update(is_sampling_agreed_by_two=is_asked)
        audit_log.record(
            model.project,
            "sampling.agreement_changed",
            subject=f"model {model.slug}",
            by=by.user,
            details={"is_asked": is_asked},
        )
