"""Figures as cells of tables and as large keys, alike on all sheets."""

from collections.abc import Iterable

from apps.common.shares import hundredths
from apps.reports.engine.document import (
    BASELINE_METRICS,
    FURTHER_METRICS,
    NUMBER_BASELINE_METRICS,
    PERFORMANCE_METRICS,
    REGRESSION_METRICS,
    VALUE_METRICS,
    Document,
    Figure,
)
from apps.reports.engine.rounding import Unit, figure_text, is_exact, percent, unit_of
from apps.reports.pages import wording
from apps.reports.pages.contents import main_classes, unit
from apps.reports.pages.figures import (
    IF_ALIKE,
    OF_PREDICTIONS,
    RANGE,
    SHORT_METHODS,
    bounds_text,
    brief,
    how,
    is_response_low,
    labels,
    range_of,
    range_text,
    range_words,
    reason,
)
from apps.reports.pages.numbers import count, in_hundred, per_hundred_decimals
from apps.reports.pages.sheets.layout import Cell, Key, Row, Table

# Averages over several classes; further metrics, like FURTHER_METRICS.
OF_ALL_CLASSES = ("macro_precision", "macro_recall", "macro_f1", "weighted_f1")
ORDER = {
    "performance": (*PERFORMANCE_METRICS, *REGRESSION_METRICS, *OF_ALL_CLASSES, *FURTHER_METRICS),
    "baseline": (*BASELINE_METRICS, *NUMBER_BASELINE_METRICS),
    "value": (*VALUE_METRICS, *REGRESSION_METRICS),
}
PART_TITLES = {"closed": "Closed days", "open": "Open days", "all": "Whole window"}


def is_further(metric: str) -> bool:
    """Say whether the metric stands in the second table, below the main ones."""
    return metric in FURTHER_METRICS or metric in OF_ALL_CLASSES or (metric.partition(":")[0] == "f1" and ":" in metric)


def class_of(metric: str) -> str | None:
    """Return the class that the metric is of; None for a metric of all.

    >>> class_of("recall:cat"), class_of("accuracy")
    ('cat', None)
    """
    return metric.partition(":")[2] or None


def cell(figure: Figure | None, of: Unit) -> Cell:
    """Put the figure over its range, or a dash over the reason."""
    if figure is None:
        return Cell("–")
    said, remark = brief(figure)
    notes = (range_text(figure, of), said, bounds_text(figure, of))
    return Cell(figure_text(figure, of), "; ".join(note for note in notes if note), remark)


def labels_cell(figure: Figure | None) -> Cell:
    """Count the labels, and name them where outcomes and reviews stand together."""
    if figure is None or figure["method"] in OF_PREDICTIONS:
        return Cell("–")
    return Cell(count(figure["n"]), labels(figure) if figure["outcomes"] and figure["reviews"] else "")


def share_key(label: str, figure: Figure, *, note: str = "") -> Key:
    """Write a share as "92 in 100"."""
    if figure["value"] is None:
        return _without_figure(label, figure, unit_of("accuracy"))
    decimals = per_hundred_decimals(figure["low"], figure["high"])
    text = in_hundred(figure["value"], decimals=decimals)
    spread = "counted" if is_exact(figure) else ""
    if ends := range_of(figure):
        spread = range_words(*(hundredths(end, decimals=decimals) for end in ends))
    return Key(label, text, _notes(figure, unit_of("accuracy"), spread, note), how(figure))


def figure_key(label: str, figure: Figure, of: Unit, *, note: str = "") -> Key:
    """Write any figure, large."""
    if figure["value"] is None:
        return _without_figure(label, figure, of)
    spread = "counted" if is_exact(figure) else ""
    if ends := range_of(figure):
        step = of.step(figure)
        # Kinds of mistake span the range of that method, not chance.
        spread = of.range(*ends, step) if figure["method"] == "range" else f"{RANGE} {of.range(*ends, step)}"
    return Key(label, figure_text(figure, of), _notes(figure, of, spread, note), how(figure))


def _without_figure(label: str, figure: Figure, of: Unit) -> Key:
    """Say why there is no figure, and within which bounds it would lie."""
    return Key(label, "", "; ".join(filter(None, (reason(figure), bounds_text(figure, of)))), how(figure))


def _notes(figure: Figure, of: Unit, spread: str, note: str) -> str:
    if is_response_low(figure):
        spread = f"{spread} {IF_ALIKE}".strip()
    return "; ".join(part for part in (spread, bounds_text(figure, of), note, reason(figure)) if part)


def parts_shown(document: Document) -> list[tuple[str, str]]:
    """Return name and title of each part of the window that has a column of its own."""
    known = {part["part"] for part in document["parts"]} & set(document["sections"])
    # Where all days are closed, or all are open, the whole window says it all.
    return [
        (name, title) for name, title in PART_TITLES.items() if name in known and (name == "all" or len(known) == 3)
    ]


def metrics_of(document: Document) -> list[str]:
    """List the metrics in their usual order, main class by main class: a stored document keeps no order."""
    order, places = ORDER[document["kind"]], {name: place for place, name in enumerate(main_classes(document))}
    metrics = {
        metric
        for figures in document["sections"].values()
        for metric, figure in figures.items()
        # A metric that this kind of model does not have is not a missing figure.
        if figure["code"] != "unsupported_task" and not _says_nothing_new(document, metric)
    }

    def place(metric: str) -> tuple[int, int, str]:
        name, of = metric.partition(":")[0], class_of(metric)
        return places[of] if of else -1, order.index(name) if name in order else len(order), metric

    return sorted((metric for metric in metrics if class_of(metric) in {None, *places}), key=place)


def _says_nothing_new(document: Document, metric: str) -> bool:
    """Say whether another row says it: balanced accuracy is macro recall, and ties of numbers are rare."""
    if metric == "tie_rate":
        return not any(figures[metric]["value"] for figures in document["sections"].values() if metric in figures)
    return metric == "balanced_accuracy" and document["task"] == "multiclass"


def metric_table(document: Document, metrics: Iterable[str], *, caption: str) -> Table:
    """Make one row for each metric, one column for each part of the window."""
    columns = parts_shown(document)
    rows = []
    for metric in metrics:
        name, aside = wording.metric_name(document, metric)
        figures = [document["sections"][part].get(metric) for part, _ in columns]
        rows.append(Row(name, [cell(figure, unit(document, metric)) for figure in figures], aside))
    return Table(caption, ["Measure", *(title for _, title in columns)], rows)


def how_table(document: Document, metrics: Iterable[str]) -> Table:
    """Show method, labels and shares behind the figures; figures that rest on the same share a row."""
    head = ["Figures", "How", "Labels", "Effective sample size", "Response rate", "Outcomes known", "Covered share"]
    rows: dict[tuple[str, tuple[Cell, ...]], list[str]] = {}
    for part, title in parts_shown(document):
        for metric in metrics:
            figure = document["sections"][part].get(metric)
            if figure is not None:
                rows.setdefault((title, _basis_cells(figure)), []).append(wording.metric_name(document, metric)[0])
    data = [Row(title, list(cells), "; ".join(names)) for (title, cells), names in rows.items()]
    return Table("How each figure was made", head, data)


def _basis_cells(figure: Figure) -> tuple[Cell, ...]:
    is_count = figure["method"] in OF_PREDICTIONS
    shares = (None if is_count else figure["response_rate"], figure["outcome_share"], figure["covered_share"])
    effective = None if is_count else figure["n_eff"]
    return (
        Cell(SHORT_METHODS.get(figure["method"], figure["method"])),
        labels_cell(figure),
        Cell("–" if effective is None else count(effective) if effective >= 1 else "under 1"),
        *(Cell("–" if share is None else percent(share)) for share in shares),
    )
