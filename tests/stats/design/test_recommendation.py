import numpy as np
import pytest

from apps.stats.design.recommendation import floor_share, recommend

SPREAD = [0.25, 0.16, 0.01, 0.0]
ONES = {"accuracy": [1.0] * 4}


def test_the_draw_has_the_expected_size_and_its_floor():
    draw = recommend(ONES, SPREAD, expected=2, delta=0.4)
    assert draw.probability.sum() == pytest.approx(2)
    assert draw.floor == pytest.approx(0.2)
    assert draw.probability.min() == pytest.approx(draw.floor)


def test_above_the_floor_it_is_proportional_to_the_spread():
    """Neyman's allocation for one metric: p − floor in proportion to √(β²v)."""
    draw = recommend(ONES, SPREAD, expected=1, delta=0.2)
    above = draw.probability - draw.floor
    assert above / above[0] == pytest.approx(np.sqrt(SPREAD) / 0.5)


def test_rows_and_cells_of_equal_rows_get_the_same_probability():
    rows = recommend({"a": [1, 1, 1, 4, 4]}, [0.2, 0.2, 0.2, 0.1, 0.1], expected=2, delta=0.3)
    cells = recommend({"a": [1, 4]}, [0.2, 0.1], expected=2, delta=0.3, n=[3, 2])
    assert rows.probability == pytest.approx(np.repeat(cells.probability, [3, 2]))


def test_the_unit_of_a_metric_does_not_matter_but_its_weight_does():
    two = {"a": [1.0, 0.0, 1.0], "b": [0.0, 1.0, 1.0]}
    large = {"a": [1e6, 0.0, 1e6], "b": [0.0, 1.0, 1.0]}
    how = {"variance": [0.2, 0.2, 0.2], "expected": 1, "delta": 0.1}
    assert recommend(two, **how).probability == pytest.approx(recommend(large, **how).probability)
    only = recommend(two, **how, weights={"b": 0.0})
    assert only.probability[1] == pytest.approx(only.floor)


def test_a_draw_larger_than_the_population_takes_everything():
    assert recommend(ONES, SPREAD, expected=100).probability.tolist() == [1.0] * 4


def test_rows_without_influence_get_the_rest_of_the_draw():
    draw = recommend({"a": [1.0, 0.0, 0.0]}, [0.25, 0.25, 0.25], expected=2, delta=0.1)
    assert draw.probability == pytest.approx([1.0, 0.5, 0.5])


def test_a_small_draw_and_a_new_model_have_a_larger_floor():
    assert [floor_share(n) for n in (40, 99, 150, 199, 200, 1_000)] == [1.0, 50 / 99, 0.5, 0.5, 0.3, 0.3]
    assert floor_share(1_000, is_new=True) == 0.5


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"variance": [0.2, -0.1, 0, 0]}, "variance and n must not be negative"),
        ({"variance": [0.2, np.nan, 0, 0]}, "variance holds nan"),
        ({"variance": [0.2]}, "beta2 of accuracy must have length 1"),
        ({"beta2": {}}, "beta2 must name"),
        ({"beta2": {"a": [-1.0, 0, 0, 0]}}, "beta2 of a must not be negative"),
        ({"weights": {"recall": 1.0}}, "weights names metrics"),
        ({"weights": {"accuracy": 0.0}}, "not all zero"),
        ({"expected": 0}, "expected must be positive"),
        ({"expected": np.nan}, "expected must be positive"),
        ({"delta": 0.0}, "delta must be in"),
        ({"n": [0, 0, 0, 0]}, "n must hold predictions"),
    ],
)
def test_bad_input_is_named(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        recommend(**({"beta2": ONES, "variance": SPREAD, "expected": 2} | change))
