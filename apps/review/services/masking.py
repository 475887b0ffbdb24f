"""Which values a person is not shown at the desk: those of sensitive features, below the queue's role for them."""

from collections.abc import Set as AbstractSet

from apps.accounts.models import Membership, Role
from apps.review.models import ReviewItem

Hidden = AbstractSet[str]
NOTHING: Hidden = frozenset()
# In the place of a value.
WORD = "hidden"


def hidden_features(item: ReviewItem, *, by: Membership) -> Hidden:
    """The names of the features whose values this person is not shown, on any case."""
    if by.reaches(Role(item.queue.sensitive_role)):
        return NOTHING
    return frozenset(feature.name for feature in item.model.feature_list if feature.sensitive)
