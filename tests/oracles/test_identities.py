"""Identities that hold by algebra, on a small population. Expected values are closed forms."""

import numpy as np
import pytest

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.recalibration import LEAST_EXPECTED
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix
from apps.stats.score_bins import LOGIT_BINS

ROWS = 4_000
AMOUNTS = ValueMatrix.of([[0, -1], [-0.25, 1]], uses_amount=True)


class Zero:
    def predict(self, logit):
        return np.zeros(len(logit))


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(8)
    score = rng.beta(0.7, 0.9, ROWS)
    known = {
        "predicted": (score > 0.45).astype(int),
        "score": score,
        "baseline": (rng.random(ROWS) < 0.5).astype(int),
        "amount": rng.lognormal(0, 0.8, ROWS),
        "pi": np.clip(0.05 + 0.5 * np.sqrt(score * (1 - score)), 0, 1),
    }
    truth = (rng.random(ROWS) < score).astype(int)
    return known, truth, np.flatnonzero(rng.random(ROWS) < known["pi"])


def sample(world, **answers):
    known, truth, drawn = world
    return Sample.of(**{name: column[drawn] for name, column in known.items()}, **({"label": truth[drawn]} | answers))


def test_a_proxy_of_zero_gives_horvitz_thompson(world):
    known, truth, drawn = world
    items = sample(world)
    estimator = BinaryEstimator(Population.from_rows(**known), items, proxy=Zero())
    d, predicted, true = 1 / items.pi, items.predicted, truth[drawn]
    positives = known["predicted"].sum()
    assert estimator.estimate("precision").value == pytest.approx((d * predicted * true).sum() / positives)
    right = (d * predicted * true).sum() + (ROWS - positives) - (d * (1 - predicted) * true).sum()
    assert estimator.estimate("accuracy").value == pytest.approx(right / ROWS)


def test_a_proxy_that_is_the_truth_leaves_no_design_variance(world):
    known, truth, drawn = world
    items = sample(world)
    perfect = PseudoValues(
        population=Population.from_rows(**known),
        sample=items,
        mean_cells=np.zeros(len(Population.from_rows(**known).n)),
        variance_cells=np.zeros(len(Population.from_rows(**known).n)),
        fourth_cells=np.zeros(len(Population.from_rows(**known).n)),
        mean_items=truth[drawn].astype(float),
        of_label=items.label,
        of_truth=items.truth,
        overturn=(0.0, 0.0),
    )
    assert perfect.design_terms(np.ones(len(drawn))).sum() == 0
    assert perfect.bracket.tolist() == [0.0] * len(drawn)


def test_adjudicating_everything_gives_the_adjudicated_truth(world):
    known, truth, drawn = world
    wrong = 1 - truth[drawn]
    ones = np.ones(len(drawn))
    cells = Population.from_rows(**known)
    by_truth = BinaryEstimator(cells, sample(world)).estimate("recall")
    settled = BinaryEstimator(cells, sample(world, label=wrong, adjudicated=ones, q=ones, truth=truth[drawn]))
    assert settled.estimate("recall").value == pytest.approx(by_truth.value, rel=1e-12)
    assert settled.estimate("recall").se == pytest.approx(by_truth.se, rel=1e-12)


@pytest.mark.parametrize("metric", ["accuracy", "precision", "recall", "f1", "mcc", "brier", "auc"])
def test_splitting_cells_by_day_changes_no_figure(world, metric):
    known, _, _ = world
    days = np.random.default_rng(1).integers(0, 7, ROWS)
    parts = [Population.from_rows(**{name: column[days == day] for name, column in known.items()}) for day in range(7)]
    fields = set(vars(parts[0])) - {"score_bins"}
    split = Population(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in fields})
    whole = BinaryEstimator(Population.from_rows(**known), sample(world)).estimate(metric)
    assert BinaryEstimator(split, sample(world)).estimate(metric).value == pytest.approx(whole.value, rel=1e-12)
    assert BinaryEstimator(split, sample(world)).estimate(metric).se == pytest.approx(whole.se, rel=1e-9)


def by_rows(world):
    """Compute ỹ of every single prediction, with the binned proxy of the cells."""
    known, truth, drawn = world
    estimator = BinaryEstimator(Population.from_rows(**known), sample(world))
    one_by_one = Sample.of(predicted=known["predicted"], score=known["score"], pi=np.ones(ROWS), label=truth)
    pseudo = estimator.fitted.predict(one_by_one.logit)
    pseudo[drawn] += (truth[drawn] - pseudo[drawn]) / known["pi"][drawn]
    return estimator, pseudo


def test_cells_equal_rows_for_metrics_linear_in_the_truth(world):
    known, _, _ = world
    estimator, pseudo = by_rows(world)
    predicted, s, a = known["predicted"], known["score"], known["amount"]
    tp, positives = (predicted * pseudo).sum(), pseudo.sum()
    assert estimator.estimate("precision").value == pytest.approx(tp / predicted.sum(), rel=1e-12)
    assert estimator.estimate("recall").value == pytest.approx(tp / positives, rel=1e-12)
    assert estimator.estimate("brier").value == pytest.approx((s**2 + pseudo * (1 - 2 * s)).mean(), rel=1e-12)
    money = a * np.where(predicted == 1, -0.25 + 1.25 * pseudo, -pseudo)
    assert estimator.value(AMOUNTS).value == pytest.approx(money.sum(), rel=1e-12)
    difference = ((2 * pseudo - 1) * (predicted - known["baseline"])).mean()
    assert estimator.accuracy_difference().value == pytest.approx(difference, rel=1e-12)


def test_auc_of_cells_is_within_a_tenth_of_a_point_of_the_auc_of_rows(world):
    known, _, _ = world
    estimator, pseudo = by_rows(world)
    order = np.argsort(known["score"])
    positives, negatives = pseudo[order], 1 - pseudo[order]
    below = np.cumsum(negatives) - negatives / 2
    exact = (positives * below).sum() / (positives.sum() * negatives.sum())
    assert estimator.estimate("auc").value == pytest.approx(exact, abs=1e-3)


def test_average_precision_of_cells_is_within_a_fifth_of_a_point_of_the_one_of_rows(world):
    known, _, _ = world
    estimator, pseudo = by_rows(world)
    order = np.argsort(-known["score"])
    precision = np.cumsum(pseudo[order]) / np.arange(1, ROWS + 1)
    exact = (pseudo[order] * precision).sum() / pseudo.sum()
    assert estimator.estimate("average_precision").value == pytest.approx(exact, abs=2e-3)


def test_log_loss_of_cells_equals_that_of_rows_to_four_digits(world):
    known, _, _ = world
    estimator, pseudo = by_rows(world)
    s = np.clip(known["score"], 2.3e-16, 1 - 2.3e-16)
    exact = -(pseudo * np.log(s) + (1 - pseudo) * np.log(1 - s)).mean()
    assert estimator.estimate("log_loss").value == pytest.approx(exact, rel=1e-4)


def test_anticipated_variance_of_cells_equals_that_of_rows(world):
    known, _, _ = world
    estimator, _ = by_rows(world)
    m = estimator.fitted.predict(LOGIT_BINS.centers_of(LOGIT_BINS.place(known["score"])))
    m = np.clip(m, LEAST_EXPECTED, 1 - LEAST_EXPECTED)
    pi, a = known["pi"], known["amount"]
    pseudo, cells = estimator.pseudo, estimator.cells
    nothing = np.zeros(len(estimator.sample.pi))
    assert pseudo.anticipated(cells.sum_odds, nothing) == pytest.approx(((1 - pi) / pi * m * (1 - m)).sum(), rel=1e-9)
    with_amounts = ((1 - pi) / pi * a**2 * m * (1 - m)).sum()
    assert pseudo.anticipated(cells.sum_amount2_odds, nothing) == pytest.approx(with_amounts, rel=1e-9)


def test_the_proxy_of_a_bin_is_the_logistic_curve_at_its_center(world):
    known, _, _ = world
    estimator = BinaryEstimator(Population.from_rows(**known), sample(world))
    expected = 1 / (1 + np.exp(-(estimator.fitted.intercept + estimator.fitted.slope * estimator.cells.logit)))
    assert estimator.fitted.predict(estimator.cells.logit) == pytest.approx(expected, rel=1e-12)


def test_merged_policies_are_unbiased():
    """Two policies share one u; the mean of I/π over many salts is 1 for every prediction."""
    rng = np.random.default_rng(2)
    p = rng.uniform(0.05, 0.5, (50, 2))
    union = p.max(axis=1)
    u = rng.random((20_000, 50))
    drawn = (u[:, :, None] < p[None]).any(axis=2)
    assert (drawn / union).mean(axis=0) == pytest.approx(np.ones(50), abs=0.13)
