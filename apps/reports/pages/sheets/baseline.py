"""The baseline page: how often model and baseline differ, and who is right there."""

from apps.reports.engine import rounding
from apps.reports.engine.document import BaselineSection, Document
from apps.reports.pages import contents, numbers, wording
from apps.reports.pages.sheets import common
from apps.reports.pages.sheets import sections as shared
from apps.reports.pages.sheets.parts import Cell, Facts, Key, Row, Section, Table


def keys(document: Document) -> list[Key]:
    figures = document["headline"]["figures"]
    shown = []
    if "disagreement_rate" in figures:
        shown.append(common.share_key("They differ", figures["disagreement_rate"]))
    if "win_rate" in figures:
        shown.append(common.share_key("Model right where they differ", figures["win_rate"]))
    if "accuracy_difference" in figures:
        difference = figures["accuracy_difference"]
        of = common.unit(document, "accuracy_difference")
        shown.append(common.figure_key("More right decisions in 100", difference, of))
    return shown


def sections(document: Document, *, hidden: set[str]) -> list[Section]:
    both = document.get("baseline")
    metric = contents.metric_over_time(document)
    shown = [
        _measures(document),
        shared.over_time(
            document, note=f"{wording.METRICS[metric][0]}, in percent of decisions, with the likely range."
        ),
        _matrix(document, both) if both else None,
        _who_was_right(both) if both else None,
        *shared.slices(document, hidden=hidden),
        shared.sample(document),
        shared.cannot_say(document),
        shared.restated(document),
        shared.came_about(document, document["headline"]["figures"]),
    ]
    return [section for section in shown if section]


def _measures(document: Document) -> Section:
    metrics = common.metrics_of(document)
    table = common.metric_table(document, metrics, caption="Each figure with its likely range")
    return Section("measures", "Model and baseline", table=table, how=common.how_table(document, metrics))


def _matrix(document: Document, both: BaselineSection) -> Section:
    counts, names = both["matrix"]["counts"], document["names"]["classes"]
    classes = [names.get(name, name) for name in both["matrix"]["classes"]]
    total = sum(map(sum, counts))
    same = sum(counts[i][i] for i in range(len(classes)))
    rows = [
        Row(f"Model: {name}", [Cell(numbers.count(n), rounding.percent(n / total) if total else "") for n in row])
        for name, row in zip(classes, counts, strict=True)
    ]
    table = Table("Decisions, and their share of all", ["", *(f"Baseline: {name}" for name in classes)], rows)
    agreed = (
        f"The same answer in {rounding.percent(same / total)} of {numbers.count(total)} decisions." if total else ""
    )
    return Section("matrix", "Who said what", agreed, table=table)


def _who_was_right(both: BaselineSection) -> Section:
    facts: Facts = [
        ("They differ in", f"{numbers.count(both['disagreements'])} decisions"),
        ("Where the truth is known, the model was right in", numbers.count(both["model_right"])),
        ("The baseline was right in", numbers.count(both["baseline_right"])),
    ]
    if both["neither_right"]:
        facts.append(("Neither was right in", numbers.count(both["neither_right"])))
    chance = both["mcnemar_p"]
    if chance is not None:
        facts.append(("If both were equally good, a gap this wide would come up", _how_often(chance)))
    note = "Plain counts; the figures above weigh each checked case by its chance to be drawn."
    return Section("right", "Who was right where they differ", note, facts=facts)


def _how_often(chance: float) -> str:
    """
    >>> _how_often(0.0), _how_often(0.032), _how_often(0.4)
    ('less than once in 10,000 times', '3.2 times in 100', '40 times in 100')
    """
    if chance < 0.0001:
        return "less than once in 10,000 times"
    return f"{chance * 100:.2g} times in 100"
