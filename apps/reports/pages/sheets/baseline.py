"""The baseline sheet: how often model and baseline differ, and which one is right there."""

from collections.abc import Iterable

from apps.common.shares import hundredths
from apps.reports.engine.document import BaselineSection, Document, Matrix
from apps.reports.engine.rounding import is_exact, percent
from apps.reports.pages import contents, number_wording, wording
from apps.reports.pages.figures import MISSING, RANGE
from apps.reports.pages.numbers import count, plural
from apps.reports.pages.sheets import sections as shared
from apps.reports.pages.sheets import tables, verdicts
from apps.reports.pages.sheets.layout import Cell, Key, Row, Section, Table


def keys(document: Document) -> list[Key]:
    figures = document["headline"]["figures"]
    shown = []
    if "disagreement_rate" in figures:
        apart = number_wording.apart(document)
        shown.append(tables.share_key(f"They differ{apart}", figures["disagreement_rate"]))
    if "win_rate" in figures:
        shown.append(tables.share_key(wording.metric_name(document, "win_rate")[0], figures["win_rate"]))
    gain = _gain(document)
    if gain in figures:
        of = contents.unit(document, gain)
        shown.append(tables.figure_key(wording.metric_name(document, gain)[0], figures[gain], of))
    return shown


def _gain(document: Document) -> str:
    """Return the figure that says by how much the model is better."""
    return "mae_gain" if document["task"] == "regression" else "accuracy_difference"


def sections(document: Document) -> list[Section]:
    both = document.get("baseline")
    metric = contents.metric_over_time(document)
    of = contents.unit(document, metric)
    per = "in percent of predictions" if of.kind == "share" else f"in {of.currency}" if of.currency else "on average"
    note = f"{wording.metric_name(document, metric)[0]}, {per}, with its {RANGE}."
    matrix = both["matrix"] if both else None
    judged = document.get("verdict")
    shown = [
        verdicts.section(document, judged) if judged else None,
        _measures(document),
        shared.over_time(document, note=note),
        _matrix(document, matrix) if matrix else None,
        _which_was_right(document, both) if both else None,
        *shared.slices(document),
        shared.sample(document),
        shared.cannot_say(document),
        shared.restated(document),
        shared.came_about(document, document["headline"]["figures"]),
    ]
    return [section for section in shown if section]


def _measures(document: Document) -> Section:
    metrics = tables.metrics_of(document)
    table = tables.metric_table(document, metrics, caption=f"Each figure with its {RANGE}")
    return Section("measures", "Model and baseline", table=table, how=tables.how_table(document, metrics))


def _matrix(document: Document, matrix: Matrix) -> Section:
    classes, counts = _shown(document, matrix)
    cells = [n for row in matrix["counts"] for n in row]
    total = None if None in cells else sum(n or 0 for n in cells)
    rows = [
        Row(f"Model: {name}", [_count_cell(n, total) for n in row]) for name, row in zip(classes, counts, strict=True)
    ]
    table = Table("Predictions, and their share of all", ["", *(f"Baseline: {name}" for name in classes)], rows)
    agreed = ""
    if total:
        same = sum(row[i] or 0 for i, row in enumerate(matrix["counts"]))
        agreed = f"Both agree in {percent(same / total)} of {count(total)} predictions."
    return Section("matrix", "What each predicted", agreed, table=table)


def _count_cell(n: int | None, total: int | None) -> Cell:
    """Write a count with its share of all; a dash where it is hidden."""
    if n is None:
        return Cell("–", MISSING["fewer_than_ten"])
    return Cell(count(n), percent(n / total) if total else "")


def _shown(document: Document, matrix: Matrix) -> tuple[list[str], list[list[int | None]]]:
    """Return names and counts of the main classes, and of all others together."""
    main = [name for name in contents.main_classes(document) if name in matrix["classes"]]
    groups = [[matrix["classes"].index(name)] for name in main]
    names = [wording.class_name(document, name) for name in main]
    if others := [place for place, name in enumerate(matrix["classes"]) if name not in main]:
        groups, names = [*groups, others], [*names, "another class"]
    counts = matrix["counts"]
    return names, [
        [_sum(counts[i][j] for i in of_model for j in of_other) for of_other in groups] for of_model in groups
    ]


def _sum(counts: Iterable[int | None]) -> int | None:
    known = list(counts)
    return None if None in known else sum(n or 0 for n in known)


def _which_was_right(document: Document, both: BaselineSection) -> Section:
    """Count who was right, or closer, among the disagreements whose truth is known; say so where none is."""
    better = "closer" if document["task"] == "regression" else "right"
    title, facts = f"Which is {better} where they differ", [("They differ in", _predictions(both["disagreements"]))]
    facts += _at_worst(document)
    counts = (both["model_right"], both["baseline_right"], both["neither_right"])
    if None in counts:
        return Section("right", title, f"Which is {better} there: {MISSING['fewer_than_ten']}.", facts=facts)
    right = {who: n or 0 for who, n in zip(("the model", "the baseline", "neither"), counts, strict=True)}
    if not any(right.values()):
        return Section("right", title, "No truth is known yet where they differ.", facts=facts)
    facts.append(("Of these, the truth is known of", _predictions(sum(right.values()))))
    facts += [(f"There, {who} was {better} in", count(n)) for who, n in right.items() if n or who != "neither"]
    chance = both["mcnemar_p"]
    if chance is not None:
        facts.append(("If both were equally good, a gap this wide would occur", _how_often(chance)))
    note = "Plain counts. The figures above weight each reviewed case by its chance to be drawn."
    return Section("right", title, note, facts=facts)


def _at_worst(document: Document) -> list[tuple[str, str]]:
    """Bound by how much the model may be the worse of the two, with 97.5 % confidence."""
    gain = _gain(document)
    figure = document["headline"]["figures"].get(gain)
    if figure is None or figure["low"] is None or is_exact(figure) or figure["code"] == "preliminary":
        return []
    of, low = contents.unit(document, gain), figure["low"]
    text = of.text(abs(low), of.step(figure)).lstrip("+")
    on_average = "" if gain == "accuracy_difference" else " on average"
    text = text.removesuffix(f" {of.words[0]}") if of.words[0] else text
    sure = "With 97.5\u00a0% confidence, the model is"
    return [(f"{sure} {'ahead by at least' if low >= 0 else 'behind by at most'}", f"{text}{on_average}")]


def _predictions(number: int) -> str:
    return plural(number, "prediction", "predictions")


def _how_often(chance: float) -> str:
    """
    >>> _how_often(0.0), _how_often(0.032), _how_often(0.0012), _how_often(0.998)
    ('less than once in 10,000 times', '3.2 times in 100', '0.12 times in 100', '99.8 times in 100')
    """
    if chance < 0.0001:
        return f"less than once in {count(10_000)} times"
    return f"{hundredths(chance, decimals=2 if chance < 0.01 else 1 if chance < 0.1 else 0)} times in 100"
