"""One figure in words: its range, its method, the reason where it has none, and how it stands in a sentence."""

from apps.reports.engine import rounding
from apps.reports.engine.document import LOW_RESPONSE, Figure
from apps.reports.engine.rounding import Unit, is_exact
from apps.reports.pages import numbers

METHODS = {
    "exact": "counted: every outcome is known",
    "logit-mod": "estimated from labels, each weighted by its chance to be drawn",
    "log-mod": "estimated from labels, each weighted by its chance to be drawn",
    "plain-mod": "estimated from labels, each weighted by its chance to be drawn",
    "hajek": "weighted mean of the labels",
    "wilson": "share of all predictions, with Wilson’s interval",
    "plug-in": "expected from the scores",
    "plain": "difference of two figures",
    "folded-normal": "estimated from labels, less what chance alone would add",
    "range": "by the mix of mistakes; the range runs from the cheapest kind of mistake to the dearest",
    "uncorrected": "from the reviewed cases alone, each counting the same",
    "none": "no figure",
}
SHORT_METHODS = {
    "exact": "counted",
    "logit-mod": "weighted sample",
    "log-mod": "weighted sample",
    "plain-mod": "weighted sample",
    "hajek": "weighted mean",
    "wilson": "counted, Wilson’s interval",
    "plug-in": "from scores",
    "plain": "difference",
    "folded-normal": "weighted sample",
    "range": "by the mix of mistakes",
    "uncorrected": "uncorrected",
    "none": "–",
}
MISSING = {
    "no_population": "no predictions in this period",
    "no_labels": "no case reviewed yet",
    "no_response": "too few of the drawn cases are reviewed to speak for the rest",
    "not_estimable": "some predictions had no chance to be drawn, so no sample speaks for all of them",
    "no_positives": "no label of this class",
    "no_negatives": "no label of any other class",
    "no_predicted_positives": "the model never predicted this class",
    "no_score": "the predictions came without a score",
    "coarse_score": "more than 5 % of the predictions have nearly the same score, and their order is not kept",
    "no_baseline": "the predictions came without a baseline",
    "no_amount": "the predictions came without an amount",
    "no_errors": "no mistake was found, so there is none to avoid",
    "no_value_model": "nobody has stated what a decision is worth",
    "no_disagreement": "model and baseline never differed",
    "no_variation": "all labels are the same, so there is nothing to compare",
    "too_few": "the checked cases are too few, or too much alike, to say how far off the others are",
    "no_reference": "too few earlier outcomes to compare with",
    "undefined": "not defined for these predictions",
    "unsupported_task": "not defined for this kind of model",
    "not_stable": "two estimates differ by more than chance",
    "failed": "could not be computed; the rest of the report is not affected",
}
# Methods that need no answers.
NO_LABELS = {"exact", "wilson", "plug-in"}
# Stands wherever response is low.
IF_ALIKE = "if those who did not answer are like those who did"
BESIDE = {
    "adjudication_open": "some cases still wait for a second opinion",
    "boundary": "at the edge of what the sample can show; the range says how far off it may be",
    "outcomes_missing": "some outcomes never arrived",
    "slice_incomplete": "some predictions are in no value of this slice",
}


def range_text(figure: Figure, unit: Unit) -> str:
    """Write the range as it stands beside the figure; "exact" for a counted figure."""
    if figure["value"] is None:
        return ""
    if is_exact(figure):
        return "exact"
    if figure["low"] is None or figure["high"] is None:
        return "no range"
    step = unit.step(figure)
    if unit.kind == "money":
        return f"{rounding.stepped(figure['low'], step)} to {rounding.stepped(figure['high'], step)}"
    low, high = unit.text(figure["low"], step), unit.text(figure["high"], step)
    unit_word = low.rpartition(rounding.NO_BREAK)[2] if rounding.NO_BREAK in low else ""
    return f"{low.removesuffix(unit_word).rstrip()} to {high}"


def how(figure: Figure) -> list[tuple[str, str]]:
    """List what the figure rests on: term and description."""
    facts = [("How", METHODS.get(figure["method"], figure["method"]))]
    facts.append(("Labels", numbers.count(figure["n"])))
    if figure["n_eff"] is not None and not is_exact(figure):
        facts.append(("Effective sample size", numbers.count(figure["n_eff"])))
    shares = (
        ("Response rate", figure["response_rate"]),
        ("Outcomes known", figure["outcome_share"]),
        ("Covered share", figure["covered_share"]),
    )
    facts += [(term, rounding.percent(share)) for term, share in shares if share is not None]
    return [*facts, ("Holds", IF_ALIKE)] if is_response_low(figure) else facts


def is_response_low(figure: Figure) -> bool:
    """Say whether the figure rests on the assumption that the missing answers are like the given ones."""
    rate = figure["response_rate"]
    is_estimate = figure["value"] is not None and not is_exact(figure) and figure["method"] not in NO_LABELS
    return is_estimate and rate is not None and rate < LOW_RESPONSE


def bounds_text(figure: Figure, unit: Unit) -> str:
    """Write the worst-case bounds as they stand beside a figure with low response; empty where there are none.

    >>> from apps.reports.engine.rounding import unit_of
    >>> bounds_text({"bounds": [0.52, 0.9]}, unit_of("accuracy"))
    '52.0\\xa0% to 90.0\\xa0% whatever the missing answers say'
    """
    ends = figure.get("bounds")
    if not ends:
        return ""
    return f"{unit.text(ends[0], 1.0)} to {unit.text(ends[1], 1.0)} whatever the missing answers say"


def reason(figure: Figure) -> str:
    """Say why there is no figure, or what to know about it; empty where it needs no remark."""
    code = figure["code"]
    if code is None:
        return ""
    if code == "preliminary":
        needed = figure.get("labels_needed")
        return f"preliminary: {numbers.count(needed)} more labels needed" if needed else "preliminary"
    return MISSING.get(code) or BESIDE.get(code) or code.replace("_", " ")


def in_sentence(figure: Figure, unit: Unit) -> str:
    """Write the figure with its range, inside a sentence.

    >>> from apps.reports.engine.rounding import unit_of
    >>> figure = {"value": 0.82, "low": 0.8, "high": 0.84, "method": "logit-mod"}
    >>> in_sentence(figure, unit_of("accuracy"))
    '82.0\\xa0% (likely between 80.0\\xa0% and 84.0\\xa0%)'
    """
    if figure["value"] is None:
        return "no figure"
    step = unit.step(figure)
    text = unit.text(figure["value"], step)
    if is_exact(figure) or figure["low"] is None or figure["high"] is None:
        return text
    return f"{text} (likely between {unit.text(figure['low'], step)} and {unit.text(figure['high'], step)})"
