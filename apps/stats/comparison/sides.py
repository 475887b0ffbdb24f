"""One side of a comparison: a window's pseudo-values by group of cases, in the numbers that any difference needs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, IntArray, as_ints
from apps.stats.estimators.conclusion import weighted_variance
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues


@dataclass(frozen=True, eq=False)
class Side:
    """The predictions of a window, or of a version, divided into groups that both sides of a comparison share.

    Attributes
    ----------
    size, total, spread : array (groups,)
        N, Σỹ and the variance of f in each group.
    labels : array (groups,)
        Answered items.
    odds, second : array (groups,)
        Σ o κ₂ over the cells of each group, and what the second phase is expected to add: V_a of Σỹ.
    fourth : array (groups,)
        Σ o²(1+o) κ₄, and what the second phase adds: the denominator of ν_a.
    is_hopeless : bool
        The proxy has no idea of the spread somewhere, so that ν_a is 0.
    is_counted : bool
        Every truth is known: nothing is left to estimate.
    shared, shared_odds : array (groups,)
        N and Σ o κ₂ of the predictions that the other side holds as well.
    group, key : array (n,) of int
        Group of each item, and the prediction that it is about.
    root : array (n,)
        Square root of its term of V_d, with the sign of its correction.
    worth : array (n,)
        f of its truth, times its amount where amounts count.
    unlogged : array (n,)
        (1−ℓ)/(πℓ²), 0 where all traffic is logged.
    """

    size: FloatArray
    total: FloatArray
    spread: FloatArray
    labels: FloatArray
    odds: FloatArray
    second: FloatArray
    fourth: FloatArray
    is_hopeless: bool
    is_counted: bool
    shared: FloatArray
    shared_odds: FloatArray
    group: IntArray
    key: IntArray
    root: FloatArray
    worth: FloatArray
    unlogged: FloatArray

    @classmethod
    def of(
        cls,
        groups: Sequence[PseudoValues],
        *,
        keys: Sequence[ArrayLike],
        shared: Sequence[PseudoValues] | None = None,
        uses_amount: bool = False,
    ) -> "Side":
        """Summarize pseudo-values by group.

        Parameters
        ----------
        groups : sequence of PseudoValues
            The pseudo-values of each group, of f or, with amounts, of f per unit of the amount.
        keys : sequence of array (n,) of int
            The prediction of each item, by group: items of both sides with one key are the same label.
        shared : sequence of PseudoValues, optional
            Those of the predictions that the other side holds as well, by group; none if left out. Where both sides
            overlap, give them on one side only.
        uses_amount : bool
            Whether the amount multiplies f.

        Raises
        ------
        ValueError
            If lengths differ.
        """
        if len(keys) != len(groups) or (shared is not None and len(shared) != len(groups)):
            raise ValueError("keys and shared must have one entry for each group")
        stakes = [each.sample.amount if uses_amount else np.ones(len(each.sample.pi)) for each in groups]
        parts = list(zip(groups, stakes, strict=True))
        nothing = np.zeros(len(groups))
        return cls(
            size=_each(each.population.size for each in groups),
            total=_each(each.total(_stake(each.population, uses_amount), own) for each, own in parts),
            spread=_spreads([(each.of_truth * own, each.sample.overall) for each, own in parts]),
            labels=_each(float(len(own)) for own in stakes),
            odds=_each(each.first_phase(_odds(each.population, uses_amount)) for each in groups),
            second=_each(float(each.second_phase_terms(own).sum()) for each, own in parts),
            fourth=_each(_fourth(each, own, uses_amount) for each, own in parts),
            is_hopeless=any(_is_hopeless(each, uses_amount) for each in groups),
            is_counted=all(each.sample.completes(each.population) or not each.population.size for each in groups),
            shared=nothing if shared is None else _each(each.population.size for each in shared),
            shared_odds=nothing
            if shared is None
            else _each(each.first_phase(_odds(each.population, uses_amount)) for each in shared),
            **_items(parts, [as_ints("keys", key, length=len(own)) for key, own in zip(keys, stakes, strict=True)]),
        )

    def placed(self, places: IntArray, *, groups: int) -> "Side":
        """Put each group at its place among those of both sides; the others are empty here.

        Raises
        ------
        ValueError
            If a place is out of range.
        """
        at = as_ints("places", places, length=len(self.size))
        if len(at) and at.max() >= groups:
            raise ValueError(f"places must be below {groups}, got {at.max()}")
        moved: dict[str, Any] = {}
        for name in _BY_GROUP:
            moved[name] = np.zeros(groups)
            moved[name][at] = getattr(self, name)
        return replace(self, group=at[self.group], **moved)

    @property
    def n(self) -> float:
        """Predictions of all groups."""
        return float(self.size.sum())

    @cached_property
    def share(self) -> FloatArray:
        """Share of the predictions in each group."""
        return np.asarray(self.size / self.n)

    @cached_property
    def mean(self) -> FloatArray:
        """Estimated mean of f in each group; 0 in one without predictions."""
        return np.divide(self.total, self.size, out=np.zeros(len(self.size)), where=self.size > 0)

    def per_prediction(self, slope: FloatArray) -> FloatArray:
        """Divide the slopes on the means of the groups by their sizes: what each Σỹ is multiplied with."""
        return np.divide(slope, self.size, out=np.zeros(len(self.size)), where=self.size > 0)


def _items(parts: Sequence[tuple[PseudoValues, FloatArray]], keys: Sequence[IntArray]) -> dict[str, Any]:
    """Return the columns of the items that leave something open: of a counted window none."""
    nothing = np.zeros(0, dtype=np.int64)
    roots = [np.sign(each.bracket * own) * np.sqrt(each.design_terms(own)) for each, own in parts]
    columns = {
        "group": np.repeat(np.arange(len(parts)), [len(own) for _, own in parts]),
        "key": np.concatenate([nothing, *keys]),
        "root": _joined(roots),
        "worth": _joined([each.of_truth * own for each, own in parts]),
        "unlogged": _joined([each.logging_terms(np.ones(len(own))) for each, own in parts]),
    }
    is_open = (columns["root"] != 0) | (columns["unlogged"] != 0)
    return {name: column[is_open] for name, column in columns.items()}


def _stake(population: Population, uses_amount: bool) -> FloatArray:
    return population.sum_amount if uses_amount else population.n


def _odds(population: Population, uses_amount: bool) -> FloatArray:
    return population.sum_amount2_odds if uses_amount else population.sum_odds


def _odds2(population: Population, uses_amount: bool) -> FloatArray:
    return population.sum_amount4_odds2 if uses_amount else population.sum_odds2


def _fourth(values: PseudoValues, own: FloatArray, uses_amount: bool) -> float:
    odds2 = _odds2(values.population, uses_amount)
    return float((odds2 * values.fourth_cells).sum()) + float(values.fourth_terms(own).sum())


def _is_hopeless(values: PseudoValues, uses_amount: bool) -> bool:
    cells = values.population
    return bool(_odds2(cells, uses_amount).any()) and values.first_phase(_odds(cells, uses_amount)) == 0


def _spreads(items: Sequence[tuple[FloatArray, FloatArray]]) -> FloatArray:
    """Return the variance of f in each group, with one item of the whole: a group of few equal labels has some."""
    values, chance = (_joined([each[place] for each in items]) for place in (0, 1))
    whole = weighted_variance(values, chance)
    return _each((len(own) * weighted_variance(own, pi) + whole) / (len(own) + 1) for own, pi in items)


def _each(values: Iterable[float]) -> FloatArray:
    return np.fromiter(values, dtype=np.float64)


def _joined(parts: Sequence[FloatArray]) -> FloatArray:
    return np.concatenate([np.zeros(0), *parts])


_BY_GROUP = ("size", "total", "spread", "labels", "odds", "second", "fourth", "shared", "shared_odds")
