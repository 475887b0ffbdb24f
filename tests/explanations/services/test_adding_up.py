"""The rule of additivity. Log-odds in the comments are log(p / (1 − p)), worked out by hand."""

from typing import Any

import numpy as np
import pytest

from apps.explanations.engine.spec import Space
from apps.explanations.services.adding_up import Code, check, space_of
from apps.registry.models import MonitoredModel

BINARY = MonitoredModel(task="binary", classes=["no", "yes"], positive_class="yes")
NUMBER = MonitoredModel(task="regression")
COLORS = MonitoredModel(task="multiclass", classes=["red", "green", "blue"])
MISS, UNKNOWN = Code.DOES_NOT_ADD_UP, Code.NOT_CHECKABLE


@pytest.mark.parametrize(
    ("total", "told", "found"),
    [
        # p = 0.731234567: log-odds 1.00087
        (0.731234567, 0.731234567, Space.PROBABILITY),
        (1.00087, 0.731234567, Space.MARGIN),
        (0.7322, 0.731234567, Space.PROBABILITY),
        (0.7323, 0.731234567, MISS),
        (1.0018, 0.731234567, Space.MARGIN),
        (1.0020, 0.731234567, MISS),
        # The class that is not predicted is not spoken of.
        (0.268765433, 0.731234567, MISS),
        (None, 0.731234567, UNKNOWN),
        (0.7, None, UNKNOWN),
        # Beyond all odds, and beyond all floats.
        (1e6, 0.731234567, MISS),
        (float("inf"), 0.731234567, MISS),
    ],
)
def test_a_sum_reaches_a_probability_within_a_thousandth(total: float | None, told: float | None, found: Any) -> None:
    assert space_of(BINARY, total, told) == found


@pytest.mark.parametrize(
    ("total", "told", "found"),
    [
        # 0.88 stands for 0.875 to 0.885: log-odds 1.9459 to 2.0409
        (0.8755, 0.88, Space.PROBABILITY),
        (0.8864, 0.88, MISS),
        (1.946, 0.88, Space.MARGIN),
        (2.0415, 0.88, Space.MARGIN),
        (2.043, 0.88, MISS),
        # A float that looks like 0.88 is none.
        (0.8755, 0.8799999952316284, MISS),
        # Rounded to one decimal: 0.95 and more, 2.944 and more.
        (25.0, 1.0, Space.MARGIN),
        (2.9, 1.0, MISS),
        (-25.0, 0.0, Space.MARGIN),
    ],
)
def test_a_rounded_score_stands_for_all_that_round_to_it(total: float, told: float, found: Any) -> None:
    assert space_of(BINARY, total, told) == found


def test_a_float_of_32_bits_says_little_of_far_log_odds() -> None:
    # 1 / (1 + e^-15) = 0.99999969; the nearest float of 32 bits is off by 0.07 in log-odds.
    score = float(np.float32(1 / (1 + np.exp(-15.0))))
    assert np.log(score / (1 - score)) != pytest.approx(15.0, abs=1e-3)
    assert space_of(BINARY, 15.0, score) == Space.MARGIN


def test_where_both_units_fit_the_nearer_one_counts() -> None:
    # 0.7 stands for 0.65 to 0.75: log-odds 0.619 to 1.099. As log-odds, 0.7 is 0.668.
    assert space_of(BINARY, 0.7, 0.7) == Space.PROBABILITY
    # log-odds of 0.7
    assert space_of(BINARY, 0.847, 0.7) == Space.MARGIN


@pytest.mark.parametrize(
    ("total", "told", "found"),
    [
        (12.5, 12.5, Space.VALUE),
        # 12.5 stands for 12.45 to 12.55, and a part in a thousand beside.
        (12.56, 12.5, Space.VALUE),
        (12.57, 12.5, MISS),
        (740_250.9, 740_250.123, Space.VALUE),
        (741_100.0, 740_250.123, MISS),
        (12.5, None, UNKNOWN),
    ],
)
def test_a_sum_reaches_a_number_within_a_thousandth_of_it(total: float, told: float | None, found: Any) -> None:
    assert space_of(NUMBER, total, told) == found


def test_a_margin_among_several_classes_cannot_be_checked() -> None:
    assert space_of(COLORS, 0.5123, 0.5123) == Space.PROBABILITY
    # log-odds of 0.5123
    assert space_of(COLORS, 0.0492, 0.5123) == Space.MARGIN
    assert space_of(COLORS, 3.7, 0.5123) == UNKNOWN


def test_many_rows_are_judged_as_each_alone() -> None:
    totals = np.array([0.731234567, 1.00087, 5.0, np.nan, 0.2])
    told = np.array([0.731234567, 0.731234567, 0.731234567, 0.9, np.nan])
    found = check(BINARY, totals, told)
    assert found.fits[Space.PROBABILITY].tolist() == [True, False, False, False, False]
    assert found.fits[Space.MARGIN].tolist() == [False, True, False, False, False]
    assert found.can_check.tolist() == [True, True, True, False, False]
    assert found.misses.tolist() == [False, False, True, False, False]
