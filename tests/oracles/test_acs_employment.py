"""US census employment, the publisher's own predictions. Source: the data set's README (figures of all outcomes)."""

from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from apps.stats.binary import BinaryEstimator
from apps.stats.exact import exact_figure
from apps.stats.population import Population, Sample

DATA = Path(__file__).parents[2] / "apps" / "demo" / "data"
PUBLISHED = {
    "accuracy": 0.82758,
    "precision": 0.80887,
    "recall": 0.86066,
    "f1": 0.83396,
    "auc": 0.90428,
    "brier": 0.12222,
}
FLOOR = 0.002
SALTS = 100


@pytest.fixture(scope="module")
def people():
    rows = pyarrow.parquet.read_table(
        DATA / "production.parquet", columns=["id", "prediction", "predicted_probability"]
    )
    outcomes = pyarrow.parquet.read_table(DATA / "outcomes.parquet")
    assert (rows["id"].to_numpy() == outcomes["id"].to_numpy()).all()
    return {
        "predicted": rows["prediction"].to_numpy().astype(np.int64),
        "score": rows["predicted_probability"].to_numpy().astype(np.float64),
        "truth": outcomes["employed"].to_numpy().astype(np.int64),
    }


@pytest.mark.parametrize(("metric", "published"), PUBLISHED.items())
def test_all_outcomes_give_the_published_figure(people, metric, published):
    figure = exact_figure(metric, **people)
    assert round(figure.value, 5) == published
    assert figure.low == figure.value == figure.high


def test_draws_labelled_by_the_outcome_cover_the_accuracy_for_ninety_salts_of_a_hundred(people):
    spread = np.sqrt(people["score"] * (1 - people["score"]))
    pi = np.minimum(1.0, FLOOR + 600 * spread / spread.sum())
    population = Population.from_rows(predicted=people["predicted"], score=people["score"], pi=pi)
    covered, naive_covered = 0, 0
    for salt in range(SALTS):
        drawn = np.random.default_rng(salt).random(len(pi)) < pi
        items = Sample.of(
            predicted=people["predicted"][drawn],
            score=people["score"][drawn],
            pi=pi[drawn],
            label=people["truth"][drawn],
        )
        estimator = BinaryEstimator(population, items)
        figure, naive = estimator.estimate("accuracy"), estimator.uncorrected("accuracy")
        covered += figure.low <= PUBLISHED["accuracy"] <= figure.high
        naive_covered += naive.low <= PUBLISHED["accuracy"] <= naive.high
    assert covered >= 90
    assert naive_covered <= 30, "the queue alone asks about the hard cases"
