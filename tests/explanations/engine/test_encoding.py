"""Rows as sent become what a file expects; what cannot be encoded is that row's error."""

import math
from typing import Any

import numpy as np
import pytest

from apps.explanations.engine.encoding import check_spec, encode
from apps.explanations.engine.refusals import ModelRefused
from apps.explanations.engine.spec import Input, Spec


def encoded(feature: Input, *values: Any) -> list[Any]:
    """Encode one column; an error takes the place of its value."""
    found = encode([{feature.name: value} for value in values], Spec(features=[feature]))
    return [error or cell for cell, error in zip(found.cells[:, 0].tolist(), found.errors, strict=True)]


def test_numbers_and_flags_are_numbers_and_what_is_missing_is_nan() -> None:
    assert encoded(Input("x"), 1, 2.5, True) == [1.0, 2.5, 1.0]
    assert np.isnan(encode([{}, {"x": None}], Spec(features=[Input("x")])).cells).all()


def test_a_missing_number_becomes_what_the_spec_says() -> None:
    assert encoded(Input("x", missing=-999), 1, None) == [1.0, -999.0]


def test_numbers_are_rounded_to_the_precision_of_the_file() -> None:
    third = 1 / 3
    assert encoded(Input("x", dtype="float32"), third) == [float(np.float32(third))]
    assert encoded(Input("x", dtype="float64"), third) == [third]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("12", "x: a text where a number belongs"),
        ([1], "x: a list where a number belongs"),
        ({}, "x: an object where a number belongs"),
        (10**400, "x: the number is too large"),
        (1e300, "x: the number is too large for float32"),
    ],
)
def test_what_is_no_number_is_an_error_of_its_row_only(value: Any, error: str) -> None:
    assert encoded(Input("x"), 1, value, 3) == [1.0, error, 3.0]


def test_whole_numbers_are_whole_and_not_missing() -> None:
    found = encoded(Input("x", dtype="int64"), 3, 3.5, None, 2**60)
    assert found[0] == 3
    assert found[1:] == [
        "x: not a whole number",
        "x: no value, and a whole number cannot be missing",
        "x: not a whole number",
    ]
    assert encoded(Input("x", dtype="int64", missing=-1), None) == [-1.0]


def test_categories_have_codes_and_unknown_ones_count_as_missing() -> None:
    feature = Input("x", categories=["red", "green"])
    found = encoded(feature, "green", "red", None, "blue")
    assert found[:2] == [1.0, 0.0]
    assert math.isnan(found[2])
    assert math.isnan(found[3])
    filled = Input("x", categories={"red": 7}, missing=-1, unknown=99)
    assert encoded(filled, "red", None, "blue", ["red"]) == [
        7.0,
        -1.0,
        99.0,
        "x: a list where a category belongs",
    ]


def test_a_missing_value_can_be_a_category_of_its_own() -> None:
    assert encoded(Input("x", categories=["(none)", "red"], missing="(none)"), None, "red") == [0.0, 1.0]


def test_codes_of_numbers_and_flags_are_found_by_their_text() -> None:
    assert encoded(Input("x", categories={"37": 1, "0.25": 2, "true": 3}), 37, 37.0, "37", 0.25, True) == [
        1,
        1,
        1,
        2,
        3,
    ]


def test_texts_stay_texts_for_files_that_encode_them_themselves() -> None:
    found = encoded(Input("x", dtype="string"), "a", 37.0, True, None, {})
    assert found[:3] == ["a", "37", "true"]
    assert math.isnan(found[3])
    assert found[4] == "x: an object where a text belongs"
    assert encoded(Input("x", dtype="string", missing="(none)"), None) == ["(none)"]


def test_rows_of_numbers_and_texts_keep_both() -> None:
    spec = Spec(features=[Input("n"), Input("t", dtype="string")])
    assert encode([{"n": 1, "t": "a"}], spec).cells.tolist() == [[1.0, "a"]]


def test_no_rows_are_no_error() -> None:
    assert encode([], Spec(features=[Input("x")])).cells.shape == (0, 1)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([], "need names"),
        ([Input("x"), Input("x")], "each its own"),
        ([Input("x", dtype="text")], "“text” is no type"),
        ([Input("x", missing="none")], "none of its categories"),
        ([Input("x", categories=["a"], missing="none")], "none of its categories"),
    ],
)
def test_a_spec_that_no_row_fits_is_refused(features: list[Input], message: str) -> None:
    with pytest.raises(ModelRefused, match=message):
        check_spec(Spec(features=features))
