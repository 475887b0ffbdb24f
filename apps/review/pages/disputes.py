"""Disputes in words: the state of each, and whom it waits for."""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.accounts.models import Membership, Role
from apps.review.models import Dispute
from apps.review.pages.case_answers import YOU


@dataclass(frozen=True)
class FollowedDispute:
    """A dispute with its state, and whom it waits for."""

    dispute: Dispute
    case: str
    raised_by: str
    said: str
    reasons: list[str]
    note: str
    state: str
    waits_for: str

    @property
    def is_open(self) -> bool:
        return bool(self.waits_for)


def followed(disputes: Iterable[Dispute], *, by: Membership) -> list[FollowedDispute]:
    return [_followed(each, by=by) for each in disputes]


def _followed(dispute: Dispute, *, by: Membership) -> FollowedDispute:
    item, decision = dispute.item, dispute.decision
    model = item.model
    state, waits_for = _state(dispute)
    name = decision.reviewer.display_name if by.reaches(Role.ENGINEER) or not waits_for else "a reviewer"
    return FollowedDispute(
        dispute=dispute,
        case=item.prediction.external_id,
        raised_by=YOU if decision.reviewer_id == by.user_id else name,
        said=model.label(decision.value),
        reasons=decision.reasons,
        note=decision.note,
        state=state,
        waits_for=waits_for,
    )


def _state(dispute: Dispute) -> tuple[str, str]:
    """Return the state of a dispute, and whom it waits for."""
    item = dispute.item
    if dispute.withdrawn_at:
        return "withdrawn by its reviewer", ""
    if dispute.round != item.round:
        return "the case was reopened", ""
    if item.adjudicated is None:
        return "open", "an adjudicator" if dispute.replied_at else "an adjudicator; an engineer may reply for the model"
    if item.model.agrees(item.adjudicated, item.prediction.predicted):
        return f"settled for the model: {item.model.label(item.adjudicated)}", ""
    same = item.adjudicated == dispute.decision.value
    against = f"settled against the model: {item.model.label(item.adjudicated)}"
    return (against if same else f"{against}, which is neither's answer"), ""
