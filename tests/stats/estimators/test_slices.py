"""A slice without a number says why."""

from dataclasses import replace

import numpy as np
import pytest

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.hajek import hajek_mean
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample

ROWS, SLICES = 6_000, 12
COMPLETE, WITHOUT_SCORE, UNDRAWN, EMPTY = 3, 5, 7, 9


@pytest.fixture(scope="module")
def slice_of():
    """Twelve slices: one fully known, one without scores, one partly outside the draw, one empty (seed 50)."""
    rng = np.random.default_rng(50)
    part = rng.integers(0, SLICES, ROWS)
    part[part == EMPTY] = 0
    score = rng.beta(0.7, 0.9, ROWS)
    pi = np.where(part == COMPLETE, 1.0, np.clip(0.1 * score + 0.02, 0, 1))
    pi[np.flatnonzero(part == UNDRAWN)[:5]] = 0.0
    truth = (rng.random(ROWS) < score).astype(int)
    predicted = (score > 0.45).astype(int)
    score = np.where(part == WITHOUT_SCORE, np.nan, score)
    known = {"predicted": predicted, "score": score, "pi": pi}
    drawn = rng.random(ROWS) < pi
    label = np.where(rng.random(ROWS) < 0.1, 1 - truth, truth)
    q = np.where(part == COMPLETE, np.nan, np.where(label == predicted, 0.3, 1.0))
    settled = rng.random(ROWS) < np.nan_to_num(q)
    review = {"label": label, "adjudicated": settled, "q": q, "truth": truth}
    items = Sample.of(**{name: column[drawn] for name, column in (known | review).items()})
    window = BinaryEstimator(Population.of_each(**known), items)
    return lambda number: window.restrict(cells=part == number, items=part[drawn] == number)


def test_a_slice_whose_truths_are_all_known_is_exact(slice_of):
    assert slice_of(COMPLETE).estimate("accuracy").method == "exact"


def test_a_slice_without_scores_falls_back_to_the_hajek_mean(slice_of):
    unscored = slice_of(WITHOUT_SCORE)
    accuracy = hajek_mean(unscored.sample.label == unscored.sample.predicted, unscored.sample.pi)
    assert replace(unscored, sample=unscored.sample.at_word()).estimate("accuracy").value == pytest.approx(
        accuracy.value
    )
    assert slice_of(WITHOUT_SCORE).estimate("auc").code == "no_score"


def test_a_slice_outside_the_draw_cannot_be_estimated(slice_of):
    assert slice_of(UNDRAWN).estimate("accuracy").code == "not_estimable"


def test_an_empty_slice_has_no_population(slice_of):
    assert slice_of(EMPTY).estimate("accuracy").code == "no_population"
