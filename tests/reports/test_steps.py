"""A window is divided over time so that each part can say something."""

from datetime import date

import pytest

from apps.reports.engine.evidence import step_of
from apps.reports.pages.sheets.sections import cut_short
from tests.reports.documents import document


@pytest.mark.parametrize(
    ("end", "is_sum", "step"),
    [
        (date(2026, 9, 1), False, "day"),
        (date(2026, 11, 1), False, "week"),
        (date(2026, 9, 1), True, "week"),
        (date(2026, 11, 1), True, "month"),
    ],
)
def test_shares_are_shown_by_day_or_week_and_sums_by_week_or_month(end: date, is_sum: bool, step: str) -> None:
    assert step_of(date(2026, 8, 1), end, is_sum=is_sum) == step


@pytest.mark.parametrize(
    ("step", "last", "said"),
    [
        ("week", ("2026-08-29", "2026-09-01"), " From 29 August: 3 days only."),
        ("week", ("2026-08-22", "2026-08-29"), ""),
        ("month", ("2026-08-01", "2026-08-15"), " August: part of the month only."),
    ],
)
def test_a_last_step_that_is_not_whole_is_named(step: str, last: tuple[str, str], said: str) -> None:
    start, end = last
    assert cut_short(document("value", step=step, series=[{"start": start, "end": end}])) == said
