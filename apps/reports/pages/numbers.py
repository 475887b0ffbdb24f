"""Numbers and dates as people say them, in sentences and titles."""

from calendar import monthrange
from datetime import date, timedelta

from apps.common.shares import hundredths
from apps.reports.engine.rounding import stepped

UNIT_WORDS = {"USD": "dollars", "EUR": "euros", "GBP": "pounds", "JPY": "yen", "CHF": "francs"}
MILLION = 1_000_000


def count(number: float) -> str:
    """
    >>> count(86000)
    '86,000'
    """
    return f"{number:,.0f}"


def plural(number: float, one: str, many: str) -> str:
    """
    >>> plural(1, "case waits", "cases wait"), plural(1200, "case waits", "cases wait")
    ('1 case waits', '1,200 cases wait')
    """
    return f"{count(number)} {one if round(number) == 1 else many}"


def listed(parts: list[str]) -> str:
    """
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def amount_words(value: float, step: float, currency: str) -> str:
    """Write the size of an amount, for a sentence whose words give the sign.

    >>> amount_words(41_237, 500, "USD"), amount_words(-1_234_567, 10_000, "EUR"), amount_words(0.126, 0.01, "")
    ('41,000 dollars', '1.23 million euros', '0.13')
    """
    return f"{magnitude(value, step)} {UNIT_WORDS.get(currency, currency)}".strip()


def magnitude(value: float, step: float) -> str:
    """
    >>> magnitude(33_104, 500), magnitude(1_234_567, 10_000)
    ('33,000', '1.23 million')
    """
    size = abs(value)
    if size >= MILLION and step >= MILLION / 1000:
        return f"{stepped(size / MILLION, step / MILLION)} million"
    return stepped(size, step)


def per_hundred_decimals(low: float | None, high: float | None) -> int:
    """Return the decimals of "… in 100": one where the range is narrower than two points, two below a fifth of one.

    >>> per_hundred_decimals(0.90, 0.94), per_hundred_decimals(0.824, 0.831), per_hundred_decimals(0.8277, 0.8282)
    (0, 1, 2)
    """
    if low is None or high is None or high - low >= 0.02:
        return 0
    return 2 if 0 < high - low < 0.002 else 1


def in_hundred(share: float, *, decimals: int = 0) -> str:
    """
    >>> in_hundred(0.92), in_hundred(0.8276, decimals=1), in_hundred(0.996)
    ('92 in 100', '82.8 in 100', '99.6 in 100')
    """
    return f"{hundredths(share, decimals=decimals)} in 100"


def day(moment: date) -> str:
    """
    >>> day(date(2026, 10, 14))
    '14 October 2026'
    """
    return f"{moment.day} {moment:%B %Y}"


def is_month(start: date, end: date) -> bool:
    """Say whether the window is [first of a month, first of the next).

    >>> is_month(date(2026, 2, 1), date(2026, 3, 1)), is_month(date(2026, 2, 1), date(2026, 3, 2))
    (True, False)
    """
    return start.day == 1 and end == start + timedelta(days=monthrange(start.year, start.month)[1])


def last_day(end: date) -> date:
    """Return the last day of a half-open window.

    >>> last_day(date(2026, 11, 1))
    datetime.date(2026, 10, 31)
    """
    return end - timedelta(days=1)


def period(start: date, end: date) -> str:
    """Write the window [start, end) as a title, with the last day it includes.

    >>> period(date(2026, 10, 1), date(2026, 11, 1))
    'October 2026'
    >>> period(date(2026, 5, 3), date(2026, 10, 31))
    '3 May to 30 October 2026'
    >>> period(date(2025, 12, 3), date(2026, 1, 31))
    '3 December 2025 to 30 January 2026'
    >>> period(date(2026, 5, 25), date(2026, 6, 1))
    '25 to 31 May 2026'
    """
    if is_month(start, end):
        return f"{start:%B %Y}"
    last = last_day(end)
    if last == start:
        return day(start)
    first = f"{start.day} {start:%B}" if start.year == last.year else day(start)
    if (start.year, start.month) == (last.year, last.month):
        first = str(start.day)
    return f"{first} to {day(last)}"


def in_period(start: date, end: date) -> str:
    """Write the window as the beginning of a sentence; the year of a month stands above it.

    >>> in_period(date(2026, 10, 1), date(2026, 11, 1)), in_period(date(2026, 5, 3), date(2026, 10, 31))
    ('In October', 'From 3 May to 30 October 2026,')
    """
    if is_month(start, end):
        return f"In {start:%B}"
    if end - start == timedelta(days=1):
        return f"On {day(start)},"
    return f"From {period(start, end)},"
