import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from apps.stats.intervals import wilson_interval
from apps.stats.reviewers.agreement import agreement_table, cohen_kappa
from apps.stats.reviewers.coincidences import METRICS, coincidences
from apps.stats.reviewers.many_raters import gwet_ac1, krippendorff_alpha
from apps.stats.reviewers.ratings import tabulate_ratings
from tests.stats.soundness import quick_and_many

nan = np.nan
COEFFICIENTS = [gwet_ac1, *(partial(krippendorff_alpha, metric=metric) for metric in METRICS)]


def rng(seed=1):
    return np.random.default_rng(seed)


def labels(n, *, prevalence, right, raters, generator, share_missing=0.0):
    """Raters who are right with the same probability, whatever the truth."""
    truth = generator.random(n) < prevalence
    ratings = (truth[:, None] == (generator.random((n, raters)) < right)).astype(float)
    return np.where(generator.random((n, raters)) < share_missing, nan, ratings)


@quick_and_many(70_000)
def test_ac1_stays_where_kappa_collapses(examples):
    """Closed form for two raters right with .99: they agree on .9802 whatever the prevalence; κ falls, AC1 does not."""
    for prevalence, kappa, ac1 in [(0.5, 0.9604, 0.9604), (0.02, 0.6597, 0.9790)]:
        ratings = labels(examples, prevalence=prevalence, right=0.99, raters=2, generator=rng(2))
        assert krippendorff_alpha(ratings, rng=rng()).value == pytest.approx(kappa, abs=0.01)
        assert gwet_ac1(ratings, rng=rng()).value == pytest.approx(ac1, abs=0.002)
        table = agreement_table(ratings[:, 0], ratings[:, 1], classes=2)
        assert cohen_kappa(table).value == pytest.approx(kappa, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@quick_and_many(50)
def test_the_interval_covers_at_the_stated_rate(coefficient, examples):
    """Simulation, seed 3: 60 items of 3 raters, a fifth of the ratings missing; the truth from 400,000 items."""
    generator = rng(3)
    world = partial(labels, prevalence=0.3, right=0.9, raters=3, generator=generator, share_missing=0.2)
    truth = coefficient(world(400_000), rng=generator).value
    figures = [coefficient(world(60), rng=generator, replicates=200) for _ in range(examples)]
    covered = sum(figure.low <= truth <= figure.high for figure in figures)
    assert covered >= 0.92 * examples
    assert np.mean([figure.high - figure.low for figure in figures]) < 0.6


@pytest.mark.slow
def test_weights_correct_a_draw_that_prefers_disagreement():
    """Simulation, seed 4: items on which raters differ are drawn four times as often."""
    generator, figures, unweighted = rng(4), [], []
    everyone = labels(400_000, prevalence=0.3, right=0.9, raters=3, generator=generator)
    truth = krippendorff_alpha(everyone, rng=generator).value
    pi = np.where(everyone.std(axis=1) > 0, 0.002, 0.0005)
    for _ in range(150):
        drawn = generator.random(len(pi)) < pi
        figures.append(krippendorff_alpha(everyone[drawn], pi=pi[drawn], rng=generator, replicates=200))
        unweighted.append(krippendorff_alpha(everyone[drawn], rng=generator, replicates=100).value)
    assert np.mean(unweighted) < truth - 0.2
    assert np.mean([figure.value for figure in figures]) == pytest.approx(truth, abs=0.01)
    assert sum(figure.low <= truth <= figure.high for figure in figures) >= 136
    spread = np.std([figure.value for figure in figures], ddof=1)
    assert np.mean([figure.se for figure in figures]) == pytest.approx(spread, rel=0.15)


@pytest.mark.parametrize("metric", METRICS)
def test_the_influence_is_the_derivative_with_respect_to_the_weight_of_an_item(metric):
    """Central differences of α without the small-sample factor 1 − 1/N."""
    table = tabulate_ratings(rng(5).integers(0, 4, (9, 4)).astype(float), pi=np.linspace(0.2, 1, 9))
    coefficient = coincidences(table, metric=metric)
    share, step = table.items * table.weight / (table.items @ table.weight), 1e-6
    factor = 1 - 1 / (table.items @ table.raters)
    derivative = []
    for direction in np.eye(len(share)):
        ends = [share + sign * step * (direction - share) for sign in (1, -1)]
        above, below = (1 - o[0] / factor / e[0] for o, e in (coefficient.disagreement(end[None]) for end in ends))
        derivative.append((above - below) / (2 * step))
    assert coefficient.influence == pytest.approx(np.array(derivative), abs=1e-6)
    assert share @ coefficient.influence == pytest.approx(0, abs=1e-12)


def test_equal_probabilities_change_nothing():
    ratings = labels(80, prevalence=0.4, right=0.9, raters=3, generator=rng(6), share_missing=0.2)
    for coefficient in COEFFICIENTS:
        plain, weighted = coefficient(ratings, rng=rng()), coefficient(ratings, rng=rng(), pi=np.full(80, 0.1))
        assert weighted.value == pytest.approx(plain.value)
        assert (weighted.low, weighted.high, weighted.se) == pytest.approx((plain.low, plain.high, plain.se))


def test_full_agreement_is_not_certainty():
    """By hand: 10 items, half of each class; disagreement is at most Wilson's .2775, and .5 by chance."""
    _, most = wilson_interval(0, 10)
    figure = krippendorff_alpha([[0, 0]] * 5 + [[1, 1]] * 5, rng=rng())
    assert (figure.value, figure.high, figure.code) == (1.0, 1.0, "boundary")
    assert figure.low == pytest.approx(1 - most / 0.5)


def test_ac1_has_a_figure_where_all_give_the_same_of_several_classes():
    ratings = [[0, 0]] * 10
    assert krippendorff_alpha(ratings, rng=rng()).code == "no_variation"
    assert gwet_ac1(ratings, rng=rng()).code == "no_variation"
    assert gwet_ac1(ratings, classes=2, rng=rng()).value == 1.0


def test_few_disagreements_make_a_preliminary_figure():
    """ν is about the number of items that disagree: 2 of 100 here."""
    figure = gwet_ac1([[0, 0]] * 50 + [[1, 1]] * 48 + [[0, 1]] * 2, rng=rng())
    assert figure.code == "preliminary"
    assert figure.df == pytest.approx(2, abs=0.3)
    assert figure.labels_needed > 100


def test_the_same_seed_gives_the_same_interval():
    ratings = labels(50, prevalence=0.5, right=0.8, raters=2, generator=rng(7))
    assert krippendorff_alpha(ratings, rng=rng(8)) == krippendorff_alpha(ratings, rng=rng(8))


def test_interval_alpha_depends_only_on_differences():
    """α is the same for shifted and stretched values, even where their squares overflow."""
    ratings = rng(9).integers(0, 5, (30, 3)).astype(float)
    plain = krippendorff_alpha(ratings, metric="interval", rng=rng())
    stretched = krippendorff_alpha(ratings * 3e307 - 5e307, metric="interval", rng=rng())
    assert stretched.value == pytest.approx(plain.value)
    assert stretched.low == pytest.approx(plain.low)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@pytest.mark.parametrize(
    ("ratings", "code"),
    [
        (np.empty((0, 3)), "no_labels"),
        (np.empty((3, 0)), "no_labels"),
        ([[nan, nan]], "no_labels"),
        ([[1, nan], [nan, 2]], "no_overlap"),
        ([[1, 2], [nan, 2]], "no_overlap"),
        ([[3, 3], [3, 3]], "no_variation"),
    ],
)
def test_without_pairs_there_is_a_code(coefficient, ratings, code):
    assert coefficient(ratings, rng=rng()).code == code


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"level": 1.0}, "level"),
        ({"level": nan}, "level"),
        ({"replicates": 10}, "replicates"),
        ({"pi": [0.5, nan]}, "pi"),
        ({"classes": 1}, "classes"),
    ],
)
def test_bad_arguments_are_named(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        gwet_ac1([[0, 1], [1, 1]], rng=rng(), **arguments)


def test_an_unknown_metric_is_named():
    with pytest.raises(ValueError, match="metric must be one of"):
        krippendorff_alpha([[0, 1], [1, 1]], rng=rng(), metric="ratio")


ANYTHING = st.sampled_from([nan, 0, 1, 2, -7.5, 1e308])


@settings(max_examples=150, deadline=None)
@given(
    arrays(float, st.tuples(st.integers(0, 6), st.integers(0, 4)), elements=ANYTHING),
    st.sampled_from([1.0, 0.5, 1e-12, 1e-15]),
    st.sampled_from(COEFFICIENTS),
)
def test_any_ratings_give_finite_numbers_or_a_code(ratings, rare, coefficient):
    pi = np.where(np.arange(len(ratings)) % 2, rare, 1.0)
    figure = coefficient(ratings, rng=rng(), pi=pi, replicates=100)
    assert figure.code or figure.value is not None
    if figure.value is not None:
        assert all(math.isfinite(number) for number in (figure.value, figure.low, figure.high, figure.se, figure.df))
        assert figure.low <= figure.value <= figure.high
