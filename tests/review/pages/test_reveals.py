"""The reveal's picture: the way from the model's usual answer to this one, in words if known."""

from typing import Any

import pytest

from apps.review.pages.reveals import Reveal, in_percent, reveal
from apps.review.services.reasons import reasons
from tests.review.factories import NUMBER, make_items, make_numbers_queue, make_queue

pytestmark = pytest.mark.django_db

# Any sum of 3 and more is log-odds of a rounded certainty.
CERTAIN = {"score": 1.0, "probabilities": None}


def revealed(**changes: Any) -> Reveal:
    (item,) = make_items(make_queue(), **changes)
    return reveal(item, reasons(item))


def spans(found: Reveal) -> list[tuple[float, float]]:
    return [(push.start, push.end) for push in found.pushes]


def test_each_push_begins_where_the_one_before_ended() -> None:
    # 1 / (1 + e^-4) = 0.982
    found = revealed(score=0.982, probabilities=None, attributions={"age": 4.0, "sex": -1.0}, attribution_base=1.0)
    # From 1 to 5 and back to 4: the picture is 4 wide.
    assert spans(found) == [(0.0, 100.0), (100.0, 75.0)]
    assert found.usual is not None
    assert found.final is not None
    assert (found.usual.at, found.final.at) == (0.0, 75.0)
    assert [(push.left, push.width) for push in found.pushes] == [(0.0, 100.0), (75.0, 25.0)]


def test_without_a_usual_answer_every_push_begins_at_one_line() -> None:
    found = revealed(attributions={"age": 3.0, "sex": -1.0}, attribution_base=None)
    assert spans(found) == [(25.0, 100.0), (25.0, 0.0)]
    assert (found.usual, found.final) == (None, None)


def test_the_largest_come_first_and_the_rest_together() -> None:
    sizes = {f"f{number}": float(number) for number in range(1, 10)}
    found = revealed(features=dict.fromkeys(sizes, 1), attributions=sizes, attribution_base=0.0, **CERTAIN)
    assert [push.label for push in found.pushes] == ["f9", "f8", "f7", "f6", "f5", "f4", "3 others"]
    assert found.final is not None
    assert found.pushes[-1].end == found.final.at == 100.0


def test_a_rest_of_one_has_its_own_line() -> None:
    sizes = {f"f{number}": float(number) for number in range(1, 8)}
    assert len(revealed(features=dict.fromkeys(sizes, 1), attributions=sizes, **CERTAIN).pushes) == 7


def test_words_say_in_which_direction_and_how_strongly() -> None:
    found = revealed(attributions={"age": 1.0, "sex": -0.5}, attribution_base=None)
    assert (found.towards, found.away) == ("toward Employed", "toward Not employed")
    assert [(push.is_towards, push.strength) for push in found.pushes] == [(True, "strongly"), (False, "clearly")]


def words(found: Reveal) -> tuple[str, str]:
    assert found.usual is not None
    assert found.final is not None
    return found.usual.words, found.final.words


def test_sums_of_log_odds_read_as_probabilities() -> None:
    # 1 / (1 + e^-0.405) = 0.6; 1 / (1 + e^-1.386) = 0.8
    found = revealed(score=0.8, probabilities=None, attributions={"age": 0.981}, attribution_base=0.405)
    assert words(found) == ("60 % Employed", "80 % Employed")


def test_sums_of_probabilities_read_as_they_are() -> None:
    found = revealed(prediction="no", score=0.3, probabilities=None, attributions={"age": -0.2}, attribution_base=0.5)
    assert words(found) == ("50 % Employed", "30 % Employed")


def test_sums_that_do_not_reach_the_prediction_are_not_shown() -> None:
    found = revealed(score=0.8, probabilities=None, attributions={"age": 12.0}, attribution_base=3.0)
    assert found.reasons is not None
    assert (found.pushes, found.usual, found.reasons.code) == ([], None, "does_not_add_up")


def test_sums_beyond_all_odds_break_nothing() -> None:
    found = revealed(score=0.5, probabilities=None, attributions={"age": 1e6}, attribution_base=-1e6)
    assert words(found) == ("1 % Employed", "50 % Employed")


def test_a_number_leads_to_a_number() -> None:
    (item,) = make_items(make_numbers_queue(), **NUMBER, attributions={"age": 2.5}, attribution_base=10.0)
    found = reveal(item, reasons(item))
    assert words(found) == ("10 days", "12.5 days")
    assert (found.towards, found.away) == ("higher", "lower")


def test_what_the_model_saw_has_the_names_of_features_and_neither_their_codes_nor_units() -> None:
    (group,) = revealed(processed={"sex": 1, "age": -0.25, "bin": "20–29", "gap": None}).processed
    assert [(fact.label, fact.meaning, fact.is_blank) for fact in group.facts] == [
        ("Sex", "1", False),
        ("Age", "-0.25", False),
        ("bin", "20–29", False),
        ("gap", "missing", True),
    ]
    assert revealed().processed == revealed(processed={}).processed == []


def test_what_the_model_saw_is_hidden_where_its_feature_is() -> None:
    (item,) = make_items(make_queue(), processed={"age": -0.25, "sex": 1})
    (group,) = reveal(item, None, hidden={"sex"}).processed
    assert [(fact.name, fact.meaning) for fact in group.facts] == [("age", "-0.25"), ("sex", "hidden")]


def test_without_attributions_there_is_no_picture() -> None:
    found = revealed(attributions=None, attribution_base=None)
    assert (found.pushes, found.usual) == ([], None)


@pytest.mark.parametrize(("share", "percent"), [(0.0, 0), (0.001, 1), (0.42, 42), (0.999, 99), (1.0, 100)])
def test_only_certainty_reads_as_0_or_100_percent(share: float, percent: int) -> None:
    assert in_percent(share) == percent
