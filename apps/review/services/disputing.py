"""Disputes: a reviewer challenges the model, an engineer may reply for it, an adjudicator settles the case."""

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError
from apps.review.models import Decision, Dispute, Verdict
from apps.review.services.answers import check_words


def open_if_disputed(decision: Decision) -> None:
    """Open a dispute if the decision disputes the model and counts."""
    if decision.verdict == Verdict.DISPUTE and decision.counts:
        Dispute.objects.create(decision=decision, item=decision.item, round=decision.item.round)


def withdraw(decision: Decision) -> None:
    """Withdraw the dispute of a decision that another one replaces."""
    Dispute.objects.filter(decision=decision, withdrawn_at=None).update(withdrawn_at=timezone.now())


@transaction.atomic
def reply(dispute: Dispute, *, by: User, text: str) -> Dispute:
    """Reply for the model: once, while the case is not settled."""
    locked: Dispute = Dispute.objects.select_for_update().get(pk=dispute.pk)
    if locked.replied_at is not None:
        raise ConflictError("Somebody has already replied to this dispute.", code="already_answered")
    if not Dispute.objects.open().filter(pk=locked.pk).exists():
        raise ConflictError("This dispute is settled or withdrawn.", code="dispute_settled")
    check_words(text)
    locked.reply, locked.replied_by, locked.replied_at = text, by, timezone.now()
    locked.save(update_fields=["reply", "replied_by", "replied_at"])
    item = locked.item
    audit_log.record(item.model.project, "dispute.answered", subject=f"case {item.prediction.external_id}", by=by)
    return locked
