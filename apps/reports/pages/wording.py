"""The sentence first: what a report says, in words that need no explanation."""

from datetime import date

from apps.reports.engine.document import Document, Figure, Figures, PartOfWindow
from apps.reports.engine.rounding import Unit, is_exact, unit_of
from apps.reports.pages import numbers
from apps.reports.pages.reasons import plural, reason

BASELINE = "the rule it replaced"
TITLES = {"value": "Value", "performance": "Performance", "baseline": "Baseline"}
METRICS = {
    "accuracy": ("Right decisions", "accuracy"),
    "f1": ("Both of these in one figure", "F1"),
    "auc": ("Puts the likelier of two cases first", "AUC"),
    "brier": ("Error of the stated probability, lower is better", "Brier"),
    "disagreement_rate": ("Model and baseline differ", "disagreement"),
    "win_rate": ("Model right where they differ", ""),
    "accuracy_difference": ("More right decisions than the baseline", ""),
    "baseline_accuracy": ("Right decisions of the baseline", "accuracy"),
    "specificity": ("Found of all others", "specificity"),
    "balanced_accuracy": ("Found of each class, on average", "balanced accuracy"),
    "mcc": ("Correlation of decision and truth", "MCC"),
    "kappa": ("Agreement beyond chance", "Cohen’s κ"),
    "average_precision": ("Right among the likeliest, on average", "average precision"),
    "log_loss": ("Surprise at the truth, lower is better", "log loss, nats"),
    "ece": ("Stated probability off by, on average", "ECE"),
    "macro_precision": ("Right when it says so, each class alike", "macro precision"),
    "macro_recall": ("Found, each class alike", "macro recall"),
    "macro_f1": ("Both of these, each class alike", "macro F1"),
    "weighted_f1": ("Both of these, classes as frequent as they are", "weighted F1"),
    "mae": ("Off by, on average", "mean absolute error"),
    "rmse": ("Off by, large misses counting more", "RMSE"),
    "bias": ("Too high or too low, on average", "bias"),
    "r2": ("Share of the variation that is predicted", "R²"),
    "value_total": ("Worth of the model’s decisions", ""),
    "value_per_1000": ("Worth of 1,000 decisions", ""),
    "baseline_value_total": ("Worth of the baseline’s decisions", ""),
    "baseline_value_per_1000": ("Worth of 1,000 decisions of the baseline", ""),
    "value_difference": ("More than the baseline", ""),
    "value_difference_per_1000": ("More than the baseline, for 1,000 decisions", ""),
    "accuracy_point_value": ("One more right in 100", ""),
}


def lede(document: Document) -> str:
    """The first sentence of the page."""
    part = headline_part(document)
    if part is None:
        return "There were no decisions in this time."
    when = numbers.in_period(date.fromisoformat(part["start"]), date.fromisoformat(part["end"]))
    figures = document["headline"]["figures"]
    if document["kind"] == "value":
        return _value_lede(document, figures, when)
    if document["kind"] == "baseline":
        return _baseline_lede(figures, when)
    return _performance_lede(figures, when)


def basis(document: Document) -> str:
    """What the first sentence rests on."""
    part = headline_part(document)
    if part is None:
        return ""
    lead = lead_figure(document)
    decisions = plural(part["n"], "decision", "decisions")
    if lead["value"] is None:
        text = f"There were {decisions}."
    elif is_exact(lead):
        text = f"Counted, not estimated: the outcomes of all {decisions} are settled."
    elif lead["method"] == "wilson":
        text = f"Seen in all {decisions}."
    else:
        text = f"Judged from {plural(lead['n'], 'checked case', 'checked cases')} of {decisions}."
    value = document.get("value") if document["kind"] == "value" else None
    return f"{text} {value['statement']}".strip() if value else text


def headline_part(document: Document) -> PartOfWindow | None:
    """The part of the window that the first sentence speaks of."""
    name = document["headline"]["part"]
    return next((part for part in document["parts"] if part["part"] == name), None)


def lead_figure(document: Document) -> Figure:
    """The figure that the page is about."""
    figures = document["headline"]["figures"]
    if document["kind"] == "value":
        return figures["value_difference" if has_difference(figures) else "value_total"]
    if document["kind"] == "baseline":
        return figures["win_rate"]
    return figures["accuracy" if "accuracy" in figures else "mae"]


def has_difference(figures: Figures) -> bool:
    """True where the comparison with the baseline says more than the value alone."""
    difference = figures.get("value_difference")
    if difference is None:
        return False
    return difference["value"] is not None or figures["value_total"]["value"] is None


def state(document: Document) -> tuple[str, str]:
    """Whether the report may still change: a word, and what it means."""
    cohorts = document["cohorts"]
    if not cohorts["maturing"] and not cohorts["provisional"]:
        return "final", ""
    through = cohorts["final_through"]
    if cohorts["final"] and through:
        return "partly open", f"final through {numbers.day(date.fromisoformat(through))}, later days still open"
    return "open", "outcomes are still coming in"


def metric_name(document: Document, metric: str) -> tuple[str, str]:
    """What a metric is called, and its technical name where it has one."""
    name, _, of = metric.partition(":")
    if name in ("precision", "recall"):
        shown = document["names"]["classes"].get(of or document["positive_class"], of)
        said = f"Right when it says “{shown}”" if name == "precision" else f"Found of all that are “{shown}”"
        return said, name
    return METRICS.get(name, (name.replace("_", " ").capitalize(), ""))


def slice_value(document: Document, name: str, value: str) -> str:
    """The value of a slice in words."""
    names = document["names"]["slices"].get(name)
    return names["values"].get(value, value) if names else value


def slice_name(document: Document, name: str) -> str:
    names = document["names"]["slices"].get(name)
    return names["label"] if names else name


def mistake(document: Document, predicted: str, truth: str) -> str:
    """A kind of error in words: what the model said, what was true."""
    classes = document["names"]["classes"]
    return f"taken for “{classes.get(predicted, predicted)}”, in truth “{classes.get(truth, truth)}”"


def _value_lede(document: Document, figures: Figures, when: str) -> str:
    value = document.get("value")
    if not value:
        if lead_figure(document)["code"] == "unsupported_task":
            return "What the decisions are worth cannot be computed for this kind of model."
        return "Nobody has said yet what a right or a wrong decision is worth, so there is no sum to give."
    figure = lead_figure(document)
    unit = unit_of("value_total", value["currency"])
    if figure["value"] is None:
        return f"{when} it cannot be said what the model earned: {reason(figure)}."
    if not has_difference(figures):
        return f"{when} the model’s decisions were worth {_amount(figure, unit)}{_between(figure, unit)}."
    return f"{when} {_earned(figure, unit)}."


def _earned(figure: Figure, unit: Unit) -> str:
    low, high = figure["low"], figure["high"]
    amount = _amount(figure, unit)
    if figure["value"] == 0 and low == high:
        return f"the model earned exactly as much as {BASELINE}"
    comparison = "more" if (figure["value"] or 0) > 0 else "less"
    if low is not None and high is not None and low < 0 < high:
        step = unit.step(figure)
        return (
            f"it is not clear whether the model earned more than {BASELINE}: {amount} {comparison}, "
            f"likely between {numbers.magnitude(low, step)} less and {numbers.magnitude(high, step)} more"
        )
    return f"the model earned {amount} {comparison} than {BASELINE}{_between(figure, unit)}"


def _amount(figure: Figure, unit: Unit) -> str:
    value, step = figure["value"] or 0.0, unit.step(figure)
    rounded = round(value / step) * step
    about = "" if is_exact(figure) and abs(rounded - value) < 1e-9 else "about "
    return about + numbers.amount_words(value, step, unit.currency)


def _between(figure: Figure, unit: Unit) -> str:
    low, high = figure["low"], figure["high"]
    if is_exact(figure) or low is None or high is None:
        return ""
    step = unit.step(figure)
    near, far = sorted((abs(low), abs(high)))
    return f" (likely between {numbers.magnitude(near, step)} and {numbers.magnitude(far, step)})"


def _performance_lede(figures: Figures, when: str) -> str:
    if "accuracy" not in figures:
        figure = figures["mae"]
        if figure["value"] is None:
            return f"{when} it cannot be said how far off the model was: {reason(figure)}."
        return f"{when} the model was off by {figure['value']:,.3g} on average."
    figure = figures["accuracy"]
    if figure["value"] is None:
        return f"{when} it cannot be said how many decisions were right: {reason(figure)}."
    return f"{when} {in_hundred(figure)} decisions were right{_hundreds_between(figure)}."


def _baseline_lede(figures: Figures, when: str) -> str:
    rate, wins = figures["disagreement_rate"], figures["win_rate"]
    if rate["value"] is None:
        return f"{when} model and baseline cannot be compared: {reason(rate)}."
    text = f"{when} the model and {BASELINE} differed in {in_hundred(rate)} decisions"
    if rate["value"] == 0:
        return f"{when} the model and {BASELINE} never differed."
    if wins["value"] is None:
        return f"{text}; who was right there cannot be said: {reason(wins)}."
    share = in_hundred(wins).replace(" in 100", " times in 100")
    return f"{text}; where they did, the model was right {share}{_hundreds_between(wins)}."


def in_hundred(figure: Figure) -> str:
    """A share as "92 in 100", with a decimal where the range allows it."""
    decimals = numbers.per_hundred_decimals(figure["low"], figure["high"])
    about = "" if is_exact(figure) or figure["method"] == "wilson" else "about "
    return about + numbers.in_hundred(figure["value"] or 0.0, decimals=decimals)


def _hundreds_between(figure: Figure) -> str:
    low, high = figure["low"], figure["high"]
    if is_exact(figure) or low is None or high is None:
        return ""
    decimals = numbers.per_hundred_decimals(low, high)
    return f" (likely between {low * 100:.{decimals}f} and {high * 100:.{decimals}f})"
