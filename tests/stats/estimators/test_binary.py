"""The binary estimator at its edges; tests/oracles checks its numbers."""

import numpy as np
import pytest

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import FORMULAS
from apps.stats.estimators.hajek import hajek_mean
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix

ROWS = 6_000
OFFER = ValueMatrix.of([[650, -250], [0, 0]])
PROPER = ("brier", "log_loss")  # proper scoring rules, preliminary below 1,000 labels
ALL = (*FORMULAS, "auc", "average_precision", "ece", *PROPER)


def world(seed=1, *, rate=0.1, with_score=True, with_baseline=True):
    rng = np.random.default_rng(seed)
    s = rng.beta(0.7, 0.9, ROWS)
    known = {
        "predicted": (s > 0.45).astype(int),
        "score": s if with_score else np.full(ROWS, np.nan),
        "pi": np.full(ROWS, rate),
        "amount": rng.lognormal(0, 0.5, ROWS),
    }
    if with_baseline:
        known["baseline"] = (s + rng.normal(0, 0.2, ROWS) > 0.5).astype(int)
    truth = (rng.random(ROWS) < s).astype(int)
    return known, truth, rng.random(ROWS) < rate


def items(known, truth, rows):
    return Sample.of(**{name: column[rows] for name, column in known.items()}, label=truth[rows])


def estimator(seed=1, *, chance=None, **how):
    known, truth, drawn = world(seed, **how)
    by_chance = None if chance is None else np.full(ROWS, chance)
    return BinaryEstimator(Population.from_rows(**known, chance=by_chance), items(known, truth, drawn))


@pytest.mark.parametrize("metric", ALL)
def test_every_metric_has_a_value_inside_its_interval(metric):
    figure = estimator().estimate(metric)
    assert figure.low < figure.value < figure.high
    assert figure.code == ("preliminary" if metric in PROPER else None)
    assert figure.covered_share == 1.0
    # The score narrows every range beyond that of as many labels drawn with equal chances.
    assert figure.n < figure.n_eff < 3 * figure.n


def test_the_equal_draws_as_precise_follow_from_the_variance():
    """θ̂(1 − θ̂)/V*: of all predictions for accuracy, of the predicted positives for precision."""
    for metric in ("accuracy", "precision"):
        figure = estimator().estimate(metric)
        assert figure.n_eff == pytest.approx(figure.value * (1 - figure.value) / figure.se**2)


def test_a_custom_formula_is_a_metric_like_any_other():
    window = estimator()
    own, known = window.estimate(lambda c: c.tp / (c.tp + c.fp)), window.estimate("precision")
    assert (own.value, own.se, own.n) == (known.value, known.se, known.n)
    assert (own.method, known.method) == ("plain-mod", "logit-mod")


def test_a_formula_without_a_finite_value_is_undefined():
    never = estimator().estimate(lambda c: 1 / (c.tp - c.tp))
    assert (never.value, never.code) == (None, "undefined")


def test_scoring_rules_are_preliminary_below_a_thousand_labels():
    figure = estimator(rate=0.3).estimate("log_loss")
    assert figure.n > 1_000
    assert figure.code is None
    assert estimator().estimate("log_loss").labels_needed == 1_000 - estimator().estimate("log_loss").n


def test_n_counts_only_labels_the_metric_depends_on():
    window = estimator()
    assert window.estimate("precision").n == int(window.sample.predicted.sum())
    assert window.accuracy_difference().n == int((window.sample.predicted != window.sample.baseline).sum())
    assert window.estimate("recall").n == len(window.sample.pi)


def test_without_labels_no_figure_has_a_value():
    known, truth, _ = world()
    nothing = BinaryEstimator(Population.from_rows(**known), items(known, truth, np.zeros(ROWS, bool)))
    for metric in ALL:
        assert (nothing.estimate(metric).value, nothing.estimate(metric).code) == (None, "no_labels")
    assert nothing.value(OFFER).code == "no_labels"
    assert nothing.win_rate().code == "no_labels"
    assert nothing.accuracy_point(OFFER).code == "no_labels"


def test_an_empty_window_has_no_population():
    known, truth, drawn = world()
    empty = BinaryEstimator(Population.from_rows(**known), items(known, truth, drawn)).restrict(
        cells=np.zeros(len(Population.from_rows(**known).n), bool), items=np.zeros(drawn.sum(), bool)
    )
    assert {empty.estimate(metric).code for metric in ALL} == {"no_population"}
    assert empty.accuracy_difference().code == "no_population"


def test_a_draw_that_misses_part_of_the_population_gives_no_value():
    known, truth, drawn = world()
    known["pi"] = np.where((known["predicted"] == 0) & (known["score"] < 0.1), 0.0, known["pi"])
    window = BinaryEstimator(Population.from_rows(**known), items(known, truth, drawn & (known["pi"] > 0)))
    figure = window.estimate("accuracy")
    assert (figure.value, figure.code) == (None, "not_estimable")
    assert figure.covered_share == pytest.approx((known["pi"] > 0).mean())


def test_precision_needs_only_predicted_positives_to_be_covered():
    known, truth, drawn = world()
    known["pi"] = np.where(known["predicted"] == 1, known["pi"], 0.0)
    window = BinaryEstimator(Population.from_rows(**known), items(known, truth, drawn & (known["pi"] > 0)))
    assert window.estimate("precision").value is not None
    assert window.estimate("recall").code == "not_estimable"


def test_a_draw_of_disagreements_alone_gives_the_difference():
    """The accuracy itself has no value."""
    known, truth, drawn = world()
    apart = known["predicted"] != known["baseline"]
    known["pi"] = np.where(apart, 0.5, 0.0)
    drawn = apart & (np.random.default_rng(9).random(ROWS) < 0.5)
    window = BinaryEstimator(Population.from_rows(**known), items(known, truth, drawn))
    right = (known["predicted"] == truth).mean() - (known["baseline"] == truth).mean()
    figure = window.accuracy_difference()
    assert figure.low <= right <= figure.high
    assert window.estimate("accuracy").code == "not_estimable"


def test_a_baseline_that_always_agrees_has_a_difference_of_exactly_zero():
    known, truth, drawn = world()
    known["baseline"] = known["predicted"]
    window = BinaryEstimator(Population.from_rows(**known), items(known, truth, drawn))
    figure = window.accuracy_difference()
    assert (figure.value, figure.low, figure.high, figure.method) == (0.0, 0.0, 0.0, "exact")
    assert window.win_rate().code == "no_disagreement"


def test_without_a_baseline_every_comparison_says_so():
    window = estimator(with_baseline=False)
    assert window.accuracy_difference().code == "no_baseline"
    assert window.mean_value(OFFER, against_baseline=True).code == "no_baseline"
    assert window.estimate("accuracy", of="baseline").code == "no_baseline"
    assert window.win_rate().code == "no_baseline"


def test_predictions_without_a_baseline_stay_out_of_the_comparison():
    known, truth, drawn = world()
    half = np.arange(ROWS) % 2 == 0
    cut = BinaryEstimator(
        Population.from_rows(**{name: column[half] for name, column in known.items()}),
        items(known, truth, drawn & half),
        proxy=(whole := estimator()).fitted,
        overturn=whole.expected_overturn,
    )
    known["baseline"] = np.where(half, known["baseline"], -1)
    partly = BinaryEstimator(Population.from_rows(**known), items(known, truth, drawn), proxy=cut.proxy)
    assert partly.accuracy_difference().value == pytest.approx(cut.accuracy_difference().value)
    assert partly.mean_value(OFFER, against_baseline=True).value == pytest.approx(
        cut.mean_value(OFFER, against_baseline=True).value
    )


def test_slices_share_the_pseudo_truths_of_the_window():
    """m is fitted once, so both halves of a window add up to the whole."""
    window = estimator()
    low = window.population.bin < 90
    parts = [
        window.restrict(cells=mask, items=rows)
        for mask, rows in ((low, window.sample.bin < 90), (~low, window.sample.bin >= 90))
    ]
    total = sum(part.estimate("accuracy").value * part.population.size for part in parts)
    assert total / ROWS == pytest.approx(window.estimate("accuracy").value)
    assert {part.fitted for part in parts} == {window.fitted}


def test_a_slice_may_bring_its_own_cells():
    window = estimator()
    low = window.population.bin < 90
    by_mask = window.restrict(cells=low, items=window.sample.bin < 90).estimate("f1")
    assert window.within(window.population.where(low), items=window.sample.bin < 90).estimate("f1") == by_mask


def test_few_labels_are_preliminary_and_say_how_many_are_missing():
    figure = estimator(rate=0.002, chance=0.002).estimate("accuracy")
    assert figure.code == "preliminary"
    assert figure.value is not None
    assert figure.labels_needed >= 38  # a floor of 12 labels, and the rule wants 50


def test_a_floor_of_fifty_is_enough():
    assert estimator(chance=0.01).estimate("accuracy").code is None


def test_open_adjudication_is_a_caveat():
    known, truth, drawn = world()
    columns = {name: column[drawn] for name, column in known.items()}
    n = int(drawn.sum())
    waiting = BinaryEstimator(Population.from_rows(**known), Sample.of(**columns, label=truth[drawn], q=np.zeros(n)))
    assert waiting.estimate("accuracy").code == "adjudication_open"
    assert waiting.estimate("accuracy").value == pytest.approx(estimator().estimate("accuracy").value)


def test_scores_rounded_differently_in_cells_and_items_are_an_error():
    known, truth, drawn = world()
    cells = Population.from_rows(**known)
    other = known | {"score": np.clip(known["score"] * 0.5, 0, 1)}
    with pytest.raises(ValueError, match="class and score bin that the population lacks"):
        BinaryEstimator(cells.where(cells.bin > 60), items(other, truth, drawn))


@pytest.mark.parametrize(("metric", "of"), [("acuracy", "predicted"), ("accuracy", "nobody"), ("auc", "baseline")])
def test_an_unknown_metric_is_an_error(metric, of):
    with pytest.raises(ValueError, match=r"metric"):
        estimator().estimate(metric, of=of)


def test_a_third_class_is_an_error():
    cells = Population.from_rows(predicted=[2], score=[0.5], pi=[1.0])
    with pytest.raises(ValueError, match="predicted of the population must be 0 or 1"):
        BinaryEstimator(cells, Sample.of(predicted=[1], score=[0.5], pi=[1.0], label=[1]))


def test_without_scores_accuracy_is_the_hajek_mean():
    """Σ d a / Σ d, written out."""
    known, truth, _ = world(with_score=False)
    known["pi"] = np.where(known["predicted"] == 1, 0.2, 0.05)
    drawn = np.random.default_rng(3).random(ROWS) < known["pi"]
    window = BinaryEstimator(Population.from_rows(**known), items(known, truth, drawn))
    d, right = 1 / known["pi"][drawn], (known["predicted"] == truth)[drawn]
    figure = window.estimate("accuracy")
    assert figure.value == pytest.approx((d * right).sum() / d.sum())
    assert figure.method == "hajek"
    assert figure.low <= (known["predicted"] == truth).mean() <= figure.high
    assert window.estimate("auc").code == window.estimate("brier").code == "no_score"


def test_without_scores_value_is_exact_where_no_truth_matters():
    """A refused offer is worth nothing either way; the rest is N₀ · Σ d a / Σ d over predicted negatives."""
    known, truth, drawn = world(with_score=False)
    refused = known["predicted"] == 1
    known["pi"], drawn = np.where(refused, 0.0, known["pi"]), drawn & ~refused
    window = BinaryEstimator(Population.from_rows(**known), items(known, truth, drawn))
    money = np.where(truth == 1, -250, 650)
    figure = window.value(OFFER)
    assert figure.value == pytest.approx((~refused).sum() * money[drawn].mean())
    assert figure.low <= money[~refused].sum() <= figure.high


def test_win_rate_is_the_hajek_mean_over_disagreements():
    window = estimator()
    apart = window.sample.predicted != window.sample.baseline
    right = (window.sample.predicted == window.sample.truth)[apart]
    assert window.win_rate().value == pytest.approx(hajek_mean(right, window.sample.pi[apart]).value)


def test_value_per_thousand_is_the_total_in_another_unit():
    window = estimator()
    per_thousand = window.value(OFFER).scaled(1000 / window.population.size)
    assert per_thousand.value == pytest.approx(window.mean_value(OFFER).value * 1000)
    assert per_thousand.high - per_thousand.low == pytest.approx(
        1000 * (window.mean_value(OFFER).high - window.mean_value(OFFER).low)
    )


def test_value_without_amounts_says_so():
    known, truth, drawn = world()
    cells = Population.from_rows(**known)
    del known["amount"]
    window = BinaryEstimator(cells, items(known, truth, drawn))
    assert window.value(ValueMatrix.of(OFFER.matrix, uses_amount=True)).code == "no_amount"
