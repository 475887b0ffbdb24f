"""The value sheet: money first, then where it is lost, where to put the threshold, and the caveats."""

from dataclasses import replace

from apps.common.numerals import count, fixed
from apps.common.shares import apart
from apps.reports.engine.document import Document, Figures, ThresholdSection, ValueSection
from apps.reports.engine.rounding import money, step_of
from apps.reports.pages import contents, wording
from apps.reports.pages.contents import unit
from apps.reports.pages.figures import RANGE, in_sentence, more_labels, reason
from apps.reports.pages.numbers import plural
from apps.reports.pages.phrases import BASELINE
from apps.reports.pages.sheets import costs, losses, tables
from apps.reports.pages.sheets import sections as shared
from apps.reports.pages.sheets.costs import exact
from apps.reports.pages.sheets.layout import Cell, ChartText, Facts, Key, Row, Section, Table

SHIFT = "Predict higher or lower"
# Rows of the table behind the curve.
CURVE_ROWS = 20


def keys(document: Document) -> list[Key]:
    figures = document["headline"]["figures"]
    if not document.get("value"):
        return _beside(document, figures)
    metric = "value_difference" if contents.has_difference(figures) else "value_total"
    part = contents.headline_part(document)
    among = wording.compared(part) if part and metric == "value_difference" else ""
    shown = [
        tables.figure_key(wording.metric_name(document, metric)[0], figures[metric], unit(document, metric), note=among)
    ]
    shown += _beside(document, figures)
    if "accuracy_point_value" in tables.metrics_of(document):
        shown.append(_one_more_right(document, figures))
    elif metric == "value_difference" and (rate := figures.get("value_difference_per_1000")):
        name = wording.metric_name(document, "value_difference_per_1000")[0]
        shown.append(tables.figure_key(name, rate, unit(document, "value_difference_per_1000")))
    return shown


def _beside(document: Document, figures: Figures) -> list[Key]:
    """Show how good the model is without money: its share right, or its mean error."""
    metric = next((metric for metric in ("accuracy", "within", "mae") if metric in figures), None)
    if metric is None:
        return []
    name = wording.metric_name(document, metric)[0]
    if metric == "mae":
        return [tables.figure_key(name, figures[metric], unit(document, metric))]
    return [tables.share_key(name, figures[metric])]


def _one_more_right(document: Document, figures: Figures) -> Key:
    name = wording.METRICS["accuracy_point_value"][0]
    figure, of = figures["accuracy_point_value"], unit(document, "accuracy_point_value")
    return tables.figure_key(name, figure, of, note="depending on which mistakes are avoided")


def sections(document: Document) -> list[Section]:
    value = document.get("value")
    if not value:
        return [shared.cannot_say(document)]
    note = f"{shared.dots_over_time(document)}{shared.cut_short(document) if document['series'] else ''}"
    # What to change stands beside the course of time.
    advice = threshold(document, value) or _shift(document, value)
    course = shared.over_time(document, note=note)
    shown = [
        replace(course, is_half=advice is not None) if course else None,
        replace(advice, is_half=course is not None) if advice else None,
        losses.section(document, value),
        shared.overrides(document),
        shared.cannot_say(document),
        shared.restated(document),
        _sums(document),
        _worth(document, value),
        shared.sample(document),
        shared.came_about(document, document["headline"]["figures"]),
    ]
    return [section for section in shown if section]


def threshold(document: Document, value: ValueSection) -> Section | None:
    """Show value by threshold, and the advice that follows; None without a curve."""
    curve = value.get("threshold")
    if not curve or curve["best"] is None:
        return None
    positive = wording.class_name(document, document["positive_class"])
    title = f"Value of {count(1_000)} predictions"
    note = f"{title} if “{positive}” is predicted from a score on. The band covers the whole curve."
    advice = _advice(document, curve)
    chart = ChartText("threshold", advice, _curve_table(document, curve))
    return Section("threshold", "Where to put the threshold", note, chart, sentences=[advice])


def _shift(document: Document, value: ValueSection) -> Section | None:
    """Show by how much to raise or lower every prediction; None where that is not known or amounts weigh errors."""
    best = value.get("shift")
    if not best:
        return None
    figure, of = best["shift"], unit(document, "shift")
    if figure["value"] is None or figure["code"] == "preliminary":
        return Section("shift", SHIFT, f"We cannot say yet: {reason(figure)}.")
    found = in_sentence(figure, of)
    if best["advice"] not in ("raise", "lower"):
        said = f"The constant that would cost least is {found}. Chance alone explains it: no change advised."
        return Section("shift", SHIFT, sentences=[said])
    saving = in_sentence(best["saving"], unit(document, "value_total"))
    said = f"With every prediction {found}, errors would cost {saving} less per {count(1_000)} predictions."
    return Section(
        "shift", SHIFT, "The same labels chose the shift, so it saves a little less than this.", sentences=[said]
    )


def _curve_table(document: Document, curve: ThresholdSection) -> Table:
    """Take about twenty points of the curve, evenly spaced."""
    of = unit(document, "value_total")
    points = list(zip(curve["scores"], curve["value"], curve["band_low"], curve["band_high"], strict=True))
    _, value, low, high = max(points, key=lambda point: point[1])
    step = step_of(value, low, high)
    shown = sorted({round(row * (len(points) - 1) / (CURVE_ROWS - 1)) for row in range(CURVE_ROWS)})
    rows: dict[str, Row] = {}
    for score, value, low, high in (points[position] for position in shown):
        band = f"{of.text(low, step)} to {of.text(high, step)}" if low < high else ""
        # Where many scores are close together, several points round to one threshold: the first stands for them.
        named = apart(score, decimals=3, edges=(0.0, 1.0))
        rows.setdefault(named, Row(named, [Cell(of.text(value, step), band)]))
    return Table(
        f"Value of {count(1_000)} predictions by threshold", ["Threshold", "Value, with its band"], list(rows.values())
    )


def _score(score: float | None) -> str:
    assert score is not None, "a curve has all its places"
    return fixed(score, 2)


def _advice(document: Document, curve: ThresholdSection) -> str:
    """Say what the curve means for the threshold in use."""
    flat = f"from {_score(curve['flat_low'])} to {_score(curve['flat_high'])}"
    if curve["code"] == "preliminary":
        needed = curve["labels_needed"]
        more = f": {more_labels(needed)}" if needed else ""
        return f"Too little is known for advice yet{more}."
    if curve["current"] is None:
        return (
            f"The data cannot tell thresholds {flat} apart from the best. The predictions here follow no single "
            "threshold."
        )
    if curve["advice"] == "no_change":
        return (
            f"The threshold in use, {_score(curve['current'])}, is as good as any: the data cannot tell thresholds "
            f"{flat} apart. No change advised."
        )
    gain = curve["gain"]
    worth = (
        f", worth {in_sentence(gain, unit(document, 'value_total'))} more per {count(1_000)} predictions"
        if gain
        else ""
    )
    verb = "Raise" if curve["advice"] == "raise" else "Lower"
    also = "" if curve["flat_low"] == curve["flat_high"] else f" Any threshold {flat} would do as well."
    return f"{verb} the threshold from {_score(curve['current'])} to {_score(curve['best'])}{worth}.{also}"


def _sums(document: Document) -> Section:
    metrics = [metric for metric in tables.metrics_of(document) if metric != "accuracy_point_value"]
    table = tables.metric_table(document, metrics, caption=f"Sums and rates, each with its {RANGE}")
    how = tables.how_table(document, tables.metrics_of(document))
    return Section("sums", "All sums", table=table, how=how)


def _worth(document: Document, value: ValueSection) -> Section:
    """Show the value model, and the cost of reviewing."""
    spent = costs.facts(document, value)
    if document["task"] == "regression":
        return Section(
            "worth",
            "What an error costs",
            facts=[*_unit_costs(document, value), *spent],
            sentences=_next_labels(value),
        )
    classes = [name for name in contents.main_classes(document) if name in value["matrix"]]
    rows = []
    for predicted in classes:
        worth = value["matrix"][predicted]
        cells = [Cell(exact(worth[truth], value["currency"]) if truth in worth else "–") for truth in classes]
        rows.append(Row(f"Predicts {wording.class_name(document, predicted)}", cells))
    head = ["Model", *(f"In truth {wording.class_name(document, truth)}" for truth in classes)]
    per = ", per unit of the amount" if value["is_per_amount"] else ""
    per += ", of the classes with most predictions" if len(classes) < len(value["matrix"]) else ""
    return Section(
        "worth",
        "What a decision is worth",
        table=Table(f"Value of one decision{per}", head, rows),
        facts=spent,
        sentences=_next_labels(value),
    )


def _unit_costs(document: Document, value: ValueSection) -> Facts:
    """Name what one unit of the prediction costs, in each direction."""
    unit_name = document["names"]["unit"] or "unit"
    per = ", per unit of the amount" if value["is_per_amount"] else ""
    sides = (("too high", value.get("over_cost", "0")), ("too low", value.get("under_cost", "0")))
    return [(f"Each {unit_name} {side}{per}", exact(cost, value["currency"])) for side, cost in sides]


def _next_labels(value: ValueSection) -> list[str]:
    """Say whether more labels pay, for the choice between model and baseline."""
    labels = value.get("next_labels")
    if not labels or labels["worth"] is None or labels["cost"] is None:
        return []
    worth, cost = (_about(amount, value["currency"]) for amount in (labels["worth"], labels["cost"]))
    best = labels["best_k"]
    return [
        f"For the choice between the model and {BASELINE}, over as many predictions as here, the next "
        f"{labels['k']} labels are worth {worth} and cost {cost}.",
        f"{plural(best, 'label', 'labels')} would pay most." if best else "No number of labels pays for that alone.",
    ]


def _about(amount: float, currency: str) -> str:
    """Write a sum of whole units of money; nobody counts fractions of a cent."""
    if 0 < amount < 1:
        return f"less than {money(1, currency=currency, step=1)}"
    return money(amount, currency=currency, step=1)
