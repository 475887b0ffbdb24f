"""From a linearized metric to its estimate: variance, interval, sample sizes and reason codes."""

import math
from dataclasses import dataclass, replace

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray
from apps.stats.estimate import Estimate, exactly, from_interval, missing
from apps.stats.estimators.first_phase import logging_moments
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.intervals import LEVEL, UNIT, Interval, Limits, log_mod, logit_mod, plain_mod
from apps.stats.moderation import NU_0, degrees_of_freedom, moderate
from apps.stats.sample_size import MINIMUM_DF, labels_needed

NO_LIMITS: Limits = (-math.inf, math.inf)
#: With fewer degrees of freedom to expect, few labels carry the variance of a share, and the logit interval is joined
#: with the plain one: figures that just stand are those whose draw held more errors than most.
CAUTIOUS_DF = 8.0
#: With fewer, a draw without its rare heavy errors looks precise; then V_a is worth half of ν₀.
HOPELESS_DF, SHAKEN_NU_0 = 1.0, NU_0 / 2


@dataclass(frozen=True, eq=False)
class Linearized:
    """A metric with its influences, on the scale of a mean over the population.

    Attributes
    ----------
    value : float
        θ̂; ignored where there is a code.
    plug_in : float or None
        θ_a, the same metric of the proxy alone.
    beta_cells, beta : array (cells,), array (n,)
        Influence of a label, u(y=1) − u(y=0), in each cell and of each item; by item it includes the amount.
    on_cells, on_items : mask
        What the metric depends on; precision, for example, only on predicted positives.
    spread : float
        n·V_srs, the variance per label of a draw with equal probabilities from what the metric depends on.
    certain_cells, certain : array (cells,), array (n,), optional
        Influence of a prediction whose f is 0, up to a constant, in each cell and of each item; by item it includes the
        amount. It matters where not every prediction was logged; 0 if left out.
    is_total : bool
        Whether the figure is to be scaled to the total over a population whose size is estimated as well.
    beta_plug_in : array (cells,), optional
        Influence in each cell at θ_a, for the minimum rule: an estimate that happens to be far off must not decide
        whether it stands.
    limits : (float, float)
        What the metric can be, whatever the missing labels say.
    is_share : bool
        Whether the interval is built on the logit scale within the limits. Else it is built on the logarithm where
        there is only a lower limit, as for losses, and on the plain scale, cut to the limits, everywhere else.
    uses_amount : bool
        Whether the amount multiplies `beta_cells`.
    trials : int
        The trials of a share that a label is worth: 2 for the AUC, where each is compared with all of the other class.
    minimum : int
        With fewer labels the figure is preliminary, whatever its interval.
    code : str or None
        Why the metric is undefined.
    """

    value: float
    plug_in: float | None
    beta_cells: FloatArray
    beta: FloatArray
    on_cells: BoolArray
    on_items: BoolArray
    spread: float
    certain_cells: FloatArray | None = None
    certain: FloatArray | None = None
    is_total: bool = False
    beta_plug_in: FloatArray | None = None
    limits: Limits = UNIT
    is_share: bool = True
    uses_amount: bool = False
    trials: int = 1
    minimum: int = 0
    code: str | None = None

    def beta2_odds(self, population: Population) -> FloatArray:
        """Compute Σ β²o of each cell, o = (1−π)/π."""
        odds = population.sum_amount2_odds if self.uses_amount else population.sum_odds
        return np.asarray(self.beta_cells**2 * odds)

    def beta4_odds2(self, population: Population) -> FloatArray:
        """Compute Σ β⁴o²(1+o) of each cell."""
        odds2 = population.sum_amount4_odds2 if self.uses_amount else population.sum_odds2
        return np.asarray(self.beta_cells**4 * odds2)

    def logging(self, pseudo: PseudoValues) -> tuple[FloatArray, float, float]:
        """Compute what logging adds to the terms of V_d by item, to V_a, and to the denominator of ν_a; for a total."""
        cells = pseudo.population
        if cells.is_all_logged:
            return np.zeros(len(self.beta)), 0.0, 0.0
        of_cells = np.zeros(len(self.beta_cells)) if self.certain_cells is None else self.certain_cells
        of_items = np.zeros(len(self.beta)) if self.certain is None else self.certain
        stake = cells.sum_amount if self.uses_amount else cells.n
        mean = (float(of_cells @ stake) + pseudo.total(self.beta_cells * stake, self.beta)) / max(cells.size, 1.0)
        center = 0.0 if self.is_total else mean
        moments = logging_moments(
            pseudo, certain=of_cells, beta=self.beta_cells, center=center, uses_amount=self.uses_amount
        )
        terms = pseudo.logging_terms(of_items + self.beta * pseudo.of_truth - center)
        return terms, float(moments.variance.sum()), float(moments.fourth.sum())


def conclude(pseudo: PseudoValues, metric: Linearized, *, level: float = LEVEL) -> Estimate:
    """Estimate a linearized metric: interval, sample sizes and codes.

    Parameters
    ----------
    pseudo : PseudoValues
        Pseudo-values that the metric is made of.
    metric : Linearized
        Value and influences.
    level : float, in (0, 1)
        Confidence level.

    Returns
    -------
    Estimate
        Without a value where the metric is undefined or `refusal` finds a reason.
    """
    population, sample = pseudo.population, pseudo.sample
    size, covered = max(population.size, 1.0), population.covered_share
    n = int(metric.on_items.sum())
    if code := refusal(population, metric, n=n):
        return missing(code, n=n, covered_share=covered)
    if not metric.on_cells.any() and population.is_all_logged:
        return exactly(metric.value, n=0, covered_share=covered)  # no label can change it
    n_open = int((metric.on_items & ~sample.constant).sum())
    of_logging, expected, fourth = metric.logging(pseudo)
    beta2_odds, nu = metric.beta2_odds(population), _anticipated_df(pseudo, metric, logging=(expected, fourth))
    terms = (pseudo.design_terms(metric.beta) + of_logging) / size**2
    by_design, anticipated = float(terms.sum()), (pseudo.anticipated(beta2_odds, metric.beta) + expected) / size**2
    variance, df = moderate([by_design], [min(degrees_of_freedom(terms), nu)], [anticipated])
    if nu < HOPELESS_DF and by_design < anticipated:
        df = df - (NU_0 - SHAKEN_NU_0)
    interval = interval_of(metric, variance=float(variance[0]), df=float(df[0]), nu=nu, n=n_open, level=level)
    is_exact = interval.method == "exact" and math.isinf(nu)
    return from_interval(
        interval,
        n=n,
        n_eff=min(metric.spread / interval.se**2, max(population.size_logged, 1.0)) if interval.se > 0 else float(n),
        covered_share=covered,
        is_adjudication_open=bool((sample.q[metric.on_items] == 0).any()),
        needed=0 if is_exact else _needed(pseudo, metric, nu=nu, n=n, n_open=n_open, logging=(expected, fourth)),
        # Labels without any spread make nothing certain.
        method=None if is_exact or interval.method != "exact" else "plain-mod",
    )


def interval_of(metric: Linearized, *, variance: float, df: float, nu: float, n: float, level: float) -> Interval:
    """Build the interval of a metric from V*, its degrees of freedom, ν_a and the labels that are not certain."""
    if not metric.is_share and math.isfinite(metric.limits[0]) and metric.limits[1] == math.inf:
        # The anticipated variance of a loss is fitted on the labels of its design variance: it adds no freedom.
        own = max(df - NU_0, MINIMUM_DF)
        return log_mod(metric.value, variance=variance, df=own, least=metric.limits[0], level=level)
    if not metric.is_share:
        return plain_mod(metric.value, variance=variance, df=df, limits=metric.limits, level=level)
    return logit_mod(
        metric.value,
        variance=variance,
        df=df,
        n=n * metric.trials,
        plug_in=metric.plug_in,
        limits=metric.limits,
        is_cautious=nu < CAUTIOUS_DF,
        level=level,
    )


def _needed(
    pseudo: PseudoValues, metric: Linearized, *, nu: float, n: int, n_open: int, logging: tuple[float, float]
) -> int:
    """Apply the minimum rule to a figure with ν_a and n labels, of which `n_open` are not certain."""
    if metric.beta_plug_in is not None:
        nu = min(nu, _anticipated_df(pseudo, replace(metric, beta_cells=metric.beta_plug_in), logging=logging))
    left = max(pseudo.population.size_logged - len(pseudo.sample.pi), 0.0)
    return max(still_needed(pseudo, nu=nu, n=n_open), min(metric.minimum - n, int(left)))


def _anticipated_df(pseudo: PseudoValues, metric: Linearized, *, logging: tuple[float, float]) -> float:
    population = pseudo.population
    beta2_odds, beta4_odds2 = metric.beta2_odds(population), metric.beta4_odds2(population)
    return pseudo.anticipated_df(beta2_odds, beta4_odds2, metric.beta, logging=logging)


def refusal(population: Population, metric: Linearized, *, n: int) -> str | None:
    """Say why a metric with n labels has no value: its own reason first, then the design's."""
    return metric.code or unfit(population, n=n, on_cells=metric.on_cells)


def unfit(population: Population, *, n: int, on_cells: BoolArray | None = None) -> str | None:
    """Say why the design supports no value of a metric, or return None.

    Parameters
    ----------
    population : Population
        All predictions of the window.
    n : int
        Labels that the metric uses.
    on_cells : mask (cells,), optional
        Cells that it depends on; all if left out. Without any, no label is needed.

    Returns
    -------
    str or None

    Examples
    --------
    >>> import numpy as np
    >>> cells = Population.from_rows(predicted=[0, 1], score=[0.2, 0.9], pi=[0.0, 1.0])
    >>> unfit(cells, n=1), unfit(cells, n=1, on_cells=np.array([False, True]))
    ('not_estimable', None)
    """
    if population.size == 0:
        return "no_population"
    uncovered, unanswered = population.n_uncovered, population.n_unanswered
    if on_cells is not None:
        if not on_cells.any():
            return None
        uncovered, unanswered = uncovered[on_cells], unanswered[on_cells]
    if (uncovered > 0).any():
        return "not_estimable"
    if (unanswered > 0).any():
        return "no_response"
    return "no_labels" if n == 0 else None


def still_needed(pseudo: PseudoValues, *, nu: float, n: int) -> int:
    """Count the labels that a figure with these anticipated degrees of freedom still needs, in the open part alone.

    `n` counts the labels there are that are not certain.
    """
    population, sample = pseudo.population, pseudo.sample
    return labels_needed(
        nu=nu,
        n=n,
        by_chance=float(population.sum_chance.sum()),
        expected=max(float(population.sum_pi.sum() - (~sample.is_drawn_at_random).sum()), 0.0),
        # Where not all was logged, more of the same traffic could be.
        left=max(population.size_logged - len(sample.pi), 0.0) if population.is_all_logged else math.inf,
        least_by_chance=pseudo.least_by_chance,
    )


def weighted_variance(values: FloatArray, pi: FloatArray) -> float:
    """Compute the variance of values over the population from drawn ones, each weighted by 1/π; 0 without any.

    >>> weighted_variance(np.array([1.0, 3.0]), np.array([0.5, 0.5]))
    1.0
    """
    if len(values) == 0:
        return 0.0
    weight = pi.min() / pi
    mean = weight @ values / weight.sum()
    return float(weight @ (values - mean) ** 2 / weight.sum())
