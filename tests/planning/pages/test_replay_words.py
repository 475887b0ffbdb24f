"""A replay in words, for each thing that it can find."""

from typing import Any

import pytest

from apps.planning.pages import replay_effort, replay_words
from apps.planning.pages.replay_effort import QueueWeek
from apps.review.services.workload import Effort

EFFORT = Effort(
    answers_per_case=1.0,
    minutes_per_case=4.0,
    cost_per_case=None,
    answered=None,
    cases_a_day=20.0,
    hours_a_day=2.0,
    people=2,
    days=5,
)


def found(kept: int, added: int, gone: int) -> dict[str, Any]:
    return {"days": {"2026-03-02": {"kept": kept, "added": added, "gone": gone}}}


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((0, 0, 0), "Nothing was drawn that week, and the draft would have drawn nothing either."),
        ((5, 0, 0), "The draft would have drawn the same 5 cases."),
        ((5, 1, 0), "With the draft, 1 more case would have come that week: 6 instead of 5."),
        ((5, 0, 1), "With the draft, 1 case would not have come that week: 5 instead of 6."),
        (
            (1_000, 300, 20),
            "With the draft, 300 more cases would have come that week and 20 would not: 1,300 instead of 1,020.",
        ),
    ],
)
def test_the_sentence_says_what_the_draft_changes(parts: tuple[int, int, int], said: str) -> None:
    assert replay_words.sentence(found(*parts)) == said


@pytest.mark.parametrize(
    ("expected", "low", "high", "said"),
    [
        (0.0, 0.0, 0.0, "draw alike"),
        (84.2, 60.1, 108.3, "about 84 more: likely between 60 and 108."),
        (-84.2, -108.3, -60.1, "about 84 fewer: likely between 60 and 108."),
        (2.0, -6.0, 10.0, "between 6 fewer and 10 more."),
    ],
)
def test_luck_is_told_with_its_range(expected: float, low: float, high: float, said: str) -> None:
    assert said in replay_words.chance({"gain": {"expected": expected, "low": low, "high": high}})


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([(10, 15)], "Main stays within the 20 cases a day that people managed on their busier days."),
        ([(10, 25)], "Main would have had 25 cases on Monday 2 March; people managed 20 on their busier days."),
        (
            [(22, 25), (10, 30), (10, 12)],
            "Main would have had more than the 20 a day that people managed on their busier days, on 2 days: up to 30 "
            "cases on Tuesday 3 March. Without the draft it had too many on 1 day.",
        ),
    ],
)
def test_each_queue_is_held_against_what_people_managed(days: list[tuple[int, int]], said: str) -> None:
    counts = {f"2026-03-{n:02}": {"before": each[0], "after": each[1]} for n, each in enumerate(days, start=2)}
    assert replay_effort.against_capacity([QueueWeek("Main", counts, EFFORT)]) == [said]


def test_a_queue_in_which_nobody_has_answered_says_so() -> None:
    (said,) = replay_effort.against_capacity([QueueWeek("Main", {"2026-03-02": {"before": 3, "after": 7}}, None)])
    assert said.startswith("Main would have had 7 cases on its busiest day instead of 3. Nobody has answered there yet")
