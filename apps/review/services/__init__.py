"""What happens to a case in review: it is opened, claimed, judged, decided and settled."""

from apps.review.models import Verdict
from apps.review.services.administering import mark_gold, pause, reassign, release, reopen_item, resume, unmark_gold
from apps.review.services.answers import Answer
from apps.review.services.asking import answer_question, check_may_answer
from apps.review.services.claiming import (
    ForPerson,
    Only,
    claim_slots,
    claim_slots_by_name,
    count_for,
    give_back,
    hold_on,
)
from apps.review.services.commenting import add_comment
from apps.review.services.deciding import decide
from apps.review.services.disputing import reply
from apps.review.services.judging import judge, judge_and_leave
from apps.review.services.leaving import OpenWork, free_abandoned, open_work
from apps.review.services.opening import open_due_items
from apps.review.services.order import rekey, rekey_due
from apps.review.services.own_day import Due, OwnCounts, came_back, days_of, due_for, own_counts, seconds_a_case
from apps.review.services.own_work import OwnWork, answered_today, own_slots, set_goal
from apps.review.services.probing import make_gold, retire_gold
from apps.review.services.progress import Progress, Waiting, progress, queue_counts, reviewer_counts, why_waiting
from apps.review.services.queue_rules import Change, change_queue
from apps.review.services.reopening import amend, go_back, new_token
from apps.review.services.settling import close_lapsed

__all__ = [
    "Answer",
    "Change",
    "Due",
    "ForPerson",
    "Only",
    "OpenWork",
    "OwnCounts",
    "OwnWork",
    "Progress",
    "Verdict",
    "Waiting",
    "add_comment",
    "amend",
    "answer_question",
    "answered_today",
    "came_back",
    "change_queue",
    "check_may_answer",
    "claim_slots",
    "claim_slots_by_name",
    "close_lapsed",
    "count_for",
    "days_of",
    "decide",
    "due_for",
    "free_abandoned",
    "give_back",
    "go_back",
    "hold_on",
    "judge",
    "judge_and_leave",
    "make_gold",
    "mark_gold",
    "new_token",
    "open_due_items",
    "open_work",
    "own_counts",
    "own_slots",
    "pause",
    "progress",
    "queue_counts",
    "reassign",
    "rekey",
    "rekey_due",
    "release",
    "reopen_item",
    "reply",
    "resume",
    "retire_gold",
    "reviewer_counts",
    "seconds_a_case",
    "set_goal",
    "unmark_gold",
    "why_waiting",
]
