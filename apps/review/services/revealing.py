"""What a person is shown with the prediction, noted beside their first answer: later it cannot be told any more."""

from dataclasses import dataclass

from apps.accounts.models import Membership
from apps.review.models import ReviewItem, Shown
from apps.review.services.masking import hidden_features


@dataclass(frozen=True)
class Reveal:
    """What is shown, and whether contributions of hidden features were left out."""

    shown: str
    is_partial: bool


NO_REVEAL = Reveal("", is_partial=False)


def reveal_to(item: ReviewItem, *, by: Membership) -> Reveal:
    """Return what the reveal of this case shows to this person."""
    method, moved = _contributions_of(item)
    hidden = hidden_features(item, by=by) & moved
    return Reveal(method if moved - hidden else Shown.NOTHING, bool(hidden))


def _contributions_of(item: ReviewItem) -> tuple[str, frozenset[str]]:
    """Return the method, and the features that moved the prediction: only those are drawn."""
    return Shown.SENT, frozenset(name for name, size in (item.attributions or {}).items() if size)
