"""The advice in words."""

import pytest

from apps.retraining.pages import wording
from apps.retraining.services.sentence import headline
from tests.retraining.stored import document, figure


def advised(verdict, gain, *, enough=None, disagrees=False, **changes):
    found = document(**changes)
    found["advice"] |= {"verdict": verdict, "gain": figure(*gain), "enough": enough, "disagrees": disagrees}
    return headline(found).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("verdict", "gain", "enough", "text"),
    [
        ("yes", (0.014, 0.009, 0.019), None, "Yes: with 6,273 labels a new model would be 1.4 ± 0.5 points better."),
        (
            "not_yet",
            (-0.002, -0.006, 0.002),
            10_950.0,
            "Not yet: with 6,273 labels a new model would be 0.2 ± 0.4 points worse; about 11,000 labels would tell.",
        ),
        (
            "not_yet",
            (-0.03, -0.042, -0.018),
            None,
            "Not yet: with 6,273 labels a new model would be 3.0 ± 1.2 points worse.",
        ),
        (
            "cannot_tell",
            (0.005, -0.025, 0.035),
            None,
            "Cannot tell: with 6,273 labels a new model would be 0 ± 3 points better, and even 25,000 labels would"
            " hardly tell.",
        ),
        (
            "no_gain",
            (0.001, -0.002, 0.004),
            None,
            "No gain in sight: with 6,273 labels a new model would be as good as this one, give or take 0.4 points.",
        ),
        (
            "no_gain",
            (-0.003, -0.0064, 0.0004),
            None,
            "No gain in sight: with 6,273 labels a new model would be 0.3 ± 0.3 points worse, and even 25,000 labels"
            " would hardly tell.",
        ),
    ],
)
def test_each_verdict_is_one_sentence_with_its_range(verdict, gain, enough, text):
    assert advised(verdict, gain, enough=enough) == text


def test_right_answers_and_money_may_disagree():
    text = advised("cannot_tell", (0.014, 0.009, 0.019), disagrees=True)
    assert text == "Cannot tell: with 6,273 labels a new model would be 1.4 ± 0.5 points better, and yet worth less."


def test_numbers_are_told_in_their_unit():
    text = advised("yes", (1.25, 0.75, 1.75), metric="mae", unit="kWh")
    assert text == "Yes: with 6,273 labels a new model would be 1.2 ± 0.5 kWh closer."


def test_more_labels_are_told_as_reviews_since_a_fifth_of_them_judges():
    """10,950 of 6,273 that train take 10,950/6,273 · 7,842 labels in all, 5,847 more."""
    assert wording.more_labels(document()) == "5,800"
