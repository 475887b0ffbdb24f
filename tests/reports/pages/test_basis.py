"""What a sentence says it rests on: outcomes, reviewed cases, how many are missing, and whether it stands."""

from typing import Any

import pytest

from apps.reports.engine.document import Document
from apps.reports.engine.rounding import is_exact, unit_of
from apps.reports.pages import wording
from apps.reports.pages.caveat_wording import caveat
from apps.reports.pages.figures import how, labels, range_text
from apps.reports.pages.sheets import baseline, tables, value
from tests.reports.documents import document, figure
from tests.reports.pages.test_wording import with_headline

ANSWERED = {"response_rate": 0.95}


@pytest.mark.parametrize(
    ("kind", "figures", "said"),
    [
        ("performance", {"accuracy": figure(0.918, 0.019, **ANSWERED)}, "(95\u00a0% range 90 to 94)"),
        ("performance", {"mae": figure(41.0, 4.0, method="log-mod")}, "(95\u00a0% range 37.0 to 45.0)"),
        (
            "baseline",
            {"disagreement_rate": figure(0.08, 0.01, method="wilson"), "win_rate": figure(0.7, 0.1)},
            "the model was right about 70 times in 100 (95\u00a0% range 60 to 80)",
        ),
        ("value", {"value_difference": figure(4_100, 7_500, method="plain-mod")}, "3,500 less to 11,500 more"),
        (
            "value",
            {"value_difference": figure(None, code="no_baseline"), "value_total": figure(9_000.0, 2_000)},
            "about 9,000 dollars (95\u00a0% range 7,000 to 11,000)",
        ),
    ],
)
def test_a_preliminary_figure_says_so_in_the_first_sentence(kind: str, figures: dict[str, Any], said: str) -> None:
    made = with_headline(kind, **figures)
    assert said in wording.lede(made)
    assert "preliminary" not in wording.lede(made)
    lead = next(reversed(figures.values()))
    lead |= {"code": "preliminary", "labels_needed": 120}
    assert wording.lede(made).endswith("; preliminary, 120 more labels are needed.")
    assert said in wording.lede(made)
    lead |= {"labels_needed": 1}
    assert wording.lede(made).endswith("; preliminary, 1 more label is needed.")


@pytest.mark.parametrize(
    ("n", "outcomes", "reviews", "said"),
    [
        (22_370, 22_220, 150, "22,220 outcomes and 150 reviewed cases"),
        (22_220, 22_220, 0, "22,220 outcomes"),
        (150, 0, 150, "150 reviewed cases"),
        (1, 0, 150, "1 reviewed case"),
        (1_830, 22_220, 150, "1,830 of 22,220 outcomes and 150 reviewed cases"),
    ],
)
def test_outcomes_are_outcomes_and_reviews_are_reviews(n: int, outcomes: int, reviews: int, said: str) -> None:
    made_of = figure(0.9, 0.02, n=n, outcomes=outcomes, reviews=reviews, **ANSWERED)
    assert labels(made_of) == said
    assert ("Labels", said) in how(made_of)
    made = with_headline("performance", accuracy=made_of)
    assert wording.basis(made) == f"Estimated from {said} for 86,000 predictions."
    note = tables.labels_cell(made_of).note
    assert note == (said if outcomes and reviews else "")


def test_a_count_of_predictions_names_no_labels() -> None:
    differ = figure(0.08, 0.01, method="wilson", n=86_000)
    assert ("Predictions", "86,000") in how(differ)
    assert "Labels" not in dict(how(differ))
    assert tables.labels_cell(differ).text == "–"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"n": 86_000}, "Counted, not estimated: the outcomes of all 86,000 predictions are settled."),
        (
            {"n": 86_000, "outcomes": 0, "reviews": 86_000},
            "Counted, not estimated: the truth of all 86,000 predictions is known.",
        ),
        (
            {"n": 0, "outcomes": 0, "reviews": 150},
            "Counted, not estimated: among 86,000 predictions, the truth is known wherever the figure depends on it.",
        ),
    ],
)
def test_a_counted_figure_says_by_what_it_is_known(changes: dict[str, Any], said: str) -> None:
    assert wording.basis(with_headline("performance", accuracy=figure(0.9, **changes))) == said


def test_only_the_method_makes_a_figure_counted() -> None:
    narrow = figure(0.9, method="plain-mod")
    assert narrow["low"] == narrow["value"] == narrow["high"]
    assert not is_exact(narrow)
    assert range_text(narrow, unit_of("accuracy")) == "no range"
    assert "counted" not in tables.share_key("Right", narrow).note
    assert wording.basis(with_headline("performance", accuracy=narrow)).startswith("Estimated from 412 reviewed cases")


def test_a_range_over_kinds_of_mistake_is_no_95_range() -> None:
    point = figure(900.0, method="range", low=400.0, high=1_000.0, **ANSWERED)
    note = tables.figure_key("One more right in 100", point, unit_of("accuracy_point_value", "USD")).note
    assert note == "$400 to $1,000"


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (
            -40_000,
            -48_000,
            -32_000,
            "the model’s predictions lost about 40,000 dollars (95\u00a0% range 32,000 to 48,000)",
        ),
        (
            2_000,
            -1_000,
            5_000,
            "it is not clear whether the model’s predictions earned or lost money: about 2,000 dollars earned, "
            "95\u00a0% range 1,000 lost to 5,000 earned",
        ),
    ],
)
def test_a_value_below_nothing_reads_as_lost(value: float, low: float, high: float, said: str) -> None:
    total = figure(value, method="plain-mod", low=low, high=high)
    made = with_headline("value", value_difference=figure(None, code="no_baseline"), value_total=total)
    assert wording.lede(made) == f"In October {said}."


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, "1 prediction came without an amount and counts as 1."),
        (12, "12 predictions came without an amount and count as 1 each."),
    ],
)
def test_amounts_that_are_missing_are_said_to_count_as_1(n: int, said: str) -> None:
    assert caveat({"code": "no_amount", "details": {"n": n}}) == said


def right_where_they_differ(**counts: int) -> Any:
    made: Document = document("baseline")
    made["baseline"] |= {"disagreements": 393, "mcnemar_p": None, **counts}  # type: ignore[typeddict-item]  # a part of it
    return next(section for section in baseline.sections(made) if section.name == "right")


def test_where_nobody_looked_nobody_was_right_or_wrong() -> None:
    section = right_where_they_differ(model_right=0, baseline_right=0, neither_right=0)
    assert section.note == "No truth is known yet where they differ."
    assert section.facts == [("They differ in", "393 predictions")]


def test_counts_of_who_was_right_name_how_many_are_known() -> None:
    section = right_where_they_differ(model_right=20, baseline_right=0, neither_right=4)
    assert section.facts == [
        ("They differ in", "393 predictions"),
        ("Of these, the truth is known of", "24 predictions"),
        ("There, the model was right in", "20"),
        ("There, the baseline was right in", "0"),
        ("There, neither was right in", "4"),
    ]


def test_what_a_kind_of_model_does_not_have_is_not_called_unknown() -> None:
    made = document("value")
    for figures in made["sections"].values():
        figures["accuracy_point_value"] = figure(None, code="unsupported_task", n=0)
    assert "One more right in 100" not in {key.label for key in value.keys(made)}
    assert "One more right in 100" not in str(value.sections(made))
    assert "One more right in 100" in {key.label for key in value.keys(document("value"))}
