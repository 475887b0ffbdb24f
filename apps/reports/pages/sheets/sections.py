"""The sections that sheets of several kinds have: over time, by slice, the sample, what cannot be said."""

from datetime import date, datetime

from apps.reports.engine import rounding
from apps.reports.engine.document import Document, Figures, Point, SliceSection
from apps.reports.engine.rounding import Unit
from apps.reports.pages import contents, numbers, wording
from apps.reports.pages.figures import how
from apps.reports.pages.reasons import caveat, plural, said, why_restated
from apps.reports.pages.sheets.common import cell, unit
from apps.reports.pages.sheets.parts import Cell, ChartText, Facts, Row, Section, Table

STATES = {"final": "final", "maturing": "still open", "provisional": "still open"}
HOLLOW = "Dots with their likely range; hollow: still open."
STEPS = {"day": "Day by day", "week": "Week by week", "month": "Month by month"}


def over_time(document: Document, *, note: str) -> Section | None:
    """The chart over time with its figures."""
    if not document["series"]:
        return None
    metric = contents.metric_over_time(document)
    data = Table(
        f"{wording.metric_name(document, metric)[0]}, {STEPS[document['step']].lower()}",
        [document["step"].capitalize(), "Figure", "Cases used", "Decisions", "State"],
        [_time_row(point, metric, unit(document, metric)) for point in document["series"]],
    )
    if contents.known_in_time(document) < contents.LEAST_FOR_A_CHART:
        return Section("by_time", STEPS[document["step"]], "Too few figures for a chart.", table=data)
    return Section("by_time", STEPS[document["step"]], note, ChartText("by_time", _description(data), data))


def cut_short(document: Document) -> str:
    """Sums of a first or last month that is not whole look small for no other reason."""
    if document["step"] != "month":
        return ""
    ends = {point["start"]: point for point in (document["series"][0], document["series"][-1])}.values()
    spans = [(date.fromisoformat(point["start"]), date.fromisoformat(point["end"])) for point in ends]
    cut = [f"{start:%B}" for start, end in spans if not numbers.is_month(start, end)]
    return f" {' and '.join(cut)}: part of the month only." if cut else ""


def _time_row(point: Point, metric: str, of: Unit) -> Row:
    figure = point["figures"].get(metric)
    name = numbers.period(date.fromisoformat(point["start"]), date.fromisoformat(point["end"]))
    counts = [Cell(numbers.count(figure["n"] if figure else 0)), Cell(numbers.count(point["n"]))]
    return Row(name, [cell(figure, of), *counts, Cell(STATES.get(point["state"], point["state"]))])


def _description(data: Table) -> str:
    """A chart's message: first and last figure; the table below it has all."""
    known = [row for row in data.rows if row.cells[0].text != "–"]
    if not known:
        return "No figures."
    ends = dict.fromkeys(f"{row.name}: {row.cells[0].text}" for row in (known[0], known[-1]))
    return f"{'; '.join(ends)}. All figures are in the table below."


def slices(document: Document, *, hidden: set[str]) -> list[Section]:
    """One section for each slice that this reader may see, and a line for those that stay hidden."""
    metric = contents.metric_over_time(document)
    sections = []
    for position, name in enumerate(contents.slice_names(document)):
        label = wording.slice_name(document, name)
        if name in hidden:
            sentence = f"{label} is sensitive; these figures are hidden for your role."
            sections.append(Section(f"slice_{position}", f"By {label.lower()}", sentences=[sentence]))
            continue
        rows = [_slice_row(document, entry, metric) for entry in contents.slices_of(document, name)]
        head = [label, "Figure", "Reviewed cases alone", "Cases used", "Decisions"]
        data = Table(f"{wording.metric_name(document, metric)[0]}, by {label.lower()}", head, rows)
        chart = ChartText(f"slice_{position}", _description(data), data)
        sentences = _differing(document, name)
        sections.append(Section(f"slice_{position}", f"By {label.lower()}", chart=chart, sentences=sentences))
    return sections


def _differing(document: Document, name: str) -> list[str]:
    """Which values of a slice are not like the others."""
    values = [
        wording.slice_value(document, name, entry["value"])
        for entry in contents.slices_of(document, name)
        if entry.get("differs")
    ]
    if not values:
        return []
    listed = values[0] if len(values) == 1 else f"{', '.join(values[:-1])} and {values[-1]}"
    return [f"Not like the rest, beyond what chance explains: {listed}."]


def _slice_row(document: Document, entry: SliceSection, metric: str) -> Row:
    figure, of = entry["figures"].get(metric), unit(document, metric)
    alone = entry["naive"].get(metric)
    alone_text = "–" if alone is None or alone["value"] is None else of.text(alone["value"], 1.0)
    counts = [Cell(numbers.count(figure["n"] if figure else 0)), Cell(numbers.count(entry["n"]))]
    cells = [cell(figure, of), Cell(alone_text), *counts]
    aside = "differs from the rest" if entry.get("differs") else ""
    return Row(wording.slice_value(document, entry["name"], entry["value"]), cells, aside)


def cannot_say(document: Document) -> Section:
    """What the report cannot say, and why."""
    sentences = [caveat(entry) for entry in document["caveats"]]
    return Section("cannot_say", "What we cannot say", sentences=sentences or ["Nothing is left open in this window."])


def sample(document: Document) -> Section | None:
    """How many cases were drawn, and what became of them."""
    counts = document["sample"]
    if not counts["drawn"]:
        return None
    rate = counts["response_rate"]
    facts: Facts = [("Drawn", numbers.count(counts["drawn"]))]
    if counts["counted"] != counts["drawn"]:
        facts.append(("Drawn to be judged blind, and so counted", numbers.count(counts["counted"])))
    facts += [
        ("Answered", _with_share(counts["answered"], rate)),
        ("Waiting", numbers.count(counts["waiting"])),
        ("Left without an answer", numbers.count(counts["skipped"])),
    ]
    if counts["adjudication_chosen"]:
        chosen = f"{numbers.count(counts['adjudicated'])} of {numbers.count(counts['adjudication_chosen'])} given"
        facts.append(("Second opinions", f"{chosen}, {numbers.count(counts['overturned'])} decided otherwise"))
    low, high = counts["bounds"].get("accuracy", (0.0, 0.0))
    if low < high:
        facts.append(
            (
                "Right decisions, if all that is missing were wrong, or right",
                f"{rounding.percent(low)} to {rounding.percent(high)}",
            )
        )
    facts += _plan(document)
    note = "Every case had a known chance to be drawn; that is what makes the figures hold for all."
    return Section("sample", "The checked cases of the open days", note, facts=facts)


def _plan(document: Document) -> Facts:
    """How narrow the range of right decisions would be with every answer in, and what a target takes."""
    checks = document.get("checks")
    plan = checks["plan"] if checks else None
    if plan is None or plan["half_width"] is None:
        return []
    facts = [("Had every drawn case been answered, right decisions to within", _points(plan["half_width"]))]
    if plan["labels_needed"] is not None:
        facts.append(
            (f"Answers for right decisions to within {_points(plan['target'])}", numbers.count(plan["labels_needed"]))
        )
    return facts


def _points(half: float) -> str:
    return f"± {half * 100:.1f} points"


def _with_share(number: int, rate: float | None) -> str:
    return numbers.count(number) if rate is None else f"{numbers.count(number)} ({rounding.percent(rate)})"


def came_about(document: Document, figures: Figures) -> Section:
    """How the main figure came about, and of when the report is."""
    window, cohorts = document["window"], document["cohorts"]
    as_of = datetime.fromisoformat(window["as_of"])
    facts = how(wording.lead_figure(document)) if figures else []
    facts += [
        ("Days", f"{cohorts['final']} final, {cohorts['maturing'] + cohorts['provisional']} still open"),
        ("A day is final", f"{plural(cohorts['maturity_days'], 'day', 'days')} after its decisions"),
        ("As of", f"{numbers.day(as_of)}, {as_of:%H:%M} UTC; record {numbers.count(window['seq'])}"),
    ]
    return Section("came_about", "How this came about", facts=facts)


def restated(document: Document) -> Section | None:
    """What earlier reports said of the same window."""
    sentences = []
    for entry in document["restatements"]:
        of = unit(document, entry["metric"])
        day = numbers.day(datetime.fromisoformat(entry["previous_as_of"]))
        name = wording.metric_name(document, entry["metric"])[0]
        sentences.append(
            f"{name}: on {day} we said {said(entry['was'], of)}; now it is {said(entry['figure'], of)}. "
            f"Since then: {why_restated(entry)}."
        )
    return (
        Section("restated", "What has changed", "Figures of the whole window.", sentences=sentences)
        if sentences
        else None
    )
