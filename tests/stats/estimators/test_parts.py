"""All parts of a window at once are what each of them is alone."""

import numpy as np
import pytest

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.binary_parts import BinaryParts
from apps.stats.estimators.exact import METRICS
from apps.stats.estimators.parts import Parts
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample

ROWS, PARTS = 6_000, 12
COMPLETE, WITHOUT_SCORE, UNDRAWN, EMPTY = 3, 5, 7, 9


@pytest.fixture(scope="module")
def window():
    """Twelve parts: one wholly known, one without scores, one partly not drawn, one that is empty (seed 50)."""
    rng = np.random.default_rng(50)
    part = rng.integers(0, PARTS, ROWS)
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
    q = np.where(label == predicted, 0.3, 1.0)
    settled = rng.random(ROWS) < q
    pieces = [
        Population.from_rows(**{name: column[part == at] for name, column in known.items()}) for at in range(PARTS)
    ]
    cells = Population(**{name: np.concatenate([getattr(each, name) for each in pieces]) for name in vars(pieces[0])})
    of_cells = np.repeat(np.arange(PARTS), [len(each.n) for each in pieces])
    review = {"label": label, "adjudicated": settled, "q": q, "truth": truth}
    review["q"] = np.where(part == COMPLETE, np.nan, q)
    review["adjudicated"] = settled & (part != COMPLETE)
    items = Sample.of(**{name: column[drawn] for name, column in (known | review).items()})
    return BinaryEstimator(cells, items, floor_rate=0.02), of_cells, part[drawn]


@pytest.mark.parametrize("metric", [*METRICS, lambda at: at.tp / (at.tp + at.fp + at.fn)])
def test_each_part_is_what_it_is_alone(window, metric):
    estimator, cells, items = window
    together = BinaryParts.of(estimator, cells=cells, items=items).estimate(metric)
    assert len(together) == PARTS
    for part, figure in enumerate(together):
        alone = estimator.restrict(cells=cells == part, items=items == part).estimate(metric)
        assert (figure.code, figure.method, figure.n) == (alone.code, alone.method, alone.n)
        assert figure.labels_needed == alone.labels_needed
        for name in ("value", "low", "high", "n_eff", "se", "df", "covered_share"):
            expected = getattr(alone, name)
            assert getattr(figure, name) == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-12))


def test_each_part_says_why_it_has_no_number(window):
    estimator, cells, items = window
    by_part = BinaryParts.of(estimator, cells=cells, items=items)
    found = by_part.estimate("accuracy")
    assert found[COMPLETE].method == "exact"
    assert found[WITHOUT_SCORE].method == "hajek"
    assert found[UNDRAWN].code == "not_estimable"
    assert found[EMPTY].code == "no_population"
    assert by_part.estimate("auc")[WITHOUT_SCORE].code == "no_score"


def test_what_belongs_to_no_part_is_left_out(window):
    estimator, cells, items = window
    some = BinaryParts.of(estimator, cells=np.where(cells == 1, 0, -1), items=np.where(items == 1, 0, -1)).estimate(
        "recall"
    )
    assert some[0].value == pytest.approx(
        BinaryParts.of(estimator, cells=cells, items=items).estimate("recall")[1].value
    )


def test_bad_input_is_named(window):
    estimator, cells, items = window
    with pytest.raises(ValueError, match="cells must have length"):
        BinaryParts.of(estimator, cells=cells[:5], items=items)
    with pytest.raises(ValueError, match="items belong to a part"):
        Parts.of([0, 1], [2])
    with pytest.raises(ValueError, match="unknown metric"):
        BinaryParts.of(estimator, cells=cells, items=items).estimate("sharpness")
