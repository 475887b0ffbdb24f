"""Conditions look at each distinct value once, and mean the same as if each row were compared on its own."""

import math
import operator
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.models import MonitoredModel
from apps.sampling.services import conditions
from apps.sampling.services.columns import Coded, Table, column_of
from apps.sampling.services.prediction_frames import table_of

NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.integers(2**53 - 2, 2**53 + 2),
    st.just(10**400),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([-0.0, 0.5, 1.0, 2.0]),
)
SCALARS = st.one_of(NUMBERS, st.booleans(), st.sampled_from(["", "1", "a", "b", "true"]))
VALUES = st.one_of(SCALARS, st.none(), st.just(math.nan), st.sampled_from([[1], {"a": 1}, []]))
# Columns of one kind too: numbers are kept as an array.
COLUMNS = st.one_of(*(st.lists(each, min_size=4, max_size=4) for each in (VALUES, st.one_of(NUMBERS, st.none()))))


def comparisons(field):
    return st.one_of(
        st.builds(lambda op, v: {"field": field, "op": op, "value": v}, st.sampled_from(["eq", "ne"]), SCALARS),
        st.builds(lambda v: {"field": field, "op": "in", "value": v}, st.lists(SCALARS, min_size=1, max_size=4)),
        st.builds(lambda v: {"field": field, "op": "is_missing", "value": v}, st.sampled_from([True, False, None])),
        st.builds(
            lambda op, v: {"field": field, "op": op, "value": v}, st.sampled_from(["lt", "le", "gt", "ge"]), NUMBERS
        ),
    )


LEAVES = st.one_of(comparisons("features.a"), comparisons("features.b"))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"all": each}),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"any": each}),
        inner.map(lambda each: {"not": each}),
    ),
    max_leaves=5,
)


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_missing(value):
    return value is None or (isinstance(value, float) and math.isnan(value))


def same(value, wanted):
    return isinstance(value, bool) is isinstance(wanted, bool) and value == wanted


ORDERS = {"lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}


def compares(op, value, wanted):
    if op == "is_missing":
        return is_missing(value) is (wanted is not False)
    if op in ORDERS:
        return is_number(value) and ORDERS[op](value, wanted)
    found = any(same(value, each) for each in (wanted if op == "in" else [wanted]))
    return not is_missing(value) and not found if op == "ne" else found


def holds(tree, row):
    """The meaning of a condition, row by row."""
    if "not" in tree:
        return not holds(tree["not"], row)
    for name, combine in (("all", all), ("any", any)):
        if name in tree:
            return combine(holds(each, row) for each in tree[name])
    return compares(tree["op"], row[tree["field"]], tree["value"])


@given(TREES, COLUMNS, COLUMNS)
def test_a_condition_holds_for_the_rows_for_which_it_holds_alone(tree, a, b):
    columns = {"features.a": a, "features.b": b}
    rows = [{"features.a": x, "features.b": y} for x, y in zip(a, b, strict=True)]
    expected = [holds(tree, row) for row in rows]
    assert conditions.holds(tree, Table(4, columns.__getitem__)).tolist() == expected
    # The frame of a draw, and columns that are coded whatever they hold
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    assert conditions.holds(tree, table_of(frame)).tolist() == expected
    coded = Table(4, lambda name: Coded.of(columns[name]))
    assert conditions.holds(tree, coded).tolist() == expected


def test_numbers_are_kept_as_an_array_and_all_else_by_its_distinct_values():
    assert column_of([1, 2.5, None]).tolist()[:2] == [1.0, 2.5]
    flags = column_of([True, 1, 1.0, "1", None, math.nan, [1], {}])
    assert flags.codes.tolist() == [0, 1, 1, 2, 3, 3, 4, 4]
    assert flags.values == (True, 1.0, "1", None, ())


def test_no_condition_holds_for_all():
    assert conditions.holds(None, Table(3, {}.__getitem__)).tolist() == [True] * 3


@pytest.mark.slow
def test_fifty_comparisons_of_20_000_rows_take_less_than_20_ms():
    rng = np.random.default_rng(3)
    columns = {
        "features.number": rng.normal(size=20_000).tolist(),
        "features.code": rng.integers(0, 40, 20_000).tolist(),
        "features.text": rng.choice(["a", "b", "c"], 20_000).tolist(),
        "features.mixed": [value if value > 0 else "unknown" for value in rng.normal(size=20_000).tolist()],
    }
    table = Table(20_000, columns.__getitem__)
    leaves = [
        {"field": field, "op": op, "value": value}
        for field, op, value in [
            ("features.number", "gt", 0.5),
            ("features.code", "in", [1, 2, 3]),
            ("features.text", "eq", "a"),
            ("features.mixed", "le", 1),
            ("features.code", "ge", 7),
        ]
        * 10
    ]
    conditions.holds({"any": leaves}, table)
    seconds = []
    for _ in range(5):
        began = time.process_time()
        conditions.holds({"any": leaves}, table)
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.02


AGE = {"field": "features.age", "op": "ge", "value": 60}


@pytest.mark.parametrize(
    ("condition", "path", "message"),
    [
        ("x", (), "A condition is an object"),
        ({"all": []}, ("all",), '"all" needs a list of at least one condition.'),
        ({"some": [AGE]}, (), "A condition is"),
        ({"all": [AGE, {"any": [AGE, 3]}]}, ("all", 1, "any", 1), "A condition is an object"),
        ({"not": {**AGE, "field": "features.height"}}, ("not", "field"), "not a declared field"),
        ({"not": {**AGE, "field": ["features.age"]}}, ("not", "field"), "not a declared field"),
        ({**AGE, "op": "like"}, ("op",), "'like' is not one of eq, ne"),
        ({**AGE, "op": {}}, ("op",), "is not one of"),
        ({**AGE, "value": "60"}, ("value",), "Must be a number."),
        ({**AGE, "value": True}, ("value",), "Must be a number."),
        ({**AGE, "op": "in"}, ("value",), "Must be a list of 1 to 200 values."),
        ({**AGE, "op": "in", "value": [1, None]}, ("value", 1), "Must be a text, a number, true or false."),
        ({**AGE, "op": "is_missing", "value": 1}, ("value",), "Must be true or false, or left out."),
        ({**AGE, "op": "eq", "value": None}, ("value",), "Must be a text, a number, true or false."),
        ({**AGE, "unit": "years"}, ("unit",), "A comparison has a field, an op and a value"),
        ({"all": [AGE] * 51}, (), "at most 50 comparisons"),
    ],
)
def test_each_mistake_is_told_at_its_place(condition, path, message):
    model = MonitoredModel(features=[{"name": "age"}])
    (problem,) = conditions.problems(condition, model=model)
    assert problem.path == path
    assert message in problem.message
    assert problem.code == "invalid_condition"


def test_all_mistakes_are_told_at_once():
    model = MonitoredModel(features=[{"name": "age"}])
    found = conditions.problems({"all": [{"field": "x", "op": "y"}, {**AGE, "value": []}]}, model=model)
    assert [each.path for each in found] == [("all", 0, "field"), ("all", 0, "op"), ("all", 1, "value")]
