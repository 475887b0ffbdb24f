"""The advice of the value page: where to put the threshold."""

from typing import Any

from apps.reports.pages.sheets.layout import Section
from apps.reports.pages.sheets.value import threshold
from tests.reports.documents import document

CURVE: dict[str, Any] = {
    "part": "closed",
    "scores": [0.0, 0.3, 0.5, 0.7, 1.0],
    "value": [100.0, 260.0, 300.0, 280.0, 90.0],
    "band_low": [80.0, 240.0, 285.0, 260.0, 70.0],
    "band_high": [120.0, 280.0, 315.0, 300.0, 110.0],
    "current": 0.5,
    "best": 0.5,
    "flat_low": 0.42,
    "flat_high": 0.55,
    "advice": "no_change",
    "gain": None,
    "code": None,
    "labels_needed": None,
}


def section_of(**changes: Any) -> Section:
    written = document("value")
    value = written["value"]
    assert value is not None
    section = threshold(written, {**value, "threshold": {**CURVE, **changes}})  # type: ignore[typeddict-item]  # a test may change any field
    assert section is not None
    return section


def advice(**changes: Any) -> str:
    return section_of(**changes).sentences[0]


def test_a_threshold_within_the_flat_range_stays_where_it_is() -> None:
    assert "0.50, is as good as any" in advice()
    assert advice().endswith("thresholds from 0.42 to 0.55 apart. No change advised.")


def test_a_threshold_outside_the_flat_range_moves() -> None:
    assert advice(current=0.8, advice="lower").startswith("Lower the threshold from 0.80 to 0.50")
    assert advice(current=0.2, advice="raise").startswith("Raise the threshold from 0.20 to 0.50")


def test_predictions_without_a_threshold_and_too_few_labels_say_so() -> None:
    assert "follow no single threshold" in advice(current=None, advice=None)
    assert "120 more labels are needed" in advice(code="preliminary", labels_needed=120)


def test_each_threshold_stands_once_in_the_table() -> None:
    chart = section_of(scores=[0.5001, 0.5002, 0.5003, 0.7, 1.0]).chart
    assert chart is not None
    names = [row.name for row in chart.figures.rows]
    assert len(names) == len(set(names)) == 3
