"""A comparison as people see it: both sides' figures with their difference, the parts, and the groups of cases."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from apps.common.numerals import count
from apps.reports.engine.comparison_document import ComparisonDocument, Difference, GroupOfCases, Moved
from apps.reports.engine.document import Document, Figure
from apps.reports.engine.rounding import figure_text, percent, unit_of
from apps.reports.pages import wording
from apps.reports.pages.figures import MISSING, brief, range_text
from apps.reports.pages.sheets.layout import Cell, Row, Table
from apps.reports.services.cause_words import group_name
from apps.reports.services.moves import Amount, amount_of, moved_by, part_name, rounded
from apps.reports.services.side_words import names_of_sides

# Figures of a kind of their own, whose ranges are no ranges of an estimate.
LEFT_OUT = {"accuracy_point_value"}


@dataclass(frozen=True)
class Why:
    """What explains the difference: its parts, by which division, and what was tried."""

    parts: Table
    groups: Table
    tried: Table | None
    notes: list[str]


def figures_table(document: ComparisonDocument) -> Table:
    """Lay out the figures of both sides, the newer one first as in the sentence, and their differences.

    The figure that the sentence is about stands first, at the same step.
    """
    first, second = (_capital(name) for name in names_of_sides(document))
    rows = [
        _row(document, metric, moved)
        for metric, moved in sorted(document["differences"].items(), key=lambda each: each[0] != document["metric"])
        if metric.partition(":")[0] not in LEFT_OUT
    ]
    return Table("Figures side by side", ["", second, first, "Difference"], rows)


def why_of(document: ComparisonDocument) -> Why | None:
    why = document["why"]
    if why is None:
        return None
    amount = amount_of(document)
    values = rounded(why["parts"], why["difference"]["value"], step=amount.step)
    rows = [
        _part(part_name(document, part["name"]).capitalize(), part, amount, shown=value)
        for part, value in zip(why["parts"], values, strict=True)
    ]
    whole = _part("Together", why["difference"], amount, shown=why["difference"]["value"])
    head = ["", _capital(amount.word or "difference"), "Open labels leave", "With chance"]
    return Why(
        parts=Table("Parts of the difference", head, [*rows, whole]),
        groups=_groups(document),
        tried=_tried(document),
        notes=_notes(document),
    )


def strip(document: ComparisonDocument) -> dict[str, Any]:
    """Return what the strip above a report shows: both names, the difference, and its parts."""
    first, second = names_of_sides(document)
    whole, *parts = moved_by(document) or [("", "")]
    return {"first": first, "second": _capital(second), "whole": whole[1], "parts": parts}


def _row(document: ComparisonDocument, metric: str, moved: Difference) -> Row:
    unit = unit_of(metric, document["currency"], document["names"]["unit"])
    name, aside = wording.metric_name(cast(Document, document), metric)
    second, first = (_cell(side["figures"][metric], metric, document) for side in reversed(document["sides"]))
    if moved["value"] is None:
        return Row(name, [second, first, Cell("–", MISSING.get(moved["code"] or "", ""))], aside)
    is_main = metric == document["metric"]
    amount = amount_of(document if is_main else {**document, "metric": metric, "why": None})
    note = "counted" if moved["method"] == "exact" else ""
    if moved["low"] is not None and moved["high"] is not None and not note:
        note = f"{amount.signed(moved['low'])} to {amount.signed(moved['high'])}"
    if moved["code"] == "preliminary":
        note = f"{note}, preliminary".lstrip(", ")
    text = amount.with_word(moved["value"]) if unit.kind != "number" else amount.signed(moved["value"])
    return Row(name, [second, first, Cell(text, note)], aside)


def _cell(figure: Figure, metric: str, document: ComparisonDocument) -> Cell:
    unit = unit_of(metric, document["currency"], document["names"]["unit"])
    if figure["value"] is None:
        return Cell("–", brief(figure)[0])
    if metric == document["metric"] and unit.kind == "money":
        return Cell(unit.text(figure["value"], amount_of(document).step), range_text(figure, unit))
    return Cell(figure_text(figure, unit), range_text(figure, unit))


def _part(name: str, part: Moved, amount: Amount, *, shown: float) -> Row:
    is_counted = part["low"] == part["high"]
    ends = "counted" if is_counted else f"{amount.signed(part['low'])} to {amount.signed(part['high'])}"
    chance = f"{amount.signed(part['chance_low'])} to {amount.signed(part['chance_high'])}"
    return Row(name, [Cell(amount.signed(shown)), Cell(ends), Cell(chance)])


def _groups(document: ComparisonDocument) -> Table:
    why = document["why"]
    assert why is not None
    first, second = names_of_sides(document)
    head = [
        "",
        f"Share, {second}",
        f"Share, {first}",
        f"Level, {second}",
        f"Level, {first}",
        "Adds to mix",
        "At same mix",
    ]
    foremost = sorted(why["cause"]["groups"], key=lambda group: -abs(group["mix"] or 0.0))
    return Table("Groups of cases", head, [_group(document, group) for group in foremost])


def _group(document: ComparisonDocument, group: GroupOfCases) -> Row:
    why, amount = document["why"], amount_of(document)
    assert why is not None
    name = group_name(document, why["cause"], group["value"]).strip("“”")
    if group["mix"] is None or group["right"] is None:
        return Row(name, [Cell("–", "fewer than ten cases")] * 6)
    shares = [
        Cell(percent(share or 0.0), f"{count(n or 0)} cases")
        for share, n in zip(group["share"], group["n"], strict=True)
    ]
    levels = [Cell("–" if mean is None else _level(document, mean)) for mean in group["mean"]]
    added = [Cell(amount.signed(group["mix"])), Cell(amount.signed(group["right"]))]
    return Row(name, [*reversed(shares), *reversed(levels), *added])


def _level(document: ComparisonDocument, mean: float) -> str:
    unit = unit_of(document["metric"], document["currency"], document["names"]["unit"])
    if unit.kind in ("share", "points"):
        return percent(mean)
    # Of totals, the mean of one case.
    return unit.text(mean, 10.0**-2 if unit.kind == "money" else 10.0**-3)


def _tried(document: ComparisonDocument) -> Table | None:
    why, amount = document["why"], amount_of(document)
    if why is None or len(why["tried"]) < 2:
        return None
    names = {"score": "score of the model", "level": "level of the prediction", "class": "class predicted"}
    rows = []
    for each in why["tried"]:
        known = document["names"]["slices"].get(each["name"])
        name = names.get(each["kind"]) or (known["label"] if known else each["name"])
        rows.append(Row(_capital(name), [Cell(amount.signed(each["mix"])), Cell(amount.signed(each["right"]))]))
    return Table("Divisions that were tried", ["", "Mix", "At the same mix"], rows)


def _notes(document: ComparisonDocument) -> list[str]:
    why = document["why"]
    assert why is not None
    notes = [
        "The parts add up. The mix is what changes when the same model meets the groups in other shares; the rest is"
        " what changed within the groups, at the mean of both mixes.",
        "“With chance” says how far each part could move between two windows of these sizes if nothing had changed.",
    ]
    if not why["cause"]["is_beyond_chance"]:
        notes.append("No division of the cases moved the figure by more than chance does; the finest one is shown.")
    if document["shared"]:
        notes.append(
            f"{count(document['shared'])} cases are in both windows. What they say cancels, and adds no uncertainty."
        )
    return notes


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def days_of(document: ComparisonDocument) -> tuple[date, date]:
    """Return the days that both sides span."""
    sides = document["sides"]
    return (
        min(date.fromisoformat(side["start"]) for side in sides),
        max(date.fromisoformat(side["end"]) for side in sides),
    )
