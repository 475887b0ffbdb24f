"""How a model's decisions divide, as the newest report knows it: what other amounts are tried on."""

from dataclasses import dataclass
from datetime import date
from typing import cast

from apps.registry.models import MonitoredModel
from apps.reports.engine.document import Decisions, Document, Figures
from apps.reports.models import Kind, Report
from apps.reports.pages import contents, numbers

# Without a report: nine of ten answers right.
INVENTED_RIGHT = 0.9

Table = list[list[float]]


@dataclass(frozen=True)
class Basis:
    """Shares by predicted and true class in the order of the model's classes; of numbers, mean units too high and low.

    `by_amount` counts each prediction with its amount; None where that is not known. `period` is empty for an invented
    table. `report` is the value report, if it is from one.
    """

    table: Table
    by_amount: Table | None = None
    period: str = ""
    traffic: float = 0.0
    report: Report | None = None


def basis_of(model: MonitoredModel) -> Basis:
    """Return what the newest value report says, else the newest performance report, else an invented table."""
    for kind in (Kind.VALUE, Kind.PERFORMANCE):
        newest = Report.objects.filter(model=model, kind=kind).foremost().first()
        found = _of_value(model, newest) if kind == Kind.VALUE else _of_performance(model, newest)
        if found is not None:
            return found
    return _invented(model)


def _of_value(model: MonitoredModel, report: Report | None) -> Basis | None:
    if report is None:
        return None
    document = cast(Document, report.document)
    value = document.get("value")
    decisions = value.get("decisions") if value else None
    if decisions is None:
        return None
    table = _in_order(model, decisions, decisions["table"])
    by_amount = _in_order(model, decisions, decisions["by_amount"]) if decisions["by_amount"] else None
    if table is None:
        return None
    return Basis(table, by_amount, _period(document), decisions["traffic"], report)


def _in_order(model: MonitoredModel, decisions: Decisions, table: Table) -> Table | None:
    """Order the classes as the model does; None where it has another class by now."""
    if model.is_regression:
        return table
    place = {name: position for position, name in enumerate(decisions["classes"])}
    if set(place) != set(model.classes):
        return None
    return [[table[place[p]][place[t]] for t in model.classes] for p in model.classes]


def _of_performance(model: MonitoredModel, report: Report | None) -> Basis | None:
    """Read the table of a performance report, or recover that of two classes from its rates."""
    if report is None:
        return None
    document = cast(Document, report.document)
    figures = document["headline"]["figures"]
    if model.is_regression:
        table = _of_numbers(figures)
    else:
        table = _of_picture(model, document) or _of_two_classes(model, figures)
    return Basis(table, period=_period(document)) if table else None


def _of_picture(model: MonitoredModel, document: Document) -> Table | None:
    """Read the table of classes that the report shows; None where it lumps some of them together."""
    pictures = document.get("pictures")
    matrix = pictures["matrix"] if pictures else None
    if not matrix or sorted(matrix["groups"]) != sorted([name] for name in model.classes):
        return None
    rows = {group[0]: row for group, row in zip(matrix["groups"], matrix["rows"], strict=True)}
    total = sum(row["n"] for row in rows.values())
    if not total:
        return None
    table: Table = []
    for predicted in model.classes:
        shares = dict(zip(rows, (each["value"] for each in rows[predicted]["shares"]), strict=True))
        table.append([rows[predicted]["n"] / total * (shares[truth] or 0.0) for truth in model.classes])
    return table


def _of_numbers(figures: Figures) -> Table | None:
    """Half of error and bias together is too high: |e| = high + low, e = high − low."""
    found = _values(figures, "mae", "bias")
    return [[(found[0] + found[1]) / 2, (found[0] - found[1]) / 2]] if found else None


def _of_two_classes(model: MonitoredModel, figures: Figures) -> Table | None:
    """Solve 1 − accuracy = false positives + false negatives, each a multiple of the true positives."""
    found = _values(figures, "accuracy", "precision", "recall")
    if len(model.classes) != 2 or not found or min(found) <= 0:
        return None
    accuracy, precision, recall = found
    false_positive, false_negative = (1 - precision) / precision, (1 - recall) / recall
    if false_positive + false_negative == 0:
        return None
    hits = (1 - accuracy) / (false_positive + false_negative)
    rest = accuracy - hits
    if rest < 0:
        return None
    yes, no = model.positive_index, 1 - model.positive_index
    table = [[0.0, 0.0], [0.0, 0.0]]
    table[yes][yes], table[yes][no] = hits, hits * false_positive
    table[no][yes], table[no][no] = hits * false_negative, rest
    return table


def _values(figures: Figures, *metrics: str) -> list[float]:
    """Return the figures; an empty list unless all of them are known."""
    found = [figures[metric]["value"] for metric in metrics if metric in figures]
    known = [value for value in found if value is not None]
    return known if len(known) == len(metrics) else []


def _invented(model: MonitoredModel) -> Basis:
    if model.is_regression:
        return Basis([[0.5, 0.5]])
    many = len(model.classes)
    right, wrong = INVENTED_RIGHT / many, (1 - INVENTED_RIGHT) / (many * (many - 1))
    return Basis([[right if row == column else wrong for column in range(many)] for row in range(many)])


def _period(document: Document) -> str:
    part = contents.headline_part(document) or document["window"]
    return numbers.period(date.fromisoformat(part["start"]), date.fromisoformat(part["end"]))
