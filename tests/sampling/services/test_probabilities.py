"""The probability of each kind of policy, on columns checked by hand."""

import numpy as np
import pytest

from apps.registry.models import MonitoredModel
from apps.sampling.models import PolicyKind, SamplingPolicy
from apps.sampling.services.columns import Table
from apps.sampling.services.priorities import Priorities
from apps.sampling.services.probabilities import by_chance, matrix, shapes
from apps.sampling.services.rates import RatedPolicy, named_factor

MODEL = MonitoredModel(task="binary", classes=["no", "yes"])
NAN = float("nan")


def p_of(kind, settings, columns, *, model=MODEL, factor=None, weights=None, **fields):
    policy = SamplingPolicy(kind=kind, settings=settings, **fields)
    rated = RatedPolicy(policy, named_factor(policy) if factor is None else factor, weights)
    size = len(next(iter(columns.values())))
    ready = {name: np.array(each, dtype=float) if name in NUMBERS else each for name, each in columns.items()}
    table = Table(size, ready.__getitem__)
    return matrix([rated], shapes([rated], table, model=model))[0].tolist()


NUMBERS = {"score", "amount", "predicted_index", "baseline_index"}


def test_a_slice_has_a_rate_for_each_value_and_one_for_all_others():
    settings = {"slice": "age", "key": "k", "rates": [{"value": "60+", "rate": 0.1}], "rate": 0.01}
    assert p_of(PolicyKind.SLICE, settings, {"slices.k": ["60+", "20", None, "60+"]}) == [0.1, 0.01, 0.01, 0.1]
    del settings["rate"]
    assert p_of(PolicyKind.SLICE, settings, {"slices.k": ["60+", "20", None]}) == [0.1, 0.0, 0.0]


def test_an_amount_draws_in_proportion_up_to_its_full_rate():
    settings = {"rate": 0.5, "full_at": 50_000}
    amounts = [0, 25_000, -25_000, 50_000, 90_000, NAN]
    assert p_of(PolicyKind.AMOUNT, settings, {"amount": amounts}) == [0.0, 0.25, 0.25, 0.5, 0.5, 0.0]


WEIGHTS = {"bins": 1, "edges": [0.3, 0.6], "weights": [[0.5, 1.0, 2.0, 3.0], [4.0, 0.0, 1.0, 0.25]]}


def test_a_recommended_policy_draws_by_predicted_class_and_score_bin():
    columns = {"predicted_index": [0, 0, 0, 1, 1, 2, 0], "score": [0.29, 0.3, 0.99, 0.1, NAN, 0.5, NAN]}
    found = p_of(PolicyKind.RECOMMENDED, {"rate": 0.1}, columns, weights=WEIGHTS)
    # A class that the table does not know has priority 1, and the last column is for rows without a score.
    assert found == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.025, 0.1, 0.3])


def test_priorities_never_draw_with_more_than_certainty():
    columns = {"predicted_index": [1], "score": [0.1]}
    assert p_of(PolicyKind.RECOMMENDED, {"rate": 0.1}, columns, factor=0.5, weights=WEIGHTS) == [1.0]


def test_a_recommended_policy_without_a_table_is_uniform():
    assert p_of(PolicyKind.RECOMMENDED, {"rate": 0.1}, {"score": [0.1, NAN]}) == [0.1, 0.1]


def test_a_table_needs_a_weight_for_each_bin_and_one_more():
    with pytest.raises(ValueError, match="2 edges need rows of 4 weights"):
        Priorities.from_document({**WEIGHTS, "weights": [[1.0, 1.0, 1.0]]})


def test_priorities_of_numbers_go_by_the_bin_of_the_prediction():
    model = MonitoredModel(task="regression")
    weights = {"bins": 0, "edges": [10.0, 20.0], "weights": [[0.5, 1.0, 1.5, 9.0]]}
    # As `bin_edges`: a number on an edge belongs to the bin below.
    columns = {"predicted_index": [9, 10, 10.1, 21]}
    found = p_of(PolicyKind.RECOMMENDED, {"rate": 0.1}, columns, model=model, weights=weights)
    assert found == pytest.approx([0.05, 0.05, 0.1, 0.15])


def test_differing_needs_a_baseline():
    columns = {"predicted_index": [0, 0, 1], "baseline_index": [1, 0, NAN]}
    assert p_of(PolicyKind.DISAGREEMENT, {"rate": 0.3}, columns) == [0.3, 0.0, 0.0]


def test_numbers_differ_beyond_the_tolerance_of_their_model():
    columns = {"predicted_index": [100.0, 100.0, 100.0, 0.1], "baseline_index": [105.0, 106.0, NAN, 0.3]}
    tolerant = MonitoredModel(task="regression", tolerance_share=0.05, tolerance=0.2)
    assert p_of(PolicyKind.DISAGREEMENT, {"rate": 0.3}, columns, model=tolerant) == [0.0, 0.3, 0.0, 0.0]
    exact = MonitoredModel(task="regression")
    assert p_of(PolicyKind.DISAGREEMENT, {"rate": 0.3}, columns, model=exact) == [0.3, 0.3, 0.0, 0.3]


def test_what_is_off_draws_nothing_and_leaves_nothing_to_chance():
    off = SamplingPolicy(kind=PolicyKind.UNIFORM, settings={"rate": 1.0}, is_on=False)
    floor = SamplingPolicy(kind=PolicyKind.FLOOR, settings={"rate": 0.1})
    rated = [RatedPolicy(each, named_factor(each)) for each in (off, floor)]
    p = matrix(rated, shapes(rated, Table(2, {}.__getitem__), model=MODEL))
    assert p.tolist() == [[0.0, 0.0], [0.1, 0.1]]
    assert by_chance(rated) == 0.1
