"""Comparisons in words: what moved, by how much, and why; the parts add up as they are written."""

from typing import Any

import pytest

from apps.reports.engine.comparison_document import ComparisonDocument
from apps.reports.services.cause_words import cause_sentences
from apps.reports.services.moves import amount_of, headline, in_short, moved_by, verdict
from apps.reports.services.side_words import names_of_sides
from tests.reports.comparison_documents import compared_document, moved, side
from tests.reports.documents import figure


def money(difference: float, parts: dict[str, float], *, chance: float = 30_000) -> ComparisonDocument:
    made = compared_document()
    why = made["why"]
    assert why is not None
    why["difference"] = moved(difference, chance=chance)  # type: ignore[typeddict-item]  # a plain dictionary
    why["parts"] = [{"name": name, **moved(value, chance=chance)} for name, value in parts.items()]
    figures = [{"value_difference": figure(1_400_000.0)}, {"value_difference": figure(1_400_000.0 + difference)}]
    sides = [
        side("2026-08-01", "2026-09-01", 0.8, 36_000, figures=figures[0]),
        side("2026-09-01", "2026-10-01", 0.8, 34_000, figures=figures[1]),
    ]
    differences = {
        "value_difference": {
            "value": difference,
            "low": difference,
            "high": difference,
            "method": "exact",
            "code": None,
        }
    }
    return made | {  # type: ignore[typeddict-item, return-value]  # a plain dictionary
        "kind": "value", "metric": "value_difference", "currency": "USD", "sides": sides, "differences": differences,
    }  # fmt: skip


def with_parts(mix: float, right: float, *, chance: float = 0.003, **cause: Any) -> ComparisonDocument:
    made = compared_document()
    why = made["why"]
    assert why is not None
    why["difference"] = moved(mix + right, chance=chance)
    why["parts"] = [{"name": "mix", **moved(mix, chance=chance)}, {"name": "right", **moved(right, chance=chance)}]
    why["cause"] |= cause
    return made


def test_the_sentence_says_the_level_the_move_and_what_changed_more():
    assert headline(compared_document()) == (
        "In September 78.3 of 100 decisions were right, 5.8 fewer than in August. "
        "The cases changed more than the model did."
    )


def test_the_strip_names_the_parts_and_they_add_up():
    assert moved_by(compared_document()) == [
        ("", "−5.8 points"), ("mix of cases", "−5.1"), ("accuracy at the same mix", "−0.7"),
    ]  # fmt: skip


@pytest.mark.parametrize("mix", [-0.0512, -0.0514, -0.0517, 0.0033])
@pytest.mark.parametrize("right", [-0.0069, -0.0064, 0.0126])
def test_rounded_parts_add_up_to_the_rounded_whole(mix: float, right: float):
    whole, *parts = moved_by(with_parts(mix, right))
    numbers = [float(text.replace("−", "-").removesuffix(" points")) for _, text in (whole, *parts)]
    assert sum(numbers[1:]) == pytest.approx(numbers[0])


def test_the_days_and_groups_behind_the_mix_are_named():
    assert cause_sentences(compared_document()) == [
        "From 24 to 29 September 2026, all 6,886 cases were “Group quarters” or “Institution” (Home); in August it was"
        " 8 in 100.",
        "The model is right in 58 of 100 of them.",
    ]


def test_without_an_event_the_shares_are_told():
    made = with_parts(-0.05, -0.01, days=None)
    assert cause_sentences(made) == [
        "“Group quarters” or “Institution” (Home) made up 26 in 100 cases in September, and 8 in August."
    ]


@pytest.mark.parametrize(
    ("mix", "right", "beyond", "said"),
    [
        (-0.05, -0.01, True, "The cases changed more than the model did."),
        (-0.01, -0.05, True, "The model changed more than the cases did."),
        (-0.05, 0.02, True, "The cases got harder; at the same mix the model did better."),
        (0.05, -0.02, True, "The cases got easier; at the same mix the model did worse."),
        (-0.001, -0.05, False, "It is the model that changed: the mix of cases explains none of it."),
        (-0.001, 0.002, True, "Chance alone could explain that."),
    ],
)
def test_the_verdict(mix: float, right: float, beyond: bool, said: str):
    assert verdict(with_parts(mix, right, is_beyond_chance=beyond)) == said


def test_money_is_told_in_short_with_the_part_that_did_most():
    made = money(-192_000.0, {"volume": -20_000.0, "mix": -144_000.0, "right": -28_000.0})
    assert in_short(made) == "fell $192,000, three quarters of it through the mix of cases"
    assert headline(made).startswith(
        "In September the model earned $1,208,000 more than the rule it replaced, $192,000 less"
    )
    assert moved_by(made)[0] == ("", "−$192,000")


def test_a_move_that_chance_could_make_says_so():
    assert in_short(with_parts(-0.0012, 0.0002)) == "fell 0.1 points, no more than chance alone could move it"
    assert in_short(with_parts(-0.0001, 0.0)) == "did not move"


def test_small_samples_are_told_in_whole_points():
    made = with_parts(-0.05, -0.01, chance=0.08)
    assert amount_of(made).with_word(-0.06) == "−6 points"


def test_versions_and_years_are_named_where_they_differ():
    made = compared_document()
    days = ("2026-09-01", "2026-10-01")
    made["sides"] = [side(*days, 0.8, 90, version="6"), side(*days, 0.8, 90, version="7")]
    assert names_of_sides(made) == ("version 6", "version 7")
    made["sides"] = [side("2025-09-01", "2025-10-01", 0.8, 90), side(*days, 0.8, 90)]
    assert names_of_sides(made) == ("September 2025", "September 2026")


def test_without_a_figure_nothing_is_compared():
    made = compared_document(why=None)
    made["differences"]["accuracy"] |= {"value": None, "code": "no_labels"}
    assert headline(made).endswith("cannot be compared: one of them has no figure.")
    assert in_short(made) == ""
