"""What frozen scores expect of some days, beside what is known of them: right decisions, and their worth."""

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from apps.monitoring.models import Series, Stage
from apps.monitoring.services import references
from apps.monitoring.services.history import History, history
from apps.monitoring.services.placing import Layout
from apps.monitoring.services.references import Usual
from apps.registry.models import MonitoredModel, Task, ValueModel
from apps.stats.arrays import FloatArray, IntArray
from apps.stats.delay.expected_right import ExpectedRight, fit_expected_right
from apps.stats.estimate import Estimate, missing
from apps.stats.intervals import wilson_interval

# More outcomes than these make the expectation no better.
MOST_OUTCOMES = 200_000
Z = 1.959963984540054
# Outcomes count from the day on which so many are known: those that come early may be of another kind.
NEARLY_ALL = 0.9


@dataclass(frozen=True, eq=False)
class Expectation:
    """Expected right decisions by cell, frozen on the outcomes of the reference. None of it holds for numbers."""

    model: MonitoredModel
    cell: Series
    loss: Series
    frozen: ExpectedRight

    @classmethod
    def of(cls, model: MonitoredModel, layout: Layout, reference: History) -> "Expectation | None":
        """Fit on the outcomes of these days; None without predictions, or for a model of numbers."""
        cell, loss = layout.get(Stage.CELL), layout.get(Stage.LOSS)
        if cell is None or loss is None or model.is_regression:
            return None
        known, wrong = reference.of(loss), np.rint(reference.sums_of(loss)).astype(np.int64)
        places, right = _rows(known, np.clip(wrong, 0, np.maximum(known, 0)))
        return cls(model, cell, loss, fit_expected_right(places, right, count=cell.frozen.size))

    @property
    def code(self) -> str | None:
        return self.frozen.code

    def of_days(self, days: History) -> Estimate:
        """Return the share of right decisions to expect of these days, by their predictions and scores alone."""
        return self.frozen.of(np.maximum(days.of(self.cell).sum(axis=0), 0))

    def by_day(self, days: History) -> FloatArray | None:
        """Return the right decisions to expect among the known outcomes of each day; None if not valid."""
        if self.frozen.mean is None or self.code is not None:
            return None
        return np.asarray(np.maximum(days.of(self.loss), 0) @ np.clip(self.frozen.mean, 0.0, 1.0), dtype=np.float64)

    def cost_of(self, series: Series, days: History, usual: Usual) -> Estimate:
        """Return what the shift of one series alone costs in right decisions; negative: they get fewer."""
        sample = usual.sample
        if not (sample.has(series) and sample.has(self.cell)) or len(sample.codes) == 0:
            return missing("no_reference")
        return self.frozen.cost_of_shift(sample.joint(series, self.cell), days.of(series).sum(axis=0))

    @cached_property
    def value_model(self) -> ValueModel | None:
        return self.model.current_value_model

    @property
    def price(self) -> FloatArray | None:
        """What an error costs in each cell; None where the value model does not say."""
        return None if self.worth is None else self.worth[0] - self.worth[1]

    def price_of(self, days: History) -> Estimate | None:
        """Return what errors should cost per decision of these days, by their predictions and scores alone."""
        n = np.maximum(days.of(self.cell).sum(axis=0), 0)
        if self.frozen.mean is None or self.code is not None or self.price is None or n.sum() == 0:
            return None
        wrong = 1 - np.clip(self.frozen.mean, 0.0, 1.0)
        share = n / n.sum()
        mean, square = float(share @ (wrong * self.price)), float(share @ (wrong * self.price**2))
        se = math.sqrt(max(square - mean**2, 0.0) / float(n.sum()))
        return Estimate(mean, mean - Z * se, mean + Z * se, "plug-in", int(n.sum()), se=se)

    @cached_property
    def worth(self) -> tuple[FloatArray, FloatArray] | None:
        """What a right and a wrong decision of each cell is worth; None where the value model does not say."""
        value = self.value_model
        if value is None or value.is_per_amount or self.model.task != Task.BINARY:
            return None
        names = [name.split(":", 1)[1] for name in getattr(self.cell.frozen, "names", ())]
        right, wrong = np.zeros(self.cell.frozen.size), np.zeros(self.cell.frozen.size)
        for place, name in enumerate(names):
            if name in self.model.classes:
                (other,) = (each for each in self.model.classes if each != name)
                right[place] = float(value.matrix[name][name])
                wrong[place] = float(value.matrix[name][other])
        return right, wrong


def what_is_usual(model: MonitoredModel, days: History) -> tuple[Usual | None, Expectation | None]:
    """Return the reference in force, and what its outcomes let one expect; without one, what these days do.

    An uploaded reference has no outcomes of its own: those of the first 30 days stand for them.
    """
    reference = references.current(model)
    if reference is None:
        return None, Expectation.of(model, days.layout, days)
    start, end = reference.start or days.start, reference.end or days.start + references.FIRST_DAYS
    is_read = days.start <= start and end <= days.end
    learned = days.between(start, end) if is_read else history(model, start=start, end=end, layout=days.layout)
    return references.usual(reference, days.layout), Expectation.of(model, days.layout, learned)


def measured(layout: Layout, days: History) -> Estimate:
    """Return the share of right decisions among the known outcomes of these days, with Wilson's range."""
    loss = layout.get(Stage.LOSS)
    if loss is None:
        return missing("no_outcomes")
    known = int(days.of(loss).sum())
    if known == 0:
        return missing("no_outcomes")
    right = min(max(known - float(days.sums_of(loss).sum()), 0.0), float(known))
    low, high = wilson_interval(right, known)
    return Estimate(right / known, low, high, "wilson", known)


def known_share(layout: Layout, days: History) -> float | None:
    """Return the share of these days' predictions whose outcome is known."""
    loss = layout.get(Stage.LOSS)
    rows = int(days.rows.sum())
    return None if loss is None or rows == 0 else float(days.of(loss).sum()) / rows


def price_of_errors(expectation: Expectation | None, days: History, *, is_known: bool) -> Estimate | None:
    """Return what errors cost per decision of these days, by outcomes or as the scores let one expect.

    None without a price for each.
    """
    if expectation is None or expectation.price is None:
        return None
    if not is_known:
        return expectation.price_of(days)
    return _mean(expectation, days, np.zeros_like(expectation.price), expectation.price)


def worth_of(expectation: Expectation | None, days: History) -> Estimate | None:
    """Return what a decision of these days is worth on average, by outcomes; None without a price for each."""
    if expectation is None or expectation.worth is None:
        return None
    return _mean(expectation, days, *expectation.worth)


def _mean(expectation: Expectation, days: History, right: FloatArray, wrong: FloatArray) -> Estimate | None:
    """Average an amount for right and one for wrong decisions over the known outcomes."""
    known = np.maximum(days.of(expectation.loss).sum(axis=0), 0)
    missed = np.clip(days.sums_of(expectation.loss).sum(axis=0), 0.0, known)
    n = int(known.sum())
    if n == 0:
        return None
    mean = float((known - missed) @ right + missed @ wrong) / n
    square = float((known - missed) @ right**2 + missed @ wrong**2) / n
    se = math.sqrt(max(square - mean**2, 0.0) / n)
    return Estimate(mean, mean - Z * se, mean + Z * se, "plain", n, se=se)


def difference(one: Estimate, other: Estimate, *, times: float = 1.0) -> Estimate:
    """Return one less the other, both independent, times a number."""
    if one.value is None or other.value is None:
        return missing(one.code or other.code or "no_outcomes")
    se = math.hypot(one.se or _se(one), other.se or _se(other)) * times
    value = (one.value - other.value) * times
    return Estimate(value, value - Z * se, value + Z * se, "plain", min(one.n, other.n), se=se)


def document(figure: Estimate | None) -> dict[str, Any] | None:
    """Write a figure as it is kept."""
    if figure is None:
        return None
    kept = asdict(figure)
    return {name: kept[name] for name in ("value", "low", "high", "n", "code")}


def _se(figure: Estimate) -> float:
    if figure.low is None or figure.high is None:
        return 0.0
    return (figure.high - figure.low) / (2 * Z)


def _rows(known: IntArray, wrong: IntArray) -> tuple[IntArray, IntArray]:
    """Return the cell of each outcome and whether it was right, day by day."""
    known = np.maximum(known, 0)
    if known.sum() > MOST_OUTCOMES:
        keep = MOST_OUTCOMES / known.sum()
        known, wrong = np.rint(known * keep).astype(np.int64), np.rint(wrong * keep).astype(np.int64)
    table = np.stack([known - wrong, wrong], axis=2)
    _, cells, kinds = np.indices(table.shape)
    return np.repeat(cells.ravel(), table.ravel()), np.repeat(1 - kinds.ravel(), table.ravel())
