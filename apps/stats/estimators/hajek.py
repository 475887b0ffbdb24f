"""Hájek means, for models without a score."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, as_floats, as_inclusion
from apps.stats.estimate import Estimate, exactly, from_interval, missing
from apps.stats.estimators.conclusion import NO_LIMITS, Linearized, still_needed, unfit, weighted_variance
from apps.stats.estimators.confusion import (
    PLAIN_SCALE,
    Confusion,
    Metric,
    evaluate,
    gradient,
    undefined,
)
from apps.stats.estimators.confusion_influence import limits_of
from apps.stats.estimators.first_phase import logging_of
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.intervals import LEVEL, UNIT, Interval, Limits, logit_mod, plain_mod
from apps.stats.moderation import anticipated_degrees, degrees_of_freedom, moderate


def hajek_mean(
    values: ArrayLike,
    pi: ArrayLike,
    *,
    odds_total: float | None = None,
    size: float | None = None,
    is_bounded: bool = False,
    level: float = LEVEL,
) -> Estimate:
    """Estimate the mean Σ d a / Σ d, with its linearized Poisson variance Σ (1−π)/π²(a − θ̂)²/(Σd)².

    Parameters
    ----------
    values : array (n,)
        a; in [0, 1] if `is_bounded`.
    pi : array (n,), in (0, 1]
        Inclusion probabilities; d = 1/π.
    odds_total : float, optional
        Σ_U (1−π)/π of the population; estimated from the sample if left out.
    size : float, optional
        Predictions of the population; Σd if left out.
    is_bounded : bool
        Use the logit scale, for a share.
    level : float, in (0, 1)
        Confidence level.

    Returns
    -------
    Estimate
        Method "hajek", or "exact" where π ≡ 1 and every prediction is in; `no_labels` without values.

    Raises
    ------
    ValueError
        If lengths differ, pi is outside (0, 1], a bounded value is outside [0, 1], or odds_total or size is negative.

    References
    ----------
    Hájek (1971); Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, 5.7.

    Examples
    --------
    >>> share = hajek_mean([1, 0, 1, 0] * 9, [0.5, 0.25, 0.5, 0.5] * 9, is_bounded=True)
    >>> round(share.value, 4), share.method
    (0.4, 'hajek')
    """
    inclusion = as_inclusion("pi", pi)
    quantity = as_floats("values", values, length=len(inclusion), largest=LARGEST)
    for name, given, least in (("odds_total", odds_total, 0.0), ("size", size, 1.0)):
        if given is not None and not least <= given <= LARGEST:
            raise ValueError(f"{name} must be a number of predictions or their odds, got {given}")
    if is_bounded and ((quantity < 0) | (quantity > 1)).any():
        raise ValueError("values must be in [0, 1]")
    n = len(inclusion)
    if n == 0:
        return missing("no_labels")
    theta = _weighted_mean(quantity, inclusion)
    if (inclusion == 1).all() and (size is None or size == n):
        return exactly(theta, n=n)
    odds = (1 - inclusion) / inclusion
    spread = _spread(quantity - theta, np.ones(n), inclusion)
    # Over the population, Σo and Σo²(1+o) are estimated by Σo/π and Σ(o/π)² of the drawn.
    drawn = odds / inclusion
    nu = float(anticipated_degrees([drawn.sum() * spread.variance], [(drawn**2).sum() * spread.fourth])[0])
    interval = _interval(
        theta,
        terms=drawn * (quantity - theta) ** 2 / (1 / inclusion).sum() ** 2,
        anticipated=spread.variance
        * (float(drawn.sum()) if odds_total is None else odds_total)
        / (float((1 / inclusion).sum()) if size is None else size) ** 2,
        nu=nu,
        n=n,
        limits=UNIT if is_bounded else NO_LIMITS,
        is_share=is_bounded,
        level=level,
    )
    return from_interval(interval, n=n, n_eff=_equal_draws(quantity, inclusion, interval), method=_method(interval))


def hajek_confusion(metric: Metric, pseudo: PseudoValues, items: FloatArray, *, level: float = LEVEL) -> Estimate:
    """Estimate a confusion metric from weighted shares.

    Parameters
    ----------
    metric : str or formula
        A name in `confusion.FORMULAS`, or a custom formula of the four corners.
    pseudo : PseudoValues
        Pseudo-truths with a proxy of zero, so that the bracket is the two-phase truth of each item.
    items : array (n,) of 0 or 1
        Predicted class of each item.
    level : float, in (0, 1)
        Confidence level.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If the metric is unknown.
    """
    sample, size = pseudo.sample, pseudo.population.size
    covered = pseudo.population.covered_share
    if code := unfit(pseudo.population, n=len(sample.pi)):
        return missing(code, n=len(sample.pi), covered_share=covered)
    truth = pseudo.bracket
    corners = np.column_stack([items * truth, items * (1 - truth), (1 - items) * truth, (1 - items) * (1 - truth)])
    shares = np.array([_weighted_mean(corner, sample.overall) for corner in corners.T])
    table = Confusion(*shares.tolist())
    if code := undefined(metric, table):
        return missing(code, n=len(sample.pi), covered_share=covered)
    by_corner = gradient(metric, table)
    slopes = np.where(items == 1, by_corner[0] - by_corner[1], by_corner[2] - by_corner[3])
    residual = (corners - np.array(table.corners)) @ by_corner
    return _conclude(
        pseudo,
        evaluate(metric, table),
        residual,
        slopes,
        size=size,
        limits=limits_of(metric, pseudo),
        is_share=isinstance(metric, str) and metric not in PLAIN_SCALE,
        level=level,
    )


def hajek_linear(
    pseudo: PseudoValues,
    metric: Linearized,
    *,
    certain_items: FloatArray,
    certain_cells: FloatArray,
    level: float = LEVEL,
) -> Estimate:
    """Estimate a mean that is linear in the truth, c + βy, from weighted items: value, difference of accuracies.

    Where no truth matters (β = 0) the sum of c is known, so Hájek's mean covers only the rest. Not where only a part of
    the predictions was logged: there it covers all of them.

    Parameters
    ----------
    pseudo : PseudoValues
        Pseudo-truths with a proxy of zero.
    metric : Linearized
        β, and where it is not zero.
    certain_items : array (n,)
        c of each item: its quantity if the truth is 0.
    certain_cells : array (cells,)
        Σ c of each cell.
    level : float, in (0, 1)
        Confidence level.

    Returns
    -------
    Estimate
    """
    if not pseudo.population.is_all_logged:
        every = [np.ones_like(mask) for mask in (metric.on_cells, metric.on_items)]
        metric = replace(metric, on_cells=every[0], on_items=every[1])
    uncertain = pseudo.where(metric.on_cells, metric.on_items)
    sample, size = uncertain.sample, pseudo.population.size
    covered = pseudo.population.covered_share
    known = float(certain_cells[~metric.on_cells].sum()) / size
    if not metric.on_cells.any():
        return exactly(known, n=0, covered_share=covered)
    if code := unfit(uncertain.population, n=len(sample.pi)):
        return missing(code, n=len(sample.pi), covered_share=covered)
    slope = metric.beta[metric.on_items]
    quantity = certain_items[metric.on_items] + slope * uncertain.bracket
    theta = _weighted_mean(quantity, sample.overall)
    part = uncertain.population.size
    figure = _conclude(
        uncertain,
        theta,
        quantity - theta,
        slope,
        size=part,
        limits=NO_LIMITS,
        is_share=False,
        level=level,
        further=_of_size(uncertain, quantity, theta) if metric.is_total else 0.0,
    )
    return replace(figure.scaled(part / size).shifted(known), covered_share=covered)


def _conclude(
    pseudo: PseudoValues,
    theta: float,
    residual: FloatArray,
    slope: FloatArray,
    *,
    size: float,
    limits: Limits,
    is_share: bool,
    level: float,
    further: float = 0.0,
) -> Estimate:
    """Conclude from the residuals; `further` is variance that they do not show.

    Without a proxy, logging and drawing are one draw, with the probability πℓ.
    """
    sample, population, pi = pseudo.sample, pseudo.population, pseudo.sample.overall
    n = len(pi)
    by_draw = (1 - sample.pi) / (sample.pi * sample.log_share) ** 2
    second = np.maximum(pseudo.design_terms(slope) - by_draw * (slope * pseudo.bracket) ** 2, 0.0)
    first = (1 - pi) / pi**2
    spread = _spread(residual, slope, pi)
    odds, odds2 = _odds(population)
    fourth = odds2 * spread.fourth + float(pseudo.fourth_terms(slope).sum())
    nu = float(anticipated_degrees([odds * spread.variance], [fourth])[0])
    n_open = int((~sample.constant).sum())
    interval = _interval(
        theta,
        terms=(first * residual**2 + second) / (1 / pi).sum() ** 2,
        anticipated=(odds * spread.variance + float(pseudo.second_phase_terms(slope).sum())) / size**2,
        further=further,
        nu=nu,
        n=n_open,
        limits=limits,
        is_share=is_share,
        level=level,
    )
    return from_interval(
        interval,
        n=n,
        n_eff=_equal_draws(residual, pi, interval),
        covered_share=population.covered_share,
        is_adjudication_open=sample.is_adjudication_open,
        needed=still_needed(pseudo, nu=nu, n=n_open) if interval.se > 0 else 0,
        method=_method(interval),
    )


def _odds(population: Population) -> tuple[float, float]:
    """Return Σo and Σo²(1+o) with o = (1−πℓ)/(πℓ), the second an upper bound; both over all traffic."""
    odds, odds2 = float(population.sum_odds.sum()), float(population.sum_odds2.sum())
    if population.is_all_logged:
        return odds, odds2
    logged = logging_of(population)
    return odds + float(logged.variance.sum()), float((np.sqrt(odds2) + np.sqrt(logged.fourth.sum())) ** 2)


def _of_size(pseudo: PseudoValues, quantity: FloatArray, theta: float) -> float:
    """Compute what a total adds to the variance of N·θ̂, as that of a mean: N is estimated from what was logged."""
    size, residual = max(pseudo.population.size, 1.0), quantity - theta
    both = float((pseudo.logging_terms(quantity) - pseudo.logging_terms(residual)).sum())
    return max(both, 0.0) / size**2


class _Spread(NamedTuple):
    """Variance and fourth moment of the residuals over the population."""

    variance: float
    fourth: float


def _spread(residual: FloatArray, slope: FloatArray, pi: FloatArray) -> _Spread:
    """Estimate the moments, with one pseudo-label of the largest variance of a 0/1 truth: it keeps V_a above 0."""
    n = len(pi)
    variance = (n * _weighted_mean(residual**2, pi) + _weighted_mean(slope**2, pi) / 4) / (n + 1)
    fourth = (n * _weighted_mean(residual**4, pi) + _weighted_mean(slope**4, pi) / 16) / (n + 1)
    return _Spread(variance, fourth)


def _interval(
    theta: float,
    *,
    terms: FloatArray,
    anticipated: float,
    nu: float,
    n: int,
    limits: Limits,
    is_share: bool,
    level: float,
    further: float = 0.0,
) -> Interval:
    moderated, freedom = moderate([terms.sum()], [min(degrees_of_freedom(terms), nu)], [anticipated])
    variance, df = float(moderated[0]) + further, float(freedom[0])
    if not is_share:
        return plain_mod(theta, variance=variance, df=df, limits=limits, level=level)
    plug_in = (theta * n + 0.5) / (n + 1)
    return logit_mod(theta, variance=variance, df=df, n=n, plug_in=plug_in, limits=limits, level=level)


def _method(interval: Interval) -> str:
    return interval.method if interval.is_boundary else "hajek"


def _equal_draws(values: FloatArray, pi: FloatArray, interval: Interval) -> float:
    """Return the labels of a draw with equal probabilities that would be as precise."""
    return weighted_variance(values, pi) / interval.se**2 if interval.se > 0 else float(len(pi))


def _weighted_mean(values: FloatArray, pi: FloatArray) -> float:
    design = pi.min() / pi  # scaled: equal weights give exactly the plain mean
    return float(design @ values / design.sum())
