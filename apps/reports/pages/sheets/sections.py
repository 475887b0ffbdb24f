"""The sections that several sheets share: over time, by slice, the sample, the caveats, how the report was made."""

from datetime import date, datetime

from apps.common import dates
from apps.common.shares import hundredths
from apps.reports.engine.document import Document, Figures, Override, Point, SliceSection
from apps.reports.engine.rounding import Unit, is_exact, percent, step_of, unit_of
from apps.reports.pages import contents, numbers, wording
from apps.reports.pages.caveat_wording import caveat, logged, why_restated
from apps.reports.pages.contents import unit
from apps.reports.pages.figures import RANGE, how, in_sentence
from apps.reports.pages.numbers import count, listed, plural
from apps.reports.pages.sheets.layout import Cell, ChartText, Facts, Row, Section, Table
from apps.reports.pages.sheets.tables import cell, labels_cell

STATES = {"final": "final", "maturing": "still open", "provisional": "still open"}
HOLLOW = f"Dots with their {RANGE}; hollow dots are still open or preliminary."
SLICE_DOTS = f"Dots with their {RANGE}; hollow dots are preliminary."
WEEK = 7  # days
STEPS = {"day": "Day by day", "week": "Week by week", "month": "Month by month"}


def over_time(document: Document, *, note: str) -> Section | None:
    """Show the chart over time with its figures."""
    # A single stretch is the whole window, and the figures above have it.
    if len(document["series"]) < contents.LEAST_FOR_A_CHART:
        return None
    metric = contents.metric_over_time(document)
    data = Table(
        f"{wording.metric_name(document, metric)[0]}, {STEPS[document['step']].lower()}",
        [document["step"].capitalize(), "Figure", "Labels", "Predictions", "State"],
        [_time_row(point, metric, unit(document, metric)) for point in document["series"]],
    )
    if contents.known_in_time(document) < contents.LEAST_FOR_A_CHART:
        return Section("by_time", STEPS[document["step"]], "Too few figures for a chart.", table=data)
    return Section("by_time", STEPS[document["step"]], note, ChartText("by_time", _description(data), data))


def dots_over_time(document: Document) -> str:
    """Say which figure the dots stand for, and what surrounds them."""
    metric = contents.metric_over_time(document)
    figures = [point["figures"].get(metric) for point in document["series"]]
    is_counted = all(is_exact(figure) for figure in figures if figure is not None and figure["value"] is not None)
    dots = (
        "All outcomes are in" if is_counted else f"Dots with their {RANGE}; hollow dots are still open or preliminary"
    )
    return f"{wording.metric_name(document, metric)[0]}. {dots}."


def cut_short(document: Document) -> str:
    """Name a first or last week or month that is not whole: its sums look small for no other reason."""
    ends = {point["start"]: point for point in (document["series"][0], document["series"][-1])}.values()
    spans = [(date.fromisoformat(point["start"]), date.fromisoformat(point["end"])) for point in ends]
    if document["step"] == "week":
        days = (spans[-1][1] - spans[-1][0]).days
        return f" From {dates.of_year(spans[-1][0])}: {plural(days, 'day', 'days')} only." if days < WEEK else ""
    cut = [f"{start:%B}" for start, end in spans if not numbers.is_month(start, end)]
    return f" {' and '.join(cut)}: part of the month only." if cut else ""


def _time_row(point: Point, metric: str, of: Unit) -> Row:
    figure = point["figures"].get(metric)
    name = numbers.period(date.fromisoformat(point["start"]), date.fromisoformat(point["end"]))
    counts = [labels_cell(figure), Cell(count(point["n"]))]
    return Row(name, [cell(figure, of), *counts, Cell(STATES.get(point["state"], point["state"]))])


def _description(data: Table) -> str:
    """Say a chart's message: first and last figure; the table below it has all."""
    known = [row for row in data.rows if row.cells[0].text != "–"]
    if not known:
        return "No figures."
    ends = dict.fromkeys(f"{row.name}: {row.cells[0].text}" for row in (known[0], known[-1]))
    return f"{'; '.join(ends)}. All figures are in the table below."


def slices(document: Document) -> list[Section]:
    """Make a section for each slice."""
    metric = contents.metric_over_time(document)
    sections = []
    for position, name in enumerate(contents.slice_names(document)):
        label = wording.slice_name(document, name)
        rows = [_slice_row(document, entry, metric) for entry in contents.slices_of(document, name)]
        head = [label, "Figure", "Reviewed cases alone", "Labels", "Predictions"]
        data = Table(f"{wording.metric_name(document, metric)[0]}, by {label.lower()}", head, rows)
        chart = ChartText(f"slice_{position}", _description(data), data)
        sentences = _differing(document, name)
        sections.append(Section(f"slice_{position}", f"By {label.lower()}", SLICE_DOTS, chart, sentences=sentences))
    return sections


def _differing(document: Document, name: str) -> list[str]:
    """Name the values of a slice that differ from the rest, in a sentence."""
    values = [
        wording.slice_value(document, name, entry["value"])
        for entry in contents.slices_of(document, name)
        if entry.get("differs")
    ]
    return [f"Not like the rest, beyond what chance explains: {listed(values)}."] if values else []


def _slice_row(document: Document, entry: SliceSection, metric: str) -> Row:
    figure, of = entry["figures"].get(metric), unit(document, metric)
    alone = entry["naive"].get(metric)
    alone_text = "–" if alone is None or alone["value"] is None else _alone(of, alone["value"])
    counts = [labels_cell(figure), Cell(count(entry["n"]))]
    cells = [cell(figure, of), Cell(alone_text), *counts]
    aside = "differs from the rest" if entry.get("differs") else ""
    return Row(wording.slice_value(document, entry["name"], entry["value"]), cells, aside)


def _alone(of: Unit, value: float) -> str:
    """Write a figure without a range: errors have three digits."""
    return of.text(value, step_of(value, None, None) if of.kind == "error" else 1.0)


def overrides(document: Document) -> Section | None:
    """Show how often what was done departs from the model, and what came of it."""
    acted = document.get("overrides")
    if not acted:
        return None
    whole, *groups = acted["groups"]
    share, right = unit_of("accuracy"), whole["right"]
    sentences = [
        f"Something else was done than the model said in {in_sentence(whole['departed'], share)} of "
        f"{plural(whole['n'], 'prediction with a known action', 'predictions with a known action')}."
        if whole["departed"]["value"] is not None
        else "Too few actions are known to say how often they depart from the model."
    ]
    if right["value"] is not None:
        known = plural(whole["known"], "departure whose outcome is known", "departures whose outcomes are known")
        sentences.append(f"Of {known}, {in_sentence(right, share)} turned out right.")
    if whole["departures"] > whole["known"]:
        without = plural(whole["departures"] - whole["known"], "departure has", "departures have")
        sentences.append(f"{without} no known outcome, so nobody can say what came of it.")
    money = unit(document, "value_total") if acted["currency"] else None
    head = ["Predictions", "Departed", "Right, where known", "Departures with outcome"]
    head += ["Worth of one"] if money else []
    rows = [
        Row(
            _group_name(document, group),
            [
                cell(group["departed"], share),
                cell(group["right"], share),
                Cell(f"{count(group['known'])} of {count(group['departures'])}"),
                *([cell(group["worth"], money)] if money else []),
            ],
        )
        for group in [whole, *groups]
    ]
    table = Table("What was done, beside what the model said", head, rows)
    return Section("overrides", "Overrides", table=table, sentences=sentences)


def _group_name(document: Document, group: Override) -> str:
    if group["kind"] == "class":
        return f"The model said “{wording.class_name(document, group['value'])}”"
    if group["kind"] == "queue":
        return f"Drawn into {group['value']}" if group["value"] else "Not drawn for review"
    if group["kind"] == "slice":
        value = wording.slice_value(document, group["name"], group["value"])
        return f"{wording.slice_name(document, group['name'])}: {value}"
    return "All"


def cannot_say(document: Document) -> Section:
    """Show the caveats."""
    sentences = [caveat(entry) for entry in document["caveats"]]
    return Section("cannot_say", "What we cannot say", sentences=sentences or ["Nothing is left open in this window."])


def sample(document: Document) -> Section | None:
    """Show how many cases were drawn, and how their reviews stand."""
    counts = document["sample"]
    if not counts["drawn"]:
        return None
    rate = counts["response_rate"]
    facts: Facts = [("Drawn", count(counts["drawn"]))]
    if counts["counted"] != counts["drawn"]:
        facts.append(("Drawn blind, and so counted", count(counts["counted"])))
    if counts["left_out"]:
        facts.append(("Not started, and left out", count(counts["left_out"])))
    facts += [
        ("Reviewed", _with_share(counts["answered"], rate)),
        ("Waiting", count(counts["waiting"])),
        ("Skipped", count(counts["skipped"])),
    ]
    if counts["adjudication_chosen"]:
        given = f"{count(counts['adjudicated'])} of {count(counts['adjudication_chosen'])} given"
        facts.append(("Second opinions", f"{given}, {count(counts['overturned'])} changed the answer"))
    for metric in ("accuracy", "within"):
        low, high = counts["bounds"].get(metric, (0.0, 0.0))
        if low < high:
            name = "Accuracy" if metric == "accuracy" else wording.metric_name(document, metric)[0]
            facts.append((f"{name} if all missing reviews were wrong, or right", f"{percent(low)} to {percent(high)}"))
    facts += _plan(document)
    note = "Every case had a known chance to be drawn, which is why the figures hold for all predictions."
    return Section("sample", "Drawn cases of the open days", note, facts=facts)


def _plan(document: Document) -> Facts:
    """Show the range of accuracy with every drawn case reviewed, and the labels that a target takes."""
    checks = document.get("checks")
    plan = checks["plan"] if checks else None
    if plan is None or plan["half_width"] is None:
        return []
    what = "accuracy" if plan["metric"] == "accuracy" else "the share right"
    facts = [(f"Range of {what} if every drawn case were reviewed", _points(plan["half_width"]))]
    if plan["labels_needed"] is not None:
        facts.append((f"Labels for {what} to within {_points(plan['target'])}", count(plan["labels_needed"])))
    return facts


def _points(half: float) -> str:
    return f"± {hundredths(half, decimals=1)} points"


def _with_share(number: int, rate: float | None) -> str:
    return count(number) if rate is None else f"{count(number)} ({percent(rate)})"


def came_about(document: Document, figures: Figures) -> Section:
    """Show how the main figure was made, what its range means, and what the report knew."""
    window, cohorts = document["window"], document["cohorts"]
    as_of = datetime.fromisoformat(window["as_of"])
    facts = how(contents.lead_figure(document)) if figures else []
    part = next((entry for entry in document["caveats"] if entry["code"] == "logged_in_part"), None)
    facts += [("Logged", logged(part["details"]))] if part else []
    facts += [
        (RANGE, "of 100 such ranges, about 95 contain the true figure"),
        ("Days", f"{cohorts['final']} final, {cohorts['maturing'] + cohorts['provisional']} still open"),
        ("A day is final", f"{plural(cohorts['maturity_days'], 'day', 'days')} after its predictions"),
        ("As of", f"{numbers.day(as_of)}, {as_of:%H:%M} UTC; record {count(window['seq'])}"),
    ]
    return Section("came_about", "How it was counted", facts=facts)


def restated(document: Document) -> Section | None:
    """Show the figures that earlier reports on the same window gave otherwise."""
    sentences = []
    for entry in document["restatements"]:
        of = unit(document, entry["metric"])
        day = numbers.day(datetime.fromisoformat(entry["previous_as_of"]))
        name = wording.metric_name(document, entry["metric"])[0]
        sentences.append(
            f"{name}: on {day} we said {in_sentence(entry['was'], of)}; now it is {in_sentence(entry['figure'], of)}. "
            f"Since then: {why_restated(entry)}."
        )
    if not sentences:
        return None
    return Section("restated", "What has changed", "Figures of the whole window.", sentences=sentences)
