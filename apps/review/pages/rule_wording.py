"""What a change of a queue's rules means, and from when on, in a sentence each."""

from collections.abc import Iterable

from apps.registry.models import ReviewQueue
from apps.review.services import Change

FROM_WHEN = {
    "name": "The queue has its new name.",
    "overlap": "Cases opened from now on need the new number of people; those that are open already keep theirs.",
    "is_extra_reviewer_asked": "What happens where reviewers disagree holds for answers from now on.",
    "four_eyes_amount": "The amount from which two people judge holds for cases opened from now on.",
    "adjudication_rate_agreed": "Second opinions where all agree follow the new probability for answers from now on.",
    "adjudication_rate_differs": "Second opinions where reviewers and model differ follow the new probability for "
    "answers from now on.",
    "adjudication_rate_disagreed": "Second opinions where reviewers disagree follow the new probability for answers "
    "from now on.",
    "blind_share": "The blind share holds for what is drawn from now on, in all queues of the model.",
    "due_hours": "The due time holds for cases opened from now on.",
    "lease_seconds": "The time-out holds for cases taken in hand from now on.",
    "prefetch": "Browsers keep the new number of cases ready from their next answer on.",
    "dispute_reasons": "Reviewers see the new reasons for a dispute from their next case on.",
    "gold_rate": "Known cases are mixed in at the new rate from now on.",
    "repeat_rate": "Repeated cases are mixed in at the new rate from now on.",
    "sensitive_role": "Sensitive features are shown or hidden from the next case on.",
}


def sentences(changes: Iterable[Change]) -> list[str]:
    """Each change with the moment from which it counts."""
    return [_order(change.now) if change.rule == "order" else FROM_WHEN[change.rule] for change in changes]


def _order(order: str) -> str:
    handed_out = f"Cases that wait are handed out {ReviewQueue.Order(order).label} from now on."
    if order == ReviewQueue.Order.RANDOM:
        return handed_out
    return f"{handed_out} Figures of open days count only once the queue is drained."
