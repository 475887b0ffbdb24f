"""The first sentence of a report, the basis below it, and names for metrics, slices and mistakes."""

from datetime import date, timedelta

from apps.common import dates
from apps.common.numerals import with_thousands
from apps.reports.engine.document import Document, Figure, Figures, PartOfWindow
from apps.reports.engine.rounding import Unit, is_exact, step_of, stepped, unit_of
from apps.reports.pages import number_wording, numbers
from apps.reports.pages.contents import has_difference, headline_part, lead_figure
from apps.reports.pages.figures import IF_ALIKE, is_response_low, labels, range_words, reason
from apps.reports.pages.numbers import plural
from apps.reports.pages.phrases import BASELINE, amount, between, hundreds_between, in_hundred

TITLES = {"value": "Value", "performance": "Performance", "baseline": "Baseline"}
# What a metric is called, and its technical name.
METRICS = {
    "accuracy": ("Right predictions", "accuracy"),
    "f1": ("Precision and recall in one figure", "F1"),
    "auc": ("Ranking quality", "AUC"),
    "brier": ("Error of the score, lower is better", "Brier"),
    "disagreement_rate": ("Model and baseline differ", "disagreement rate"),
    "win_rate": ("Model right where they differ", "win rate"),
    "accuracy_difference": ("Accuracy gained over the baseline", ""),
    "baseline_accuracy": ("Right predictions of the baseline", "accuracy"),
    "specificity": ("Share of all others left out", "specificity"),
    "balanced_accuracy": ("Recall, averaged over classes", "balanced accuracy"),
    "mcc": ("Correlation of prediction and truth", "MCC"),
    "kappa": ("Agreement beyond chance", "Cohen’s κ"),
    "average_precision": ("Precision, averaged over thresholds", "average precision"),
    "log_loss": ("Surprise at the truth, lower is better", "log loss, nats"),
    "ece": ("Calibration error", "ECE"),
    "macro_precision": ("Precision, averaged over classes", "macro precision"),
    "macro_recall": ("Recall, averaged over classes", "macro recall, balanced accuracy"),
    "macro_f1": ("F1, averaged over classes", "macro F1"),
    "weighted_f1": ("F1, averaged by class size", "weighted F1"),
    "mae": ("Average error", "mean absolute error"),
    "rmse": ("Average error, large misses counting more", "RMSE"),
    "bias": ("Too high or too low, on average", "bias"),
    "loss_rate": ("Baseline closer where they differ", ""),
    "tie_rate": ("Both equally far off where they differ", "ties"),
    "mae_gain": ("Model against baseline, on average", "difference of mean absolute errors"),
    "baseline_mae": ("Average error of the baseline", "mean absolute error"),
    "r2": ("Share of the variation explained", "R²"),
    "value_total": ("Value of the model’s predictions", ""),
    "value_per_1000": ("Value of 1,000 predictions", ""),
    "baseline_value_total": ("Value of the baseline’s predictions", ""),
    "baseline_value_per_1000": ("Value of 1,000 predictions of the baseline", ""),
    "value_difference": ("Gain over the baseline", ""),
    "value_difference_per_1000": ("Gain over the baseline, per 1,000 predictions", ""),
    "accuracy_point_value": ("One more right in 100", ""),
}


def lede(document: Document) -> str:
    """Write the first sentence of the page."""
    part = headline_part(document)
    if part is None:
        return "There were no predictions in this period."
    when = _when(document, date.fromisoformat(part["start"]), min(date.fromisoformat(part["end"]), _end(document)))
    figures = document["headline"]["figures"]
    if document["kind"] == "value":
        sentence = _value_lede(document, figures, when)
    elif document["kind"] == "baseline":
        sentence = _baseline_lede(document, figures, _among(when, part))
    else:
        sentence = _performance_lede(document, figures, when)
    lead = lead_figure(document)
    return f"{sentence.removesuffix('.')}; {reason(lead)}." if lead["code"] == "preliminary" else sentence


def _when(document: Document, start: date, end: date) -> str:
    """Write the days of the figures; where the window begins before the first prediction, why not all of it is said."""
    if document["window"].get("since") != start.isoformat():
        return numbers.in_period(start, end)
    last, version = numbers.last_day(end), document["window"].get("version")
    came = f"when the first prediction{f' of version {version}' if version else ''} came,"
    if last == start:
        return f"On {numbers.day(start)}, {came}"
    first = dates.of_year(start) if start.year == last.year else numbers.day(start)
    return f"From {first}, {came} to {numbers.day(last)},"


def _end(document: Document) -> date:
    """Return the day after the last one of the figures."""
    left = next((entry["details"] for entry in document["caveats"] if entry["code"] == "days_left_out"), None)
    if left is None or left["through"] is None:
        return date.max
    return date.fromisoformat(left["through"]) + timedelta(days=1)


def basis(document: Document) -> str:
    """Name the predictions and labels that the first sentence rests on."""
    part = headline_part(document)
    if part is None:
        return ""
    lead = lead_figure(document)
    # The difference in money, and which one is right, are about the predictions with a baseline.
    is_compared = document["kind"] == "baseline" or lead is document["headline"]["figures"].get("value_difference")
    size = part["with_baseline" if is_compared else "n"]
    predictions = plural(size, "prediction", "predictions")
    if lead["value"] is None:
        text = f"There were {predictions}."
    elif is_exact(lead):
        text = _counted(lead, size)
    else:
        holds = f", {IF_ALIKE}" if is_response_low(lead) else ""
        stand_for = _traffic(part) if size == part["n"] else ""
        text = f"Estimated from {labels(lead)} for {predictions}{stand_for}{holds}."
        if document["kind"] == "baseline":
            better = "closer" if document["task"] == "regression" else "right"
            text = (
                f"How often they differ is counted over all {predictions}; which is {better} there is estimated from "
                f"{labels(lead)}{holds}."
            )
    value = document.get("value") if document["kind"] == "value" else None
    return f"{text} {value['statement']}".strip() if value else text


def _traffic(part: PartOfWindow) -> str:
    """Say what the predictions stand for, where only a part of the traffic is logged."""
    traffic = part.get("traffic")
    return "" if traffic is None else f", which stand for about {stepped(traffic, step_of(traffic, None, None))}"


def _counted(lead: Figure, size: int) -> str:
    """Say of how many predictions the truth is known, and by what, where nothing is left to estimate."""
    predictions = plural(size, "prediction", "predictions")
    if lead["outcomes"] >= size:
        return f"Counted, not estimated: the outcomes of all {predictions} are settled."
    if lead["n"] >= size:
        return f"Counted, not estimated: the truth of all {predictions} is known."
    return f"Counted, not estimated: among {predictions}, the truth is known wherever the figure depends on it."


def state(document: Document) -> tuple[str, str]:
    """Say whether the report may still change: a word, and what it means."""
    cohorts = document["cohorts"]
    if not cohorts["maturing"] and not cohorts["provisional"]:
        return "final", ""
    through = cohorts["final_through"]
    if cohorts["final"] and through:
        return "partly open", f"final through {numbers.day(date.fromisoformat(through))}, later days still open"
    return "open", "outcomes are still arriving"


def metric_name(document: Document, metric: str) -> tuple[str, str]:
    """Return what a metric is called, and its technical name where it has one."""
    name, technical = _metric_name(document, metric)
    return with_thousands(name), technical


def _metric_name(document: Document, metric: str) -> tuple[str, str]:
    if of_number := number_wording.name_of(document, metric):
        return of_number
    name, _, of = metric.partition(":")
    if name == "accuracy" and document["task"] == "multiclass":
        return METRICS["accuracy"][0], "accuracy; micro precision, recall and F1"
    if name == "f1" and of:
        return f"F1 of “{class_name(document, of)}”", "F1"
    if name in ("precision", "recall"):
        shown = document["names"]["classes"].get(of or document["positive_class"], of)
        return (f"Right when it predicts “{shown}”" if name == "precision" else f"Share of “{shown}” found"), name
    return METRICS.get(name, (name.replace("_", " ").capitalize(), ""))


def slice_value(document: Document, name: str, value: str) -> str:
    """Return the value of a slice in words."""
    names = document["names"]["slices"].get(name)
    return names["values"].get(value, value) if names else value


def slice_name(document: Document, name: str) -> str:
    names = document["names"]["slices"].get(name)
    return names["label"] if names else name


def class_name(document: Document, name: str) -> str:
    return document["names"]["classes"].get(name, name)


def mistake(document: Document, predicted: str, truth: str) -> str:
    """Write a kind of error in words."""
    return f"predicted “{class_name(document, predicted)}”, in truth “{class_name(document, truth)}”"


def _value_lede(document: Document, figures: Figures, when: str) -> str:
    value = document.get("value")
    if not value:
        return "Nobody has stated what a right or a wrong decision is worth, so value cannot be computed yet."
    figure = lead_figure(document)
    unit = unit_of("value_total", value["currency"])
    if figure["value"] is None:
        what = "the model’s errors cost" if document["task"] == "regression" else "the model earned"
        return f"{when} we cannot say what {what}: {reason(figure)}."
    is_number = document["task"] == "regression"
    if not has_difference(figures):
        return f"{when} {number_wording.lost(figure, unit) if is_number else _worth(figure, unit)}."
    part = headline_part(document)
    among = _among(when, part) if part else when
    if is_number:
        return f"{among} {number_wording.saved(figure, unit)}."
    return f"{among} {_earned(figure, unit, figures.get('baseline_value_total'))}."


def _worth(figure: Figure, unit: Unit) -> str:
    """Say what the predictions were worth: an amount without a sign, so the words tell gain from loss."""
    low, high, worth = figure["low"], figure["high"], amount(figure, unit)
    if low is not None and high is not None and low < 0 < high:
        step = unit.step(figure)
        ends = (f"{numbers.magnitude(low, step)} lost", f"{numbers.magnitude(high, step)} earned")
        verb = "earned" if (figure["value"] or 0) > 0 else "lost"
        return (
            f"it is not clear whether the model’s predictions earned or lost money: {worth} {verb}, "
            f"{range_words(*ends)}"
        )
    verb = "lost" if (figure["value"] or 0) < 0 else "were worth"
    return f"the model’s predictions {verb} {worth}{between(figure, unit)}"


def compared(part: PartOfWindow) -> str:
    """Name the predictions that a difference from the baseline is about; empty where these are all."""
    if not 0 < part["with_baseline"] < part["n"]:
        return ""
    of = plural(part["n"], "prediction", "predictions")
    return f"among the {numbers.count(part['with_baseline'])} of {of} that came with a baseline"


def _among(when: str, part: PartOfWindow) -> str:
    among = compared(part)
    return f"{when.rstrip(',')}, {among}," if among else when


def _earned(figure: Figure, unit: Unit, of_baseline: Figure | None) -> str:
    low, high = figure["low"], figure["high"]
    gained = amount(figure, unit)
    verb, better, worse = _verb(figure, of_baseline)
    if figure["value"] == 0 and low == high:
        return f"the model {verb} exactly as much as {BASELINE}"
    comparison = better if (figure["value"] or 0) > 0 else worse
    if low is not None and high is not None and low < 0 < high:
        step = unit.step(figure)
        return (
            f"it is not clear whether the model {verb} {better} than {BASELINE}: {gained} {comparison}, "
            f"{range_words(f'{numbers.magnitude(low, step)} {worse}', f'{numbers.magnitude(high, step)} {better}')}"
        )
    return f"the model {verb} {gained} {comparison} than {BASELINE}{between(figure, unit)}"


def _verb(difference: Figure, of_baseline: Figure | None) -> tuple[str, str, str]:
    """Return what both did with money, and the words for the better and the worse: two that lose earn nothing."""
    if of_baseline is None or of_baseline["low"] is None or of_baseline["high"] is None:
        return "earned", "more", "less"
    gained = difference["value"] or 0.0
    if min(of_baseline["low"], of_baseline["low"] + gained) >= 0:
        return "earned", "more", "less"
    if max(of_baseline["high"], of_baseline["high"] + gained) < 0:
        return "lost", "less", "more"
    return "was worth", "more", "less"


def _performance_lede(document: Document, figures: Figures, when: str) -> str:
    if "accuracy" not in figures:
        return number_wording.performance_lede(document, figures, when)
    figure = figures["accuracy"]
    if figure["value"] is None:
        return f"{when} we cannot say how many decisions were right: {reason(figure)}."
    return f"{when} {in_hundred(figure)} decisions were right{hundreds_between(figure)}."


def _baseline_lede(document: Document, figures: Figures, when: str) -> str:
    if document["task"] == "regression":
        return number_wording.baseline_lede(document, figures, when)
    rate, wins = figures["disagreement_rate"], figures["win_rate"]
    if rate["value"] is None:
        return f"{when} we cannot compare the model with {BASELINE}: {reason(rate)}."
    text = f"{when} the model and {BASELINE} differed in {in_hundred(rate)} predictions"
    if rate["value"] == 0:
        return f"{when} the model and {BASELINE} never differed."
    if wins["value"] is None:
        return f"{text}; we cannot say which one was right there: {reason(wins)}."
    share = in_hundred(wins).replace(" in 100", " times in 100")
    return f"{text}; where they did, the model was right {share}{hundreds_between(wins)}."
