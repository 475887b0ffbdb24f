"""The answers of the performance sheet: one recommended figure for each question, and why this one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from apps.reports.engine.document import Document, Figure, Figures
from apps.reports.engine.pictured import MatrixPicture, Pictures
from apps.reports.engine.rounding import is_exact, percent
from apps.reports.pages import contents, numbers, wording
from apps.reports.pages.figures import IF_ALIKE, is_response_low, labels, reason
from apps.reports.pages.number_wording import within
from apps.reports.pages.numbers import plural
from apps.reports.pages.phrases import BASELINE
from apps.reports.pages.sheets.layout import Answer
from apps.reports.pages.sheets.said import Said, said

OPEN_QUESTION = "And now, while outcomes are open?"
ALL_IN = ": all outcomes are in"
CHANCE = "The range is what chance alone would move in a window of this size."


@dataclass(frozen=True)
class _Asked:
    """A question, the metric that answers it, and when to take this figure."""

    question: str
    metric: str
    basis: str
    take: str = ""


def answers(document: Document, before: Document | None) -> list[Answer]:
    """Answer what people ask first, from the headline's part and, last, from the days still open."""
    shown = [_answer(document, asked, before) for asked in _asked(document)]
    opened = _while_open(document)
    return [*shown, opened] if opened else shown


def windows(document: Document, before: Document | None) -> tuple[str, str]:
    """Name this window and the one before it, as columns."""
    return _window(document), _window(before) if before else ""


def _window(document: Document) -> str:
    part = contents.headline_part(document)
    if part is None:
        return ""
    start, end = date.fromisoformat(part["start"]), date.fromisoformat(part["end"])
    return f"{start:%B}" if numbers.is_month(start, end) else numbers.period(start, end)


def figure_of(document: Document, metric: str) -> Figure | None:
    """Return a figure of the headline's part, wherever the document keeps it."""
    pictures = document.get("pictures")
    more: Figures = pictures["answers"]["figures"] if pictures else {}
    return document["headline"]["figures"].get(metric) or more.get(metric)


def _answer(document: Document, asked: _Asked, before: Document | None) -> Answer:
    figure = figure_of(document, asked.metric)
    assert figure is not None
    pictures = document.get("pictures")
    chance = pictures["answers"]["by_chance"].get(asked.metric) if pictures else None
    shown = said(document, asked.metric, figure, chance=chance)
    earlier = figure_of(before, asked.metric) if before else None
    was = said(before, asked.metric, earlier).signed if before and earlier and earlier["value"] is not None else ""
    return Answer(
        asked.question,
        shown.text,
        shown.unit,
        shown.likely,
        _why(figure, asked, has_chance=bool(chance)),
        before=was,
        is_open=not is_exact(figure),
    )


def _why(figure: Figure, asked: _Asked, *, has_chance: bool) -> str:
    """Say what the figure rests on, and when to take it."""
    if figure["value"] is None:
        return f"{reason(figure).capitalize()}."
    if is_exact(figure):
        made = f"Counted{asked.basis or ALL_IN}."
        return " ".join(filter(None, [made, asked.take, CHANCE if has_chance and not asked.take else ""]))
    holds = f", {IF_ALIKE}" if is_response_low(figure) else ""
    made = f"Estimated from {labels(figure)}, each weighted by its chance to be drawn{holds}."
    note = f"{reason(figure).capitalize()}." if figure["code"] else ""
    return " ".join(filter(None, [made, asked.take, note]))


def _asked(document: Document) -> Iterator[_Asked]:
    figures = document["headline"]["figures"]
    if document["task"] == "regression":
        yield from _of_numbers(document)
    elif "accuracy" in figures:
        yield _Asked("How often is it right?", "accuracy", _of_all(document))
        yield from _of_two(document) if document["task"] == "binary" else _of_many(document)
        yield from _stated(document)
    for metric, question in (
        ("accuracy_difference", f"Is it better than {BASELINE}?"),
        ("mae_gain", f"Is it closer than {BASELINE}?"),
    ):
        figure = figure_of(document, metric)
        if figure is not None and figure["code"] != "no_baseline":
            take = "The same cases, answered by both. Most of what chance does falls on both alike."
            yield _Asked(question, metric, _compared(document), take)


def _of_all(document: Document) -> str:
    part = contents.headline_part(document)
    return f": the outcomes of all {plural(part['n'], 'prediction', 'predictions')} are in" if part else ""


def _compared(document: Document) -> str:
    part = contents.headline_part(document)
    return f", on {plural(part['with_baseline'], 'prediction', 'predictions')}" if part else ""


def _of_two(document: Document) -> Iterator[_Asked]:
    positive = wording.class_name(document, document["positive_class"])
    rows = _row_sizes(document)
    said_so = f", on {plural(rows[0], 'such answer', 'such answers')}" if rows else ""
    yield _Asked(
        f"When it says “{positive}”, is that so?",
        "precision",
        said_so,
        "Take this one where acting on the answer costs something. (precision)",
    )
    true = f", on {plural(_truly(document), 'such case', 'such cases')}" if rows else ""
    yield _Asked(
        f"Of those who are “{positive}”, how many does it find?",
        "recall",
        true,
        "Take this one where missing a case costs something. (recall)",
    )


def _row_sizes(document: Document) -> list[int]:
    matrix = _matrix(document)
    return [row["n"] for row in matrix["rows"]] if matrix else []


def _truly(document: Document) -> int:
    """Count the predictions that are truly of the first group of classes."""
    matrix = _matrix(document)
    rows = matrix["rows"] if matrix else []
    return round(sum(row["n"] * (row["shares"][0]["value"] or 0.0) for row in rows))


def _matrix(document: Document) -> MatrixPicture | None:
    pictures = document.get("pictures")
    return pictures["matrix"] if pictures else None


def _of_many(document: Document) -> Iterator[_Asked]:
    """Ask about the worst class both ways, and about all classes counting the same."""
    for metric, question, technical in (
        ("recall", "Which class does it find least often?", "recall"),
        ("precision", "Which of its answers is right least often?", "precision"),
    ):
        worst = _worst(document, metric)
        if worst:
            name = wording.class_name(document, worst)
            among = plural(len(contents.main_classes(document)), "class", "classes")
            take = f"The lowest of {among}, and so partly by chance. ({technical})"
            yield _Asked(f"{question} “{name}”", f"{metric}:{worst}", "", take)
    if "macro_recall" in document["headline"]["figures"]:
        take = "Take this one where rare classes matter as much as frequent ones. (macro recall)"
        yield _Asked("And if every class counted the same?", "macro_recall", "", take)


def _worst(document: Document, metric: str) -> str | None:
    values = {
        name: figure["value"]
        for name in contents.main_classes(document)
        if (figure := figure_of(document, f"{metric}:{name}")) and figure["value"] is not None
    }
    return min(values, key=lambda name: values[name]) if values else None


def _stated(document: Document) -> Iterator[_Asked]:
    figure, pictures = figure_of(document, "stated_gap"), document.get("pictures")
    if figure is None or pictures is None or figure["code"] == "no_score":
        return
    stated = pictures["answers"]["stated"]
    take = ""
    if figure["value"] is not None and stated is not None:
        of = "" if document["task"] == "binary" else " of its own answers"
        take = f"It states {percent(stated)} on average, {percent(stated + figure['value'])}{of} came true."
        take = f"{take} {_directions(pictures)}".strip()
    yield _Asked("Does 70 % mean 70 %?", "stated_gap", "", take)


def _directions(pictures: Pictures) -> str:
    """Say whether one number is enough: groups that err both ways cancel out in it."""
    apart = [
        (group["figure"]["value"] or 0.0) > group["stated"]
        for group in pictures["calibration"]
        if group["band"] and not group["band"][0] <= group["stated"] <= group["band"][1]
    ]
    if not pictures["calibration"]:
        return ""
    if not apart:
        return "No group of scores is further off than chance explains."
    if len(set(apart)) == 1:
        return "One number is enough: where it is off, it is off in the same direction."
    return "Some scores are too low and others too high, and cancel out here: look at the curve."


def _of_numbers(document: Document) -> Iterator[_Asked]:
    figures = document["headline"]["figures"]
    if "within" in figures:
        yield _Asked(f"How often is it right, {within(document['names'])}?", "within", _of_all(document))
    yield _Asked("How far off is it?", "mae", _of_all(document), "The average error, whatever its direction.")
    take = "One number for all levels: the picture by level shows where it is too high and where too low."
    yield _Asked("Too high or too low, on average?", "bias", _of_all(document), take)


def _while_open(document: Document) -> Answer | None:
    """Answer for the days whose outcomes are not in, where the others lead the page."""
    opened = document["sections"].get("open")
    if document["headline"]["part"] != "closed" or not opened:
        return None
    metric = contents.lead_metric(opened)
    part = next((part for part in document["parts"] if part["part"] == "open"), None)
    if part is None:
        return None
    figure = opened[metric]
    shown: Said = said(document, metric, figure)
    days = numbers.period(date.fromisoformat(part["start"]), date.fromisoformat(part["end"]))
    if figure["value"] is None:
        return Answer(OPEN_QUESTION, "", "", "", f"{days}: {reason(figure)}.", is_open=True)
    second = document["sample"]["adjudicated"]
    corrected = ", corrected for how often reviewers err" if second else ""
    note = f" {reason(figure).capitalize()}." if figure["code"] else ""
    why = f"{days}, from {labels(figure)} drawn by chance{corrected}.{note}"
    return Answer(OPEN_QUESTION, shown.text, shown.unit, shown.likely, why, is_open=True)
