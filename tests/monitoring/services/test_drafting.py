"""Bins become a condition that holds for just the values that fall into them."""

import itertools
from typing import Any

import numpy as np
import pytest

from apps.monitoring.models import Series, Stage
from apps.monitoring.services import drafting
from apps.monitoring.services.placing import Codes, as_numbers
from apps.registry.models import MonitoredModel
from apps.sampling.services import conditions
from apps.sampling.services.columns import Table
from apps.stats.drift.bins import CategoryBins, NumberBins

MODEL = MonitoredModel(features=[{"name": "x", "type": "number"}])
NUMBERS = Series(stage=Stage.FEATURE, name="x", bins={"edges": [20, 40], "representatives": [10, 30, 50], "sd": 1.0})
KINDS = Series(stage=Stage.FEATURE, name="x", bins={"names": ["1", "2.5", "car"]})


def holding(series: Series, bins: list[int], sent: list[Any]) -> list[bool]:
    part = {"stage": Stage.FEATURE, "name": "x", "bins": bins}
    condition = drafting.condition_of(MODEL, [part], {(Stage.FEATURE, "x"): series})
    assert condition is not None
    assert conditions.problems(condition, model=MODEL) == []
    return list(conditions.holds(condition, Table(len(sent), lambda _: sent)).tolist())


@pytest.mark.parametrize("bins", [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2], [3], [1, 3], [0, 1, 2, 3]], ids=str)
def test_bins_of_numbers(bins: list[int]) -> None:
    sent = [5, 20, 20.5, 40, 41, None]
    frozen = NUMBERS.frozen
    assert isinstance(frozen, NumberBins)
    assert holding(NUMBERS, bins, sent) == np.isin(frozen.place(as_numbers(sent)), bins).tolist()


@pytest.mark.parametrize(
    "bins", [list(some) for size in (1, 2, 3) for some in itertools.combinations(range(5), size)], ids=str
)
def test_bins_of_categories_hold_a_code_however_it_was_sent_and_all_others_together(bins: list[int]) -> None:
    sent = ["1", 1, 1.0, 2.5, "2.5", "car", "bus", 7, None]
    frozen = KINDS.frozen
    assert isinstance(frozen, CategoryBins)
    assert holding(KINDS, bins, sent) == np.isin(Codes(frozen).of(sent), bins).tolist()


def test_a_flag_is_found_as_it_was_sent() -> None:
    flags = Series(stage=Stage.FEATURE, name="x", bins={"names": ["False", "True"]})
    assert holding(flags, [1], [True, False, "True", None, 1]) == [True, False, True, False, False]


def test_what_was_never_declared_has_no_condition() -> None:
    unknown = Series(stage=Stage.FEATURE, name="y", bins={"names": ["a"]})
    part = {"stage": Stage.FEATURE, "name": "y", "bins": [0]}
    assert drafting.condition_of(MODEL, [part], {(Stage.FEATURE, "y"): unknown}) is None
