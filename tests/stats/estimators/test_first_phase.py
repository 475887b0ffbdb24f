"""Logging as a first phase: closed forms by hand, and a small simulation; the large one is among the oracles."""

import numpy as np
import pytest

from apps.stats.decisions.thresholds import threshold_curve
from apps.stats.estimate import Estimate
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix

WORTH = ValueMatrix.of([[0, -4], [-1, 3]])
MONEY = ValueMatrix.of([[0, -4], [-1, 3]], uses_amount=True)


def window(label, *, predicted, score, amount=None, log_share=None, pi=None, kind=BinaryEstimator, **more):
    """An estimator of rows that are all reviewed, or drawn with `pi` and all drawn."""
    rows = {"predicted": predicted, "score": score, "pi": np.ones(len(predicted)) if pi is None else pi}
    rows |= {"amount": amount, "log_share": log_share}
    cells = Population.from_rows(**rows)
    return kind(cells, Sample.of(**rows, label=label), least_by_chance=0.0, **more)


@pytest.fixture
def rows():
    rng = np.random.default_rng(3)
    score = rng.uniform(0.05, 0.95, 400).round(2)
    label = (rng.random(400) < score).astype(float)
    return {"predicted": (score > 0.5).astype(int), "score": score, "label": label, "amount": rng.lognormal(0, 1, 400)}


def test_a_share_of_one_changes_no_bit(rows):
    pi = np.random.default_rng(1).uniform(0.2, 1, 400)
    plain, given = (window(**rows, pi=pi, log_share=share) for share in (None, np.ones(400)))
    for metric in ("accuracy", "precision", "recall", "f1", "mcc", "auc", "average_precision", "brier", "ece"):
        assert plain.estimate(metric) == given.estimate(metric)
    assert plain.value(MONEY) == given.value(MONEY)


def test_everything_reviewed_is_not_exact_where_only_a_part_was_logged(rows):
    figure = window(**rows, log_share=np.full(400, 0.2)).estimate("accuracy")
    right = np.mean(rows["predicted"] == rows["label"])
    assert figure.value == pytest.approx(right)
    assert figure.method == "logit-mod"
    # Σ(1−ℓ)/ℓ²(a − θ)²/N² with ℓ = ⅕ and N = 2,000
    assert figure.se == pytest.approx(np.sqrt(20 * 400 * right * (1 - right)) / 2_000, rel=0.05)


def test_predictions_count_by_what_they_stand_for(rows):
    share = np.where(np.arange(400) % 2 == 0, 1.0, 0.25)
    estimator = window(**rows, log_share=share)
    right = rows["predicted"] == rows["label"]
    assert estimator.population.size == pytest.approx((1 / share).sum())
    assert estimator.estimate("accuracy").value == pytest.approx(np.average(right, weights=1 / share))
    money = MONEY.of_rows(rows["predicted"], rows["label"], rows["amount"])
    assert estimator.value(MONEY).value == pytest.approx((money / share).sum())
    assert estimator.mean_value(MONEY).value == pytest.approx(np.average(money, weights=1 / share))


def test_a_total_varies_with_the_number_of_predictions_and_a_mean_does_not(rows):
    """û is u for a total and u − θ for a mean; everything is reviewed, so nothing else varies."""
    estimator = window(**rows, log_share=np.full(400, 0.2))
    for matrix in (WORTH, MONEY):
        worth = matrix.of_rows(rows["predicted"], rows["label"], rows["amount"])
        total, mean = estimator.value(matrix), estimator.mean_value(matrix).scaled(2_000)
        assert total.se == pytest.approx(np.sqrt(20 * (worth**2).sum()), rel=0.05)
        assert mean.se == pytest.approx(np.sqrt(20 * ((worth - worth.mean()) ** 2).sum()), rel=0.05)


def test_what_no_label_can_change_still_varies_with_what_was_logged(rows):
    """The value of a decision that is the same whatever the truth."""
    same = ValueMatrix.of([[1, 1], [5, 5]])
    figure = window(**rows, log_share=np.full(400, 0.5)).mean_value(same)
    worth = np.where(rows["predicted"] == 1, 5.0, 1.0)
    assert (figure.value, figure.method) == (pytest.approx(worth.mean()), "plain-mod")
    assert figure.se == pytest.approx(np.sqrt(2 * 400 * worth.var()) / 800, rel=1e-6)
    assert window(**rows).mean_value(same).method == "exact"


def test_few_logged_predictions_make_a_preliminary_figure(rows):
    few = {name: values[:30] for name, values in rows.items()} | {"label": np.eye(30)[3], "predicted": np.eye(30)[3]}
    assert window(**few).estimate("recall").method == "exact"
    assert window(**few, log_share=np.full(30, 0.2)).estimate("recall").code == "preliminary"


def test_several_classes_and_numbers_weigh_alike(rows):
    share = np.where(rows["score"] > 0.4, 1.0, 0.2)
    right = np.average(rows["predicted"] == rows["label"], weights=1 / share)
    three = window(**rows, log_share=share, kind=MulticlassEstimator, classes=3)
    assert three.estimate("accuracy").value == pytest.approx(right)
    number, truth = 10 * rows["score"], 10 * rows["label"] + rows["amount"]
    zeros, bins = np.zeros(400, int), (10 * rows["score"]).astype(int)
    sums = {"sum_pi": np.ones(400), "sum_odds": np.zeros(400), "sum_logging": (1 - share) / share**2}
    cells = Population.of(predicted=zeros, bin=bins, n=1 / share, logged=np.ones(400), **sums)
    items = Sample.of(predicted=zeros, score=np.full(400, np.nan), pi=np.ones(400), label=truth, log_share=share)
    regression = RegressionEstimator(cells, items, predicted=number, bins=bins, least_by_chance=0.0)
    figure = regression.estimate("bias")
    mean = np.average(number - truth, weights=1 / share)
    assert figure.value == pytest.approx(mean)
    spread = ((1 - share) / share**2 * (number - truth - mean) ** 2).sum()
    assert figure.se == pytest.approx(np.sqrt(spread) / (1 / share).sum(), rel=0.1)


def test_two_phases_without_a_proxy_are_one_draw_with_the_product(rows):
    """Hájek: 400 cases of 1,600 predictions, drawn from the logged half, or at once with the probability ¼."""

    def accuracy(times: int, pi: float, log_share: float) -> Estimate:
        drawn = {"predicted": rows["predicted"], "score": np.full(400, np.nan), "pi": np.full(400, pi)}
        drawn["log_share"] = np.full(400, log_share)
        cells = Population.from_rows(**{name: np.tile(values, times) for name, values in drawn.items()})
        return BinaryEstimator(cells, Sample.of(**drawn, label=rows["label"])).estimate("accuracy")

    apart, together = accuracy(2, 0.5, 0.5), accuracy(4, 0.25, 1.0)
    assert apart.value == together.value
    assert apart.se == pytest.approx(together.se, rel=1e-9)


def test_a_threshold_curve_ranges_over_what_was_not_logged(rows):
    share = np.full(400, 0.2)
    curve = threshold_curve(window(**rows, log_share=share), WORTH, rng=np.random.default_rng(1))
    worth = WORTH.of_rows(np.ones(400, int), rows["label"])  # "positive" from the first threshold on
    half = (curve.high - curve.low)[0] / 2
    assert curve.value[0] == pytest.approx(worth.mean())
    assert half == pytest.approx(1.96 * np.sqrt(20 * 400 * worth.var()) / 2_000, rel=0.08)
    assert (curve.band_high - curve.band_low >= curve.high - curve.low).all()


def test_response_lowers_pi_alone(rows):
    """π = ½ answered by ½ is π = ¼, whatever each prediction stands for."""
    share = np.where(np.arange(400) % 2 == 0, 1.0, 0.25)
    given = {name: rows[name] for name in ("predicted", "score", "amount")} | {"log_share": share}
    lowered = Population.of_each(**given, pi=np.full(400, 0.5)).with_response(np.full(400, 0.5))
    direct = Population.of_each(**given, pi=np.full(400, 0.25))
    for name in ("sum_pi", "sum_odds", "sum_odds2", "sum_amount2_odds", "sum_amount4_odds2", "n", "logged"):
        assert getattr(lowered, name) == pytest.approx(getattr(direct, name), rel=1e-9), name


@pytest.mark.parametrize("share", [0.2, "mixed"])
def test_totals_are_unbiased_and_ranges_hold(share):
    """80 replicates of 4,000 decisions; with a true coverage of 95 %, 69 or more hold in all but 1 of 1,000 runs."""
    rng = np.random.default_rng(17)
    score = rng.beta(0.7, 0.7, 4_000).round(3)
    truth, amount = (rng.random(4_000) < score).astype(int), rng.lognormal(0, 0.7, 4_000)
    predicted = (score > 0.5).astype(int)
    logged = np.where(amount > 1, 1.0, 0.2) if share == "mixed" else np.full(4_000, share)
    worth = MONEY.of_rows(predicted, truth, amount).sum()
    truths = {"accuracy": np.mean(predicted == truth), "recall": predicted[truth == 1].mean(), "value": worth}
    found = {name: [] for name in truths}
    for _ in range(80):
        rows = np.flatnonzero(rng.random(4_000) < logged)
        pi = np.full(len(rows), 0.4)
        drawn = rng.random(len(rows)) < pi
        columns = {"predicted": predicted[rows], "score": score[rows], "pi": pi, "amount": amount[rows]}
        columns["log_share"] = logged[rows]
        items = Sample.of(**{name: values[drawn] for name, values in columns.items()}, label=truth[rows][drawn])
        estimator = BinaryEstimator(Population.from_rows(**columns), items)
        for name in truths:
            found[name].append(estimator.value(MONEY) if name == "value" else estimator.estimate(name))
    for name, true in truths.items():
        values = np.array([figure.value for figure in found[name]])
        assert values.mean() == pytest.approx(true, abs=4 * values.std() / np.sqrt(80)), name
        assert sum(figure.low <= true <= figure.high for figure in found[name]) >= 69, name
        spread = np.sqrt(np.mean([figure.se**2 for figure in found[name]]))
        assert spread == pytest.approx(values.std(), rel=0.3), name
