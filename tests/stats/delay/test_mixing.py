import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stats.delay.mixing import MixedEstimator, mixed_estimator
from apps.stats.delay.proxy import MixedProxy, fit_mixed_proxy
from apps.stats.delay.weights import age_shares
from apps.stats.estimate import Estimate
from apps.stats.estimators.confusion import confusion_of, evaluate
from apps.stats.estimators.exact import METRICS
from apps.stats.estimators.population import Population
from apps.stats.estimators.recalibration import Recalibration
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix
from apps.stats.score_bins import LOGIT_BINS

N, HORIZON = 600, 90
NAN = float("nan")
AMOUNTS = ValueMatrix.of([[0, -1], [-0.25, 1]], uses_amount=True)


@pytest.fixture(scope="module")
def window():
    """600 predictions over 120 days; positives known after 5 to 60 days, negatives on day 90; a third has labels."""
    rng = np.random.default_rng(61)
    score = rng.uniform(0.02, 0.98, N)
    truth = (rng.random(N) < score).astype(float)
    age = rng.integers(0, 120, N)
    delay = np.where(truth == 1, rng.integers(5, 60, N), HORIZON)
    known = delay <= age
    columns = {
        "predicted": (score > 0.5).astype(int),
        "score": score,
        "outcome": np.where(known, truth, NAN),
        "delay": np.where(known, delay, NAN),
        "label": np.where(rng.random(N) < 0.33, np.where(rng.random(N) < 0.9, truth, 1 - truth), NAN),
        "amount": rng.exponential(100, N),
    }
    return columns, age, truth


def population(columns, rows=slice(None)):
    cut = {name: columns[name][rows] for name in ("predicted", "score", "amount")}
    return Population.from_rows(**cut, pi=np.full(len(cut["score"]), 0.5))


def mix(columns, age, rows=slice(None), **options):
    cut = {name: column[rows] for name, column in columns.items()}
    ages = age_shares(age, horizon=HORIZON)
    return mixed_estimator(population(columns, rows), ages, **cut, **({"drained": True} | options))


def test_the_estimate_is_the_mean_of_the_mixed_pseudo_outcomes(window):
    """First principles, row by row: m′ + (O/ϖ)(Y − m′), and V_d = Σ_O (1−ϖ)/ϖ² β²(Y−m′)²/N² with β = ±1."""
    columns, age, _ = window
    estimator = mix(columns, age)
    label, outcome, predicted = columns["label"], columns["outcome"], columns["predicted"]
    by_label = np.where(label == 1, estimator.proxy.by_label[1], estimator.proxy.by_label[0])
    mean = np.where(
        np.isnan(label),
        estimator.proxy.by_score.predict(LOGIT_BINS.centers_of(LOGIT_BINS.place(columns["score"]))),
        by_label,
    )
    known = ~np.isnan(outcome)
    varpi = np.array([(age >= days).mean() for days in columns["delay"][known]])
    mixed = mean.copy()
    mixed[known] += (outcome[known] - mean[known]) / varpi
    assert estimator.estimate("accuracy").value == pytest.approx(np.where(predicted == 1, mixed, 1 - mixed).mean())
    assert estimator.confusion.tp == pytest.approx((mixed * predicted).mean())
    terms = (1 - varpi) / varpi**2 * (outcome[known] - mean[known]) ** 2
    beta = 2.0 * predicted[known] - 1
    assert estimator.pseudo.design_terms(beta) == pytest.approx(terms)


def test_value_is_the_sum_over_the_mixed_pseudo_outcomes(window):
    """A reviewed prediction keeps its amount in a cell of its own; known items count with their own amount."""
    columns, age, _ = window
    estimator = mix(columns, age)
    cells, items = estimator.pseudo.population, estimator.sample
    assert cells.sum_amount.sum() == pytest.approx(columns["amount"].sum())
    moved = (items.truth - estimator.expected_truth(items)) / items.pi * items.amount
    slopes = {0: -1.0, 1: 1.25}
    by_row = sum((slopes[int(predicted)] * part for predicted, part in zip(items.predicted, moved, strict=True)), 0.0)
    certain = np.where(cells.predicted == 1, -0.25, 0.0) @ cells.sum_amount
    expected = np.where(cells.predicted == 1, 1.25, -1.0) * estimator.expected_truth(cells) @ cells.sum_amount
    figure = estimator.value(AMOUNTS)
    assert figure.value == pytest.approx(certain + expected + by_row)
    assert figure.low < figure.value < figure.high


def test_reviewed_cells_keep_the_number_of_predictions(window):
    columns, age, _ = window
    estimator = mix(columns, age)
    assert estimator.population.size == N
    marked = estimator.population.where(estimator.population.stand_in >= 0)
    assert marked.size == (~np.isnan(columns["label"])).sum()
    assert estimator.population.sum_score.sum() == pytest.approx(columns["score"].sum())


def test_labels_are_ignored_until_the_queues_are_drained(window):
    columns, age, _ = window
    waiting = mix(columns, age, drained=False)
    assert (waiting.population.stand_in == -1).all()
    assert waiting.estimate("recall") == mix(columns | {"label": np.full(N, NAN)}, age).estimate("recall")


def test_a_window_with_all_outcomes_is_exact(window):
    columns, _, truth = window
    columns = columns | {"outcome": truth, "delay": np.full(N, 30.0)}
    estimator = mix(columns, np.full(N, 95))
    for metric in ("accuracy", "recall", "mcc"):
        figure = estimator.estimate(metric)
        assert figure.value == evaluate(metric, confusion_of(columns["predicted"], truth))
        assert figure.low == figure.high == figure.value
        assert figure.method == "exact"


def test_slices_with_the_proxy_of_the_window_add_up_to_it(window):
    columns, age, _ = window
    whole = mix(columns, age)
    parts = [mix(columns, age, rows, proxy=whole.proxy) for rows in (slice(0, 200), slice(200, N))]
    value = sum(part.population.size * part.estimate("accuracy").value for part in parts) / N
    assert value == pytest.approx(whole.estimate("accuracy").value)


def test_strata_weigh_by_their_own_ages(window):
    """In stratum 1 every prediction is old enough for every delay: ϖ = 1."""
    columns, age, _ = window
    stratum = np.arange(N) % 2
    old = np.where(stratum == 1, 100, age)
    ages = age_shares(old, horizon=HORIZON, stratum=stratum)
    known = ~np.isnan(columns["outcome"])
    rows = {name: column[known] for name, column in columns.items()}
    estimator = mixed_estimator(population(columns), ages, **rows, stratum=stratum[known])
    assert (estimator.sample.pi[stratum[known] == 1] == 1).all()
    assert (estimator.sample.pi[stratum[known] == 0] < 1).any()


def test_overdue_outcomes_lower_every_probability(window):
    columns, age, _ = window
    assert mix(columns, age, response=0.8).sample.pi == pytest.approx(0.8 * mix(columns, age).sample.pi)


def test_the_anticipated_variance_is_that_of_the_outcomes(window):
    """Σ_U (1−ϖ)/ϖ (Y−m′)² over rows with their truth, against the cells, which hold only odds and m′."""
    columns, age, truth = window
    estimator = mix(columns, age, drained=False)
    delay = np.where(truth == 1, 0, HORIZON) + np.where(truth == 1, 32.0, 0)  # for positives, their mean delay
    varpi = np.array([(age >= days).mean() for days in delay])
    mean = estimator.proxy.by_score.predict(LOGIT_BINS.centers_of(LOGIT_BINS.place(columns["score"])))
    by_row = ((1 - varpi) / varpi * (truth - mean) ** 2).sum()
    from_cells = estimator.pseudo.anticipated(estimator.cells.sum_odds, np.zeros(len(estimator.sample.pi)))
    assert from_cells == pytest.approx(by_row, rel=0.1)


def test_codes_say_why_there_is_no_estimator(window):
    columns, age, _ = window
    nothing = {name: column[:0] for name, column in columns.items()}
    young = age_shares(np.minimum(age, 80), horizon=HORIZON)
    cells = population(columns)
    assert mixed_estimator(cells, young, **nothing) == "not_mature"
    assert mixed_estimator(cells, age_shares([], horizon=HORIZON), **nothing) == "no_population"
    none = cells.where(np.zeros(len(cells.n), bool))
    assert mixed_estimator(none, age_shares(age, horizon=HORIZON), **nothing) == "no_population"
    assert mix(columns, age, response=0.0) == "no_response"


def test_a_window_without_outcomes_has_its_code(window):
    columns, age, _ = window
    estimator = mix(columns | {"outcome": np.full(N, NAN), "delay": np.full(N, NAN)}, age)
    assert estimator.estimate("accuracy").code == "no_labels"


def test_without_scores_the_estimate_rests_on_outcomes_alone(window):
    columns, age, _ = window
    figure = mix(columns | {"score": np.full(N, NAN)}, age).estimate("precision")
    assert figure.method == "hajek"


def test_the_proxy_counts_one_pseudo_outcome():
    """Label 1: three outcomes of four are 1, (3 + ½)/5. With ϖ = ½, (1−ϖ)/ϖ² is 2 and 1/ϖ is 2; odds 3 once."""
    known = {"predicted": [1] * 4, "score": [0.5] * 4, "pi": [0.5] * 4, "label": [1, 1, 1, 0]}
    proxy = fit_mixed_proxy(Sample.of(**known, stand_in=[1] * 4), largest_odds=3.0)
    assert proxy.by_label == pytest.approx((0.5, 0.7))
    assert proxy.odds == pytest.approx(((2 + 3) / (2 + 1), (6 + 3) / (6 + 1)))


@pytest.mark.parametrize("odds", [-1.0, NAN, float("inf")])
def test_odds_out_of_range_are_refused(odds):
    with pytest.raises(ValueError, match="largest_odds"):
        fit_mixed_proxy(Sample.of(predicted=[], score=[], pi=[], label=[]), largest_odds=odds)


def test_cells_get_their_expected_odds():
    """m′ = ½: the mean of the odds of 0 and 1, twice for two predictions; a label of 1 with m′ = .9: .1·1 + .9·3."""
    cells = Population.from_rows(predicted=[1, 1, 1], score=[0.4875] * 3, pi=[1.0] * 3, stand_in=[-1, -1, 1])
    flat = MixedProxy(Recalibration(0.0, 0.0), by_label=(0.2, 0.9), odds=(3.0, 1.0))
    assert flat.weigh(cells).sum_odds == pytest.approx([4.0, 2.8])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"outcome": [2]}, "outcome must be 0 or 1"),
        ({"label": [0.5]}, "label must be 0 or 1"),
        ({"predicted": [3]}, "predicted must be 0 or 1"),
        ({"delay": [NAN]}, "delay is missing"),
        ({"delay": [200], "outcome": [1]}, None),
        ({"delay": [-1]}, "delay must not be negative"),
        ({"score": [1.5]}, "score must be in"),
        ({"score": [0.1]}, "that the population lacks"),
        ({"amount": [1, 2]}, "amount must have length"),
        ({"response": 1.5}, "response must be in"),
        ({"response": NAN}, "response must be in"),
    ],
)
def test_bad_input_is_named(change, complaint):
    cells = Population.from_rows(predicted=[1, 1], score=[0.7, 0.7], pi=[1, 1])
    row = {"predicted": [1], "score": [0.7], "outcome": [1], "delay": [3], "label": [1], "drained": True}
    ages = age_shares([10, 100], horizon=HORIZON)
    if complaint is None:  # a delay beyond the horizon counts as the horizon
        assert isinstance(mixed_estimator(cells, ages, **(row | change)), MixedEstimator)
        return
    with pytest.raises(ValueError, match=complaint):
        mixed_estimator(cells, ages, **(row | change))


ROW = st.tuples(
    st.integers(0, 1), st.floats(0, 1), st.integers(0, 1), st.integers(0, 130), st.integers(0, 99), st.booleans()
)


@pytest.mark.slow
@given(st.lists(ROW, min_size=1, max_size=15), st.sampled_from(METRICS))
def test_any_rows_give_a_finite_metric_or_a_code(rows, metric):
    predicted, score, truth, age, delay, reviewed = (np.array(column) for column in zip(*rows, strict=True))
    known = delay <= age
    estimator = mixed_estimator(
        Population.from_rows(predicted=predicted, score=score, pi=np.ones(len(rows))),
        age_shares(age, horizon=HORIZON),
        predicted=predicted,
        score=score,
        outcome=np.where(known, truth, NAN),
        delay=np.where(known, delay, NAN),
        label=np.where(reviewed, 1 - truth, NAN),
        drained=True,
    )
    if isinstance(estimator, str):
        assert estimator == "not_mature"
        return
    figure = estimator.estimate(metric)
    assert isinstance(figure, Estimate)
    assert figure.value is None or figure.low is None or figure.low <= figure.value <= figure.high
