"""Numbers and dates as people say them, in sentences and titles."""

from apps.common import numerals
from apps.common.shares import hundredths
from apps.reports.engine.rounding import stepped
from apps.reports.services.periods import day, in_period, is_month, last_day, period

__all__ = [
    "amount_words",
    "count",
    "day",
    "in_hundred",
    "in_period",
    "is_month",
    "last_day",
    "listed",
    "magnitude",
    "per_hundred_decimals",
    "period",
    "plural",
]

UNIT_WORDS = {"USD": "dollars", "EUR": "euros", "GBP": "pounds", "JPY": "yen", "CHF": "francs"}
MILLION = 1_000_000


def count(number: float) -> str:
    """
    >>> count(86000)
    '86,000'
    """
    return numerals.count(number)


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
