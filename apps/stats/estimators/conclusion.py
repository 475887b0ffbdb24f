"""From a linearised metric to its figure: variance, interval, sizes and reason codes, for every part at once."""

from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray
from apps.stats.estimate import Estimate, caveat_of, exactly, labels_needed_by_part, missing
from apps.stats.estimators.parts import Codes, first_code
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.intervals import LEVEL, interval_around, moderate


@dataclass(frozen=True, eq=False)
class Linearised:
    """A metric of each part with its influences, all on the scale of a mean over the part's predictions.

    Attributes
    ----------
    value, plug_in : array (parts,)
        θ̂, and θ_a: the same metric of the proxy alone (nan where it has none).
    beta : array (n,)
        Influence of each item's label, u(y=1) − u(y=0).
    beta2_odds : array (cells,)
        Σ β²(1−π)/π of each cell.
    on_cells, on_items : mask
        What the metric depends on: precision, for example, only on predicted positives.
    is_bounded : bool
        Whether the metric lives in [0, 1].
    minimum : int
        Labels below which the figure is preliminary whatever its interval says.
    codes : array (parts,) of str or None
        Why the metric is undefined in a part; its value counts for nothing there.
    """

    value: FloatArray
    plug_in: FloatArray
    beta: FloatArray
    beta2_odds: FloatArray
    on_cells: BoolArray
    on_items: BoolArray
    is_bounded: bool
    minimum: int = 0
    codes: Codes | None = None


def conclude(pseudo: PseudoValues, metric: Linearised, *, level: float = LEVEL) -> Estimate:
    """The estimate of a linearised metric of a window that is one part.

    Parameters
    ----------
    pseudo : PseudoValues
    metric : Linearised
    level : float

    Returns
    -------
    Estimate
        Without a value and with `not_estimable`, `no_response` or `no_labels` where the design bears none.
    """
    (found,) = conclude_parts(pseudo, metric, level=level)
    return found


def conclude_parts(pseudo: PseudoValues, metric: Linearised, *, level: float = LEVEL) -> list[Estimate]:
    """The estimate of a linearised metric in each part: interval, sizes and codes.

    Parameters
    ----------
    pseudo : PseudoValues
    metric : Linearised
    level : float

    Returns
    -------
    list of Estimate, one for each part
    """
    sample, by, size = pseudo.sample, pseudo.by, np.maximum(pseudo.size, 1.0)
    used = metric.on_items.astype(np.float64)
    n = by.sum_items(used)
    codes = refusals(pseudo, metric, n)
    has_code = codes != None  # noqa: E711  # (elementwise)
    beta = np.where(has_code[by.of_items], 0.0, metric.beta)
    variance, df = moderated_parts(pseudo, beta, metric.beta2_odds)
    found = interval_around(
        np.where(has_code, 0.5, metric.value),
        variance=np.where(has_code, 0.0, variance / size**2),
        df=df,
        n=n,
        plug_in=metric.plug_in,
        is_bounded=metric.is_bounded,
        level=level,
    )
    needed = labels_of(pseudo, df=df, n=n)
    columns = (
        codes,
        n,
        pseudo.covered_shares,
        ~by.any_cell(metric.on_cells),
        by.any_item((sample.q == 0) & metric.on_items),
        np.maximum(needed, metric.minimum - n),
        _effective(pseudo, used),
        metric.value,
        found.value,
        found.low,
        found.high,
        found.method,
        found.se,
        found.df,
        found.is_boundary,
    )
    return [_estimate(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _estimate(  # noqa: PLR0917  # (one row of the table above)
    code: str | None,
    n: float,
    covered: float,
    is_certain: bool,
    is_open: bool,
    needed: float,
    n_eff: float,
    certain: float,
    value: float,
    low: float,
    high: float,
    method: str,
    se: float,
    df: float,
    is_boundary: bool,
) -> Estimate:
    if code is not None:
        return missing(code, n=int(n), covered_share=None if code == "no_population" else covered)
    if is_certain:
        return exactly(certain, n=0, covered_share=covered)  # no label can move it
    return Estimate(
        value,
        low,
        high,
        method,
        int(n),
        n_eff=n_eff,
        code=caveat_of(is_preliminary=needed > 0, is_adjudication_open=is_open, is_boundary=is_boundary),
        se=se,
        df=df,
        covered_share=covered,
        labels_needed=int(needed) if needed > 0 else None,
    )


def refusals(pseudo: PseudoValues, metric: Linearised, n: FloatArray) -> Codes:
    """Why no number can be given, by part: the metric's own reason first, then the design's."""
    population, by = pseudo.population, pseudo.by
    codes = first_code(
        by.number,
        [
            (pseudo.size == 0, "no_population"),
            (~by.any_cell(metric.on_cells), ""),  # nothing has to be known
            (by.any_cell((population.n_uncovered > 0) & metric.on_cells), "not_estimable"),
            (by.any_cell((population.n_unanswered > 0) & metric.on_cells), "no_response"),
            (n == 0, "no_labels"),
        ],
    )
    codes[codes == ""] = None
    if metric.codes is not None:
        codes = np.where(metric.codes != None, metric.codes, codes)  # noqa: E711  # (elementwise)
    return codes


def moderated_parts(pseudo: PseudoValues, beta: FloatArray, beta2_odds: FloatArray) -> tuple[FloatArray, FloatArray]:
    """V* of each part's total under influences beta (n,), and its degrees of freedom."""
    by, terms = pseudo.by, pseudo.design_terms(beta)
    # Scaled by the largest term, for the squares of tiny terms would underflow.
    largest = by.largest_item(terms)
    scaled = terms / np.where(largest > 0, largest, 1.0)[by.of_items]
    squares = by.sum_items(scaled**2)
    nu = np.divide(by.sum_items(scaled) ** 2, squares, out=np.zeros(by.number), where=squares > 0)
    return moderate(by.sum_items(terms), nu, pseudo.anticipated(beta2_odds, beta))


def _effective(pseudo: PseudoValues, used: FloatArray) -> FloatArray:
    """Kish's effective size of the labels used in each part."""
    by = pseudo.by
    weight = used / pseudo.sample.pi
    # Scaled by the largest, so that equal weights give exactly n.
    largest = by.largest_item(weight)
    weight = weight / np.where(largest > 0, largest, 1.0)[by.of_items]
    squares = by.sum_items(weight**2)
    return np.divide(by.sum_items(weight) ** 2, squares, out=np.zeros(by.number), where=squares > 0)


def labels_of(pseudo: PseudoValues, *, df: FloatArray, n: FloatArray) -> FloatArray:
    """Labels still needed in each part under the minimum rule, for a figure with these degrees of freedom."""
    floor_labels = None if pseudo.floor_rate is None else pseudo.floor_rate * pseudo.size
    return labels_needed_by_part(df=df, n=n, floor_labels=floor_labels, expected_labels=pseudo.expected_labels)


def unfit(population: Population, on_cells: BoolArray, n: int) -> str | None:
    """Why no number can be given for a metric that depends on these cells, or None.

    Examples
    --------
    >>> cells = Population.from_rows(predicted=[0, 1], score=[0.2, 0.9], pi=[0.0, 1.0])
    >>> unfit(cells, np.array([True, True]), 1), unfit(cells, np.array([False, True]), 1)
    ('not_estimable', None)
    """
    if population.size == 0:
        return "no_population"
    if (population.n_uncovered[on_cells] > 0).any():
        return "not_estimable"
    if (population.n_unanswered[on_cells] > 0).any():
        return "no_response"
    return "no_labels" if n == 0 else None
