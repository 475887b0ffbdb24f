"""What happens to cases in review: opened, claimed, judged, decided, settled."""

from apps.review.models import Verdict
from apps.review.services.answers import Answer
from apps.review.services.claiming import Only, claim_slots, give_back, hold_on
from apps.review.services.deciding import decide
from apps.review.services.judging import judge, judge_and_leave
from apps.review.services.opening import open_due_items
from apps.review.services.progress import Progress, Waiting, progress, queue_counts, reviewer_counts, why_waiting
from apps.review.services.queue_rules import Change, change_queue
from apps.review.services.reopening import amend, go_back, new_token
from apps.review.services.settling import close_lapsed

__all__ = [
    "Answer",
    "Change",
    "Only",
    "Progress",
    "Verdict",
    "Waiting",
    "amend",
    "change_queue",
    "claim_slots",
    "close_lapsed",
    "decide",
    "give_back",
    "go_back",
    "hold_on",
    "judge",
    "judge_and_leave",
    "new_token",
    "open_due_items",
    "progress",
    "queue_counts",
    "reviewer_counts",
    "why_waiting",
]
