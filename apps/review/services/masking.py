"""Sensitive features: the queue says from which role on their values are shown."""

from collections.abc import Set as AbstractSet

from apps.accounts.models import Membership, Role
from apps.review.models import Decision, ReviewItem

Hidden = AbstractSet[str]
NOTHING: Hidden = frozenset()
# Shown in place of a value.
WORD = "hidden"


def hidden_features(item: ReviewItem, *, by: Membership) -> Hidden:
    """Return the features whose values this person may not see."""
    if by.reads(Role(item.queue.sensitive_role)):
        return NOTHING
    return frozenset(feature.name for feature in item.model.feature_list if feature.sensitive)


def shown_marks(decision: Decision, *, hidden: Hidden) -> list[dict[str, str]]:
    """Return the marks of wrong data, without those on hidden features: "missing" tells about the value."""
    return [mark for mark in decision.wrong_features if mark["feature"] not in hidden]
