"""Draws between uniform and active: their priorities, and the variance each gives a metric."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, IntArray, as_floats, same_length
from apps.stats.design.expectation import Expectation, Residuals
from apps.stats.estimators.population import Population
from apps.stats.moderation import anticipated_degrees, degrees_of_freedom, moderate

# Amounts within a cell are taken as lognormal, at the nodes of this Gauss–Hermite rule.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(5)
_WIDEST = 4.0
_ROUNDS, _PRESSURE = 15, 3


@dataclass(frozen=True, eq=False)
class Strata:
    """The cells, split by the amount where a metric depends on it.

    Attributes
    ----------
    cell : array (strata,) of int
        Cell of each stratum.
    amount : array (strata,), not negative
        Amount of each prediction in it.
    n : array (strata,)
        Number of logged predictions.
    """

    cell: IntArray
    amount: FloatArray
    n: FloatArray

    @classmethod
    def of(cls, cells: Population, *, uses_amount: bool) -> "Strata":
        """Split cells by amounts of their mean and mean square.

        >>> money = {"sum_amount": [18], "sum_amount2_odds": [32]}
        >>> cells = Population.of(predicted=[0], bin=[9], n=[9], sum_pi=[1], sum_odds=[8], **money)
        >>> Strata.of(cells, uses_amount=True).amount
        array([2., 2., 2., 2., 2.])
        """
        every = np.arange(len(cells.n))
        if not uses_amount:
            return cls(every, np.zeros(len(every)), cells.logged)
        mean, square = cells.sum_amount / np.maximum(cells.n, 1.0), cells.mean_amount2
        relative = np.divide(square, mean**2, out=np.ones(len(every)), where=mean**2 > 0)
        width = np.sqrt(np.log(np.clip(relative, 1.0, math.exp(_WIDEST))))
        weight = _WEIGHTS / _WEIGHTS.sum()
        amount = np.exp(width[:, None] * _NODES)
        amount *= np.sqrt(square / (amount**2 @ weight))[:, None]
        return cls(np.repeat(every, len(weight)), amount.ravel(), (cells.logged[:, None] * weight).ravel())


@dataclass(frozen=True, eq=False)
class Priorities:
    """Priorities by cell and amount: floor + √(own² + (by_amount·amount)²), with any factor a probability.

    Attributes
    ----------
    floor : float, in [0, 1]
        What everybody gets.
    own, by_amount : array (cells,)
        What a cell gets more, and what an amount adds.
    """

    floor: float
    own: FloatArray
    by_amount: FloatArray

    def of(self, cell: IntArray, amount: FloatArray | float) -> FloatArray:
        """Return the priority of each prediction (N,), given its cell and amount."""
        return np.asarray(self.floor + np.hypot(self.own[cell], self.by_amount[cell] * amount))

    def mixed(self, floor: float) -> "Priorities":
        """Return the mixture of a draw without a floor and the uniform draw that has this floor."""
        return Priorities(floor, (1 - floor) * self.own, (1 - floor) * self.by_amount)


@dataclass(frozen=True, eq=False)
class Measured:
    """What a label may move a metric by: κ₂ and κ₄ of each cell, and what earlier labels moved it by.

    Attributes
    ----------
    second, fourth : array (cells,)
        Per unit of amount where `uses_amount`.
    residuals : Residuals or None
        Of earlier labels, where there are any.
    """

    second: FloatArray
    fourth: FloatArray
    uses_amount: bool
    residuals: Residuals | None

    def total(self, strata: Strata, odds: FloatArray) -> float:
        """Compute Σ_U o·κ₂ under a draw with these odds (1−p)/p by stratum."""
        squares = strata.amount**2 if self.uses_amount else 1.0
        return float((strata.n * self.second[strata.cell] * squares) @ odds)

    def freedom(self, strata: Strata, odds: FloatArray) -> float:
        """Compute ν_a under a draw with these odds by stratum."""
        squares = strata.amount**4 if self.uses_amount else 1.0
        fourth = float((strata.n * self.fourth[strata.cell] * squares) @ (odds**2 * (1 + odds)))
        return float(anticipated_degrees([self.total(strata, odds)], [fourth])[0])

    def variance(self, strata: Strata, odds: FloatArray, of_labels: FloatArray | None) -> float:
        """Estimate the variance of the total: V_a, or V* where earlier labels (n,) with these odds tell more."""
        anticipated, found = self.total(strata, odds), self.residuals
        if found is None or of_labels is None:
            return anticipated
        weighed, amount = found.weight * of_labels, found.amount if self.uses_amount else 1.0
        terms = weighed * found.squares
        expected = weighed * self.second[found.cell] * amount**2
        fourth = weighed**2 @ (self.fourth[found.cell] * amount**4)
        nu = min(degrees_of_freedom(terms), float(anticipated_degrees([expected.sum()], [fourth])[0]))
        if not math.isfinite(nu):
            return anticipated
        return float(moderate([terms.sum()], [nu], [anticipated])[0][0])


def measured(expectation: Expectation, metric: str) -> Measured:
    """Look up what a label may move a metric by.

    Raises
    ------
    ValueError
        If the metric cannot be planned; the message has its code.
    """
    figure = expectation.figure(metric)
    if isinstance(figure, str):
        raise ValueError(f"metrics holds {metric!r}, which cannot be planned: {figure}")
    # A label counts by the square of what its prediction stands for, where not all traffic is logged.
    square, residuals = expectation.population.mean_weight2, expectation.residuals(metric)
    if residuals is not None:
        residuals = replace(residuals, squares=residuals.squares * square[residuals.cell])
    return Measured(figure.second * square, figure.fourth * square**2, figure.linear.uses_amount, residuals)


def active(chosen: Sequence[Measured], strata: Strata, *, importance: FloatArray, floor: float) -> Priorities:
    """Compute the draw p ∝ √(Σ_k ω_k κ₂ₖ) whose variances V_k, once mixed with a floor, have the least geometric mean.

    That has ω_k = 1/V_k, found by iteration. Where V_k would exceed that of a uniform draw, ω_k is raised.
    """
    cells, size = len(chosen[0].second), float(strata.n.sum())
    uniform = np.array([one.total(strata, np.ones(len(strata.n))) for one in chosen])
    variances, raised, drawn = uniform, np.ones(len(chosen)), Priorities(0.0, np.ones(cells), np.zeros(cells))
    for _ in range(_ROUNDS if uniform.any() else 0):
        weights = np.divide(importance * raised, variances, out=np.zeros(len(chosen)), where=variances > 0)
        own, by_amount = (np.sqrt(_weighed(chosen, weights, uses_amount=each)) for each in (False, True))
        mean = float(strata.n @ Priorities(0.0, own, by_amount).of(strata.cell, strata.amount)) / size
        if not mean > 0:
            break
        drawn = Priorities(0.0, own / mean, by_amount / mean)
        inverse = 1 / drawn.mixed(floor).of(strata.cell, strata.amount)
        variances = np.array([one.total(strata, inverse) for one in chosen])
        excess = np.divide(variances, uniform, out=np.ones(len(chosen)), where=uniform > 0)
        raised = np.maximum(raised * excess**_PRESSURE, 1.0)
    return drawn


def _weighed(chosen: Sequence[Measured], weights: FloatArray, *, uses_amount: bool) -> FloatArray:
    """Compute Σ ω_k κ₂ₖ by cell, over the metrics that use amounts or those that do not."""
    parts = [w * one.second for w, one in zip(weights, chosen, strict=True) if one.uses_amount == uses_amount]
    return np.asarray(np.sum(parts, axis=0)) if parts else np.zeros_like(chosen[0].second)


def factor_of(priority: ArrayLike, n: ArrayLike, *, expected: float) -> float:
    """Compute the factor at which a draw with p = min(1, factor·priority) has the expected size.

    Parameters
    ----------
    priority : array (strata,), positive
        Priority of each stratum.
    n : array (strata,), not negative
        Predictions in each.
    expected : float, positive
        Expected size of the draw; above N everything is drawn.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If lengths differ, a priority or the size is not positive, or a count is negative.

    Examples
    --------
    >>> factor_of([1.0, 6.0], [8, 2], expected=4)  # the two are certain
    0.25
    """
    wanted, size = as_floats("priority", priority, largest=LARGEST), as_floats("n", n, largest=LARGEST)
    same_length(priority=wanted, n=size)
    if not (wanted > 0).all():
        raise ValueError("priority must be positive")
    if (size < 0).any():
        raise ValueError("n must not be negative")
    if not (math.isfinite(expected) and expected > 0):
        raise ValueError(f"expected must be positive, got {expected}")
    order = np.argsort(-wanted)
    ranked, mass = wanted[order], size[order]
    # What the strata from here on get if all before them are certain; right is the first that exceeds 1 nowhere.
    left = np.maximum(expected - (np.cumsum(mass) - mass), 0.0)
    pull = np.cumsum((mass * ranked)[::-1])[::-1]
    fits = np.flatnonzero((left * ranked <= pull) & (pull > 0))
    return float(left[fits[0]] / pull[fits[0]]) if len(fits) else LARGEST
