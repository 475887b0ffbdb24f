"""What the sheets of all kinds have: figures in tables, series, slices, caveats, how it came about."""

from collections.abc import Iterable
from datetime import date, datetime

from apps.reports import contents, numbers, wording
from apps.reports.document import (
    BASELINE_METRICS,
    PERFORMANCE_METRICS,
    VALUE_METRICS,
    Document,
    Figure,
    Figures,
    Point,
    SliceSection,
)
from apps.reports.figures import SHORT_METHODS, Unit, figure_text, how, is_exact, range_text, unit_of
from apps.reports.reasons import caveat, plural, reason, said, why_restated
from apps.reports.sheets.parts import Cell, Facts, Key, Picture, Row, Section, Table

LOSS_METRICS = ("mae", "bias")
STEPS = {"day": "Day by day", "week": "Week by week", "month": "Month by month"}
HOLLOW = "Dots with their likely range; hollow: still open."
STATES = {"final": "final", "maturing": "still open", "provisional": "still open"}


def unit(document: Document, metric: str) -> Unit:
    return unit_of(metric, contents.currency(document))


def cell(figure: Figure | None, of: Unit) -> Cell:
    """The figure over its range, or a dash over the reason."""
    if figure is None:
        return Cell("–")
    why = reason(figure)
    return Cell(figure_text(figure, of), "; ".join(part for part in (range_text(figure, of), why) if part))


def share_key(label: str, figure: Figure, *, note: str = "") -> Key:
    """A share as "92 in 100"."""
    if figure["value"] is None:
        return Key(label, "", reason(figure), how(figure))
    decimals = numbers.per_hundred_decimals(figure["low"], figure["high"])
    text = numbers.in_hundred(figure["value"], decimals=decimals)
    low, high = figure["low"], figure["high"]
    spread = ""
    if not is_exact(figure) and low is not None and high is not None:
        spread = f"likely between {low * 100:.{decimals}f} and {high * 100:.{decimals}f}"
    return Key(
        label, text, _joined(spread or ("counted" if is_exact(figure) else ""), note, reason(figure)), how(figure)
    )


def figure_key(label: str, figure: Figure, of: Unit, *, note: str = "", between: str = "likely between") -> Key:
    """Any figure, large."""
    if figure["value"] is None:
        return Key(label, "", reason(figure), how(figure))
    spread = "counted" if is_exact(figure) else ""
    if not is_exact(figure) and figure["low"] is not None and figure["high"] is not None:
        step = of.step(figure)
        low, high = of.text(figure["low"], step), of.text(figure["high"], step)
        spread = f"{between} {low} and {high}"
    return Key(label, figure_text(figure, of), _joined(spread, note, reason(figure)), how(figure))


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def parts_of(document: Document) -> list[tuple[str, str]]:
    """The parts of the window that there are: name, and what the column is called."""
    called = {"closed": "Outcomes in", "open": "Still open", "all": "Whole window"}
    there = {part["part"] for part in document["parts"]} & set(document["sections"])
    # Where everything is settled, or nothing is, the whole says it all.
    return [(name, title) for name, title in called.items() if name in there and (name == "all" or len(there) == 3)]


ORDER = {
    "performance": (*PERFORMANCE_METRICS, *LOSS_METRICS),
    "baseline": BASELINE_METRICS,
    "value": VALUE_METRICS,
}


def metrics_of(document: Document) -> list[str]:
    """The metrics in their usual order, class by class: a stored document keeps none."""
    order = ORDER[document["kind"]]
    there = {metric for figures in document["sections"].values() for metric in figures}

    def place(metric: str) -> tuple[int, int, str]:
        name, _, of = metric.partition(":")
        of_class = document["classes"].index(of) if of in document["classes"] else -1
        return of_class, order.index(name) if name in order else len(order), metric

    return sorted(there, key=place)


def metric_table(document: Document, metrics: Iterable[str], *, caption: str) -> Table:
    """One row for each metric, one column for each part of the window."""
    columns = parts_of(document)
    rows = []
    for metric in metrics:
        name, aside = wording.metric_name(document, metric)
        figures = [document["sections"][part].get(metric) for part, _ in columns]
        rows.append(Row(name, [cell(figure, unit(document, metric)) for figure in figures], aside))
    return Table(caption, ["Measure", *(title for _, title in columns)], rows)


def how_table(document: Document, metrics: Iterable[str]) -> Table:
    """Method, cases and shares behind the figures; those that rest on the same share a row."""
    head = ["Figures", "How", "Cases used", "Worth as many equal draws as", "Answered", "Outcomes in", "Could be drawn"]
    resting: dict[tuple[str, tuple[Cell, ...]], list[str]] = {}
    for part, title in parts_of(document):
        for metric in metrics:
            figure = document["sections"][part].get(metric)
            if figure is not None:
                resting.setdefault((title, _basis_cells(figure)), []).append(wording.metric_name(document, metric)[0])
    rows = [Row(title, list(cells), "; ".join(names)) for (title, cells), names in resting.items()]
    return Table("How each figure came about", head, rows)


def _basis_cells(figure: Figure) -> tuple[Cell, ...]:
    shares = (figure["response_rate"], figure["outcome_share"], figure["covered_share"])
    effective = figure["n_eff"]
    return (
        Cell(SHORT_METHODS.get(figure["method"], figure["method"])),
        Cell(numbers.count(figure["n"])),
        Cell("–" if effective is None else numbers.count(effective)),
        *(Cell("–" if share is None else numbers.percent(share)) for share in shares),
    )


def over_time(document: Document, *, note: str) -> Section | None:
    """The picture over time with its data."""
    if not document["series"]:
        return None
    metric = contents.metric_over_time(document)
    data = Table(
        f"{wording.metric_name(document, metric)[0]}, {STEPS[document['step']].lower()}",
        [document["step"].capitalize(), "Figure", "Cases used", "Decisions", "State"],
        [_time_row(point, metric, unit(document, metric)) for point in document["series"]],
    )
    picture = Picture("by_time", _alt(data), data)
    return Section("by_time", STEPS[document["step"]], note, picture)


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


def _alt(data: Table) -> str:
    """A picture's message: first and last figure; the table below it has all."""
    known = [row for row in data.rows if row.cells[0].text != "–"]
    if not known:
        return data.caption
    ends = dict.fromkeys(f"{row.name}: {row.cells[0].text}" for row in (known[0], known[-1]))
    return f"{data.caption}. {'; '.join(ends)}. All figures are in the table below."


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
        sections.append(
            Section(f"slice_{position}", f"By {label.lower()}", "", Picture(f"slice_{position}", _alt(data), data))
        )
    return sections


def _slice_row(document: Document, entry: SliceSection, metric: str) -> Row:
    figure, of = entry["figures"].get(metric), unit(document, metric)
    alone = entry["naive"].get(metric)
    alone_text = "–" if alone is None or alone["value"] is None else of.text(alone["value"], 1.0)
    counts = [Cell(numbers.count(figure["n"] if figure else 0)), Cell(numbers.count(entry["n"]))]
    return Row(
        wording.slice_value(document, entry["name"], entry["value"]), [cell(figure, of), Cell(alone_text), *counts]
    )


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
    if "accuracy" in counts["bounds"]:
        low, high = counts["bounds"]["accuracy"]
        facts.append(
            (
                "Right decisions, if all that is missing were wrong, or right",
                f"{numbers.percent(low)} to {numbers.percent(high)}",
            )
        )
    note = "Every case had a known chance to be drawn; that is what makes the figures hold for all."
    return Section("sample", "The checked cases of the open days", note, facts=facts)


def _with_share(number: int, rate: float | None) -> str:
    return numbers.count(number) if rate is None else f"{numbers.count(number)} ({numbers.percent(rate)})"


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
