"""Shapley values by permutations of the features, for models that do not explain themselves.

Along a random order the features of a row take the place of those of the background, one by one; each adds by how much
the output changes (Štrumbelj and Kononenko 2014). Every order is walked backwards, too, which cancels most of the
noise (Mitchell et al. 2022). The same orders serve all rows, so rows compare.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.explanations.engine.encoding import Cells
from apps.explanations.engine.output import Floats

MOST_EVALUATIONS = 500
# Cells of rows that are scored at once: 32 MB.
AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Plan:
    """Which features a row keeps in each evaluation, and how the contributions follow from the outputs.

    `masks` is evaluations × features, `weights` features × evaluations. Weights of all features add up to +1 for the
    whole row and -1 for the background alone, so contributions add up exactly.
    """

    masks: NDArray[np.bool_]
    weights: Floats

    @property
    def evaluations(self) -> int:
        return len(self.masks)


def plan(features: int, seed: int) -> Plan | None:
    """Draw as many orders as the evaluations allow; none if not even one fits."""
    orders = _orders(features, np.random.default_rng(seed))
    if not orders:
        return None
    walks = np.zeros((len(orders), features + 1, features), dtype=bool)
    for walk, order in zip(walks, orders, strict=True):
        for step, feature in enumerate(order):
            walk[step + 1 :, feature] = True
    masks, places = np.unique(walks.reshape(-1, features), axis=0, return_inverse=True)
    places = places.reshape(len(orders), features + 1)
    weights = np.zeros((features, len(masks)))
    for order, place in zip(orders, places, strict=True):
        np.add.at(weights, (order, place[1:]), 1 / len(orders))
        np.add.at(weights, (order, place[:-1]), -1 / len(orders))
    return Plan(masks, weights)


def explain(cells: Cells, background: Cells, output: Callable[[Cells], Floats], how: Plan) -> tuple[Floats, Floats]:
    """Return the contributions to the output of one row, and the base: the background's mean output."""
    step = max(1, AT_ONCE // background.size)
    outputs = np.concatenate(
        [
            output(np.where(masks[:, None, :], cells, background).reshape(-1, cells.shape[-1]))
            .reshape(len(masks), len(background), -1)
            .mean(axis=1)
            for masks in (how.masks[start : start + step] for start in range(0, how.evaluations, step))
        ]
    )
    return how.weights @ outputs, outputs[~how.masks.any(axis=1)][0]


def _orders(features: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """Return orders in pairs, one the reverse of the other; a pair needs 2 · features evaluations besides the ends."""
    pairs = (MOST_EVALUATIONS - 2) // max(2 * (features - 1), 1)
    drawn = [rng.permutation(features) for _ in range(pairs)]
    if drawn:
        return [order for each in drawn for order in (each, each[::-1])]
    return [rng.permutation(features)] if features + 1 <= MOST_EVALUATIONS else []
