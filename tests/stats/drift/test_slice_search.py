import itertools

import numpy as np

from apps.stats.drift.bins import CategoryBins, NumberBins
from apps.stats.drift.conditions import Feature, conditions_of, rows_of
from apps.stats.drift.slice_search import MINIMUM_LABELS, OVERLAP, worst_slices

FEATURES = [
    Feature("country", CategoryBins(("de", "fr", "it"))),
    Feature("amount", NumberBins((1.0, 2.0, 3.0), (0.5, 1.5, 2.5, 3.5), 1.0)),
]
SPLITS = conditions_of(FEATURES)


def drawn(seed, n=600):
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(0, 3, n), rng.integers(0, 4, n)])
    wrong = rng.random(n) < np.where((codes[:, 0] == 1) & (codes[:, 1] == 3), 0.6, 0.1)
    return wrong.astype(float), rng.uniform(0.02, 0.2, n), codes


def deviance(errors, pi, inside):
    """The likelihood ratio of two binomials at the effective sizes, one slice at a time."""
    weight, overall = 1 / pi, np.average(errors, weights=1 / pi)
    if inside.sum() < MINIMUM_LABELS or (~inside).sum() < MINIMUM_LABELS:
        return 0.0
    rates = [np.average(errors[rows], weights=weight[rows]) for rows in (inside, ~inside)]
    if rates[0] <= rates[1]:
        return 0.0
    sizes = [weight[rows].sum() ** 2 / (weight[rows] ** 2).sum() for rows in (inside, ~inside)]
    return sum(
        size * sum(a * np.log(a / b) for a, b in ((rate, overall), (1 - rate, 1 - overall)) if a > 0)
        for size, rate in zip(sizes, rates, strict=True)
    )


def test_the_first_slice_is_the_best_of_all_pairs_tried_one_by_one():
    for seed in range(5):
        errors, pi, codes = drawn(seed)
        pairs = itertools.combinations_with_replacement(SPLITS, 2)
        best = max(deviance(errors, pi, rows_of(pair, codes)) for pair in pairs)
        first = worst_slices(errors, pi, codes, conditions=SPLITS)[0]
        assert np.isclose(deviance(errors, pi, rows_of(first, codes)), best)


def test_the_simpler_of_two_equal_slices_is_kept():
    """A second condition that removes no rows is left out."""
    codes = np.column_stack([np.arange(300) % 3, np.zeros(300, dtype=int)])
    errors = (codes[:, 0] == 1).astype(float)
    first = worst_slices(errors, np.full(300, 0.1), codes, conditions=SPLITS)[0]
    assert [str(one) for one in first] == ["country = fr"]


def test_candidates_do_not_overlap_and_respect_their_limit():
    errors, pi, codes = drawn(9)
    slices = worst_slices(errors, pi, codes, conditions=SPLITS, candidates=4)
    assert 1 <= len(slices) <= 4
    weight = 1 / pi
    for one, other in itertools.combinations([rows_of(one_slice, codes) for one_slice in slices], 2):
        assert weight[one & other].sum() <= OVERLAP * weight[one | other].sum()


def test_small_slices_are_not_candidates():
    codes = np.zeros((300, 2), dtype=int)
    codes[: MINIMUM_LABELS - 1, 0] = 1
    errors = (codes[:, 0] == 1).astype(float)
    assert worst_slices(errors, np.full(300, 0.1), codes, conditions=SPLITS) == []


def test_without_features_there_are_no_slices():
    assert worst_slices(np.zeros(3), np.ones(3), np.zeros((3, 0), dtype=int), conditions=()) == []
