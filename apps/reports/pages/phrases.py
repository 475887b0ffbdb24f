"""Pieces of sentences about one figure: an amount, a share in a hundred, and the range behind it."""

from apps.common.shares import hundredths
from apps.reports.engine.document import Figure
from apps.reports.engine.rounding import Unit, is_exact
from apps.reports.pages import numbers
from apps.reports.pages.figures import RANGE, range_of, range_words

# What the model is compared with.
BASELINE = "the rule it replaced"


def amount(figure: Figure, unit: Unit) -> str:
    """Write the size of an amount or an error; the words around it tell its sign."""
    value, step = figure["value"] or 0.0, unit.step(figure)
    rounded = round(value / step) * step
    about = "" if is_exact(figure) and abs(rounded - value) < 1e-9 else "about "
    return about + numbers.amount_words(value, step, unit.currency)


def between(figure: Figure, unit: Unit) -> str:
    step, ends = unit.step(figure), range_of(figure)
    if ends is None:
        return ""
    return f" ({range_words(*(numbers.magnitude(end, step) for end in sorted(map(abs, ends))))})"


def in_hundred(figure: Figure) -> str:
    """Write a share as "92 in 100", with a decimal where the range supports it."""
    decimals = numbers.per_hundred_decimals(figure["low"], figure["high"])
    about = "" if is_exact(figure) or figure["method"] == "wilson" else "about "
    return about + numbers.in_hundred(figure["value"] or 0.0, decimals=decimals)


def hundreds_between(figure: Figure) -> str:
    ends = range_of(figure)
    if ends is None:
        return ""
    decimals = numbers.per_hundred_decimals(*ends)
    return f" ({range_words(*(hundredths(end, decimals=decimals) for end in ends))})"


def with_direction(figure: Figure, unit: Unit) -> str:
    """Write an error with its direction: "about 1.2 kWh too high on average", and its range."""
    about = "" if is_exact(figure) else "about "
    text = unit.text(figure["value"] or 0.0, unit.step(figure))
    ends = range_of(figure)
    spread = "" if ends is None else f" ({RANGE} {unit.range(*ends, unit.step(figure))})"
    return f"{about}{text} on average{spread}"
