"""Comparisons of models of many classes, of numbers, and of models whose clients log a part: parts add up exactly."""

from datetime import timedelta
from typing import Any

import pytest

from apps.reports.services.comparisons import Side
from tests.reports.compared import compared
from tests.reports.engine.test_log_share import price as price_binary
from tests.reports.task_worlds import FIRST, close, label, make_numbers, make_several, price
from tests.reports.worlds import close_days, label_draws, make_world, send_outcomes

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

KINDS = ("performance", "baseline", "value")
FORMER, LATTER = Side(FIRST, FIRST + timedelta(days=3)), Side(FIRST + timedelta(days=3), FIRST + timedelta(days=6))
SLICED = {"slices": [{"name": "age_band", "feature": "age", "edges": [40, 60]}, {"name": "sex", "feature": "sex"}]}
WORLDS = {
    "numbers": lambda: make_numbers(floor=0.3, **SLICED),
    "numbers to the digit": lambda: make_numbers(floor=0.3, tolerance_share=0.0, **SLICED),
    "several": lambda: make_several(floor=0.3, **SLICED),
}


def check(document: dict[str, Any], metric: str) -> None:
    """The parts of the chosen division, and those of each one tried, add up to what the figures differ by."""
    moved, why = document["differences"][metric], document["why"]
    first, second = (side["figures"][metric]["value"] for side in document["sides"])
    assert document["metric"] == metric
    scale = max(abs(first), abs(second), 1.0)
    assert moved["value"] == pytest.approx(second - first, abs=1e-9 * scale)
    assert why["difference"]["value"] == pytest.approx(second - first, abs=1e-9 * scale)
    assert sum(part["value"] for part in why["parts"]) == pytest.approx(second - first, abs=1e-9 * scale)
    volume = sum(part["value"] for part in why["parts"] if part["name"] == "volume")
    for tried in why["tried"]:
        assert volume + tried["mix"] + tried["right"] == pytest.approx(second - first, abs=1e-9 * scale)
    groups = why["cause"]["groups"]
    parts = {part["name"]: part["value"] for part in why["parts"]}
    for name in ("mix", "right"):
        assert sum(group[name] for group in groups) == pytest.approx(parts[name], abs=1e-9 * scale)
    for part in (why["difference"], *why["parts"]):
        assert part["chance_low"] <= part["low"] <= part["value"] <= part["high"] <= part["chance_high"]


METRICS = {
    "numbers": ("within", "mae_gain", "value_difference"),
    "numbers to the digit": ("mae", "mae_gain", "value_difference"),
    "several": ("accuracy", "accuracy_difference", "value_difference"),
}


@pytest.mark.parametrize("state", ["closed", "reviewed", "partly closed"])
@pytest.mark.parametrize("kind", list(WORLDS))
def test_parts_add_up_to_the_difference_of_the_figures(kind: str, state: str) -> None:
    world = WORLDS[kind]()
    price(world)
    if state != "closed":
        label(world)
    if state != "reviewed":
        close(world, 6 if state == "closed" else 3)
    for report, metric in zip(KINDS, METRICS[kind], strict=True):
        check(compared(world.model, report, first=FORMER, second=LATTER).document, metric)


@pytest.mark.parametrize("state", ["closed", "reviewed"])
def test_parts_add_up_where_clients_log_a_part(state: str) -> None:
    world = make_world(2_400, days=6, log_share=lambda number: (1.0, 0.4)[number % 2], **SLICED)
    price_binary(world)
    if state == "closed":
        send_outcomes(world, range(2_400))
        close_days(world, before=6)
    else:
        label_draws(world)
    for report, metric in zip(KINDS, ("accuracy", "accuracy_difference", "value_difference"), strict=True):
        check(compared(world.model, report, first=FORMER, second=LATTER).document, metric)
