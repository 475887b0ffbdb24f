from datetime import date
from typing import Any

import pytest

from apps.reports.engine.document import Document
from apps.reports.engine.rounding import figure_text, unit_of
from apps.reports.pages import caveat_wording, figures, wording
from apps.reports.pages.figures import range_text
from apps.reports.pages.sheets import tables
from tests.reports.documents import document, figure, part


def with_headline(kind: str, *, name: str = "open", **figures: Any) -> Document:
    """A document with these headline figures, for October."""
    made = document(kind)
    made["headline"] = {"part": name, "figures": figures}  # type: ignore[typeddict-item]  # the tests name known parts
    made["parts"] = [part(name, date(2026, 10, 1), date(2026, 11, 1), n=86_000, outcomes=0)]  # type: ignore[list-item,arg-type]  # as above
    return made


def test_the_value_of_a_month_is_one_sentence_with_its_range() -> None:
    earned = figure(41_237, method="plain-mod", low=33_104, high=49_518, n=1_240, response_rate=0.95)
    made = with_headline("value", value_difference=earned)
    assert wording.lede(made) == (
        "In October the model earned about 41,000 dollars more than the rule it replaced "
        "(95\u00a0% range 33,000 to 49,500)."
    )
    assert wording.basis(made).startswith(
        "Estimated from 1,240 reviewed cases for 86,000 predictions. An offer costs 250 USD"
    )


def test_a_loss_reads_as_less_with_the_range_in_rising_order() -> None:
    lost = figure(-41_237, method="plain-mod", low=-49_518, high=-33_104)
    assert wording.lede(with_headline("value", value_difference=lost)) == (
        "In October the model earned about 41,000 dollars less than the rule it replaced "
        "(95\u00a0% range 33,000 to 49,500)."
    )


def test_a_range_across_zero_claims_no_gain() -> None:
    unclear = figure(4_100, method="plain-mod", low=-3_000, high=12_000)
    assert wording.lede(with_headline("value", value_difference=unclear)) == (
        "In October it is not clear whether the model earned more than the rule it replaced: "
        "about 4,000 dollars more, 95\u00a0% range 3,000 less to 12,000 more."
    )


@pytest.mark.parametrize(
    ("baseline", "gain", "words"),
    [
        (-60_000, 41_237, "lost about 41,000 dollars less than the rule"),
        (-60_000, -41_237, "lost about 41,000 dollars more than the rule"),
        (
            -20_000,
            41_237,
            "was worth about 41,000 dollars more than the rule",
        ),
        (
            900_000,
            41_237,
            "earned about 41,000 dollars more than the rule",
        ),
    ],
)
def test_what_loses_money_does_not_earn_more(baseline: float, gain: float, words: str) -> None:
    difference = figure(gain, method="plain-mod", low=gain - 8_000, high=gain + 8_000)
    made = with_headline("value", value_difference=difference, baseline_value_total=figure(baseline, 9_000))
    assert wording.lede(made).startswith(f"In October the model {words} it replaced (95")


def test_two_that_lose_and_cannot_be_told_apart() -> None:
    unclear = figure(4_100, method="plain-mod", low=-3_000, high=12_000)
    made = with_headline("value", value_difference=unclear, baseline_value_total=figure(-60_000, 9_000))
    assert wording.lede(made) == (
        "In October it is not clear whether the model lost less than the rule it replaced: "
        "about 4,000 dollars less, 95\u00a0% range 3,000 more to 12,000 less."
    )


@pytest.mark.parametrize("kind", ["value", "baseline"])
def test_a_comparison_names_the_predictions_that_have_a_baseline(kind: str) -> None:
    figures = {
        "value": {"value_difference": figure(41_237, 8_000, n=300)},
        "baseline": {"disagreement_rate": figure(0.08, 0.01, method="wilson"), "win_rate": figure(0.7, 0.1, n=300)},
    }[kind]
    made = with_headline(kind, **figures)
    made["parts"][0]["with_baseline"] = 1_200
    assert wording.lede(made).startswith(
        "In October, among the 1,200 of 86,000 predictions that came with a baseline, the model "
    )
    said = {
        "value": "Estimated from 300 reviewed cases for 1,200 predictions, if ",
        "baseline": (
            "How often they differ is counted over all 1,200 predictions; which is right there is estimated from 300 "
            "reviewed cases, if "
        ),
    }[kind]
    assert wording.basis(made).startswith(said)


def test_a_counted_sum_has_no_range_and_says_that_it_is_counted() -> None:
    made = with_headline("value", name="closed", value_difference=figure(1_317_451.76, n=144_616))
    assert (
        wording.lede(made) == "In October the model earned about 1.32 million dollars more than the rule it replaced."
    )
    assert wording.basis(made).startswith("Counted, not estimated: the outcomes of all 86,000 predictions are settled.")


def test_without_a_baseline_the_value_stands_alone() -> None:
    made = with_headline(
        "value", value_difference=figure(None, code="no_baseline"), value_total=figure(512_345.0, 20_000)
    )
    assert wording.lede(made) == (
        "In October the model’s predictions were worth about 512,000 dollars (95\u00a0% range 492,000 to 532,000)."
    )


def test_without_a_value_model_the_page_says_so() -> None:
    made = document("value", value=None)
    assert wording.lede(made).startswith("Nobody has stated what a right or a wrong decision is worth")


def test_a_missing_figure_says_why_instead_of_a_number() -> None:
    made = with_headline("performance", accuracy=figure(None, code="no_response"))
    assert wording.lede(made) == (
        "In October we cannot say how many decisions were right: too few of the drawn cases are "
        "reviewed to speak for the rest."
    )


def test_accuracy_reads_as_right_predictions_in_100() -> None:
    made = with_headline("performance", accuracy=figure(0.918, 0.019))
    assert wording.lede(made) == "In October about 92 in 100 decisions were right (95\u00a0% range 90 to 94)."


def test_a_narrow_range_has_a_decimal() -> None:
    made = with_headline("performance", accuracy=figure(0.8276, 0.004))
    assert wording.lede(made) == "In October about 82.8 in 100 decisions were right (95\u00a0% range 82.4 to 83.2)."


def test_the_baseline_page_says_how_often_they_differ_and_who_is_right_there() -> None:
    made = with_headline(
        "baseline", disagreement_rate=figure(0.0824, 0.012, method="wilson"), win_rate=figure(0.712, 0.04)
    )
    assert wording.lede(made) == (
        "In October the model and the rule it replaced differed in 8 in 100 predictions; "
        "where they did, the model was right about 71 times in 100 (95\u00a0% range 67 to 75)."
    )


def test_a_window_without_predictions_says_only_that() -> None:
    made = document("performance", parts=[])
    assert wording.lede(made) == "There were no predictions in this period."
    assert wording.basis(made) == ""


@pytest.mark.parametrize(
    ("cohorts", "state"),
    [
        ({"final": 31, "maturing": 0, "provisional": 0}, "final"),
        ({"final": 12, "maturing": 9, "provisional": 0}, "partly open"),
        ({"final": 0, "maturing": 0, "provisional": 4, "final_through": None}, "open"),
    ],
)
def test_a_report_is_final_only_when_all_its_days_are(cohorts: dict[str, Any], state: str) -> None:
    made = document("value")
    made["cohorts"] |= cohorts  # type: ignore[typeddict-item]  # a part of it
    assert wording.state(made)[0] == state


@pytest.mark.parametrize("code", sorted(figures.MISSING))
def test_every_code_without_a_figure_reads_as_words(code: str) -> None:
    said = figures.reason(figure(None, code=code))
    assert said
    assert "_" not in said


@pytest.mark.parametrize(
    ("code", "changes", "said"),
    [
        ("preliminary", {"labels_needed": 1_588}, "preliminary, 1,588 more labels are needed"),
        ("adjudication_open", {}, "some cases still wait for a second opinion"),
        ("boundary", {}, "at the edge of what the sample can show"),
    ],
)
def test_codes_beside_a_figure_say_what_to_know(code: str, changes: dict[str, Any], said: str) -> None:
    assert figures.reason(figure(0.9, 0.1, code=code, **changes)) == said


DETAILS: dict[str, Any] = {
    "lowest": 0.2,
    "highest": 0.2,
    "traffic": 321_380.0,
    "days": 56, "received": ["2026-05-30"], "n": 64_276, "share": 0.308, "drawn": 668, "value": "no", "labels": 12,
    "rate": 0.62, "part": "open", "through": None, "cases": 100,
    "check": "size", "expected": 4_200.0, "found": 3_100.0, "waiting": 31, "shown": 10, "slice": "sex",
    "of": 64_280, "reviews": 240, "outcomes": 1_200,
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(caveat_wording.CAVEATS))
def test_every_caveat_is_a_sentence(code: str) -> None:
    sentence = caveat_wording.caveat({"code": code, "details": DETAILS})
    assert not sentence[0].islower()
    assert sentence.endswith(".")
    assert "_" not in sentence


def test_an_unknown_code_still_reads_as_words() -> None:
    assert caveat_wording.caveat({"code": "broken_clock", "details": {}}) == "Broken clock."


def test_a_restatement_lists_what_happened_since() -> None:
    why = {"outcomes": 3_120, "corrections": 1, "labels": 0, "adjudications": 2}
    entry: Any = {"metric": "value_difference", "why": why}
    assert caveat_wording.why_restated(entry) == (
        "3,120 outcomes arrived, 1 outcome was corrected and 2 second opinions were given"
    )


def test_money_is_rounded_to_what_its_range_supports() -> None:
    dollars = unit_of("value_difference", "USD")
    earned = figure(41_237, method="plain-mod", low=33_104, high=49_518)
    assert (figure_text(earned, dollars), range_text(earned, dollars)) == ("$41,000", "33,000 to 49,500")
    kroner = unit_of("value_difference", "SEK")
    assert figure_text(figure(-1_250.0), kroner) == "−SEK\u00a01,250"


@pytest.mark.parametrize(
    ("value", "half", "unit", "said"),
    [
        (36_512.4, 2_100.0, "", "off by about 36,500 on average (95\u00a0% range 34,400 to 38,600)"),
        (36_512.4, 2_100.0, "EUR", "off by about 36,500 euros on average (95\u00a0% range 34,400 to 38,600)"),
        (0.01234, 0.0021, "hours", "off by about 0.0123 hours on average (95\u00a0% range 0.0102 to 0.0144)"),
        (7.25, 0.0, "minutes", "off by 7.25 minutes on average"),
        (1_234_567.0, 0.0, "", "off by about 1.23 million on average"),
    ],
)
def test_the_error_of_a_number_reads_as_people_write_it(value: float, half: float, unit: str, said: str) -> None:
    error = figure(value, half, method="log-mod") if half else figure(value)
    made = with_headline("performance", mae=error)
    made["names"]["unit"] = unit
    assert wording.lede(made) == f"In October the model was {said}."


def test_errors_in_tables_have_the_digits_that_their_range_supports() -> None:
    error = figure(36_512.4, method="log-mod", low=34_412.4, high=38_612.4)
    of = unit_of("mae")
    assert (figure_text(error, of), range_text(error, of)) == ("36,500", "34,400 to 38,600")
    small = figure(0.0123, method="log-mod", low=0.0102, high=0.0151)
    assert (figure_text(small, unit_of("rmse")), range_text(small, unit_of("rmse"))) == ("0.0123", "0.0102 to 0.0151")
    assert figure_text(figure(-36_512.4), unit_of("bias", unit="EUR")) == "36,500\u00a0EUR too low"


def test_slices_and_mistakes_are_named_in_words() -> None:
    made = document("performance")
    assert wording.slice_value(made, "sex", "2") == "female"
    assert wording.mistake(made, "no", "yes") == "predicted “not employed”, in truth “employed”"
    assert wording.metric_name(made, "precision") == ("Right when it predicts “employed”", "precision")


def days_left_out(*received: str, **changes: Any) -> str:
    details = {"part": "open", "through": None, "cases": 100, "n": 3_000, "share": 0.1, "received": list(received)}
    return caveat_wording.caveat({"code": "days_left_out", "details": details | changes})


def test_days_not_started_are_named_with_their_cases_and_their_share() -> None:
    assert days_left_out("2026-05-30", through="2026-05-29") == (
        "The figures run through 29 May 2026: 100 drawn cases received on 30 May 2026 are not started, so the figures "
        "leave out 3,000 predictions (10.0\u00a0% of all)."
    )


def test_days_in_a_row_are_one_period_and_many_are_a_number() -> None:
    runs = days_left_out("2026-05-03", "2026-05-04", "2026-05-09")
    assert "received on 3 to 4 May 2026 and 9 May 2026 are not started" in runs
    many = days_left_out("2026-05-03", "2026-05-05", "2026-05-07", "2026-05-09")
    assert "received on 4 days from 3 to 9 May 2026 are not started" in many


def test_closed_days_without_outcomes_are_named_too() -> None:
    assert days_left_out("2026-05-12", part="closed", n=5, share=0.001) == (
        "The figures leave out 5 predictions (0.1\u00a0% of all) received on 12 May 2026: none has an outcome."
    )


def test_the_first_sentence_ends_with_the_days_that_were_begun() -> None:
    details = {"part": "open", "through": "2026-10-20", "received": ["2026-10-21"], "cases": 9, "n": 90, "share": 0.1}
    made = with_headline("performance", accuracy=figure(0.9, 0.03, response_rate=0.95))
    made["caveats"] = [{"code": "days_left_out", "details": details}]
    assert wording.lede(made).startswith("From 1 to 20 October 2026, about 90 in 100")


def test_low_response_puts_the_condition_and_the_worst_cases_beside_the_figure() -> None:
    low = figure(0.9, 0.03, bounds=[0.55, 0.94])
    assert wording.basis(with_headline("performance", accuracy=low)).endswith(
        "for 86,000 predictions, if those who did not answer are like those who did."
    )
    assert tables.share_key("Right", low).note == (
        "95\u00a0% range 87 to 93 if those who did not answer are like those who did; "
        "55.0\u00a0% to 94.0\u00a0% whatever the missing answers say"
    )
    assert tables.cell(low, unit_of("accuracy")).note.endswith(
        "; 55.0\u00a0% to 94.0\u00a0% whatever the missing answers say"
    )
    assert ("Holds", "if those who did not answer are like those who did") in figures.how(low)
    assert not figures.is_response_low(figure(0.2, 0.03, method="wilson")), "a count needs no answers"
    high = figure(0.9, 0.03, response_rate=0.95)
    assert "did not answer" not in tables.share_key("Right", high).note + wording.basis(
        with_headline("performance", accuracy=high)
    )
