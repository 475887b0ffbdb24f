"""Comments on a case, and the people they name."""

import re

from django.db import transaction

from apps.accounts.models import Membership, Role
from apps.review.models import Comment, Mention, ReviewItem, Slot
from apps.review.services.answers import check_words

NAMED = re.compile(r"@([\w.+-]+@[\w-]+(?:\.[\w-]+)+)")


@transaction.atomic
def add_comment(item: ReviewItem, *, by: Membership, text: str) -> Comment:
    """Add a comment to a case. People named by @ and their address see it listed, if they may see the case."""
    check_words(text)
    comment = Comment.objects.create(item=item, author=by.user, text=text)
    Mention.objects.bulk_create(Mention(comment=comment, user=member.user) for member in _named(item, text, by=by))
    return comment


def _named(item: ReviewItem, text: str, *, by: Membership) -> list[Membership]:
    addresses = {address.lower() for address in NAMED.findall(text)}
    members = Membership.objects.in_project(item.model.project).select_related("user").exclude(pk=by.pk)
    finished = set(Slot.objects.filter(item=item).with_answer().values_list("reviewer", flat=True))
    named = members.filter(user__email__in=addresses)
    return [member for member in named if member.reaches(Role.ADJUDICATOR) or member.user_id in finished]
