"""Readable conditions on features given as bin codes: country = DE, amount > 120, age is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, IntArray, as_ints
from apps.stats.drift.bins import Bins, NumberBins

Op = Literal["=", "≤", ">", "<", "≥", "is other", "is missing"]


@dataclass(frozen=True)
class Feature:
    """A feature and the meaning of its codes.

    Attributes
    ----------
    name : str
        As shown in conditions.
    bins : NumberBins or CategoryBins
        A code is the index of one of these bins.
    """

    name: str
    bins: Bins


@dataclass(frozen=True)
class Condition:
    """One split of one feature: the rows whose code is in [first, last].

    Attributes
    ----------
    feature : int
        Index of the feature.
    name : str
        Name of the feature.
    op : str
        "=", "≤", ">", "<", "≥", "is other" or "is missing".
    value : str, float or None
        Category or cut point; None for other and missing.
    first, last : int
        Codes, both included.

    Examples
    --------
    >>> str(Condition(0, "amount", ">", 120.0, 4, 9))
    'amount > 120'
    """

    feature: int
    name: str
    op: Op
    value: str | float | None
    first: int
    last: int

    def __str__(self) -> str:
        shown = f"{self.value:.6g}" if isinstance(self.value, float) else self.value
        return f"{self.name} {self.op}" if shown is None else f"{self.name} {self.op} {shown}"


def conditions_of(features: Sequence[Feature]) -> tuple[Condition, ...]:
    """List every split: each category, each cut point from below and above, other and missing.

    Parameters
    ----------
    features : sequence of Feature
        Features in the order of the columns of the codes.

    Returns
    -------
    tuple of Condition
        Feature by feature.

    Examples
    --------
    >>> from apps.stats.drift.bins import CategoryBins
    >>> [str(one) for one in conditions_of([Feature("amount", NumberBins((5.0,), (2.0, 9.0), 3.0))])]
    ['amount ≤ 5', 'amount > 5', 'amount is missing']
    >>> [str(one) for one in conditions_of([Feature("country", CategoryBins(("de",)))])]
    ['country = de', 'country is other', 'country is missing']
    """
    conditions: list[Condition] = []
    for index, feature in enumerate(features):
        of_values = _of_numbers if isinstance(feature.bins, NumberBins) else _of_categories
        conditions += of_values(index, feature)
        last = feature.bins.size - 1
        conditions.append(Condition(index, feature.name, "is missing", None, last, last))
    return tuple(conditions)


def rows_of(conditions: Sequence[Condition], codes: ArrayLike) -> BoolArray:
    """Return which rows meet all conditions.

    Parameters
    ----------
    conditions : sequence of Condition
        Conditions that must all hold.
    codes : array (n, features) of int
        Bin codes of the features.

    Returns
    -------
    array (n,) of bool
        Whether each row meets them.

    Raises
    ------
    ValueError
        If codes is not a table, or lacks the column of a condition.

    Examples
    --------
    >>> rows_of([Condition(1, "amount", ">", 120.0, 4, 9)], [[0, 3], [0, 4]])
    array([False,  True])
    """
    table = np.asarray(codes)
    if table.ndim != 2 or any(one.feature >= table.shape[1] for one in conditions):
        raise ValueError(f"codes must have a column for each condition, got shape {table.shape}")
    inside = np.ones(len(table), dtype=np.bool_)
    for one in conditions:
        inside &= (table[:, one.feature] >= one.first) & (table[:, one.feature] <= one.last)
    return inside


def as_codes(codes: ArrayLike, features: Sequence[Feature], *, length: int) -> IntArray:
    """Return a table of codes that all have a bin, or raise a ValueError that names the feature.

    >>> from apps.stats.drift.bins import CategoryBins
    >>> as_codes([[3]], [Feature("country", CategoryBins(("de",)))], length=1)
    Traceback (most recent call last):
    ValueError: codes of country must be below 3
    """
    table = np.asarray(codes, dtype=np.float64)
    if table.shape != (length, len(features)):
        raise ValueError(f"codes must have shape {(length, len(features))}, got {table.shape}")
    whole = as_ints("codes", table.ravel()).reshape(table.shape)
    for column, feature in zip(whole.T, features, strict=True):
        if (column >= feature.bins.size).any():
            raise ValueError(f"codes of {feature.name} must be below {feature.bins.size}")
    return whole


def _of_numbers(index: int, feature: Feature) -> list[Condition]:
    assert isinstance(feature.bins, NumberBins)
    edges, conditions = np.array(feature.bins.edges), []
    for position, edge in enumerate(edges.tolist()):
        # An edge just below the next one separates a single value from smaller ones: show it as that value.
        is_strict = position + 1 < len(edges) and edges[position + 1] == np.nextafter(edge, np.inf)
        value = float(edges[position + 1]) if is_strict else edge
        below: Op = "<" if is_strict else "≤"
        above: Op = "≥" if is_strict else ">"
        conditions.append(Condition(index, feature.name, below, value, 0, position))
        conditions.append(Condition(index, feature.name, above, value, position + 1, len(edges)))
    return conditions


def _of_categories(index: int, feature: Feature) -> list[Condition]:
    assert not isinstance(feature.bins, NumberBins)
    names = feature.bins.names
    single = [Condition(index, feature.name, "=", name, code, code) for code, name in enumerate(names)]
    return [*single, Condition(index, feature.name, "is other", None, len(names), len(names))]
