"""Overrides: what was done beside what the model said, over all predictions with a known action."""

from typing import Any

import numpy as np
import pytest

from apps.accounts.models import Role
from apps.registry.models import ValueModel
from apps.reports.models import Report
from apps.reports.services.small_cases import NOTHING
from apps.reports.services.visible import visible
from apps.stats.intervals import wilson_interval
from tests.predictions.actions import push_actions
from tests.reports.pages.test_computed_pages import page_of
from tests.reports.task_worlds import close, make_numbers, price, report_on
from tests.reports.worlds import World, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db

AT = "2026-03-25T00:00:00Z"


def acted(size: int = 400, *, actions: int = 300, every: int = 5, known: int = 200) -> World:
    """The first predictions have an action, every fifth against the model, and the first of them an outcome."""
    world = make_world(size, days=4)
    ValueModel.objects.create(
        model=world.model,
        version=1,
        currency="EUR",
        matrix={"no": {"no": "0", "yes": "-40"}, "yes": {"no": "-900", "yes": "120"}},
    )
    push_actions(
        world.model, [{"id": f"case-{n}", "action": done(world, n, every), "taken_at": AT} for n in range(actions)]
    )
    send_outcomes(world, range(known))
    return world


def action(number: int, name: str | float) -> dict[str, Any]:
    return {"id": f"case-{number}", "action": name, "taken_at": AT}


def done(world: World, number: int, every: int) -> str:
    said = world.rows[number]["prediction"]
    return ({"no": "yes", "yes": "no"}[said]) if number % every == 0 else said


def groups_of(report: Report) -> dict[tuple[str, str], dict[str, Any]]:
    return {(group["kind"], group["value"]): group for group in report.document["overrides"]["groups"]}


@pytest.mark.slow
def test_departures_are_counted_with_their_range_and_their_worth() -> None:
    world = acted()
    groups = groups_of(report_of(world, "value"))
    whole = groups["all", ""]
    assert (whole["n"], whole["departures"], whole["known"]) == (300, 60, 40)
    departed = whole["departed"]
    assert departed["value"] == 0.2
    assert (departed["low"], departed["high"]) == wilson_interval(60, 300)
    numbers = range(0, 200, 5)
    classes = ("no", "yes")
    right = [done(world, n, 5) == classes[world.y[n]] for n in numbers]
    assert whole["right"]["value"] == pytest.approx(sum(right) / 40)
    matrix = {"no": {"no": 0, "yes": -40}, "yes": {"no": -900, "yes": 120}}
    gained = [
        matrix[done(world, n, 5)][classes[world.y[n]]] - matrix[world.rows[n]["prediction"]][classes[world.y[n]]]
        for n in numbers
    ]
    assert whole["worth"]["value"] == pytest.approx(sum(gained) / 40)
    assert whole["worth"]["low"] < whole["worth"]["value"] < whole["worth"]["high"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["class", "queue", "slice"])
def test_groups_add_up_to_all(kind: str) -> None:
    groups = report_of(acted(), slices=["sex"]).document["overrides"]["groups"]
    pieces = [group for group in groups if group["kind"] == kind]
    assert len(pieces) >= 2
    for name in ("n", "departures", "known"):
        assert sum(piece[name] for piece in pieces) == groups[0][name]


@pytest.mark.slow
def test_the_action_taken_last_counts_and_one_sent_twice_counts_once() -> None:
    world = acted(actions=0)
    first = {"id": "case-1", "action": "yes", "taken_at": AT, "by": "desk"}
    assert push_actions(world.model, [first, first]).duplicates == 1
    later = {"id": "case-1", "action": world.rows[1]["prediction"], "taken_at": "2026-03-26T00:00:00Z"}
    push_actions(world.model, [later])
    push_actions(world.model, [first])
    whole = groups_of(report_of(world))["all", ""]
    assert (whole["n"], whole["departures"]) == (1, 0)


@pytest.mark.slow
def test_actions_of_the_models_own_words_act_on_classes_or_on_none() -> None:
    world = acted(actions=0)
    world.model.actions = {"accepted": "yes", "rejected": "no", "asked": None}
    world.model.save()
    acts = ["accepted", "rejected", "asked", "granted"]
    result = push_actions(
        world.model, [{"id": f"case-{n}", "action": act, "taken_at": AT} for n, act in enumerate(acts)]
    )
    assert [each.code for each in result.rejected] == ["unknown_action"]
    assert groups_of(report_of(world))["all", ""]["n"] == 2


@pytest.mark.slow
def test_without_actions_there_is_no_section() -> None:
    report = report_of(acted(actions=0))
    assert "overrides" not in report.document


@pytest.mark.slow
def test_the_page_says_it_in_words() -> None:
    page = page_of(report_of(acted(), "value", slices=["sex"]))
    assert "Something else was done than the model said in 20" in page
    assert "20 departures have no known outcome" in page
    assert "Drawn into Main queue" in page


@pytest.mark.slow
def test_groups_of_single_cases_are_hidden_below_engineer() -> None:
    report = report_of(acted(actions=40, every=7, known=20), slices=["sex"])
    seen = visible(report, role=Role.STAKEHOLDER).document["overrides"]["groups"]
    assert seen[0]["departed"] != NOTHING
    # Three departures have an outcome.
    assert all(group["right"]["value"] is None for group in seen)
    assert all(group["known"] == 0 for group in seen)
    assert groups_of(visible(report, role=Role.ENGINEER))["all", ""]["known"] == 3


def test_a_number_is_departed_from_by_more_than_the_tolerance():
    """Every fourth prediction is acted on as if it were 30 kWh more, the others within 5 % of it."""
    world = make_numbers(80, days=2)
    price(world)
    departs = np.arange(80) % 4 == 0
    done = world.predicted + np.where(departs, 30.0, 0.01 * np.abs(world.predicted))
    push_actions(world.model, [action(n, float(done[n])) for n in range(80)])
    close(world, 2)
    whole, *groups = report_on(world, "value").document["overrides"]["groups"]
    assert {group["kind"] for group in groups} == {"queue", "slice"}  # a number has no class
    assert (whole["n"], whole["departures"], whole["departed"]["value"]) == (80, 20, 0.25)
    true, largest = world.truth[departs], np.maximum(np.abs(done), np.abs(world.truth))[departs]
    assert whole["right"]["value"] == pytest.approx((np.abs(done[departs] - true) <= 0.05 * largest).mean())

    def cost(number: np.ndarray) -> np.ndarray:
        return np.where(number > true, 0.3 * (number - true), 0.9 * (true - number))

    assert whole["worth"]["value"] == pytest.approx((cost(world.predicted[departs]) - cost(done[departs])).mean())
