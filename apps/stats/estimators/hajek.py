"""Hájek means, for models without a score."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, as_floats, as_inclusion
from apps.stats.estimate import Estimate, exactly, from_interval, missing
from apps.stats.estimators.conclusion import Linearized, labels_still_needed, unfit
from apps.stats.estimators.confusion import PLAIN_SCALE, Confusion, Metric, evaluate, gradient, undefined
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.intervals import LEVEL, Interval, logit_mod
from apps.stats.sample_size import effective_size


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
    >>> share = hajek_mean([1, 0, 1], [0.5, 0.25, 1.0], is_bounded=True)
    >>> round(share.value, 4), share.method
    (0.4286, 'hajek')
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
    interval = _interval(
        theta,
        residual=quantity - theta,
        slope=np.ones(n),
        pi=inclusion,
        second=np.zeros(n),
        odds_total=float(((1 - inclusion) / inclusion**2).sum()) if odds_total is None else odds_total,
        second_anticipated=0.0,
        size=float((1 / inclusion).sum()) if size is None else size,
        is_bounded=is_bounded,
        level=level,
    )
    return from_interval(interval, pi=inclusion, method="wilson" if interval.is_boundary else "hajek")


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
    shares = np.array([_weighted_mean(corner, sample.pi) for corner in corners.T])
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
        is_bounded=isinstance(metric, str) and metric not in PLAIN_SCALE,
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

    Where no truth matters (β = 0) the sum of c is known, so Hájek's mean covers only the rest.

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
    theta = _weighted_mean(quantity, sample.pi)
    part = uncertain.population.size
    figure = _conclude(uncertain, theta, quantity - theta, slope, size=part, is_bounded=False, level=level)
    return replace(figure.scaled(part / size).shifted(known), covered_share=covered)


def _conclude(
    pseudo: PseudoValues,
    theta: float,
    residual: FloatArray,
    slope: FloatArray,
    *,
    size: float,
    is_bounded: bool,
    level: float,
) -> Estimate:
    sample, population = pseudo.sample, pseudo.population
    second = pseudo.design_terms(slope) - (1 - sample.pi) / sample.pi**2 * (slope * pseudo.bracket) ** 2
    interval = _interval(
        theta,
        residual=residual,
        slope=slope,
        pi=sample.pi,
        second=np.maximum(second, 0.0),
        odds_total=float(population.sum_odds.sum()),
        second_anticipated=float(pseudo.second_phase_terms(slope).sum()),
        size=size,
        is_bounded=is_bounded,
        level=level,
    )
    return from_interval(
        interval,
        pi=sample.pi,
        covered_share=population.covered_share,
        is_adjudication_open=sample.is_adjudication_open,
        needed=labels_still_needed(pseudo, df=interval.df, n=len(sample.pi)),
        method="wilson" if interval.is_boundary else "hajek",
    )


def _interval(
    theta: float,
    *,
    residual: FloatArray,
    slope: FloatArray,
    pi: FloatArray,
    second: FloatArray,
    odds_total: float,
    second_anticipated: float,
    size: float,
    is_bounded: bool,
    level: float,
) -> Interval:
    n, design = len(pi), 1 / pi
    # One pseudo-label with the largest variance of a 0/1 truth keeps V_a above 0.
    spread = (n * _weighted_mean(residual**2, pi) + _weighted_mean(slope**2, pi) / 4) / (n + 1)
    effective = effective_size(pi) or 0.0
    return logit_mod(
        theta,
        design_terms=((1 - pi) / pi**2 * residual**2 + second) / design.sum() ** 2,
        anticipated=(odds_total * spread + second_anticipated) / size**2,
        n=n,
        plug_in=(theta * effective + 0.5) / (effective + 1),
        is_bounded=is_bounded,
        level=level,
    )


def _weighted_mean(values: FloatArray, pi: FloatArray) -> float:
    design = pi.min() / pi  # scaled: equal weights give exactly the plain mean
    return float(design @ values / design.sum())
