"""Slices are tested against the rest, without mistaking chance for a difference."""

import numpy as np
import pytest

from tests.reports.worlds import label_draws, make_world, report_of

pytestmark = pytest.mark.django_db


def slices_of(report):
    return {(each["name"], each["value"]): each for each in report.document["slices"]}


@pytest.mark.slow
def test_a_slice_in_which_the_model_is_worse_differs_from_the_rest():
    """A third of the truths of every second prediction (sex 2) is flipped."""
    world = make_world(3_000, policies={"floor": 0.4})
    worse = np.arange(3_000) % 2 == 1
    world.y = np.where(worse & (np.random.default_rng(8).random(3_000) < 0.33), 1 - world.y, world.y)
    label_draws(world)
    report = report_of(world)
    found = slices_of(report)
    assert found["sex", "2"]["q_value"] < 0.001
    assert found["sex", "1"]["differs"]


@pytest.mark.slow
def test_slices_alike_do_not_differ():
    world = make_world(2_000, policies={"floor": 0.3})
    label_draws(world)
    found = slices_of(report_of(world)).values()
    assert [each["differs"] for each in found] == [False, False]
    assert all(each["q_value"] > 0.05 for each in found)


def test_the_value_report_tests_no_slices():
    world = make_world(200, days=2)
    label_draws(world)
    assert {each["q_value"] for each in report_of(world, "value").document["slices"]} == {None}


def test_disagreement_with_the_baseline_is_tested_against_the_rest():
    world = make_world(400, days=2)
    found = slices_of(report_of(world, "baseline")).values()
    assert all(each["q_value"] is not None for each in found)
