"""Amounts as text: rounded to what their range supports, money with the sign of its currency."""

import math

from apps.common.numerals import localized
from apps.common.shares import NOISE

NO_BREAK = "\u00a0"
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CAD": "CA$", "AUD": "A$", "BRL": "R$"}
# A range is about twenty steps wide; an exact figure has three digits.
STEPS_IN_INTERVAL = 20
EXACT_DIGITS = 3


def step_of(value: float, low: float | None, high: float | None) -> float:
    """Return the step to which a figure is rounded: 1, 2 or 5 times a power of ten.

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
    """Write the value at this step, with separators and no more decimals than the step has; only 0 reads as 0.

    >>> stepped(41_237, 500), stepped(-0.126, 0.01), stepped(3.2, 500)
    ('41,000', '−0.13', '3')
    """
    if abs(value) > step * NOISE and round(value / step) == 0:
        step = 10.0 ** math.floor(math.log10(abs(value)))
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    text = f"{round(value / step) * step:,.{decimals}f}"
    return "0" if float(text.replace(",", "")) == 0 else localized(text.replace("-", "−"))


def money(value: float, *, currency: str, step: float = 1.0) -> str:
    """Write an amount with the sign of its currency where that is widely known, else with its code.

    >>> money(41_237, currency="USD", step=500), money(-120, currency="CHF")
    ('$41,000', '−CHF\\xa0120')
    """
    text = stepped(abs(value), step)
    sign = "−" if value < 0 and text != "0" else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{currency}{NO_BREAK}{text}"
