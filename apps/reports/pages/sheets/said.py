"""A figure as an answer: a large number, its unit in words, and where it likely lies."""

from dataclasses import dataclass

from apps.common.shares import hundredths
from apps.reports.engine.document import Document, Figure
from apps.reports.engine.rounding import is_exact, stepped, unit_of
from apps.reports.pages import numbers
from apps.reports.pages.figures import range_of

GAPS = {"stated_gap", "accuracy_difference", "within_gain"}


@dataclass(frozen=True)
class Said:
    text: str = ""
    unit: str = ""
    likely: str = ""
    # The figure alone, with its sign where it has one.
    signed: str = ""


def said(document: Document, metric: str, figure: Figure, *, chance: list[float] | None = None) -> Said:
    """Write a figure; a counted one with the range that chance gives it."""
    value, ends = figure["value"], range_of(figure)
    if value is None:
        return Said()
    if ends is None and chance and is_exact(figure):
        ends = chance[0], chance[1]
    if metric in GAPS:
        return _points(metric, value, ends)
    of = unit_of(metric)
    if of.kind == "share" or metric.startswith("macro_"):
        return _share(value, ends, is_counted=is_exact(figure))
    return _number(document, metric, figure, ends)


def _share(value: float, ends: tuple[float, float] | None, *, is_counted: bool) -> Said:
    decimals = 1 if is_counted else min(numbers.per_hundred_decimals(*(ends or (value, value))), 1)
    low, high = (hundredths(end, decimals=decimals) for end in ends or (value, value))
    text = hundredths(value, decimals=decimals)
    return Said(text, "in 100", f"likely {low} to {high}" if ends else "counted", text)


def _points(metric: str, value: float, ends: tuple[float, float] | None) -> Said:
    """Write a difference in points: of what was stated with its direction in words, else with its sign."""
    signed = _signed(value)
    if metric != "stated_gap":
        return Said(signed, "points", f"likely {_signed(ends[0])} to {_signed(ends[1])}" if ends else "counted", signed)
    is_low = value > 0
    text = hundredths(abs(value), decimals=1)
    direction = "points low" if is_low else "points high"
    if not ends:
        return Said(text, direction, "counted", signed)
    if ends[0] < 0 < ends[1]:
        low, high = (hundredths(abs(end), decimals=1) for end in ends)
        sides = f"likely {low} high to {high} low"
    else:
        low, high = (hundredths(end, decimals=1) for end in sorted(map(abs, ends)))
        sides = f"likely {low} to {high}"
    return Said(text, direction, sides, f"{text} {'low' if is_low else 'high'}")


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{hundredths(value, decimals=1)}"


def _number(document: Document, metric: str, figure: Figure, ends: tuple[float, float] | None) -> Said:
    """Write a number in the unit of the prediction."""
    value = figure["value"] or 0.0
    of, unit = unit_of(metric), document["names"]["unit"]
    step = of.step(figure if ends is None else {**figure, "low": ends[0], "high": ends[1]})
    if any(of.words):
        direction = of.words[value < 0]
        sides = sorted(map(abs, ends)) if ends and not ends[0] < 0 < ends[1] else None
        likely = f"likely {stepped(sides[0], step)} to {stepped(sides[1], step)}" if sides else ""
        if ends and not sides:
            likely = f"likely {stepped(abs(ends[0]), step)} {of.words[1]} to {stepped(ends[1], step)} {of.words[0]}"
        text = stepped(abs(value), step)
        return Said(text, f"{unit} {direction}".strip(), likely or "counted", f"{text} {direction}")
    text = stepped(value, step)
    likely = f"likely {stepped(ends[0], step)} to {stepped(ends[1], step)}" if ends else "counted"
    return Said(text, unit, likely, text)
