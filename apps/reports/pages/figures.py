"""One figure for people: its text, its likely range, and how it came about."""

from apps.reports.engine import rounding
from apps.reports.engine.document import Figure
from apps.reports.engine.rounding import Unit, is_exact
from apps.reports.pages import numbers

METHODS = {
    "exact": "counted: every outcome is in",
    "logit-mod": "estimated from the checked cases, each weighted by its chance to be drawn",
    "plain-mod": "estimated from the checked cases, each weighted by its chance to be drawn",
    "hajek": "weighted mean of the checked cases",
    "wilson": "share of all decisions, with Wilson’s interval",
    "plug-in": "expected from the scores alone",
    "plain": "difference of two figures",
    "folded-normal": "estimated from the checked cases, less what chance alone would add",
    "range": "by the mix of mistakes; the range is from the cheapest kind of mistake to the dearest",
    "uncorrected": "from the checked cases alone, each counting the same",
    "none": "no figure",
}
SHORT_METHODS = {
    "exact": "counted",
    "logit-mod": "weighted sample",
    "plain-mod": "weighted sample",
    "hajek": "weighted mean",
    "wilson": "counted, Wilson’s interval",
    "plug-in": "from scores alone",
    "plain": "difference",
    "folded-normal": "weighted sample",
    "range": "by the mix of mistakes",
    "uncorrected": "uncorrected",
    "none": "–",
}


def range_text(figure: Figure, unit: Unit) -> str:
    """The likely range as it stands beside the figure; "exact" where there is none to speak of."""
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
    """What the figure rests on: term and description."""
    facts = [("How", METHODS.get(figure["method"], figure["method"]))]
    facts.append(("Cases used", numbers.count(figure["n"])))
    if figure["n_eff"] is not None and not is_exact(figure):
        facts.append(("Worth as many equal draws as", numbers.count(figure["n_eff"])))
    shares = (
        ("Answered of the drawn", figure["response_rate"]),
        ("Outcomes in", figure["outcome_share"]),
        ("Decisions that could be drawn", figure["covered_share"]),
    )
    facts += [(term, rounding.percent(share)) for term, share in shares if share is not None]
    return facts
