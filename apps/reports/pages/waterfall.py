"""The picture of why a figure moved: from the first level, part by part, to the second."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.common.charts import BASELINE, COLUMN, PHONE, Chart, Dot, Line, Mark, Plot, Rect, Scale, Text, room_for
from apps.reports.engine.comparison_document import ComparisonDocument
from apps.reports.engine.rounding import figure_text, unit_of
from apps.reports.services.moves import amount_of, part_name, rounded
from apps.reports.services.side_words import names_of_sides

ROW, ROW_UNDER_NAME, TOP = 40, 54, 12  # pixels
BAR = 18
AIR = 0.12  # of the spread, beyond its ends: for the numbers beside the bars


@dataclass(frozen=True)
class Step:
    """A row: a level, or a part from one level to the next with the range of its end."""

    name: str
    text: str
    start: float
    end: float
    low: float
    high: float
    is_level: bool = False


def waterfall_of(document: ComparisonDocument) -> Chart | None:
    """Draw the parts of the difference; None where nothing explains it."""
    steps = _steps(document)
    if not steps:
        return None
    first, second = names_of_sides(document)
    said = "; ".join(f"{step.name} {step.text}" for step in steps)
    title = f"Why {second} differs from {first}"
    return Chart(title, f"{said}. The figures are in the table below.", _plot(steps, COLUMN), _plot(steps, PHONE))


def _steps(document: ComparisonDocument) -> list[Step]:
    why = document["why"]
    figures = [side["figures"].get(document["metric"]) for side in document["sides"]]
    if why is None or any(figure is None or figure["value"] is None for figure in figures):
        return []
    amount = amount_of(document)
    unit = unit_of(document["metric"], document["currency"], document["names"]["unit"])
    names = [name[:1].upper() + name[1:] for name in names_of_sides(document)]
    levels = [float(figure["value"] or 0.0) for figure in figures if figure]
    # Money reads at the step of the difference, as the sentence above and the parts do.
    texts = [
        unit.text(figure["value"] or 0.0, amount.step) if unit.kind == "money" else figure_text(figure, unit)
        for figure in figures
        if figure
    ]
    steps = [Step(names[0], texts[0], levels[0], levels[0], levels[0], levels[0], is_level=True)]
    at = levels[0]
    shown = rounded(why["parts"], why["difference"]["value"], step=amount.step)
    for part, value in zip(why["parts"], shown, strict=True):
        name = part_name(document, part["name"])
        low, high = at + part["chance_low"], at + part["chance_high"]
        text = amount.signed(value)
        steps.append(Step(name[:1].upper() + name[1:], text, at, at + part["value"], low, high))
        at += part["value"]
    return [*steps, Step(names[1], texts[1], levels[1], levels[1], levels[1], levels[1], is_level=True)]


def _plot(steps: Sequence[Step], width: int) -> Plot:
    is_phone = width == PHONE
    row = ROW_UNDER_NAME if is_phone else ROW
    left = 8.0 if is_phone else room_for(step.name for step in steps)
    ends = [end for step in steps for end in (step.start, step.end, step.low, step.high)]
    air = (max(ends) - min(ends)) * AIR or abs(max(ends)) * AIR or 1.0
    scale = Scale(min(ends) - air, max(ends) + air, left, width - room_for(step.text for step in steps))
    marks: list[Mark] = []
    for place, step in enumerate(steps):
        y = TOP + row * (place + 1) - ROW / 2
        if place + 1 < len(steps):
            x = scale.place(step.end)
            marks.append(Line("grid", x, y, x, y + row))
        name = Text("label", 0, y - BAR / 2 - 6, step.name) if is_phone else _beside(step.name, y, left)
        marks += [name, *_step(step, scale, y)]
    return Plot(width, TOP + row * len(steps), tuple(marks))


def _beside(name: str, y: float, left: float) -> Text:
    return Text("tick", left - 8, y + BASELINE, name, "end")


def _step(step: Step, scale: Scale, y: float) -> list[Mark]:
    start, end = scale.place(step.start), scale.place(step.end)
    if step.is_level:
        return [Dot("point", end, y), Text("label", end + 12, y + BASELINE, step.text)]
    low, high = scale.place(step.low), scale.place(step.high)
    css = "less" if step.end < step.start else "more"
    bar = Rect(css, min(start, end), y - BAR / 2, max(abs(end - start), 1.0), BAR)
    words = Text("label", max(start, end, high) + 8, y + BASELINE, step.text)
    return [bar, Line("spread", low, y, high, y), words]
