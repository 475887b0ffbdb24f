"""Worth of the next labels: what they save, on average, by turning a decision that would have been wrong."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scipy.special import ndtr

from apps.stats.arrays import LARGEST
from apps.stats.estimate import Estimate


@dataclass(frozen=True)
class WorthOfLabels:
    """What the next labels are worth, and what they cost.

    Attributes
    ----------
    k : int
        Number of labels.
    worth, cost, net : float or None, in money
        Expected gain of deciding after these labels instead of now; their cost; worth minus cost. None only beside a
        code that says why.
    code : str or None
        Without a worth: `no_labels` (nothing is known yet, not even how much labels vary), or the estimate's own code.
        Beside a worth of 0: `certain`, no label can turn the decision.
    """

    k: int
    worth: float | None
    cost: float | None
    net: float | None
    code: str | None = None


def worth_of_labels(difference: Estimate, k: int, *, decisions: float, cost_per_label: float) -> WorthOfLabels:
    """Compute the expected value of the next k labels for a choice between two options, such as model or baseline.

    It is decisions·s·[φ(u) − uΦ(−u)] with u = |Δ̂|/s and s² = V − V·n/(n + k), the variance by which k labels drawn
    like the n before will move the estimate. The option that is ahead is chosen, before and after; the gain comes from
    changes of mind.

    Parameters
    ----------
    difference : Estimate
        Value of one option minus that of the other, per decision, in money.
    k : int, not negative
        Further labels, of the kind that n counts: those on which the difference depends.
    decisions : float, not negative
        Future decisions that the choice holds for.
    cost_per_label : float, not negative, in money
        Price of one label.

    Returns
    -------
    WorthOfLabels
        Worth, cost and net worth of the k labels.

    Raises
    ------
    ValueError
        If k, decisions or cost_per_label is negative, not finite or too large.

    References
    ----------
    Raiffa and Schlaifer (1961), Applied Statistical Decision Theory, 5.3 (expected value of sample information, with
    the unit normal loss integral).

    Examples
    --------
    >>> ahead = Estimate(0.0017, -0.0277, 0.0311, "plain-mod", 400, se=0.015)
    >>> worth = worth_of_labels(ahead, 100, decisions=1_000_000, cost_per_label=2.5)
    >>> round(worth.worth), worth.cost, worth.code
    (1912, 250.0, None)
    """
    for name, given in (("k", k), ("decisions", decisions), ("cost_per_label", cost_per_label)):
        if not 0 <= given <= LARGEST:
            raise ValueError(f"{name} must not be negative, nor beyond {LARGEST:.0e}, got {given}")
    if difference.value is None:
        return WorthOfLabels(k, None, None, None, code=difference.code)
    cost = k * cost_per_label
    if difference.se == 0:
        return WorthOfLabels(k, 0.0, cost, -cost, code="certain")
    if difference.se is None or difference.n == 0:
        return WorthOfLabels(k, None, None, None, code="no_labels")
    s = difference.se * math.sqrt(k / (difference.n + k)) if k else 0.0
    worth = decisions * _expected_gain(abs(difference.value), s)
    if not math.isfinite(worth):
        raise ValueError("difference is too large")
    return WorthOfLabels(k, worth, cost, worth - cost)


def best_number_of_labels(
    difference: Estimate, numbers: Iterable[int], *, decisions: float, cost_per_label: float
) -> WorthOfLabels:
    """Find the number of labels with the largest net worth; 0 where no number pays off.

    Parameters
    ----------
    difference : Estimate
        As for `worth_of_labels`.
    numbers : iterable of int, not negative
        Numbers of labels to choose from.
    decisions, cost_per_label : float
        As for `worth_of_labels`.

    Returns
    -------
    WorthOfLabels
        Worth, cost and net worth of the best number.

    Raises
    ------
    ValueError
        If an argument is out of range, as for `worth_of_labels`.

    Examples
    --------
    >>> ahead = Estimate(0.0017, -0.0277, 0.0311, "plain-mod", 400, se=0.015)
    >>> best = best_number_of_labels(ahead, [100, 500, 1_000], decisions=1_000_000, cost_per_label=2.5)
    >>> best.k, round(best.worth), round(best.net)
    (500, 3662, 2412)
    """
    nothing = worth_of_labels(difference, 0, decisions=decisions, cost_per_label=cost_per_label)
    worths = [worth_of_labels(difference, k, decisions=decisions, cost_per_label=cost_per_label) for k in numbers]
    return max([nothing, *worths], key=lambda each: (each.net or 0.0, -each.k))


def _expected_gain(ahead: float, s: float) -> float:
    """Return E max(0, −x) for x ~ N(ahead, s²): the gain where the lead turns out to be none."""
    if s == 0:
        return 0.0
    u = ahead / s
    # For a large lead the two terms cancel, and rounding can go below 0.
    return max(0.0, s * (math.exp(-u * u / 2) / math.sqrt(2 * math.pi) - u * float(ndtr(-u))))
