"""Comparisons of two windows: their difference is that of their figures, and it is explained as it came about."""

from typing import Any

import numpy as np
import pytest

from apps.reports.services.comparisons import Side
from tests.reports.compared import (
    EVENT,
    FIRST,
    FORMER,
    LATTER,
    SPLIT,
    close,
    compared,
    make_compared,
    make_rows,
    review,
)

pytestmark = pytest.mark.django_db


def parts_of(document: dict[str, Any]) -> dict[str, float]:
    return {part["name"]: part["value"] for part in document["why"]["parts"]}


def test_an_event_is_explained_as_mix_and_its_days_are_named():
    rows = make_rows()
    model = make_compared(rows)
    close(model, rows)
    document = compared(model).document
    before, now = rows.mean(rows.of(FORMER)), rows.mean(rows.of(LATTER))
    moved = document["differences"]["accuracy"]
    assert (moved["value"], moved["method"]) == (pytest.approx(now - before), "exact")
    parts, cause = parts_of(document), document["why"]["cause"]
    assert sum(parts.values()) == pytest.approx(now - before, abs=1e-12)
    assert document["why"]["difference"]["value"] == pytest.approx(now - before, abs=1e-12)
    assert parts["mix"] < 0.8 * (now - before) < 0
    assert (cause["kind"], cause["name"], cause["moved"], cause["is_beyond_chance"]) == ("slice", "home", ["3"], True)
    days = cause["days"]
    assert (days["side"], days["start"], days["end"]) == (1, EVENT[0].isoformat(), EVENT[1].isoformat())
    assert days["n"] == days["inside"] == 400


def test_a_model_that_got_worse_is_not_explained_by_the_mix():
    rows = make_rows(worse=0.25)
    rows.home[:] = np.random.default_rng(2).choice([1, 2, 3], len(rows.home), p=[0.9, 0.04, 0.06])
    model = make_compared(rows)
    close(model, rows)
    document = compared(model).document
    parts, cause = parts_of(document), document["why"]["cause"]
    assert not cause["is_beyond_chance"]
    assert abs(parts["mix"]) < 0.03
    assert parts["right"] < -0.1


def test_reviewed_windows_differ_by_their_estimates_with_a_range():
    rows = make_rows()
    model = make_compared(rows)
    review(model, rows)
    document = compared(model).document
    first, second = (side["figures"]["accuracy"]["value"] for side in document["sides"])
    moved, why = document["differences"]["accuracy"], document["why"]
    assert moved["value"] == pytest.approx(second - first)
    assert moved["method"] == "mover"
    assert moved["low"] < rows.mean(rows.of(LATTER)) - rows.mean(rows.of(FORMER)) < moved["high"]
    assert why["difference"]["value"] == pytest.approx(second - first, abs=1e-9)
    assert sum(parts_of(document).values()) == pytest.approx(second - first, abs=1e-9)
    for part in why["parts"]:
        assert part["chance_low"] < part["low"] < part["value"] < part["high"] < part["chance_high"]


def test_versions_are_compared_over_the_same_days():
    rows = make_rows()
    rows.is_right[::2] = np.random.default_rng(3).random(len(rows.day[::2])) < 0.95
    model = make_compared(rows, version_of=lambda number: ("v2", "v1")[number % 2])
    close(model, rows)
    days = {"start": FIRST, "end": SPLIT}
    document = compared(model, first=Side(**days, version="v1"), second=Side(**days, version="v2")).document
    mask = rows.of(FORMER)
    even = np.arange(len(rows.day)) % 2 == 0
    assert document["differences"]["accuracy"]["value"] == pytest.approx(
        rows.mean(mask & even) - rows.mean(mask & ~even)
    )
    assert document["shared"] == 0


def test_overlapping_windows_share_their_labels():
    rows = make_rows(1_000)
    model = make_compared(rows)
    review(model, rows)
    apart, together = Side(FIRST, SPLIT), Side(FIRST, LATTER.end)
    document = compared(model, first=apart, second=together).document
    assert document["shared"] == rows.of(FORMER).sum()
    sides = [side["figures"]["accuracy"] for side in document["sides"]]
    moved = document["differences"]["accuracy"]
    alone = sum((side["high"] - side["low"]) ** 2 for side in sides) ** 0.5
    assert moved["high"] - moved["low"] < 0.85 * alone


def test_money_differs_by_volume_mix_and_decisions():
    rows = make_rows()
    matrix = {"yes": {"yes": "10", "no": "-8"}, "no": {"yes": "-2", "no": "1"}}
    model = make_compared(rows, value_model={"currency": "USD", "matrix": matrix})
    close(model, rows)
    document = compared(model, "value", first=Side(FIRST, SPLIT), second=Side(SPLIT, EVENT[1])).document
    parts = parts_of(document)
    assert document["metric"] == "value_difference"
    assert list(parts) == ["volume", "mix", "right"]
    assert sum(parts.values()) == pytest.approx(document["differences"]["value_difference"]["value"])


def test_a_change_of_prices_is_a_part_of_its_own():
    rows = make_rows(800)
    matrix = {"yes": {"yes": "10", "no": "-8"}, "no": {"yes": "-2", "no": "1"}}
    model = make_compared(rows, value_model={"currency": "USD", "matrix": matrix})
    close(model, rows)
    cheaper = {"yes": {"yes": "5", "no": "-8"}, "no": {"yes": "-2", "no": "1"}}
    model.value_models.create(version=2, currency="USD", matrix=cheaper)
    first, second = Side(FIRST, SPLIT, value_model=1), Side(FIRST, SPLIT, value_model=2)
    document = compared(model, "value", first=first, second=second).document
    parts = parts_of(document)
    assert (parts["volume"], parts["mix"], parts["right"]) == (0.0, 0.0, 0.0)
    assert parts["value_model"] == pytest.approx(document["differences"]["value_difference"]["value"])


def test_the_gain_over_the_baseline_is_explained_in_baseline_reports():
    rows = make_rows(600)
    model = make_compared(rows)
    close(model, rows)
    document = compared(model, "baseline").document
    assert document["metric"] == "accuracy_difference"
    moved = document["differences"]["accuracy_difference"]["value"]
    assert sum(parts_of(document).values()) == pytest.approx(moved, abs=1e-12)


def test_a_sensitive_division_has_another_one_for_other_readers():
    rows = make_rows()
    model = make_compared(rows, secret=True)
    close(model, rows)
    document = compared(model).document
    assert document["why"]["cause"]["name"] == "home"
    assert document["why_open"]["cause"]["name"] != "home"
    assert sum(part["value"] for part in document["why_open"]["parts"]) == pytest.approx(
        document["differences"]["accuracy"]["value"]
    )


@pytest.mark.parametrize("window", [Side(FIRST, SPLIT), Side(LATTER.end, LATTER.end.replace(day=28))])
def test_without_a_figure_there_is_nothing_to_explain(window: Side):
    rows = make_rows(60)
    model = make_compared(rows)
    document = compared(model, first=window, second=LATTER).document
    assert (document["why"], document["code"]) == (None, "no_figure")
    assert document["differences"]["accuracy"]["code"] in ("no_response", "no_labels", "no_population")
