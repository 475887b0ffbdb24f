"""Scales, ticks and labels of charts, and bars laid out with them."""

from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string

from apps.common.bars import SMALL, Bar, BarChart
from apps.common.charts import PHONE, Line, Rect, Scale, Text, centered, spaced, ticks
from apps.common.tokens import standalone_svg

SERIES = (("accepted", "accepted"), ("rejected", "rejected"))


def bars(*parts: tuple[float, ...], height: int = 190) -> BarChart:
    columns = tuple(Bar(f"{day} May", each, tuple(map(str, each)), f"{day} May") for day, each in enumerate(parts, 1))
    return BarChart("Rows", "Rows a day", SERIES, ("Day", "Accepted", "Rejected"), columns, height=height)


@pytest.mark.parametrize(
    ("low", "high", "about", "expected"),
    [
        (0.2, 1.0, 4, [0.2, 0.4, 0.6, 0.8, 1.0]),
        (-50, 130, 4, [-50, 0, 50, 100]),
        (0, 3.1e6, 5, [0, 5e5, 1e6, 1.5e6, 2e6, 2.5e6, 3e6]),
        (0.81, 0.83, 4, [0.81, 0.815, 0.82, 0.825, 0.83]),
    ],
)
def test_ticks_are_round_and_within_the_scale(low: float, high: float, about: int, expected: list[float]) -> None:
    assert ticks(low, high, about) == pytest.approx(expected)


def test_a_scale_may_run_upward() -> None:
    scale = Scale(0, 40, start=160, end=20)
    assert (scale.place(0), scale.place(10), scale.place(40)) == (160, 125, 20)


def test_text_around_a_point_stays_inside() -> None:
    at_left, inside, at_right = (centered("label", x, 0, "27 Nov", left=0, right=300) for x in (2, 150, 299))
    assert (at_left.x, at_left.anchor) == (0, "start")
    assert (inside.x, inside.anchor) == (150, "middle")
    assert (at_right.x, at_right.anchor) == (300, "end")


def test_the_newest_always_has_its_label() -> None:
    assert spaced(["1", "2", "3", "4", "5"], step=25, least=60) == [1, 4]
    assert spaced(["1", "2"], step=100, least=60) == [0, 1]


def test_counts_have_no_line_between_whole_numbers() -> None:
    labels = [mark.text for mark in bars((1.0, 0.0)).chart.wide.marks if isinstance(mark, Text)]
    assert labels == ["Rows a day", "0", "1", "1 May"]


def test_a_small_chart_has_fewer_lines() -> None:
    large, small = (
        [mark for mark in bars((400.0, 20.0), height=height).chart.phone.marks if isinstance(mark, Line)]
        for height in (190, SMALL)
    )
    assert len(small) < len(large)


def test_every_column_keeps_its_place_at_both_widths() -> None:
    chart = bars((3.0, 1.0), (0.0, 0.0), (2.0, 0.0)).chart
    for plot in (chart.wide, chart.phone):
        first, on_top, last = (mark for mark in plot.marks if isinstance(mark, Rect))
        assert first.x == on_top.x
        assert first.x + first.width < plot.width / 2 < last.x < last.x + last.width < plot.width
    assert chart.phone.width == PHONE


def test_the_table_leaves_out_empty_columns_and_starts_with_the_newest() -> None:
    assert [bar.label for bar in bars((3.0, 1.0), (0.0, 0.0), (2.0, 0.0)).rows] == ["3 May", "1 May"]


def test_a_chart_names_itself_and_reserves_its_place() -> None:
    page = render_to_string("components/charts/_bars.html", {"bars": bars((3.0, 1.0))})
    assert 'viewBox="0 0 448 190" width="448" height="190"' in page
    assert page.count('role="img"') == 2
    assert "<title>Rows</title><desc>Rows a day. Highest: 1 May. The figures are in the table below.</desc>" in page
    assert "style=" not in page


def test_a_chart_outside_a_page_brings_its_colors_and_font() -> None:
    plot = bars((3.0, 1.0)).chart.wide
    svg = standalone_svg(plot, title="Rows & more", description="", font="Libertinus Serif", ground="#ffffff")
    ElementTree.fromstring(svg)
    assert "var(" not in svg
    assert "#0b5f6b" in svg
    assert "Libertinus Serif" in svg
    assert "Rows &amp; more" in svg
