"""Why a mean or a total differs between two windows: the mix of cases, the model at the same mix, and volume."""

import math
from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.comparison.shares import welch_df
from apps.stats.comparison.sides import Side
from apps.stats.intervals import LEVEL, t_quantile
from apps.stats.moderation import degrees_of_freedom, moderate

#: With so many labels in a group on both sides, the two means count the same; with fewer on one, the other counts more.
ENOUGH = 100.0


@dataclass(frozen=True)
class Part:
    """A part of a difference, second less first.

    Attributes
    ----------
    value : float
    low, high : float
        Range of what the labels leave open; no wider than the value where all truths are counted.
    chance_low, chance_high : float
        The same, and how far chance alone moves it between two windows of these sizes that are drawn from one process.
    chance_se, df : float, float or None
        Standard error behind the latter, and its degrees of freedom.
    """

    value: float
    low: float
    high: float
    chance_low: float
    chance_high: float
    chance_se: float
    df: float | None


@dataclass(frozen=True, eq=False)
class Decomposition:
    """A difference and its parts, which add up to it.

    Attributes
    ----------
    difference : Part
        Second less first.
    mix : Part
        What the shares of the groups explain.
    right : Part
        What the means within the groups explain.
    volume : Part or None
        Of a total: what the number of predictions explains.
    share, mean : array (2, groups)
        Share and mean of each group, first and second.
    size, labels : array (2, groups)
        Predictions and answered items.
    by_mix, by_right : array (groups,)
        What each group adds to `mix` and to `right`; the mix is counted from the mean of both windows, so that a group
        adds to it where more of its cases came and they are unlike the others.
    """

    difference: Part
    mix: Part
    right: Part
    volume: Part | None
    share: FloatArray
    mean: FloatArray
    size: FloatArray
    labels: FloatArray
    by_mix: FloatArray
    by_right: FloatArray

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.mix, self.right) if self.volume is None else (self.volume, self.mix, self.right)


@dataclass(frozen=True, eq=False)
class _Slopes:
    """Derivatives of a part in the means and shares of the groups of one side, and in its number of predictions."""

    mean: FloatArray
    share: FloatArray
    size: float = 0.0

    def scaled(self, factor: float, *, size: float) -> "_Slopes":
        return _Slopes(self.mean * factor, self.share * factor, size)


def decompose(first: Side, second: Side, *, is_total: bool = False, level: float = LEVEL) -> Decomposition:
    """Divide the difference of two means into mix and means within groups; of totals also into volume.

    Δ = Σ (p₂−p₁)·μ̃ + Σ (w·p₂ + (1−w)·p₁)(μ₂−μ₁) with μ̃ = w·μ₁ + (1−w)·μ₂ by group. With w = ½ this is Kitagawa's
    symmetric division. With fewer than 100 labels in a group on one side, w moves to the side that knows its mean; a
    group that only one window has is all mix. For any w the parts add up, and exchanging the windows only changes their
    signs. Of totals T = N·θ, volume is (N₂−N₁) times the mean of both θ, and the other parts take the mean of both N.

    Parameters
    ----------
    first, second : Side
        The same groups in the same order.
    is_total : bool
        Whether the totals are compared.
    level : float, in (0, 1)
        Confidence level.

    Returns
    -------
    Decomposition

    Raises
    ------
    ValueError
        If the groups differ, a side has no predictions, or the level is out of range.

    References
    ----------
    Kitagawa (1955), Components of a difference between two rates; Oaxaca (1973), Male-female wage differentials in
    urban labor markets.
    """
    if len(first.size) != len(second.size):
        raise ValueError(f"the sides must have the same groups, got {len(first.size)} and {len(second.size)}")
    if not (first.n and second.n):
        raise ValueError("each side must have predictions")
    own = _weight_of_first(first, second)
    shift, change = second.share - first.share, second.mean - first.mean
    # Where a side has no cases, its weight is 0 and the mean of the other stands for both.
    middle = own * first.mean + (1 - own) * second.mean
    within = own * second.share + (1 - own) * first.share
    center = float(((first.share + second.share) / 2) @ middle)
    by_mix, by_right = shift * (middle - center), within * change
    mix, right = float(by_mix.sum()), float(by_right.sum())
    of_mix = _Slopes(own * shift, -middle), _Slopes((1 - own) * shift, middle)
    of_right = _Slopes(-within, (1 - own) * change), _Slopes(within, own * change)
    theta = float(first.share @ first.mean), float(second.share @ second.mean)
    of_both = _Slopes(-first.share, -first.mean), _Slopes(second.share, second.mean)
    sides, volume = (first, second), None
    if is_total:
        n, more = (first.n + second.n) / 2, second.n - first.n
        of_volume = (
            _Slopes(first.share * more / 2, first.mean * more / 2, -sum(theta) / 2),
            _Slopes(second.share * more / 2, second.mean * more / 2, sum(theta) / 2),
        )
        volume = _part(more * sum(theta) / 2, sides, of_volume, level=level)
        of_mix = of_mix[0].scaled(n, size=mix / 2), of_mix[1].scaled(n, size=mix / 2)
        of_right = of_right[0].scaled(n, size=right / 2), of_right[1].scaled(n, size=right / 2)
        of_both = of_both[0].scaled(first.n, size=-theta[0]), of_both[1].scaled(second.n, size=theta[1])
        mix, right, by_mix, by_right = mix * n, right * n, by_mix * n, by_right * n
        theta = theta[0] * first.n, theta[1] * second.n
    return Decomposition(
        difference=_part(theta[1] - theta[0], sides, of_both, level=level),
        mix=_part(mix, sides, of_mix, level=level),
        right=_part(right, sides, of_right, level=level),
        volume=volume,
        share=np.array([first.share, second.share]),
        mean=np.array([first.mean, second.mean]),
        size=np.array([first.size, second.size]),
        labels=np.array([first.labels, second.labels]),
        by_mix=by_mix,
        by_right=by_right,
    )


def sum_of_totals(first: Side, second: Side, *, factor: float, level: float = LEVEL) -> Part:
    """Estimate factor·(T₁ + T₂): half of it is what new prices change, where f is the change of each case's value."""
    slopes = tuple(
        _Slopes(side.share * side.n * factor, side.mean * side.n * factor, float(side.share @ side.mean) * factor)
        for side in (first, second)
    )
    value = factor * float(first.total.sum() + second.total.sum())
    return _part(value, (first, second), (slopes[0], slopes[1]), level=level)


def _weight_of_first(first: Side, second: Side) -> FloatArray:
    known = [np.where(side.size > 0, np.minimum(side.labels, ENOUGH) + 1, 0.0) for side in (first, second)]
    both = known[0] + known[1]
    return np.asarray(np.divide(known[0], both, out=np.full(len(both), 0.5), where=both > 0))


def _part(value: float, sides: tuple[Side, Side], slopes: tuple[_Slopes, _Slopes], *, level: float) -> Part:
    """Estimate a smooth function of the groups' means, shares and sizes, given its slopes on both sides."""
    beta = tuple(side.per_prediction(slope.mean) for side, slope in zip(sides, slopes, strict=True))
    on_being = tuple(_influence_of_being(side, slope) for side, slope in zip(sides, slopes, strict=True))
    by_labels, df = _variance_of_labels(sides, (beta[0], beta[1]), (on_being[0], on_being[1]))
    by_process = _variance_of_process(sides, (beta[0], beta[1]), (on_being[0], on_being[1]))
    se, chance_se = math.sqrt(by_labels), math.sqrt(by_labels + by_process)
    chance_df = welch_df([(by_labels, df), (by_process, None)])
    half = t_quantile(level, df) * se if se else 0.0
    chance = t_quantile(level, math.inf if chance_df is None else chance_df) * chance_se
    return Part(value, value - half, value + half, value - chance, value + chance, chance_se, chance_df)


def _influence_of_being(side: Side, slope: _Slopes) -> FloatArray:
    """Return by how much one more prediction of each group moves a part, its f being the mean of the group."""
    return np.asarray((slope.share - float(side.share @ slope.share)) / side.n + slope.size)


def _variance_of_labels(
    sides: tuple[Side, Side], beta: tuple[FloatArray, FloatArray], on_being: tuple[FloatArray, FloatArray]
) -> tuple[float, float]:
    """Return V* and its degrees of freedom: a label that both sides share counts once, with the sum of its slopes."""
    first, second = sides
    if first.is_counted and second.is_counted:
        return 0.0, math.inf
    terms = _squares(sides, beta)
    logged = sum(_logging(side, own, being) for side, own, being in zip(sides, beta, on_being, strict=True))
    odds = sum(float(own**2 @ side.odds) for side, own in zip(sides, beta, strict=True))
    second_phase = sum(float(own**2 @ side.second) for side, own in zip(sides, beta, strict=True))
    fourth = sum(float(own**4 @ side.fourth) for side, own in zip(sides, beta, strict=True))
    both = 2 * float(beta[0] * beta[1] @ (first.shared_odds + second.shared_odds))
    nu = odds**2 / fourth if fourth > 0 else math.inf
    if first.is_hopeless or second.is_hopeless:
        nu = 0.0
    anticipated = max(odds + both, 0.0) + second_phase + logged
    variance, df = moderate([float(terms.sum()) + logged], [min(degrees_of_freedom(terms), nu)], [anticipated])
    return float(variance[0]), float(df[0])


def _squares(sides: tuple[Side, Side], beta: tuple[FloatArray, FloatArray]) -> FloatArray:
    roots = [own[side.group] * side.root for side, own in zip(sides, beta, strict=True)]
    places = _places_of_shared(*sides)
    if places is None:
        return np.concatenate(roots) ** 2
    of_first, of_second = places
    roots[0][of_first] += roots[1][of_second]
    alone = np.ones(len(roots[1]), dtype=np.bool_)
    alone[of_second] = False
    return np.concatenate([roots[0], roots[1][alone]]) ** 2


def _logging(side: Side, beta: FloatArray, on_being: FloatArray) -> float:
    if not side.unlogged.any():
        return 0.0
    influence = beta[side.group] * (side.worth - side.mean[side.group]) + on_being[side.group]
    return float(side.unlogged @ influence**2)


def _variance_of_process(
    sides: tuple[Side, Side], beta: tuple[FloatArray, FloatArray], on_being: tuple[FloatArray, FloatArray]
) -> float:
    """Return the variance over windows of one process: of who comes, and of f within the groups."""
    first, second = sides
    apart = sum(
        float(side.size @ (being**2 + own**2 * side.spread))
        for side, own, being in zip(sides, beta, on_being, strict=True)
    )
    spread = (first.spread + second.spread) / 2
    shared = first.shared + second.shared
    both = 2 * float(shared @ (on_being[0] * on_being[1] + beta[0] * beta[1] * spread))
    return max(apart + both, 0.0)


def _places_of_shared(first: Side, second: Side) -> tuple[IntArray, IntArray] | None:
    """Return where the labels that both sides hold lie in each; None without any."""
    _, of_first, of_second = np.intersect1d(first.key, second.key, return_indices=True)
    return (of_first, of_second) if len(of_first) else None


def correlation(first: Side, second: Side) -> float:
    """Estimate the correlation of two means, from the labels that both sides hold; 0 without any."""
    places = _places_of_shared(first, second)
    if places is None:
        return 0.0
    common = float(first.root[places[0]] @ second.root[places[1]])
    own = float((first.root**2).sum()) * float((second.root**2).sum())
    return min(max(common / math.sqrt(own), -1.0), 1.0) if own > 0 else 0.0


def least_of(part: Part, *, tests: int = 1, level: float = LEVEL) -> float:
    """Return how far from zero a part lies at least, in so many tests at once (Bonferroni); below 0 where zero may be.

    >>> round(least_of(Part(-5.0, -5.0, -5.0, -6.96, -3.04, 1.0, None)), 2)
    3.04
    """
    reach = t_quantile(1 - (1 - level) / tests, math.inf if part.df is None else part.df)
    return abs(part.value) - reach * part.chance_se
