"""Groups beside each other: counted rates, estimated errors, and ranges against the reference that hold at once."""

from typing import Any

import numpy as np
import pytest

from apps.reports.models import Report
from tests.reports.worlds import close_days, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db

SLICES = [{"name": "sex", "feature": "sex", "edges": []}]


def group_set(report: Report, of_class: str = "yes") -> dict[str, Any]:
    found = [each for each in report.document["groups"]["sets"] if each["of_class"] == of_class]
    assert len(found) == 1
    return found[0]


@pytest.mark.slow
def test_closed_days_give_the_rates_of_each_group() -> None:
    world = make_world(1_200, days=2, slices=SLICES)
    send_outcomes(world, range(1_200))
    close_days(world, before=2)
    found = group_set(report_of(world))
    said = np.array([row["prediction"] == "yes" for row in world.rows])
    sex = np.array([str(row["features"]["sex"]) for row in world.rows])
    rates = {}
    for value in found["values"]:
        mine = sex == value["value"]
        rates[value["value"]] = said[mine].mean()
        figures = value["figures"]
        assert value["n"] == mine.sum()
        assert figures["selection_rate"]["value"] == pytest.approx(said[mine].mean())
        assert figures["found"]["value"] == pytest.approx(said[mine & (world.y == 1)].mean())
        assert figures["false_alarms"]["value"] == pytest.approx(said[mine & (world.y == 0)].mean())
    reference = max(rates, key=lambda value: rates[value])
    (other,) = [value for value in found["values"] if value["value"] != reference]
    assert found["reference"] == reference
    ratio = other["against"]["selection_ratio"]
    assert ratio["value"] == pytest.approx(rates[other["value"]] / rates[reference])
    # Counted rates have the range of the process behind them.
    assert ratio["low"] < ratio["value"] < ratio["high"]
    gaps = [other["against"][name]["value"] for name in ("found_gap", "false_alarms_gap")]
    own, of_reference = (
        [each["figures"][name]["value"] for name in ("found", "false_alarms")]
        for each in (other, next(value for value in found["values"] if value["value"] == reference))
    )
    assert gaps == pytest.approx([one - two for one, two in zip(own, of_reference, strict=True)])


def test_the_other_answer_mirrors_the_first() -> None:
    world = make_world(400, days=2, slices=SLICES)
    send_outcomes(world, range(400))
    close_days(world, before=2)
    report = report_of(world)
    yes, no = group_set(report), group_set(report, "no")
    for one, other in zip(yes["values"], no["values"], strict=True):
        rate, rest = (each["figures"]["selection_rate"]["value"] for each in (one, other))
        assert rate + rest == pytest.approx(1)
        assert one["figures"]["false_alarms"]["value"] + other["figures"]["found"]["value"] == pytest.approx(1)


def test_a_model_without_slices_has_no_groups() -> None:
    world = make_world(100, days=1, slices=[])
    assert report_of(world).document["groups"] is None
