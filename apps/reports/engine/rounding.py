"""How a figure reads: rounded to what its range supports, with its unit."""

import math
from dataclasses import dataclass

from apps.common.amounts import NO_BREAK, SYMBOLS, money, step_of, stepped
from apps.common.digits import at_place, place_of
from apps.common.shares import apart, hundredths
from apps.reports.engine.document import Figure

# Whoever writes a figure finds all of it here.
__all__ = [
    "DIFFERENCES",
    "DIRECTED",
    "ERRORS",
    "NO_BREAK",
    "SHARES",
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
    "loss_rate",
    "tie_rate",
    "within",
    "baseline_within",
    "macro_precision",
    "macro_recall",
}
DIFFERENCES = {"accuracy_difference", "within_gain"}
# In the unit of the prediction; those of the second set have a direction.
ERRORS = {"mae", "rmse", "baseline_mae"}
DIRECTED = {"bias": ("too high", "too low"), "mae_gain": ("closer", "further off"), "shift": ("higher", "lower")}


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
    # Of an error with a direction: what stands behind it above zero, and below
    words: tuple[str, str] = ("", "")

    def step(self, figure: Figure) -> float:
        """Return the step of a figure and its range: of an error, three digits, but no more than four of the range."""
        if self.kind != "error":
            return step_of(figure["value"] or 0.0, figure["low"], figure["high"])
        own, *ends = (abs(figure[name] or 0.0) for name in ("value", "low", "high"))
        largest = max(own, *ends)
        return 10.0 ** max(place_of(own or largest), place_of(largest) - 1)

    def text(self, value: float, step: float) -> str:
        """Write the value in a table: money and errors rounded to the step, shares in percent."""
        if self.kind == "money":
            return money(value, currency=self.currency, step=step)
        if self.kind == "share":
            return percent(value)
        if self.kind == "points":
            return f"{'+' if value > 0 else ''}{percent(value)}".replace("%", "points")
        if self.kind == "error":
            return self._error(value, step)
        return plain(value)

    def range(self, low: float, high: float, step: float) -> str:
        """Write both ends of a range; a unit that they share stands once.

        >>> unit_of("bias", unit="kWh").range(-2.5, 12.25, 0.1)
        '2.5\xa0kWh too low to 12.2\xa0kWh too high'
        >>> unit_of("bias", unit="kWh").range(2.5, 12.25, 0.1), unit_of("mae").range(2.5, 12.25, 0.1)
        ('2.5 to 12.2\xa0kWh too high', '2.5 to 12.2')
        """
        if self.kind != "error":
            return f"{self.text(low, step)} to {self.text(high, step)}"
        if any(self.words) and low < 0 < high:
            return f"{self._error(low, step)} to {self._error(high, step)}"
        near, far = sorted((low, high), key=abs) if any(self.words) else (low, high)
        return f"{_at_step(near, step, self.words)} to {self._error(far, step)}"

    def _error(self, value: float, step: float) -> str:
        """Write an error with its unit: "12.4 kWh", or with its direction "12.4 kWh too high"."""
        text = _at_step(value, step, self.words)
        number = f"{text}{NO_BREAK}{self.currency}" if self.currency else text
        return f"{number} {self.words[value < 0]}" if any(self.words) and value else number


def _at_step(value: float, step: float, words: tuple[str, str]) -> str:
    """Write a number at the step, one that would read as 0 with three digits of its own; words tell the sign."""
    place = round(math.log10(step))
    if value and not round(value, -place):
        place = place_of(value)
    return at_place(abs(value) if any(words) else value, place)


def unit_of(metric: str, currency: str = "", unit: str = "") -> Unit:
    """Return how a metric reads; `unit` is that of a predicted number.

    >>> unit_of("precision:cat").kind, unit_of("value_total", "USD").kind, unit_of("mae").kind, unit_of("r2").kind
    ('share', 'money', 'error', 'number')
    """
    name = metric.partition(":")[0]
    if "value" in name:
        return Unit("money", currency)
    if name in DIFFERENCES:
        return Unit("points")
    if name in ERRORS or name in DIRECTED:
        return Unit("error", unit, DIRECTED.get(name, ("", "")))
    return Unit("share" if name in SHARES else "number")


def is_exact(figure: Figure) -> bool:
    """Say whether the figure is counted; a range without width may still be estimated."""
    return figure["method"] == "exact"


def figure_text(figure: Figure, unit: Unit) -> str:
    """Write the figure, or a dash where the reason stands beside it."""
    if figure["value"] is None:
        return "–"
    return unit.text(figure["value"], unit.step(figure))
