"""A target is missed once the sequence of the quarter's looks lies below it, and not by chance on one day."""

from datetime import UTC, date, datetime

import pytest

from apps.monitoring.services import targets
from tests.monitoring.days import USUAL, count_days, model_with_homes

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 8, 1, tzinfo=UTC)
APRIL = date(2026, 4, 1)


def judged(target, *, right=0.8, known=lambda _: True, days=40):
    model = model_with_homes()
    count_days(model, days, lambda _: USUAL, rows=300, right=lambda *_: right, known=known, first=APRIL)
    return targets.of_quarter(model, now=NOW, target=target)


def test_a_share_well_below_its_target_is_below_and_one_above_is_not():
    assert judged(0.85).is_below
    assert not judged(0.78).is_below


def test_a_share_near_its_target_is_not_called_below():
    found = judged(0.805)
    assert not found.is_below
    assert found.low < 0.805 < found.high


def test_days_count_once_nearly_all_of_their_outcomes_are_known():
    assert judged(0.85, known=lambda _: False) is None
    assert judged(0.85, known=lambda number: number < 20).is_below


def test_the_quarter_is_that_of_the_newest_day():
    assert judged(0.85).start == APRIL
    assert judged(0.85, days=100).start == date(2026, 7, 1)
