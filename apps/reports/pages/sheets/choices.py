"""What the value page advises: where to draw the line, and whether more answers pay."""

from apps.reports.engine import rounding
from apps.reports.engine.document import Document, ThresholdSection, ValueSection
from apps.reports.pages import numbers, wording
from apps.reports.pages.reasons import said
from apps.reports.pages.sheets.common import unit
from apps.reports.pages.sheets.parts import Cell, ChartText, Row, Section, Table

ROWS = 20


def threshold(document: Document, value: ValueSection) -> Section | None:
    """The worth of decisions by threshold, and what it advises; None without a curve."""
    found = value.get("threshold")
    if not found or found["best"] is None:
        return None
    positive = document["names"]["classes"].get(document["positive_class"], document["positive_class"])
    note = f"What 1,000 decisions are worth if “{positive}” is said from a score on; the band holds the whole curve."
    advice = _advice(document, found)
    chart = ChartText("threshold", advice, _table(document, found))
    return Section("threshold", "Where to draw the line", note, chart, sentences=[advice])


def next_labels(value: ValueSection) -> list[str]:
    """Whether more answers pay, for the choice between model and baseline."""
    found = value.get("next_labels")
    if not found or found["worth"] is None or found["cost"] is None:
        return []
    worth, cost = (rounding.money(each, currency=value["currency"], step=1) for each in (found["worth"], found["cost"]))
    best = found["best_k"]
    return [
        f"The next {found['k']} answers are worth {worth} to the choice between model and {wording.BASELINE}, over as "
        f"many decisions as here; they cost {cost}.",
        f"{numbers.count(best)} answers would pay most." if best else "No number of answers pays for that alone.",
    ]


def _table(document: Document, found: ThresholdSection) -> Table:
    """About twenty of the points, evenly."""
    of = unit(document, "value_total")
    points = list(zip(found["scores"], found["value"], found["band_low"], found["band_high"], strict=True))
    _, value, low, high = max(points, key=lambda point: point[1])
    step = rounding.step_of(value, low, high)
    shown = sorted({round(at * (len(points) - 1) / (ROWS - 1)) for at in range(ROWS)})
    rows = []
    for score, value, low, high in (points[at] for at in shown):
        band = f"{of.text(low, step)} to {of.text(high, step)}"
        rows.append(Row(f"{score:.3f}", [Cell(of.text(value, step), band)]))
    return Table("Worth of 1,000 decisions by threshold", ["From this score on", "Worth, and the band"], rows)


def _advice(document: Document, found: ThresholdSection) -> str:
    """What the curve says of the threshold in use."""
    flat = f"from {found['flat_low']:.2f} to {found['flat_high']:.2f}"
    if found["code"] == "preliminary":
        needed = found["labels_needed"]
        more = f": {numbers.count(needed)} more checked cases needed" if needed else ""
        return f"Too little is known yet to advise anything{more}."
    if found["current"] is None:
        return f"Any line {flat} is as good as can be told. The decisions here follow no single line."
    if found["advice"] == "no_change":
        return (
            f"The line in use, {found['current']:.2f}, is as good as any: nothing can be told apart {flat}. "
            "No change advised."
        )
    gain = found["gain"]
    worth = f", worth {said(gain, unit(document, 'value_total'))} more for 1,000 decisions" if gain else ""
    verb = "Raise" if found["advice"] == "raise" else "Lower"
    also = "" if found["flat_low"] == found["flat_high"] else f" Anything {flat} would do as well."
    return f"{verb} the line from {found['current']:.2f} to {found['best']:.2f}{worth}.{also}"
