"""Planning before any label: how wide the range of each figure will be, and when it is narrow enough."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from apps.stats.arrays import as_inclusion, as_level
from apps.stats.design.expectation import Expectation, ExpectedFigure, by_cell
from apps.stats.estimators.conclusion import interval_of, unfit
from apps.stats.estimators.population import Population
from apps.stats.intervals import LEVEL
from apps.stats.moderation import NU_0, anticipated_degrees
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS, MINIMUM_DF, labels_needed

#: Plans reach this many times as far as the window they start from.
MOST_TIMES = 1e6
_LEAST_TIMES = 1e-6
_MOST_DF = 1e12
_CLOSE = 1e-6


@dataclass(frozen=True)
class Planned:
    """What a draw is expected to give.

    Attributes
    ----------
    half_width : float or None
        Half the width of the range, on the scale of the metric: "± 0.9 points".
    labels : float or None
        Expected number of counted labels.
    times : float or None
        Populations like this one that these labels come from: 1.5 of a week is ten and a half days.
    value, low, high : float or None
        The figure that earlier labels lead to expect, and its range.
    code : str or None
        Beside a half-width: `preliminary` where the figure would not stand by the minimum rule. In place of one:
        `no_population`, `not_estimable`, `no_response`, `no_score`, `no_amount`, `no_earlier_labels`, `no_positives`
        and the other codes of the metric; `out_of_reach` where no draw of this kind meets the target.
    labels_needed : int or None
        With `preliminary`: labels still needed until the figure stands.
    """

    half_width: float | None
    labels: float | None
    times: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    code: str | None = None
    labels_needed: int | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    """A draw, before there are any labels: the same for every task.

    Attributes
    ----------
    expectation : Expectation
        What to expect of each metric. Plans of several draws share one, and with it what it computed.
    population : Population or None
        The same predictions with the probabilities of this draw, π × blind share; by default as the expectation has
        them.
    times : float, positive
        How many populations like this one the window holds; the population is then a random sample of such traffic.
    response : float, in (0, 1]
        Share of the drawn cases that will be answered.
    least_by_chance : float
        Labels by chance alone that a figure takes to stand: fewer for a slice than for a window.
    level : float, in (0, 1)
        Confidence level of the ranges.

    Raises
    ------
    ValueError
        If the population has other cells than the expectation, or a number is out of range.

    Examples
    --------
    >>> from apps.stats.design.binary_expectation import BinaryExpectation
    >>> cells = Population.of(
    ...     predicted=[0, 1], bin=[70, 130], n=[8000, 2000], sum_pi=[400, 100], sum_odds=[152000, 38000]
    ... )
    >>> plan = Plan(BinaryExpectation(cells))
    >>> planned = plan.half_width("accuracy")
    >>> round(planned.half_width, 4), planned.labels
    (0.0194, 500.0)
    >>> needed = plan.labels_for("accuracy", 0.009)
    >>> round(needed.labels), round(needed.times, 2)
    (2152, 4.3)
    """

    expectation: Expectation
    population: Population | None = None
    times: float = 1.0
    response: float = 1.0
    least_by_chance: float = MINIMUM_CHANCE_LABELS
    level: float = LEVEL

    def __post_init__(self) -> None:
        as_level(self.level)
        if not _LEAST_TIMES <= self.times <= MOST_TIMES:
            raise ValueError(f"times must be between {_LEAST_TIMES:g} and {MOST_TIMES:g}, got {self.times}")
        as_inclusion("response", [self.response])
        if not self.least_by_chance >= 0:
            raise ValueError(f"least_by_chance must not be negative, got {self.least_by_chance}")
        expected, drawn = self.expectation.population, self._cells
        if not (np.array_equal(expected.predicted, drawn.predicted) and np.array_equal(expected.bin, drawn.bin)):
            raise ValueError("population must have the cells of the expectation")

    def half_width(self, metric: str) -> Planned:
        """Return the expected half-width of the range that this draw gives.

        Raises
        ------
        ValueError
            If the metric is unknown.
        """
        outlook = self._outlook(metric)
        return Planned(None, None, code=outlook) if isinstance(outlook, str) else self._planned(outlook, self.times)

    def labels_for(self, metric: str, half_width: float) -> Planned:
        """Return how many labels, and how many populations like this one, a target takes at this draw's rates.

        The figure then also stands by the minimum rule, if this draw ever lets it.

        Raises
        ------
        ValueError
            If the target is not positive, or the metric unknown.
        """
        if not (math.isfinite(half_width) and half_width > 0):
            raise ValueError(f"half_width must be positive, got {half_width}")
        outlook = self._outlook(metric)
        if isinstance(outlook, str):
            return Planned(None, None, code=outlook)
        times = _times_for(half_width, lambda times: outlook.half_width(times, self.level))
        if times is None:
            return replace(self._planned(outlook, MOST_TIMES), code="out_of_reach", labels_needed=None)
        return self._planned(outlook, min(max(times, self._times_to_stand(outlook)), MOST_TIMES))

    @cached_property
    def _cells(self) -> Population:
        """The cells of this draw, as answered."""
        drawn = self.expectation.population if self.population is None else by_cell(self.population)
        return drawn if self.response == 1 else drawn.with_response(np.full(len(drawn.n), self.response))

    def _outlook(self, metric: str) -> "_Outlook | str":
        """Return what this draw tells of a metric, or the code of why it tells nothing."""
        figure, cells = self.expectation.figure(metric), self._cells
        if isinstance(figure, str):
            return figure
        linear = figure.linear
        if code := unfit(cells, n=1, on_cells=linear.on_cells):
            return code
        odds, odds2 = cells.sum_odds, cells.sum_odds2
        if linear.uses_amount:
            odds, odds2 = cells.sum_amount2_odds, cells.sum_amount4_odds2
        first, fourth = figure.logging
        first, fourth = first + float(figure.second @ odds), fourth + float(figure.fourth @ odds2)
        return _Outlook(
            figure,
            variance=first / cells.size / cells.size,
            nu=float(anticipated_degrees([first], [fourth])[0]),
            labels=float(cells.sum_pi @ (linear.on_cells & (cells.sum_odds > 0))),
        )

    def _planned(self, outlook: "_Outlook", times: float) -> Planned:
        value, low, high = outlook.ends(times, self.level)
        needed = self._needed(outlook, times)
        return Planned(
            half_width=(high - low) / 2,
            labels=self._drawn * times,
            times=times,
            value=value,
            low=low,
            high=high,
            code="preliminary" if needed else None,
            labels_needed=needed or None,
        )

    def _needed(self, outlook: "_Outlook", times: float) -> int:
        """Apply the minimum rule."""
        if outlook.variance == 0:
            return 0
        n, left = outlook.labels * times, max(self._cells.size_logged - self._drawn, 0.0) * times
        needed = labels_needed(
            nu=outlook.nu * times,
            n=round(n),
            by_chance=self._by_chance * times,
            expected=self._drawn * times,
            left=left,
            least_by_chance=self.least_by_chance,
        )
        return max(needed, math.ceil(min(outlook.figure.linear.minimum - n, left)))

    def _times_to_stand(self, outlook: "_Outlook") -> float:
        """Return the populations it takes until the minimum rule lets the figure stand; 0 where none would do."""
        if outlook.variance == 0 or not (outlook.nu > 0 and self._by_chance > 0 and outlook.labels > 0):
            return 0.0
        # A hair more, so that rounding does not leave a label to be needed.
        return (1 + _CLOSE) * max(
            MINIMUM_DF / outlook.nu,
            self.least_by_chance / self._by_chance,
            outlook.figure.linear.minimum / outlook.labels,
        )

    @cached_property
    def _drawn(self) -> float:
        return float(self._cells.sum_pi.sum())

    @cached_property
    def _by_chance(self) -> float:
        return float(self._cells.sum_chance.sum())


@dataclass(frozen=True, eq=False)
class _Outlook:
    """A metric under a draw from one population: V_a, ν_a and the labels that it depends on and are not certain."""

    figure: ExpectedFigure
    variance: float
    nu: float
    labels: float

    def ends(self, times: float, level: float) -> tuple[float, float, float]:
        """Return value, low and high from so many populations, by the formula of the later interval."""
        nu = self.nu * times
        interval = interval_of(
            self.figure.linear,
            variance=self.variance / times,
            df=min(nu, _MOST_DF) + NU_0,
            nu=nu,
            n=self.labels * times,
            level=level,
        )
        ends = interval.value, interval.low, interval.high
        value, low, high = (math.sqrt(max(end, 0.0)) for end in ends) if self.figure.is_root else ends
        return value, low, high

    def half_width(self, times: float, level: float) -> float:
        _, low, high = self.ends(times, level)
        return (high - low) / 2


def _times_for(target: float, width: Callable[[float], float]) -> float | None:
    """Find the fewest populations whose range is narrow enough, by bisection; None if even `MOST_TIMES` are too few."""
    low, high = _LEAST_TIMES, _LEAST_TIMES
    while width(high) > target:
        if high >= MOST_TIMES:
            return None
        low, high = high, min(high * 8, MOST_TIMES)
    while high - low > _CLOSE * high:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if width(middle) > target else (low, middle)
    return high
