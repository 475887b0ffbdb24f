"""The value page: money first, then where it is lost and what cannot be said."""

from datetime import date

from apps.reports.engine import rounding
from apps.reports.engine.document import Document, Figures, Loss, ValueSection
from apps.reports.engine.rounding import figure_text
from apps.reports.pages import contents, numbers, wording
from apps.reports.pages.figures import range_text
from apps.reports.pages.reasons import plural
from apps.reports.pages.sheets import choices, common
from apps.reports.pages.sheets import sections as shared
from apps.reports.pages.sheets.parts import Cell, Key, Row, Section, Table


def keys(document: Document) -> list[Key]:
    figures = document["headline"]["figures"]
    if not document.get("value"):
        return [common.share_key("Right decisions", figures["accuracy"])] if "accuracy" in figures else []
    difference = wording.has_difference(figures)
    metric = "value_difference" if difference else "value_total"
    shown = [common.figure_key(wording.METRICS[metric][0], figures[metric], common.unit(document, metric))]
    if "accuracy" in figures:
        shown.append(common.share_key("Right decisions", figures["accuracy"]))
    if "accuracy_point_value" in figures:
        shown.append(_one_more_right(document, figures))
    return shown


def _one_more_right(document: Document, figures: Figures) -> Key:
    figure = figures["accuracy_point_value"]
    of = common.unit(document, "accuracy_point_value")
    return common.figure_key(
        "One more right in 100", figure, of, note="by which mistakes are mended", between="between"
    )


def sections(document: Document, *, hidden: set[str]) -> list[Section]:
    value = document.get("value")
    if not value:
        return [shared.cannot_say(document)]
    metric = contents.metric_over_time(document)
    note = f"{wording.METRICS[metric][0]}. {shared.HOLLOW}{shared.cut_short(document) if document['series'] else ''}"
    shown = [
        shared.over_time(document, note=note),
        _losses(document, value, hidden=hidden),
        choices.threshold(document, value),
        shared.cannot_say(document),
        shared.restated(document),
        _sums(document),
        _worth(document, value),
        shared.sample(document),
        shared.came_about(document, document["headline"]["figures"]),
    ]
    return [section for section in shown if section]


def _losses(document: Document, value: ValueSection, *, hidden: set[str]) -> Section | None:
    shown = [loss for loss in value["losses"] if loss["name"] not in hidden]
    if not value["losses"]:
        return None
    part = wording.headline_part(document) or document["window"]
    when = numbers.period(date.fromisoformat(part["start"]), date.fromisoformat(part["end"]))
    rows = [_loss_row(document, loss) for loss in shown]
    table = Table(f"Against being right, {when}", ["Who", "Lost, and its likely range"], rows) if rows else None
    masked = len(value["losses"]) - len(shown)
    sentences = ["Some lines speak of sensitive features and are hidden for your role."] if masked else []
    return Section("losses", "Where money is lost", table=table, sentences=sentences)


def _loss_row(document: Document, loss: Loss) -> Row:
    name = f"{wording.slice_name(document, loss['name'])}: {wording.slice_value(document, loss['name'], loss['value'])}"
    aside = wording.mistake(document, loss["predicted"], loss["truth"])
    figure, of = loss["lost"], common.unit(document, "value_total")
    if figure["value"] is None or figure["code"] == "preliminary":
        needed = figure.get("labels_needed")
        return Row(
            name,
            [Cell("too few to say", f"{numbers.count(needed)} more checked cases needed" if needed else "")],
            aside,
        )
    return Row(name, [Cell(figure_text(figure, of), range_text(figure, of))], aside)


def _sums(document: Document) -> Section:
    metrics = [metric for metric in common.metrics_of(document) if metric != "accuracy_point_value"]
    table = common.metric_table(document, metrics, caption="Sums and rates, with their likely range")
    how = common.how_table(document, common.metrics_of(document))
    return Section("sums", "All sums", table=table, how=how)


def _worth(document: Document, value: ValueSection) -> Section:
    """The value model itself, and what checking costs."""
    classes = document["names"]["classes"]
    known = [name for name in document["classes"] if name in value["matrix"]]
    rows = []
    for predicted in known:
        worth = value["matrix"][predicted]
        cells = [Cell(_exact(worth[truth], value["currency"]) if truth in worth else "–") for truth in known]
        rows.append(Row(f"Says {classes.get(predicted, predicted)}", cells))
    head = ["Model", *(f"In truth {classes.get(truth, truth)}" for truth in known)]
    each = " for each unit of the amount" if value["is_per_amount"] else ""
    each_answer = _exact(value["review_cost_each"], value["currency"])
    cost = rounding.money(float(value["review_cost"]), currency=value["currency"], step=1)
    return Section(
        "worth",
        "What a decision is worth",
        table=Table(f"Worth of one decision{each}", head, rows),
        facts=[("Checking", f"{plural(value['reviews'], 'answer', 'answers')} at {each_answer}: {cost}")],
        sentences=choices.next_labels(value),
    )


def _exact(amount: str, currency: str) -> str:
    """An amount as it was stated, cents only where there are any."""
    number = float(amount)
    return rounding.money(number, currency=currency, step=1 if number.is_integer() else 0.01)
