"""Schools of California: the figures that R's survey package prints, and its Poisson errors on the same rows.

R 4.2.2, survey 4.1.1, prints `svymean`, `svytotal`, `svyratio`, `svyciprop` and `calibrate` for the samples as drawn:
`svydesign(id = ~1, strata = ~stype, weights = ~pw, data = apistrat, fpc = ~fpc)`, and `apisrs` without strata. Their
sizes were fixed, so the printed errors are not those of a Poisson draw; survey/figures.R computes the latter.
`odds_total=0`, or a population without odds, leaves out the anticipated variance. The rest is the design variance V_d,
which R has too.
"""

import numpy as np
import pytest

from apps.stats.estimators.conclusion import NO_LIMITS, Linearized, conclude
from apps.stats.estimators.hajek import hajek_mean
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.sample import Sample
from apps.stats.intervals import logit_mod
from tests.oracles.survey.committed import figures, rows

N = 6194
TYPES = {"E": 4421, "H": 755, "M": 1018}
API99_TOTAL = 3_914_069
R = figures()


@pytest.fixture(scope="module")
def schools():
    return rows("apistrat")


def design_mean(values, pi):
    """Estimate Hájek's mean with its design variance alone."""
    return hajek_mean(values, pi, odds_total=0)


def pseudo_values(values, pi, *, mean_items, mean):
    """Make pseudo-values of schools, given the expectation of each and the mean over all 6,194."""
    n = len(pi)
    population = Population.of(predicted=[0], bin=[-1], n=[N], sum_pi=[n], sum_odds=[0])
    sample = Sample.of(predicted=np.zeros(n), score=np.full(n, np.nan), pi=pi, label=values)
    return PseudoValues(
        population=population,
        sample=sample,
        mean_cells=np.array([mean]),
        variance_cells=np.zeros(1),
        fourth_cells=np.zeros(1),
        mean_items=mean_items,
        of_label=sample.label,
        of_truth=sample.truth,
    )


def mean_of(pseudo):
    """Estimate the mean (Σ_U m + Σ_s (y − m)/π)/N."""
    ones = np.ones(len(pseudo.sample.pi))
    mean = Linearized(
        value=pseudo.total(pseudo.population.n, ones) / N,
        plug_in=None,
        beta_cells=np.ones(1),
        beta=ones,
        on_cells=np.array([True]),
        on_items=ones.astype(bool),
        spread=1.0,
        limits=NO_LIMITS,
        is_share=False,
    )
    return conclude(pseudo, mean)


def by_strata(values, schools):
    """Expect each value to be the mean of its stratum."""
    means = {each: values[schools["stype"] == each].mean() for each in TYPES}
    expected = np.array([means[each] for each in schools["stype"]])
    mean = sum(size * means[each] for each, size in TYPES.items()) / N
    return pseudo_values(values, 1 / schools["pw"], mean_items=expected, mean=mean)


def stratified_error(pseudo, schools):
    """Compute the error of the total from our terms: with a fixed size n, n/(n − 1) times their sum in each stratum."""
    size = {each: (schools["stype"] == each).sum() for each in TYPES}
    fixed = np.array([size[each] / (size[each] - 1) for each in schools["stype"]])
    return np.sqrt(fixed @ pseudo.design_terms(np.ones(len(schools))))


def by_regression(column, schools):
    """Expect each value from a weighted linear fit on the type and the index of 1999, whose totals are known."""
    x = np.column_stack([schools["stype"] == each for each in TYPES] + [schools["api99"]]).astype(float)
    root = np.sqrt(schools["pw"])
    fit, *_ = np.linalg.lstsq(x * root[:, None], schools[column] * root, rcond=None)
    mean = np.array([*TYPES.values(), API99_TOTAL]) @ fit / N
    return pseudo_values(schools[column], 1 / schools["pw"], mean_items=x @ fit, mean=mean)


def test_the_mean_of_the_stratified_sample_equals_r_s(schools):
    figure = design_mean(schools["api00"], 1 / schools["pw"])
    assert round(figure.value, 5) == 662.28736
    assert (figure.value, figure.se) == pytest.approx(R["schools: mean api00"][:2], rel=1e-10)
    pseudo = by_strata(schools["api00"], schools)
    assert round(mean_of(pseudo).value, 5) == 662.28736
    assert round(stratified_error(pseudo, schools) / N, 5) == 9.40894


def test_the_total_of_the_stratified_sample_equals_r_s(schools):
    nothing = np.zeros(len(schools))
    figure = mean_of(pseudo_values(schools["enroll"], 1 / schools["pw"], mean_items=nothing, mean=0.0)).scaled(N)
    assert round(figure.value, 1) == 3_687_177.5
    assert (figure.value, figure.se) == pytest.approx(R["schools: total enroll"][:2], rel=1e-10)
    assert round(stratified_error(by_strata(schools["enroll"], schools), schools), 2) == 114_641.72


def test_the_ratio_of_the_stratified_sample_equals_r_s(schools):
    """The error of this ratio of means is that of the mean of tested − ratio·enrolled, divided by mean enrolled."""
    pi = 1 / schools["pw"]
    tested, enrolled = design_mean(schools["tested"], pi), design_mean(schools["enroll"], pi)
    ratio = tested.value / enrolled.value
    assert round(ratio, 10) == 0.8369568869
    residual = schools["tested"] - ratio * schools["enroll"]
    error = design_mean(residual, pi).se / enrolled.value
    assert (ratio, error) == pytest.approx(R["schools: tested per enrolled"][:2], rel=1e-10)
    total = design_mean(schools["enroll"], pi).value * schools["pw"].sum()
    assert round(stratified_error(by_strata(residual, schools), schools) / total, 10) == 0.0077571032


@pytest.mark.parametrize("school_type", TYPES)
def test_means_of_school_types_equal_r_s(schools, school_type):
    of_type = schools[schools["stype"] == school_type]
    figure = design_mean(of_type["api00"], 1 / of_type["pw"])
    assert (figure.value, figure.se) == pytest.approx(R[f"schools: mean api00 of type {school_type}"][:2], rel=1e-9)


def test_the_share_and_its_logit_interval_equal_r_s(schools):
    """R with our degrees of freedom: `svyciprop(method = "logit", df = min(ν, ν_a) + 10)`."""
    met, pi = (schools["met_target"] == "Yes").astype(float), 1 / schools["pw"]
    figure = hajek_mean(met, pi, odds_total=0, is_bounded=True)
    assert round(figure.value, 7) == 0.8279480
    found = (figure.value, figure.se, figure.low, figure.high)
    assert found == pytest.approx(R["schools: share that met the target"], rel=1e-7)


def test_the_logit_interval_of_the_share_equals_the_printed_one(schools):
    """R uses 200 schools less three strata as degrees of freedom. It has .77453965 and prints one digit less."""
    met = (schools["met_target"] == "Yes").astype(float)
    pseudo = by_strata(met, schools)
    variance = (stratified_error(pseudo, schools) / N) ** 2
    interval = logit_mod(mean_of(pseudo).value, variance=variance, df=197.0, n=len(schools))
    assert (interval.low, interval.high) == pytest.approx((0.77453965, 0.87081485), abs=1e-8)


@pytest.mark.parametrize(
    ("column", "value", "error"),
    [("api00", 664.63020, 1.899919), ("enroll", 594.17690, 17.868688)],
)
def test_regression_estimates_equal_r_s(schools, column, value, error):
    """R prints them with calibrated weights g/π; ours stay 1/π, which changes the error by less than 1 %."""
    pseudo = by_regression(column, schools)
    figure = mean_of(pseudo)
    assert round(figure.value, 5) == value
    assert (figure.value, figure.se) == pytest.approx(R[f"schools: regression estimate of {column}"][:2], rel=1e-9)
    assert stratified_error(pseudo, schools) / N == pytest.approx(error, rel=0.01)


def test_the_mean_of_the_simple_random_sample_equals_r_s():
    """A sample of fixed size n has n/(n − 1) times the variance of Hájek's mean at a constant probability."""
    drawn = rows("apisrs")
    figure = design_mean(drawn["api00"], 1 / drawn["pw"])
    assert round(figure.value, 3) == 656.585
    assert round(figure.se * np.sqrt(200 / 199), 5) == 9.24972
