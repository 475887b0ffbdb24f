"""How a figure reads: rounded to what its range supports, with its unit."""

from dataclasses import dataclass

from apps.common.amounts import NO_BREAK, SYMBOLS, money, step_of, stepped
from apps.common.shares import apart, hundredths
from apps.reports.engine.document import Figure

# Whoever writes a figure finds all of it here.
__all__ = [
    "NO_BREAK",
    "SYMBOLS",
    "Unit",
    "figure_text",
    "is_exact",
    "money",
    "percent",
    "plain",
    "step_of",
    "stepped",
    "unit_of",
]

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
# In the unit of the prediction.
ERRORS = {"mae", "rmse", "bias"}


def percent(share: float, *, decimals: int = 1) -> str:
    """
    >>> percent(0.4125), percent(0.9998), percent(-0.0001), percent(1.0)
    ('41.2\\xa0%', '99.98\\xa0%', '−0.01\\xa0%', '100.0\\xa0%')
    """
    return f"{hundredths(share, decimals=decimals)}{NO_BREAK}%"


def plain(value: float, *, decimals: int = 3) -> str:
    """Write a figure without unit, such as κ or AUC.

    >>> plain(-0.1), plain(0.9998)
    ('−0.100', '0.9998')
    """
    return apart(value, decimals=decimals, edges=(-1.0, 0.0, 1.0))


@dataclass(frozen=True)
class Unit:
    """How figures of one metric read."""

    kind: str  # money, share, points, error, number
    currency: str = ""  # of an error, the unit of the prediction

    def step(self, figure: Figure) -> float:
        return step_of(figure["value"] or 0.0, figure["low"], figure["high"])

    def text(self, value: float, step: float) -> str:
        """Write the value in a table: money and errors rounded to the step, shares in percent."""
        if self.kind == "money":
            return money(value, currency=self.currency, step=step)
        if self.kind == "share":
            return percent(value)
        if self.kind == "points":
            return f"{'+' if value > 0 else ''}{percent(value)}".replace("%", "points")
        if self.kind == "error":
            return stepped(value, step)
        return plain(value)


def unit_of(metric: str, currency: str = "") -> Unit:
    """
    >>> unit_of("precision:cat").kind, unit_of("value_total", "USD").kind, unit_of("mae").kind, unit_of("r2").kind
    ('share', 'money', 'error', 'number')
    """
    name = metric.partition(":")[0]
    if "value" in name:
        return Unit("money", currency)
    if name == "accuracy_difference":
        return Unit("points")
    return Unit("share" if name in SHARES else "error" if name in ERRORS else "number")


def is_exact(figure: Figure) -> bool:
    """Say whether the figure is counted; a range without width may still be estimated."""
    return figure["method"] == "exact"


def figure_text(figure: Figure, unit: Unit) -> str:
    """Write the figure, or a dash where the reason stands beside it."""
    if figure["value"] is None:
        return "–"
    return unit.text(figure["value"], unit.step(figure))
