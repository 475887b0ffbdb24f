"""Sentences about models that predict a number."""

from apps.common.tolerances import allowance
from apps.reports.engine.document import Document, Figure, Figures, Names
from apps.reports.engine.rounding import Unit
from apps.reports.pages.contents import lead_metric, tolerance, unit
from apps.reports.pages.figures import range_of, reason
from apps.reports.pages.phrases import BASELINE, amount, between, hundreds_between, in_hundred, with_direction

# Metrics that mean something else of numbers, with their technical names.
OF_NUMBERS = {
    "win_rate": ("Model closer where they differ", "win rate"),
    "value_total": ("Money lost to the model’s errors", ""),
    "value_per_1000": ("Lost to errors in 1,000 predictions", ""),
    "baseline_value_total": ("Money lost to the baseline’s errors", ""),
    "baseline_value_per_1000": ("Lost to errors in 1,000 predictions of the baseline", ""),
    "value_difference": ("Saved over the baseline", ""),
    "value_difference_per_1000": ("Saved over the baseline, per 1,000 predictions", ""),
}
WITHIN = {
    "within": "Right {}",
    "baseline_within": "Baseline right {}",
    "within_gain": "Right {}, gained over the baseline",
}


def name_of(document: Document, metric: str) -> tuple[str, str] | None:
    """Return what a metric of numbers is called, and its technical name; None where it is the same for classes."""
    if metric in WITHIN:
        return WITHIN[metric].format(within(document["names"])), ""
    return OF_NUMBERS.get(metric) if document["task"] == "regression" else None


def within(names: Names) -> str:
    """Say what counts as right: "within 5 %", "within 0.5 kWh", or both.

    >>> names = {"model": "", "unit": "kWh", "classes": {}, "slices": {}, "tolerance": [0.5, 0.05]}
    >>> within(names)
    'within 0.5\\xa0kWh or 5\\xa0%'
    """
    allowed = _allowed(names)
    return f"within {allowed}" if allowed else "to the digit"


def _allowed(names: Names) -> str:
    by, share = tolerance(names)
    return allowance(by, share, unit=names["unit"])


def performance_lede(document: Document, figures: Figures, when: str) -> str:
    metric = lead_metric(figures)
    figure, of = figures[metric], unit(document, metric)
    if figure["value"] is None:
        return f"{when} we cannot say how far off the model was: {reason(figure)}."
    if metric == "mae":
        said = f"{when} the model was off by {amount(figure, of)} on average{between(figure, of)}"
    else:
        right = f"{in_hundred(figure)} predictions were right {within(document['names'])}"
        said = f"{when} {right}{hundreds_between(figure)}"
    return f"{said}{_leaning(figures.get('bias'), unit(document, 'bias'))}."


def _leaning(bias: Figure | None, of: Unit) -> str:
    """Say that predictions lean to one side, where chance does not explain it."""
    if bias is None or not bias["value"] or bias["code"] == "preliminary":
        return ""
    ends = range_of(bias)
    if ends is not None and ends[0] <= 0 <= ends[1]:
        return ""
    return f"; they were {with_direction(bias, of)}"


def baseline_lede(document: Document, figures: Figures, when: str) -> str:
    rate, wins = figures["disagreement_rate"], figures["win_rate"]
    by = apart(document)
    if rate["value"] is None:
        return f"{when} we cannot compare the model with {BASELINE}: {reason(rate)}."
    if rate["value"] == 0:
        return f"{when} the model and {BASELINE} never differed{by}."
    text = f"{when} the model and {BASELINE} differed{by} in {in_hundred(rate)} predictions"
    if wins["value"] is None:
        return f"{text}; we cannot say which one was closer there: {reason(wins)}."
    share = in_hundred(wins).replace(" in 100", " times in 100")
    return f"{text}; where they did, the model was closer {share}{hundreds_between(wins)}."


def apart(document: Document) -> str:
    """Say by how much two numbers differ before they count as different; empty where any difference counts."""
    allowed = _allowed(document["names"])
    return f" by more than {allowed}" if allowed else ""


def lost(figure: Figure, of: Unit) -> str:
    """Say what errors cost."""
    return f"the model’s errors cost {amount(figure, of)}{between(figure, of)}"


def saved(figure: Figure, of: Unit) -> str:
    """Say what the model saves over the baseline: an amount without a sign, so the words tell more from less."""
    low, high = figure["low"], figure["high"]
    if figure["value"] == 0 and low == high:
        return f"the model’s errors cost exactly as much as those of {BASELINE}"
    comparison = "less" if (figure["value"] or 0) > 0 else "more"
    if low is not None and high is not None and low < 0 < high:
        ends = of.range(low, high, of.step(figure))
        return (
            f"it is not clear whose errors cost less, the model’s or those of {BASELINE}: the model’s cost "
            f"{amount(figure, of)} {comparison}, and the saving may be anything from {ends}"
        )
    return f"the model’s errors cost {amount(figure, of)} {comparison} than those of {BASELINE}{between(figure, of)}"
