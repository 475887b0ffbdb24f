"""From outputs to the score and class that the client sends. Expected values by hand."""

import math
from typing import Any

import numpy as np
import pytest

from apps.explanations.engine.output import OutputMap
from apps.explanations.engine.refusals import ModelRefused
from apps.explanations.engine.spec import Input, Output, Space, Spec

BINARY: dict[str, Any] = {"task": "binary", "classes": ["yes", "no"], "positive": "yes"}
MULTI: dict[str, Any] = {"task": "multiclass", "classes": ["a", "b", "c"]}
HALF = 0.5


def outputs(task: dict[str, Any], kind: Space, file: list[str] | None = None, **output: Any) -> OutputMap:
    return OutputMap(Spec(features=[Input("x")], output=Output(**output), **task), kind, file or [])


def scores(made: OutputMap, *rows: list[float]) -> list[tuple[float, Any]]:
    found, predicted, _ = made.scores(np.array(rows))
    return list(zip(found.tolist(), predicted, strict=True))


def test_one_output_of_a_binary_file_is_its_positive_class() -> None:
    made = outputs(BINARY, Space.PROBABILITY)
    assert scores(made, [0.7], [0.2]) == [(0.7, "yes"), (0.2, "no")]


def test_a_tie_at_the_threshold_is_positive() -> None:
    assert scores(outputs(BINARY, Space.PROBABILITY), [HALF]) == [(HALF, "yes")]
    assert scores(outputs(BINARY, Space.PROBABILITY, threshold=0.8), [0.8], [0.75]) == [(0.8, "yes"), (0.75, "no")]


def test_the_order_of_the_classes_says_which_output_is_positive() -> None:
    turned = outputs(BINARY, Space.PROBABILITY, classes=["yes", "no"])
    assert scores(turned, [0.25]) == [(0.75, "yes")]
    assert scores(turned, [0.25, 0.75]) == [(0.25, "no")]
    assert scores(outputs(BINARY, Space.PROBABILITY, file=["yes", "no"]), [0.25, 0.75]) == [(0.25, "no")]
    # Classes of the file that are not the model's say nothing.
    assert scores(outputs(BINARY, Space.PROBABILITY, file=["0", "1"]), [0.25, 0.75]) == [(0.75, "yes")]


def test_margins_become_probabilities() -> None:
    assert scores(outputs(BINARY, Space.MARGIN), [math.log(3)]) == [(pytest.approx(0.75), "yes")]
    # Of two outputs, softmax: e² to 1.
    assert scores(outputs(BINARY, Space.MARGIN), [1.0, 3.0])[0][0] == pytest.approx(1 / (1 + math.exp(-2)))
    assert scores(outputs(MULTI, Space.MARGIN), [0.0, math.log(2), 0.0]) == [(pytest.approx(HALF), "b")]


def test_calibration_is_of_the_positive_classs_margin() -> None:
    made = outputs(BINARY, Space.MARGIN, slope=2.0, intercept=-1.0)
    assert scores(made, [HALF]) == [(HALF, "yes")]
    turned = outputs(BINARY, Space.MARGIN, slope=2.0, intercept=-1.0, classes=["yes", "no"])
    assert scores(turned, [-HALF]) == [(HALF, "yes")]


def test_of_several_classes_the_likeliest_is_predicted() -> None:
    assert scores(outputs(MULTI, Space.PROBABILITY), [0.2, 0.3, 0.5], [0.4, 0.3, 0.3]) == [(0.5, "c"), (0.4, "a")]
    assert scores(outputs(MULTI, Space.PROBABILITY, classes=["c", "b", "a"]), [0.2, 0.3, 0.5]) == [(0.5, "a")]


def test_a_number_is_its_own_score() -> None:
    made = outputs({"task": "regression"}, Space.VALUE)
    assert scores(made, [3.5]) == [(3.5, 3.5)]


def test_the_target_is_a_weighted_sum_of_outputs() -> None:
    """The log-odds of the first of two classes are the difference of their margins, calibrated."""
    made = outputs(BINARY, Space.MARGIN, classes=["yes", "no"], slope=2.0, intercept=1.0)
    target = made.target(Space.MARGIN, 2, np.array([0]))
    assert target.of(np.array([[3.0, 1.0]])) == pytest.approx([5.0])
    assert target.of_parts(np.array([[[1.0, 0.5], [2.0, 0.5]]])).tolist() == [[1.0, 3.0]]


@pytest.mark.parametrize(
    ("task", "kind", "count", "code"),
    [
        (BINARY, Space.PROBABILITY, 3, "wrong_outputs"),
        (MULTI, Space.PROBABILITY, 4, "wrong_outputs"),
        (MULTI, Space.PROBABILITY, 1, "wrong_outputs"),
        ({"task": "regression"}, Space.VALUE, 2, "wrong_outputs"),
        ({"task": "regression"}, Space.PROBABILITY, 1, "bad_spec"),
        (BINARY, Space.VALUE, 1, "bad_spec"),
        ({**BINARY, "positive": "maybe"}, Space.PROBABILITY, 1, "bad_spec"),
        ({**BINARY, "classes": ["yes"]}, Space.PROBABILITY, 1, "bad_spec"),
    ],
)
def test_outputs_that_do_not_suit_the_model_are_refused(
    task: dict[str, Any], kind: Space, count: int, code: str
) -> None:
    with pytest.raises(ModelRefused) as refusal:
        outputs(task, kind).check(count)
    assert refusal.value.code == code


def test_classes_of_the_output_must_be_the_models() -> None:
    with pytest.raises(ModelRefused, match="those of the model") as refusal:
        outputs(MULTI, Space.PROBABILITY, classes=["a", "b", "d"]).check(3)
    assert refusal.value.code == "wrong_classes"
