"""Where money is lost, as the value sheet tells it: slices above the average, told apart, with their ranges."""

from collections.abc import Iterable
from datetime import date

from apps.reports.engine.document import Document, Figure, Loss, ValueSection
from apps.reports.engine.rounding import figure_text, is_exact
from apps.reports.pages import contents, numbers, wording
from apps.reports.pages.contents import unit
from apps.reports.pages.figures import RANGE, in_other_terms, in_sentence, more_labels, range_text
from apps.reports.pages.numbers import count, plural
from apps.reports.pages.sheets.layout import Cell, ChartText, Row, Section, Table

MOST_SHOWN = 5
TITLE = "Where money is lost"
OF_NUMBERS = {"over": "mostly too high", "under": "mostly too low"}


def section(document: Document, value: ValueSection) -> Section | None:
    """Rank the slices by what they lose at least; None where no slice was tested."""
    part = contents.headline_part(document) or document["window"]
    when = numbers.period(date.fromisoformat(part["start"]), date.fromisoformat(part["end"]))
    average = value.get("loss_average")
    if average is None:
        return _of_mistakes(document, value, when)
    tested = value.get("losses_tested", 0)
    if not tested:
        return None
    told = shown(value["losses"])
    lost = in_sentence(average, unit(document, "value_total"))
    note = (
        f"Against being right, all predictions together lose {lost} per {count(1_000)}, {when}."
        if average["value"]
        else ""
    )
    if not told:
        return Section(
            "losses", TITLE, note, sentences=[f"None of the {count(tested)} slices loses more than the rest."]
        )
    rows = [_row(document, loss, others) for loss, others in told]
    head = ["Slice", f"Above the average, per {count(1_000)}", "Above it, in total"]
    caption = f"Lost above the average of all predictions, each with its {RANGE}"
    return Section(
        "losses",
        TITLE,
        note,
        chart=ChartText("losses", _message(document, told), _all_of_it(document, told)),
        table=Table(caption, head, rows),
        sentences=_reading(told, tested),
    )


def shown(found: Iterable[Loss]) -> list[tuple[Loss, list[Loss]]]:
    """Keep of slices that mostly overlap the first, each with those it stands for."""
    kept: list[tuple[Loss, list[Loss]]] = []
    for loss in found:
        others = {(each["name"], each["value"]) for each in loss.get("overlaps", [])}
        same = next((them for first, them in kept if (first["name"], first["value"]) in others), None)
        if same is None:
            kept.append((loss, []))
        else:
            same.append(loss)
    return kept[:MOST_SHOWN]


def name(document: Document, loss: Loss) -> str:
    value = wording.slice_value(document, loss["name"], loss["value"])
    return f"{wording.slice_name(document, loss['name'])}: {value}"


def is_sure(loss: Loss) -> bool:
    """Whether the slice loses more than the average whatever its range leaves open."""
    above = loss.get("above")
    return above is not None and above["code"] != "preliminary" and (above["low"] or 0.0) > 0


def _row(document: Document, loss: Loss, others: list[Loss]) -> Row:
    aside = "; ".join(part for part in (_mistake(document, loss), _overlap(document, others)) if part)
    above = loss.get("above")
    if above is None or above["value"] is None or above["code"] == "preliminary":
        needed = above.get("labels_needed") if above else None
        return Row(
            name(document, loss), [Cell("too few labels", more_labels(needed) if needed else ""), Cell("–")], aside
        )
    return Row(name(document, loss), [_cell(document, above), _cell(document, _in_total(loss, above))], aside)


def _cell(document: Document, figure: Figure) -> Cell:
    of = unit(document, "value_total")
    return Cell(figure_text(figure, of), range_text(figure, of))


def _in_total(loss: Loss, above: Figure) -> Figure:
    """Scale from 1,000 predictions to all that the slice stands for."""
    return in_other_terms(above, times=loss.get("traffic", float(loss["n"])) / 1_000)


def _mistake(document: Document, loss: Loss) -> str:
    """Name the mistake that most of the money goes to."""
    if loss["predicted"] in OF_NUMBERS and not loss["truth"]:
        return OF_NUMBERS[loss["predicted"]]
    return f"mostly {wording.mistake(document, loss['predicted'], loss['truth'])}" if loss["truth"] else ""


def _overlap(document: Document, others: list[Loss]) -> str:
    if not others:
        return ""
    first, *more = (name(document, loss) for loss in others)
    names = f"{first} and {plural(len(more), 'other slice', 'other slices')}" if more else first
    return f"largely the same cases as {names}"


def _message(document: Document, told: list[tuple[Loss, list[Loss]]]) -> str:
    first, _ = told[0]
    above = first.get("above")
    if above is None or not is_sure(first):
        return "No slice loses more than the average for sure."
    return f"{name(document, first)} loses {in_sentence(above, unit(document, 'value_total'))} more per {count(1_000)}."


def _all_of_it(document: Document, told: list[tuple[Loss, list[Loss]]]) -> Table:
    rows = [
        Row(
            name(document, loss),
            [
                _cell(document, above) if (above := loss.get("above")) else Cell("–"),
                Cell(count(loss["n"])),
                _cell(document, loss["lost"]),
            ],
        )
        for loss, _ in told
    ]
    return Table(
        TITLE, ["Slice", f"Above the average, per {count(1_000)}", "Predictions", "Lost against being right"], rows
    )


def _reading(told: list[tuple[Loss, list[Loss]]], tested: int) -> list[str]:
    """Say how sure the ranking is."""
    if all(is_exact(above) for loss, _ in told if (above := loss.get("above"))):
        return []
    held = f"The ranges hold for all {count(tested)} slices at once" if tested > 1 else "One slice was tested"
    said = [f"{held}; the slice that loses most at the least comes first."]
    unsure = sum(not is_sure(loss) for loss, _ in told)
    if unsure:
        said.append(f"Hollow: may be no more than chance ({count(unsure)} of {count(len(told))}).")
    return said


def _of_mistakes(document: Document, value: ValueSection, when: str) -> Section | None:
    """Show the losses of an earlier report: one for each slice and kind of mistake."""
    if not value["losses"]:
        return None
    of, rows = unit(document, "value_total"), []
    for loss in value["losses"]:
        figure, aside = loss["lost"], wording.mistake(document, loss["predicted"], loss["truth"])
        cell = Cell(figure_text(figure, of), range_text(figure, of))
        if figure["value"] is None or figure["code"] == "preliminary":
            needed = figure.get("labels_needed")
            cell = Cell("too few labels", more_labels(needed) if needed else "")
        rows.append(Row(name(document, loss), [cell], aside))
    table = Table(f"Against being right, {when}", ["Slice", f"Lost, with its {RANGE}"], rows)
    return Section("losses", TITLE, table=table)
