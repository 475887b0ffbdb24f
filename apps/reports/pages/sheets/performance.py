"""The performance sheet: how many predictions are right, the uncorrected figures beside, and checks on both."""

from collections.abc import Iterator
from datetime import date

from apps.reports.engine.document import (
    Document,
    Drift,
    Figures,
    Hindsight,
    SecondOpinions,
    SoFar,
)
from apps.reports.engine.rounding import step_of
from apps.reports.pages import contents, number_wording, numbers, wording
from apps.reports.pages.contents import unit
from apps.reports.pages.figures import RANGE, in_sentence, range_text
from apps.reports.pages.numbers import count, plural
from apps.reports.pages.sheets import fields, pictures, tables
from apps.reports.pages.sheets import sections as shared
from apps.reports.pages.sheets.layout import Cell, Row, Section, Table
from apps.reports.pages.sheets.reveals import reveals
from apps.reports.pages.sheets.tables import cell

ALONE = "Counting only the reviewed cases"
COMPARED = (
    "Expected is what the scores say, moved by how far they were off in earlier outcomes. The verdict takes all "
    "measures together, so a single range may leave out 0 without one."
)
BY_CLASS = {"precision": "Precision", "recall": "Recall"}
PARTS = {"closed": "closed days", "open": "open days"}


def sections(document: Document) -> list[Section]:
    shown = [
        shared.over_time(document, note=shared.dots_over_time(document)),
        *(_pictures(document) if document.get("pictures") else []),
        pictures.slices(document),
        pictures.weak(document) if document.get("pictures") else None,
        shared.overrides(document),
        reveals(document),
        shared.cannot_say(document),
        shared.came_about(document, document["headline"]["figures"]),
        _measures(document),
        _further(document),
        _other_classes(document),
        *_checks(document),
        shared.sample(document),
        shared.restated(document),
    ]
    return [section for section in shown if section]


def _pictures(document: Document) -> list[Section | None]:
    return [
        fields.matrix(document),
        pictures.calibration(document),
        pictures.scores(document),
        pictures.thresholds(document),
        *pictures.levels(document),
    ]


def _measures(document: Document) -> Section:
    metrics = [metric for metric in tables.metrics_of(document) if not tables.is_further(metric)]
    table = tables.metric_table(document, metrics, caption=f"Each figure with its {RANGE}")
    rows = [
        Row(row.name, [*row.cells, _alone(document, metric)], row.aside)
        for row, metric in zip(table.rows, metrics, strict=True)
    ]
    table = Table(table.caption, [*table.head, ALONE], rows)
    return Section("measures", "All measures", table=table, how=tables.how_table(document, metrics))


def _further(document: Document) -> Section | None:
    metrics = [metric for metric in tables.metrics_of(document) if tables.is_further(metric)]
    if not metrics:
        return None
    table = tables.metric_table(document, metrics, caption="The same predictions by other measures")
    return Section("further", "More measures", table=table, how=tables.how_table(document, metrics))


def _other_classes(document: Document) -> Section | None:
    """Show precision and recall of the classes beyond the main ones, closed until opened."""
    others = sorted(set(document["classes"]) - set(contents.main_classes(document)), key=document["classes"].index)
    if not others:
        return None
    figures, of = document["headline"]["figures"], unit(document, "accuracy")
    rows = [
        Row(wording.class_name(document, name), [cell(figures.get(f"{metric}:{name}"), of) for metric in BY_CLASS])
        for name in others
    ]
    shown = plural(len(contents.main_classes(document)), "class", "classes")
    return Section(
        "classes",
        "The other classes",
        f"The figures above are of the {shown} with most predictions.",
        how=Table(f"The other {count(len(others))}, as registered", ["Class", *BY_CLASS.values()], rows),
    )


def _alone(document: Document, metric: str) -> Cell:
    alone = document["naive"].get(metric)
    if alone is None or alone["value"] is None:
        return Cell("–")
    return Cell(unit(document, metric).text(alone["value"], step_of(alone["value"], None, None)), "uncorrected")


def _checks(document: Document) -> Iterator[Section]:
    checks = document.get("checks")
    if not checks:
        return
    if checks["drift"]:
        yield _expected(document, checks["drift"])
    if checks["so_far"]:
        yield _so_far(document, checks["so_far"])
    if checks["second_opinions"]:
        yield _second_opinions(document, checks["second_opinions"])
    if checks["hindsight"]:
        yield _hindsight(document, checks["hindsight"])


def _expected(document: Document, drift: list[Drift]) -> Section:
    """Show expected and measured performance, metric by metric."""
    rows = [_drift_row(document, entry) for entry in drift]
    head = ["Measure", "Expected at these scores", "Measured", "Difference"]
    return Section(
        "expected",
        "Expected and measured",
        COMPARED if any(entry["reference"] == "earlier" for entry in drift) else "",
        table=Table("What the scores lead us to expect, and what was measured", head, rows),
        sentences=[_verdict(document, part, drift) for part in PARTS if any(entry["part"] == part for entry in drift)],
    )


def _drift_row(document: Document, entry: Drift) -> Row:
    of = unit(document, entry["metric"])
    name = wording.metric_name(document, entry["metric"])[0]
    by = entry["difference"]
    points = unit(document, "accuracy_difference")
    difference = Cell("–") if by["value"] is None else Cell(points.text(by["value"], 0.0), range_text(by, points))
    expected = cell(entry["expected"], of)
    if entry["reference"] == "score":
        expected = Cell(expected.text, "from the scores alone")
    return Row(name, [expected, cell(entry["measured"], of), difference], PARTS[entry["part"]])


def _verdict(document: Document, part: str, drift: list[Drift]) -> str:
    """Say whether chance explains the difference, over the days of one part."""
    # Loads scipy, which few requests need.
    from apps.stats.delay.concept_drift import LEAST_REFERENCE  # noqa: PLC0415  # see above

    entries = [entry for entry in drift if entry["part"] == part]
    first = entries[0]
    on = f"On {PARTS[part]},"
    if first["reference"] == "score":
        known = plural(first["reference_n"], "has come", "have come")
        return (
            f"{on} there is no verdict: it takes {count(LEAST_REFERENCE)} outcomes of closed days before them, and "
            f"{known}. Until then, the scores alone say what to expect."
        )
    basis = plural(first["reference_n"], "earlier outcome", "earlier outcomes")
    drifted = [wording.metric_name(document, entry["metric"])[0] for entry in entries if entry["has_drifted"]]
    if drifted:
        return (
            f"{on} chance does not explain the difference from what {basis} led us to expect: {'; '.join(drifted)}. "
            "The same score no longer means the same."
        )
    if all(entry["p"] is None for entry in entries):
        return f"{on} no measured figure stands yet, so there is no verdict."
    return f"{on} chance explains the difference from what {basis} led us to expect."


def _so_far(document: Document, so_far: SoFar) -> Section:
    columns = {"Outcomes so far": so_far["figures"], "Closed days and reviewed cases": document["sections"]["all"]}
    known = f"{count(so_far['known'])} of {plural(so_far['n'], 'outcome was', 'outcomes were')} known"
    through = numbers.day(date.fromisoformat(so_far["through"]))
    half, most = (so_far["waits"].get(share) for share in ("0.5", "0.9"))
    sentences = [_bounds(document, so_far)] if so_far["bounds"] else []
    if half is not None and most is not None:
        sentences.append(
            f"Half of the outcomes are known {plural(round(half), 'day', 'days')} after the prediction, "
            f"nine in ten after {plural(round(most), 'day', 'days')}."
        )
    return Section(
        "so_far",
        "Outcomes so far",
        f"By {through}, {known}. {_how_so_far(so_far)}",
        table=_side_by_side(document, "The whole window, estimated in two ways", columns),
        sentences=sentences,
    )


def _bounds(document: Document, so_far: SoFar) -> str:
    ends = so_far["bounds"]["accuracy"]
    low, high = (unit(document, "accuracy").text(end, 0.01) for end in ends)
    return (
        f"Of the predictions whose outcome was due, between {low} and {high} are right, whatever the missing ones were."
    )


def _how_so_far(so_far: SoFar) -> str:
    if so_far["code"] == "outcomes_missing":
        due = plural(so_far["due"], "outcome that was due", "outcomes that were due")
        return f"Of {due}, {count(so_far['overdue'])} never came, so the others bear no figure."
    if so_far["code"] == "not_stable":
        return (
            "Weighting each by how likely it was to be known by then gives one estimate, counting them week by week "
            "another, and chance does not explain the difference. Either truth or delays changed within the window, so "
            "there is no figure until its days are final."
        )
    return (
        "Each is weighted by how likely it was to be known by then. This assumes that neither truth nor delays changed "
        "within the window; an estimate week by week agrees within chance."
    )


def _second_opinions(document: Document, both: SecondOpinions) -> Section:
    columns = {"With second opinions": both["corrected"], "Answers as given": both["at_word"]}
    return Section(
        "second_opinions",
        "With and without second opinions",
        "Some cases got a second opinion. The first column corrects for the errors that these found; the second takes "
        "every answer as given. Open days only.",
        table=_side_by_side(document, "With and without the correction for reviewers’ errors", columns),
    )


def _hindsight(document: Document, hindsight: Hindsight) -> Section:
    columns = {"From the reviewed cases": hindsight["from_reviews"], "From the outcomes": hindsight["from_outcomes"]}
    disagreement = hindsight["disagreement"]
    sentences = []
    if disagreement["value"] is not None:
        share = in_sentence(disagreement, unit(document, "disagreement"))
        sentences.append(f"Reviewer and outcome differ{number_wording.apart(document)} in {share} of predictions.")
    days = plural(hindsight["days"], "day", "days")
    return Section(
        "hindsight",
        "Reviews against outcomes",
        f"{days} whose outcomes are now known, {count(hindsight['n'])} predictions. Without outcomes, "
        f"{plural(hindsight['answered'], 'reviewed case', 'reviewed cases')} would be all there is to go by.",
        table=_side_by_side(document, "The same days before and after their outcomes arrived", columns),
        sentences=sentences,
    )


def _side_by_side(document: Document, caption: str, columns: dict[str, Figures]) -> Table:
    """Put the same measures in columns."""
    rows = []
    metrics = [metric for metric in tables.metrics_of(document) if not tables.is_further(metric)]
    for metric in (each for each in metrics if any(each in figures for figures in columns.values())):
        name, aside = wording.metric_name(document, metric)
        cells = [cell(figures.get(metric), unit(document, metric)) for figures in columns.values()]
        rows.append(Row(name, cells, aside))
    return Table(caption, ["Measure", *columns], rows)
