from typing import Any
from xml.etree import ElementTree

import pytest

from apps.reports.pages.charts import render_charts
from apps.reports.pages.contents import slice_of_picture
from apps.reports.pages.palette import palette
from apps.reports.pages.pictures import size_of
from tests.reports.documents import document, figure

THEMES = {"light", "dark", "light_narrow", "dark_narrow"}


@pytest.fixture(scope="module")
def value() -> dict[str, dict[str, str]]:
    return render_charts("value", document("value"))  # type: ignore[arg-type]  # a TypedDict is a dict


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]


def test_a_picture_comes_for_each_scheme_and_for_a_phone(value: dict[str, dict[str, str]]) -> None:
    assert set(value) == {"by_time"}
    assert set(value["by_time"]) == THEMES
    assert size_of(value["by_time"]["light_narrow"])[0] == 358


def test_pictures_use_the_colours_of_their_scheme(value: dict[str, dict[str, str]]) -> None:
    for theme in ("light", "dark"):
        own, other = palette(theme)["accent"], palette({"light": "dark", "dark": "light"}[theme])["accent"]
        assert own in value["by_time"][theme]
        assert other not in value["by_time"][theme]


def test_open_months_are_hollow_and_say_so(value: dict[str, dict[str, str]]) -> None:
    drawing = value["by_time"]["light"]
    hollow = drawing.count(f'fill="{palette("light")["ground"]}"')
    filled = drawing.count(f'fill="{palette("light")["accent"]}"')
    assert (filled, hollow) == (4, 3)
    assert "still open" in texts(drawing)


def test_money_has_a_line_at_zero_and_its_currency(value: dict[str, dict[str, str]]) -> None:
    assert "$0" in texts(value["by_time"]["light"])


def test_each_slice_has_a_picture_with_its_names_in_words() -> None:
    made = document("performance")
    pictures = render_charts("performance", made)  # type: ignore[arg-type]  # a TypedDict is a dict
    assert set(pictures) == {"by_time", "slice_0", "slice_1"}
    assert slice_of_picture(made, "slice_1") == "sex"
    assert {"male", "female"} <= set(texts(pictures["slice_1"]["light"]))
    # The value without a figure has no dot, and so no row.
    assert "9" not in texts(pictures["slice_1"]["light"])


def test_a_series_without_figures_gives_no_picture() -> None:
    made = document("performance")
    for point in made["series"]:
        point["figures"] = {"accuracy": figure(None, code="no_labels")}
    made["slices"] = []
    assert render_charts("performance", made) == {}  # type: ignore[arg-type]  # a TypedDict is a dict


def test_names_are_text_in_a_picture_whatever_they_hold() -> None:
    made: dict[str, Any] = document("performance")  # type: ignore[assignment]  # a TypedDict is a dict
    made["series"] = []
    made["slices"] = [made["slices"][0] | {"value": "<script>alert(1)</script>"}]
    drawing = render_charts("performance", made)["slice_0"]["light"]
    assert "<script" not in drawing
    assert "<script>alert(1)</script>" in texts(drawing)
