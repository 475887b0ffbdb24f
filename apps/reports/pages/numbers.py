"""Numbers and dates as people say them: rounded to what the interval supports, with unit and separators."""

import math
from calendar import monthrange
from datetime import date, timedelta

NO_BREAK = "\u00a0"
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CAD": "CA$", "AUD": "A$", "BRL": "R$"}
UNIT_WORDS = {"USD": "dollars", "EUR": "euros", "GBP": "pounds", "JPY": "yen", "CHF": "francs"}
# An interval is worth about twenty steps of its own; an exact figure three digits.
STEPS_IN_INTERVAL = 20
EXACT_DIGITS = 3
MILLION = 1_000_000


def count(number: float) -> str:
    """
    >>> count(86000)
    '86,000'
    """
    return f"{number:,.0f}"


def step_of(value: float, low: float | None, high: float | None) -> float:
    """The step to which a figure is rounded: 1, 2 or 5 times a power of ten.

    >>> step_of(41_237, 33_104, 49_518)
    500.0
    >>> step_of(1_234_567, 1_234_567, 1_234_567)
    10000.0
    """
    width = (high - low) if low is not None and high is not None else 0.0
    if width <= 0:
        return 10.0 ** (math.floor(math.log10(abs(value))) - EXACT_DIGITS + 1) if value else 1.0
    wanted = width / STEPS_IN_INTERVAL
    power = 10.0 ** math.floor(math.log10(wanted))
    return max(factor * power for factor in (1, 2, 5) if factor * power <= wanted * 1.000001)


def stepped(value: float, step: float) -> str:
    """The value at this step, with separators and no more decimals than the step has.

    >>> stepped(41_237, 500), stepped(-0.126, 0.01)
    ('41,000', '−0.13')
    """
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    text = f"{round(value / step) * step:,.{decimals}f}"
    return "0" if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def amount_words(value: float, step: float, currency: str) -> str:
    """An amount in a sentence; its sign is said in other words.

    >>> amount_words(41_237, 500, "USD"), amount_words(-1_234_567, 10_000, "EUR")
    ('41,000 dollars', '1.23 million euros')
    """
    return f"{magnitude(value, step)} {UNIT_WORDS.get(currency, currency)}"


def magnitude(value: float, step: float) -> str:
    """
    >>> magnitude(33_104, 500), magnitude(1_234_567, 10_000)
    ('33,000', '1.23 million')
    """
    size = abs(value)
    if size >= MILLION and step >= MILLION / 1000:
        return f"{stepped(size / MILLION, step / MILLION)} million"
    return stepped(size, step)


def money(value: float, *, currency: str, step: float = 1.0) -> str:
    """An amount as a figure: by its sign where the currency has one that everybody knows.

    >>> money(41_237, currency="USD", step=500), money(-120, currency="CHF")
    ('$41,000', '−CHF\\xa0120')
    """
    text = stepped(abs(value), step)
    sign = "−" if value < 0 and text != "0" else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{currency}{NO_BREAK}{text}"


def percent(share: float, *, decimals: int = 1) -> str:
    """
    >>> percent(0.4125), percent(-0.0001)
    ('41.2\\xa0%', '0.0\\xa0%')
    """
    rounded = round(share * 100, decimals) + 0.0  # no minus before a zero
    return f"{rounded:.{decimals}f}{NO_BREAK}%".replace("-", "−")


def per_hundred_decimals(low: float | None, high: float | None) -> int:
    """Decimals of "… in 100": one where the range is narrower than two points.

    >>> per_hundred_decimals(0.90, 0.94), per_hundred_decimals(0.824, 0.831)
    (0, 1)
    """
    narrow = low is not None and high is not None and high - low < 0.02
    return 1 if narrow else 0


def in_hundred(share: float, *, decimals: int = 0) -> str:
    """
    >>> in_hundred(0.92), in_hundred(0.8276, decimals=1)
    ('92 in 100', '82.8 in 100')
    """
    return f"{share * 100:.{decimals}f} in 100"


def plain(value: float, *, decimals: int = 3) -> str:
    """A figure without unit, such as κ or AUC.

    >>> plain(-0.1)
    '−0.100'
    """
    return f"{value:.{decimals}f}".replace("-", "−")


def day(moment: date) -> str:
    """
    >>> day(date(2026, 10, 14))
    '14 October 2026'
    """
    return f"{moment.day} {moment:%B %Y}"


def is_month(start: date, end: date) -> bool:
    """True for [first of a month, first of the next).

    >>> is_month(date(2026, 2, 1), date(2026, 3, 1)), is_month(date(2026, 2, 1), date(2026, 3, 2))
    (True, False)
    """
    return start.day == 1 and end == start + timedelta(days=monthrange(start.year, start.month)[1])


def last_day(end: date) -> date:
    """The last day of a half-open window.

    >>> last_day(date(2026, 11, 1))
    datetime.date(2026, 10, 31)
    """
    return end - timedelta(days=1)


def period(start: date, end: date) -> str:
    """The window [start, end) as a title, with the last day it includes.

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
    """The window as the beginning of a sentence; the year of a month stands above it.

    >>> in_period(date(2026, 10, 1), date(2026, 11, 1)), in_period(date(2026, 5, 3), date(2026, 10, 31))
    ('In October', 'From 3 May to 30 October 2026,')
    """
    if is_month(start, end):
        return f"In {start:%B}"
    if end - start == timedelta(days=1):
        return f"On {day(start)},"
    return f"From {period(start, end)},"
