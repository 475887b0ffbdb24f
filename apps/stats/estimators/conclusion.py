"""From a linearized metric to its estimate: variance, interval, sample sizes and reason codes."""

from dataclasses import dataclass

from apps.stats.arrays import BoolArray, FloatArray
from apps.stats.estimate import Estimate, exactly, from_interval, missing
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.intervals import LEVEL, logit_mod
from apps.stats.sample_size import labels_needed


@dataclass(frozen=True, eq=False)
class Linearized:
    """A metric with its influences, on the scale of a mean over the population.

    Attributes
    ----------
    value : float
        θ̂; ignored where there is a code.
    plug_in : float or None
        θ_a, the same metric of the proxy alone.
    beta : array (n,)
        Influence of each item's label, u(y=1) − u(y=0).
    beta2_odds : array (cells,)
        Σ β²(1−π)/π of each cell.
    on_cells, on_items : mask
        What the metric depends on; precision, for example, only on predicted positives.
    is_bounded : bool
        Whether the metric lives in [0, 1].
    minimum : int
        With fewer labels the figure is preliminary, whatever its interval.
    code : str or None
        Why the metric is undefined.
    """

    value: float
    plug_in: float | None
    beta: FloatArray
    beta2_odds: FloatArray
    on_cells: BoolArray
    on_items: BoolArray
    is_bounded: bool
    minimum: int = 0
    code: str | None = None


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
    size, covered, pi = max(population.size, 1.0), population.covered_share, sample.pi[metric.on_items]
    if code := refusal(population, metric, n=len(pi)):
        return missing(code, n=len(pi), covered_share=covered)
    if not metric.on_cells.any():
        return exactly(metric.value, n=0, covered_share=covered)  # no label can change it
    interval = logit_mod(
        metric.value,
        design_terms=pseudo.design_terms(metric.beta) / size**2,
        anticipated=pseudo.anticipated(metric.beta2_odds, metric.beta) / size**2,
        n=len(pi),
        plug_in=metric.plug_in,
        is_bounded=metric.is_bounded,
        level=level,
    )
    return from_interval(
        interval,
        pi=pi,
        covered_share=covered,
        is_adjudication_open=bool((sample.q[metric.on_items] == 0).any()),
        needed=max(labels_still_needed(pseudo, df=interval.df, n=len(pi)), metric.minimum - len(pi)),
    )


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


def labels_still_needed(pseudo: PseudoValues, *, df: float, n: int) -> int:
    """Count the labels that a figure with these degrees of freedom still needs under the minimum rule."""
    population = pseudo.population
    floor_labels = None if pseudo.floor_rate is None else pseudo.floor_rate * population.size
    return labels_needed(df=df, n=n, floor_labels=floor_labels, expected_labels=float(population.sum_pi.sum()))
