"""One figure for people: its text, its likely range, and how it came about."""

from dataclasses import dataclass

from apps.reports.engine.document import Figure
from apps.reports.pages import numbers

SHARES = {
    "accuracy",
    "baseline_accuracy",
    "precision",
    "recall",
    "specificity",
    "balanced_accuracy",
    "disagreement",
    "disagreement_rate",
    "win_rate",
}
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


@dataclass(frozen=True)
class Unit:
    """How figures of one metric read."""

    kind: str  # money, share, points, number
    currency: str = ""

    def step(self, figure: Figure) -> float:
        return numbers.step_of(figure["value"] or 0.0, figure["low"], figure["high"])

    def text(self, value: float, step: float) -> str:
        """The value in a table: money rounded to the step, shares in percent."""
        if self.kind == "money":
            return numbers.money(value, currency=self.currency, step=step)
        if self.kind == "share":
            return numbers.percent(value)
        if self.kind == "points":
            return f"{'+' if value > 0 else ''}{numbers.percent(value)}".replace("%", "points")
        return numbers.plain(value)


def unit_of(metric: str, currency: str = "") -> Unit:
    """
    >>> unit_of("precision:cat").kind, unit_of("value_total", "USD").kind, unit_of("auc").kind
    ('share', 'money', 'number')
    """
    name = metric.partition(":")[0]
    if "value" in name:
        return Unit("money", currency)
    if name == "accuracy_difference":
        return Unit("points")
    return Unit("share" if name in SHARES else "number")


def is_exact(figure: Figure) -> bool:
    return figure["method"] == "exact" or (
        figure["low"] is not None and figure["low"] == figure["value"] == figure["high"]
    )


def figure_text(figure: Figure, unit: Unit) -> str:
    """The figure, or a dash where the reason stands beside it."""
    if figure["value"] is None:
        return "–"
    return unit.text(figure["value"], unit.step(figure))


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
        return f"{numbers.stepped(figure['low'], step)} to {numbers.stepped(figure['high'], step)}"
    low, high = unit.text(figure["low"], step), unit.text(figure["high"], step)
    unit_word = low.rpartition(numbers.NO_BREAK)[2] if numbers.NO_BREAK in low else ""
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
    facts += [(term, numbers.percent(share)) for term, share in shares if share is not None]
    return facts
