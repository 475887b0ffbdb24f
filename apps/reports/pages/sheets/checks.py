"""What stands for or against the figures: expected, corrected, and what outcomes said later."""

from collections.abc import Iterator
from datetime import date

from apps.reports.engine.document import PERFORMANCE_METRICS, Document, Drift, Figures, Hindsight, SecondOpinions, SoFar
from apps.reports.pages import numbers, wording
from apps.reports.pages.figures import range_text
from apps.reports.pages.reasons import plural, said
from apps.reports.pages.sheets.common import cell, unit
from apps.reports.pages.sheets.parts import Cell, Row, Section, Table

PARTS = {"closed": "days with outcomes", "open": "days still open"}


def sections(document: Document) -> Iterator[Section]:
    """Those that there are."""
    found = document.get("checks")
    if not found:
        return
    if found["drift"]:
        yield _expected(document, found["drift"])
    if found["so_far"]:
        yield _so_far(document, found["so_far"])
    if found["second_opinions"]:
        yield _second_opinions(document, found["second_opinions"])
    if found["hindsight"]:
        yield _hindsight(document, found["hindsight"])


def _expected(document: Document, drift: list[Drift]) -> Section:
    """Expected and measured, metric by metric."""
    rows = [_drift_row(document, each) for each in drift]
    head = ["Measure", "Expected at these scores", "Measured", "Difference"]
    return Section(
        "expected",
        "What was expected, and what came",
        table=Table("What the scores let one expect beside what was measured", head, rows),
        sentences=[_verdict(document, part, drift) for part in PARTS if any(each["part"] == part for each in drift)],
    )


def _drift_row(document: Document, each: Drift) -> Row:
    of = unit(document, each["metric"])
    name = wording.metric_name(document, each["metric"])[0]
    by = each["difference"]
    points = unit(document, "accuracy_difference")
    difference = Cell("–") if by["value"] is None else Cell(points.text(by["value"], 0.0), range_text(by, points))
    expected = cell(each["expected"], of)
    if each["reference"] == "score":
        expected = Cell(expected.text, "by the score’s own word")
    return Row(name, [expected, cell(each["measured"], of), difference], PARTS[each["part"]])


def _verdict(document: Document, part: str, drift: list[Drift]) -> str:
    """Whether chance explains the difference, of the days of one part."""
    here = [each for each in drift if each["part"] == part]
    first = here[0]
    on = f"On {PARTS[part]}"
    if first["reference"] == "score":
        return f"{on} there are too few earlier outcomes to expect anything by; the score is taken at its word."
    basis = f"from {plural(first['reference_n'], 'earlier outcome', 'earlier outcomes')}"
    drifted = [wording.metric_name(document, each["metric"])[0] for each in here if each["has_drifted"]]
    if drifted:
        return (
            f"{on} chance does not explain the difference to what was expected ({basis}): {'; '.join(drifted)}. "
            "The same score no longer means the same."
        )
    if all(each["p"] is None for each in here):
        return f"{on} there is nothing to compare yet."
    return f"{on} chance explains the difference to what was expected ({basis})."


def _so_far(document: Document, found: SoFar) -> Section:
    columns = {"Outcomes so far": found["figures"], "Closed days and checked cases": document["sections"]["all"]}
    known = f"{numbers.count(found['known'])} of {plural(found['n'], 'outcome is', 'outcomes are')} in"
    through = numbers.day(date.fromisoformat(found["through"]))
    half, most = (found["waits"].get(share) for share in ("0.5", "0.9"))
    sentences = []
    if half is not None and most is not None:
        sentences.append(
            f"Half of the outcomes are known {plural(round(half), 'day', 'days')} after the decision, "
            f"nine in ten after {plural(round(most), 'day', 'days')}."
        )
    return Section(
        "so_far",
        "From the outcomes that came so far",
        f"{known} by {through}. Each is weighed by how likely it was known by then, which supposes that outcomes of "
        "late decisions take as long as those of early ones.",
        table=_beside(document, "The whole window, two ways", columns),
        sentences=sentences,
    )


def _second_opinions(document: Document, both: SecondOpinions) -> Section:
    columns = {"With second opinions": both["corrected"], "Answers at their word": both["at_word"]}
    return Section(
        "second_opinions",
        "With and without second opinions",
        "Some answers were given to a second person. The first column corrects for what these found; the second takes "
        "every answer at its word. Days still open.",
        table=_beside(document, "With the correction for reviewers’ errors, and without", columns),
    )


def _hindsight(document: Document, found: Hindsight) -> Section:
    columns = {"From the checked cases": found["from_reviews"], "From the outcomes": found["from_outcomes"]}
    disagreement = found["disagreement"]
    sentences = []
    if disagreement["value"] is not None:
        share = said(disagreement, unit(document, "disagreement"))
        sentences.append(f"Reviewer and outcome differ in {share} of decisions.")
    answers = plural(found["answered"], "checked case", "checked cases")
    return Section(
        "hindsight",
        "What reviews said, and what outcomes said later",
        f"{plural(found['days'], 'day', 'days')} whose outcomes are in by now, {numbers.count(found['n'])} decisions; "
        f"{answers} would have been all there was.",
        table=_beside(document, "The same days before and after their outcomes came", columns),
        sentences=sentences,
    )


def _beside(document: Document, caption: str, columns: dict[str, Figures]) -> Table:
    """The same measures in columns."""
    rows = []
    for metric in PERFORMANCE_METRICS:
        name, aside = wording.metric_name(document, metric)
        cells = [cell(figures.get(metric), unit(document, metric)) for figures in columns.values()]
        rows.append(Row(name, cells, aside))
    return Table(caption, ["Measure", *columns], rows)
