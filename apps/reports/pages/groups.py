"""Groups beside each other, in words, tables and pictures."""

from dataclasses import dataclass

from apps.common.charts import PHONE, Chart
from apps.common.dots import Ranged, by_group
from apps.common.numerals import fixed
from apps.reports.engine.document import Document, Figure, GroupSet, GroupValue
from apps.reports.engine.rounding import Unit, unit_of
from apps.reports.pages import wording
from apps.reports.pages.charts import axis_of
from apps.reports.pages.numbers import count
from apps.reports.pages.sheets import tables
from apps.reports.pages.sheets.layout import Cell, Row, Table

WIDE = 720
# The four-fifths rule: Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4 D.
FOUR_FIFTHS = 0.8
HEADS = {
    "selection_rate": "Gets the answer",
    "selection_ratio": "Against {reference}",
    "found": "Found",
    "found_gap": "Against {reference}",
    "false_alarms": "False alarms",
    "false_alarms_gap": "Against {reference}",
    "bias": "Too high or too low",
    "bias_gap": "Against {reference}",
    "within": "Right within tolerance",
    "within_gap": "Against {reference}",
    "mae": "Mean error",
    "mae_gap": "Against {reference}",
}
MEASURES = ("selection_rate", "found", "false_alarms", "bias", "within", "mae")
CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Division:
    """The groups of one slice: what stands out, their picture and their table."""

    title: str
    sentence: str
    chart: Chart | None
    table: Table


def answers(document: Document) -> list[tuple[str, str]]:
    """List the answers of the model that can be looked at, as sent and in words; of numbers there is none."""
    found = document.get("groups")
    names = dict.fromkeys(each["of_class"] for each in found["sets"]) if found else {}
    return [(name, wording.class_name(document, name)) for name in names if name]


def divisions(document: Document, answer: str) -> list[Division]:
    """Lay out the groups of every slice, for one answer of the model."""
    found = document.get("groups")
    return [_division(document, each) for each in found["sets"] if each["of_class"] == answer] if found else []


def _division(document: Document, found: GroupSet) -> Division:
    measure, gap = ("selection_rate", "selection_ratio") if found["of_class"] else ("bias", "bias_gap")
    of = _unit(document, measure)
    title = wording.slice_name(document, found["name"])
    dots = [_ranged(document, found, each, measure) for each in found["values"]]
    chart = None
    if any(each.value is not None for each in dots):
        axis = axis_of(of)
        caption = f"{HEADS[measure]}, by {title}"
        wide, phone = (by_group(dots, axis, None, width=width) for width in (WIDE, PHONE))
        chart = Chart(caption, "One dot a group, with its range.", wide, phone)
    return Division(title, _sentence(document, found, gap), chart, _table(document, found, title))


def _ranged(document: Document, found: GroupSet, value: GroupValue, measure: str) -> Ranged:
    figure = value["figures"].get(measure)
    name = wording.slice_value(document, found["name"], value["value"])
    if figure is None or figure["value"] is None:
        return Ranged(name, None)
    return Ranged(name, figure["value"], figure["low"], figure["high"])


def _sentence(document: Document, found: GroupSet, gap: str) -> str:
    """Say for whom the range lies below four fifths, or away from the reference, and for whom it cannot be told."""
    below, open_ = [], []
    for value in found["values"]:
        figure = value["against"].get(gap)
        if figure is None:
            continue
        name = wording.slice_value(document, found["name"], value["value"])
        if not is_told(figure):
            open_.append(name)
        elif gap == "selection_ratio" and figure["high"] is not None and figure["high"] < FOUR_FIFTHS:
            below.append(name)
        elif gap == "selection_ratio" and figure["low"] is not None and figure["low"] < FOUR_FIFTHS:
            open_.append(name)
        elif gap != "selection_ratio" and _excludes_zero(figure):
            below.append(name)
    reference = wording.slice_value(document, found["name"], found["reference"])
    if gap == "selection_ratio":
        said = f"{_list(below)}: less than four fifths of the rate of {reference}." if below else ""
        told = said or f"No group is certain to get it less than four fifths as often as {reference}."
    else:
        said = f"Away from {reference} beyond chance: {_list(below)}." if below else ""
        told = said or f"None differs from {reference} for certain."
    return f"{told} Cannot tell: {_list(open_)}." if open_ else told


def is_told(figure: Figure) -> bool:
    """Whether a figure says enough: it has a value, and enough labels behind it."""
    return figure["value"] is not None and figure["code"] != "preliminary"


def _excludes_zero(figure: Figure) -> bool:
    low, high = figure["low"], figure["high"]
    return low is not None and high is not None and (low > 0 or high < 0)


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _table(document: Document, found: GroupSet, title: str) -> Table:
    named = {name for each in found["values"] for name in (*each["figures"], *each["against"])}
    columns = [name for name in HEADS if name in named]
    reference = wording.slice_value(document, found["name"], found["reference"])
    rows = [
        Row(
            wording.slice_value(document, found["name"], value["value"]),
            [Cell(count(value["n"])), *(_cell(document, value, name) for name in columns)],
        )
        for value in found["values"]
    ]
    head = [title, "Predictions", *(HEADS[name].format(reference=reference) for name in columns)]
    return Table(f"Groups by {title}", head, rows)


def _cell(document: Document, value: GroupValue, name: str) -> Cell:
    if name not in MEASURES and not value["against"]:
        return Cell("–")
    figure = {**value["figures"], **value["against"]}[name]
    if figure["code"] == "preliminary":
        return Cell(CANNOT_TELL, "too few labels")
    if name == "selection_ratio" and figure["value"] is not None:
        return Cell(_ratio(figure["value"]), _ratio_range(figure))
    return tables.cell(figure, _unit(document, name))


def _ratio(value: float) -> str:
    return f"{fixed(value, 2)} times"


def _ratio_range(figure: Figure) -> str:
    low, high = figure["low"], figure["high"]
    if low is None:
        return ""
    return f"at least {fixed(low, 2)}" if high is None else f"{fixed(low, 2)} to {fixed(high, 2)}"


def _unit(document: Document, name: str) -> Unit:
    measured = name.removesuffix("_gap")
    if name in {"found_gap", "false_alarms_gap", "within_gap"}:
        return Unit("points")
    if measured in {"selection_rate", "found", "false_alarms"}:
        return Unit("share")
    return unit_of(measured, unit=document["names"]["unit"])
