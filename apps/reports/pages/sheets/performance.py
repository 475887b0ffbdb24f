"""The performance page: how many decisions are right, and what counting the reviewed cases alone would say."""

from apps.reports.engine.document import Document
from apps.reports.pages import contents, wording
from apps.reports.pages.sheets import checks, common
from apps.reports.pages.sheets import sections as shared
from apps.reports.pages.sheets.parts import Cell, Key, Row, Section, Table

ALONE = "If one only counted the reviewed cases"


def keys(document: Document) -> list[Key]:
    if "accuracy" not in common.metrics_of(document):
        return []
    shown = [
        common.share_key(f"Right decisions: {title.lower()}", document["sections"][part]["accuracy"])
        for part, title in common.parts_of(document)
        if "accuracy" in document["sections"][part]
    ]
    alone = document["naive"].get("accuracy")
    if alone and alone["value"] is not None:
        text = f"{alone['value'] * 100:.0f} in 100"
        shown.append(Key(ALONE, text, "not corrected for how they were chosen; do not use", is_aside=True))
    # The whole window is in the table; three figures can be taken in at once.
    return [shown[0], shown[1], shown[3]] if len(shown) == 4 else shown


def sections(document: Document, *, hidden: set[str]) -> list[Section]:
    metric = contents.metric_over_time(document)
    note = f"{wording.metric_name(document, metric)[0]}. {shared.HOLLOW}"
    shown = [
        _measures(document),
        shared.over_time(document, note=note),
        *shared.slices(document, hidden=hidden),
        *checks.sections(document),
        shared.sample(document),
        shared.cannot_say(document),
        shared.restated(document),
        _further(document),
        shared.came_about(document, document["headline"]["figures"]),
    ]
    return [section for section in shown if section]


def _measures(document: Document) -> Section:
    metrics = [metric for metric in common.metrics_of(document) if not common.is_further(metric)]
    table = common.metric_table(document, metrics, caption="Each figure with its likely range")
    rows = [
        Row(row.name, [*row.cells, _alone(document, metric)], row.aside)
        for row, metric in zip(table.rows, metrics, strict=True)
    ]
    table = Table(table.caption, [*table.head, ALONE], rows)
    return Section("measures", "How well it decides", table=table, how=common.how_table(document, metrics))


def _further(document: Document) -> Section | None:
    metrics = [metric for metric in common.metrics_of(document) if common.is_further(metric)]
    if not metrics:
        return None
    table = common.metric_table(document, metrics, caption="The same decisions by other measures")
    return Section("further", "More measures", table=table, how=common.how_table(document, metrics))


def _alone(document: Document, metric: str) -> Cell:
    alone = document["naive"].get(metric)
    if alone is None or alone["value"] is None:
        return Cell("–")
    return Cell(common.unit(document, metric).text(alone["value"], 1.0), "uncorrected")
