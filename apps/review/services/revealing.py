"""What a person is shown with the prediction, noted beside their first answer: later it cannot be told any more."""

from dataclasses import dataclass

from apps.accounts.models import Membership
from apps.review.models import ReviewItem, Shown
from apps.review.services.masking import hidden_features
from apps.review.services.reasons import reasons


@dataclass(frozen=True)
class Reveal:
    """What is shown, and whether contributions of hidden features were left out."""

    shown: str
    is_partial: bool


NO_REVEAL = Reveal("", is_partial=False)


def reveal_to(item: ReviewItem, *, by: Membership) -> Reveal:
    """Return what the reveal of this case shows to this person."""
    found = reasons(item)
    # Only features that moved the prediction are drawn.
    moved = frozenset(name for name, size in found.values.items() if size) if found else frozenset()
    hidden = hidden_features(item, by=by) & moved
    return Reveal(found.method if found and moved - hidden else Shown.NOTHING, bool(hidden))
