"""What a person is shown with the prediction, noted beside their first answer: later it cannot be told any more."""

from dataclasses import dataclass

from apps.accounts.models import Membership
from apps.review.models import Decision, ReviewItem
from apps.review.services.masking import hidden_features

SENT = "sent"


@dataclass(frozen=True)
class Shown:
    """The method of the contributions shown, and whether those of hidden features were left out."""

    method: str
    is_partial: bool


NOT_REVEALED = Shown("", is_partial=False)


def shown_to(item: ReviewItem, *, by: Membership) -> Shown:
    """Return what the reveal of this case shows to this person."""
    method, moved = _contributions_of(item)
    hidden = hidden_features(item, by=by) & moved
    return Shown(method if moved - hidden else Decision.NOTHING_SHOWN, bool(hidden))


def _contributions_of(item: ReviewItem) -> tuple[str, frozenset[str]]:
    """Return the method, and the features that moved the prediction: only those are drawn."""
    return SENT, frozenset(name for name, size in (item.attributions or {}).items() if size)
