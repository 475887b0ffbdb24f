"""The stretches in which a report follows its window."""

from datetime import date

import pytest

from apps.reports.engine.evidence import step_of


@pytest.mark.parametrize(
    ("end", "of_money", "step"),
    [
        (date(2026, 9, 1), False, "day"),
        (date(2026, 9, 1), True, "week"),
        (date(2027, 2, 1), False, "week"),
        (date(2027, 2, 1), True, "month"),
    ],
)
def test_sums_of_money_are_followed_in_longer_stretches_than_shares(end: date, of_money: bool, step: str) -> None:
    assert step_of(date(2026, 8, 1), end, of_money=of_money) == step
