import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.template.loader import render_to_string

from apps.common.charts import PHONE, WIDE, Chart, Dot, Line, Mark, Path, Plot, Rect, Text
from apps.common.dots import Axis, Ranged, Reference, by_group, over_time
from apps.common.tokens import light_colors, standalone_svg
from apps.reports.engine.document import Document
from apps.reports.models import Report
from apps.reports.pages.charts import charts_of
from apps.reports.pages.contents import slice_of_chart
from apps.reports.pages.sheets import sheet_of
from apps.reports.services.visible import without_slices
from tests.reports.documents import document, figure

KINDS = ("value", "performance", "baseline")
STYLES = settings.BASE_DIR / "static" / "css" / "charts.css"
THRESHOLD = {
    "part": "closed", "scores": [0.1, 0.3, 0.5, 0.7], "value": [-5.0, 20.0, 32.0, 11.0],
    "band_low": [-9.0, 15.0, 28.0, 3.0], "band_high": [1.0, 25.0, 36.0, 19.0], "current": 0.5, "best": 0.5,
    "flat_low": 0.4, "flat_high": 0.6, "advice": "no_change", "gain": None, "code": None, "labels_needed": None,
}  # fmt: skip


def charts(made: Document) -> dict[str, Chart]:
    return charts_of(made, sheet_of(Report(kind=made["kind"], document=made)))


@pytest.fixture(scope="module")
def value() -> Chart:
    return charts(document("value"))["by_time"]


def both(chart: Chart) -> Iterator[Plot]:
    yield chart.wide
    yield chart.phone


def svg(chart: Chart, plot: Plot) -> str:
    drawn = {"plot": plot, "title": chart.title, "description": chart.description}
    return render_to_string("components/charts/_plot.svg", drawn).strip()


def texts(plot: Plot) -> list[str]:
    return [mark.text for mark in plot.marks if isinstance(mark, Text)]


def dots(plot: Plot) -> list[Dot]:
    return [mark for mark in plot.marks if isinstance(mark, Dot)]


def lines(plot: Plot, css: str) -> list[Line]:
    return [mark for mark in plot.marks if isinstance(mark, Line) and mark.css == css]


def points(mark: Mark) -> list[tuple[float, float]]:
    if isinstance(mark, Line):
        return [(mark.x1, mark.y1), (mark.x2, mark.y2)]
    if isinstance(mark, Rect):
        return [(mark.x, mark.y), (mark.x + mark.width, mark.y + mark.height)]
    return list(mark.points) if isinstance(mark, Path) else [(mark.x, mark.y)]


def test_a_chart_is_laid_out_for_a_page_and_for_a_phone(value: Chart) -> None:
    assert set(charts(document("value"))) == {"by_time", "losses"}
    assert (value.wide.width, value.phone.width) == (WIDE, PHONE)


def test_charts_have_the_colors_of_the_tokens_alone(value: Chart) -> None:
    assert "#" not in svg(value, value.wide)
    assert not re.search(r"#[0-9a-f]{3}", STYLES.read_text(encoding="utf-8"))
    alone = standalone_svg(value.wide, title="", description="", font="Libertinus Serif", ground="#ffffff")
    assert light_colors()["accent"] in alone
    assert light_colors()["ground"] not in alone


@pytest.mark.parametrize("kind", KINDS)
def test_every_mark_but_plain_text_has_a_style(kind: str) -> None:
    styled = set(re.findall(r"^\.plot \.([a-z]+)", STYLES.read_text(encoding="utf-8"), re.MULTILINE))
    for chart in charts(document(kind)).values():
        assert {name for mark in chart.wide.marks for name in mark.css.split()} - styled <= {"tick"}


def test_open_months_are_hollow_and_say_so(value: Chart) -> None:
    for plot in both(value):
        hollow = [dot for dot in dots(plot) if "open" in dot.css.split()]
        assert (len(dots(plot)) - len(hollow), len(hollow)) == (4, 3)
        assert "still open" in texts(plot)


def test_money_has_a_line_at_zero_and_its_currency(value: Chart) -> None:
    for plot in both(value):
        assert "$0" in texts(plot)
        assert len(lines(plot, "zero")) == 1


def test_a_range_reaches_from_its_low_end_to_its_high_end() -> None:
    share = Axis(lambda share: f"{share:.0%}")
    plot = over_time([Ranged("1 May", 0.4, 0.2, 0.8), Ranged("2 May", None), Ranged("3 May", 0.6)], share, width=720)
    (range_,) = lines(plot, "range")
    first, last = dots(plot)
    assert range_.y1 > first.y > range_.y2
    assert (first.y - range_.y2) / (range_.y1 - range_.y2) == pytest.approx(2 / 3, abs=0.01)
    assert (range_.y1 - last.y) / (range_.y1 - range_.y2) == pytest.approx(2 / 3, abs=0.01)
    assert last.x > 2 * first.x


PICTURES = {"by_time", "calibration", "scores", "thresholds", "slices"}


def test_each_slice_of_a_baseline_has_a_chart_of_its_own() -> None:
    made = document("baseline")
    drawn = charts(made)
    assert set(drawn) == {"by_time", "slice_0"}
    assert slice_of_chart(made, "slice_0") == "age"
    for plot in both(drawn["slice_0"]):
        assert {"under 25", "60 and over"} <= set(texts(plot))
        assert len(dots(plot)) == 3


def test_all_slices_stand_on_one_axis_the_furthest_from_the_whole_first() -> None:
    drawn = charts(document("performance"))
    assert set(drawn) == PICTURES
    for plot in both(drawn["slices"]):
        names = [text for text in texts(plot) if ": " in text]
        assert names[0] == "Age: 60 and over"
        # The value without a figure has no dot, and so no row.
        assert len(names) == len(dots(plot)) == 5
    # The whole is .8174: 82.1 ± 0.6 holds it, and chance explains the distance; 83.5 ± 0.6 does not.
    like_all = [dot for dot in dots(drawn["slices"].wide) if "aside" in dot.css.split()]
    assert len(like_all) == 1


def test_a_report_from_before_pictures_shows_its_slices_all_the_same() -> None:
    made = document("performance")
    del made["pictures"]
    assert set(charts(made)) == {"by_time", "slices"}


def test_on_paper_no_chart_is_wider_than_it_can_be_read() -> None:
    for chart in charts(document("performance")).values():
        assert (chart.paper or chart.wide).width <= WIDE


def test_groups_are_held_against_all_together_wherever_these_stand() -> None:
    share = Axis(lambda share: f"{share:.0%}", limit=1.0)
    groups = [Ranged("men", 0.5, 0.4, 0.6), Ranged("women", 0.55, 0.5, 0.6)]
    for width in (720, PHONE):
        plot = by_group(groups, share, Reference(0.9, "all 90 %"), width=width)
        (line,) = lines(plot, "reference")
        assert max(dot.x for dot in dots(plot)) < line.x1 < width
        assert "all 90 %" in texts(plot)


def test_a_hidden_slice_is_not_drawn() -> None:
    made = document("performance")
    made = without_slices(made, {"sex"})
    sheet = sheet_of(Report(kind="performance", document=made))
    drawn = charts_of(made, sheet)
    assert set(drawn) == PICTURES
    assert not {"Sex: male", "Sex: female"} & set(texts(drawn["slices"].wide))


def test_the_curve_is_drawn_with_its_band_and_the_line_in_use() -> None:
    made: Any = document("value")
    made["value"]["threshold"] = THRESHOLD
    for plot in both(charts(made)["threshold"]):
        assert {"in use 0.50", "$0", "0.0", "1.0"} <= set(texts(plot))
        band, curve = (mark for mark in plot.marks if isinstance(mark, Path))
        assert (len(band.points), len(curve.points)) == (8, 4)
        (line,) = lines(plot, "reference")
        assert line.x1 == curve.points[2][0]
        (flat,) = (mark for mark in plot.marks if isinstance(mark, Rect))
        assert flat.x < line.x1 < flat.x + flat.width
        # Below zero at 0.1, above it at 0.3.
        (zero,) = lines(plot, "zero")
        assert curve.points[0][1] > zero.y1 > curve.points[1][1]


def test_a_series_without_figures_gives_no_chart() -> None:
    made = document("performance")
    for point in made["series"]:
        point["figures"] = {"accuracy": figure(None, code="no_labels")}
    made["slices"] = []
    del made["pictures"]
    assert charts(made) == {}


def test_a_slice_without_figures_gives_no_chart() -> None:
    made = document("performance")
    for section in made["slices"]:
        section["figures"] = {"accuracy": figure(None, code="no_labels")}
    assert set(charts(made)) == PICTURES - {"slices"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_mark_is_inside_its_chart(kind: str) -> None:
    for chart in charts(document(kind)).values():
        for plot in both(chart):
            for mark in plot.marks:
                assert all(0 <= x <= plot.width and 0 <= y <= plot.height for x, y in points(mark)), mark


def test_equal_figures_have_a_scale_too() -> None:
    for axis in (Axis(str), Axis(str, has_zero=True), Axis(str, limit=1.0)):
        for same in (0.0, 1.0):
            plot = over_time([Ranged("1 May", same), Ranged("2 May", same)], axis, width=448)
            assert all(0 < dot.y < plot.height for dot in dots(plot))


def test_names_are_text_in_a_chart_whatever_they_hold() -> None:
    made: Any = document("performance")
    made["series"] = []
    made["slices"] = [made["slices"][0] | {"value": "<script>alert(1)</script>"}]
    chart = charts(made)["slices"]
    drawing = svg(chart, chart.wide)
    assert "<script" not in drawing
    nodes = ["".join(node.itertext()) for node in ElementTree.fromstring(drawing).iter() if node.tag.endswith("text")]
    assert "Age: <script>alert(1)</script>" in nodes


def test_a_final_day_with_too_few_labels_is_hollow_and_called_preliminary() -> None:
    made = document("performance")
    made["series"] = made["series"][:9]
    last = made["series"][-1]
    assert last["state"] == "final"
    last["figures"]["accuracy"] = figure(0.8, 0.1, code="preliminary", labels_needed=40)
    for plot in both(charts(made)["by_time"]):
        assert "preliminary" in texts(plot)
        assert "still open" not in texts(plot)


def test_a_long_name_of_a_group_keeps_what_tells_it_apart() -> None:
    figures = [Ranged(f"Relation to the householder: {value}", 0.5) for value in ("Brother or sister", "Stepchild")]
    plot = by_group(figures, Axis(str), None, width=448)
    names = [mark.text for mark in plot.marks if isinstance(mark, Text)]
    # 28 characters beside a row of half a page: 8 are left of the feature, or 16.
    assert {"Relation…: Brother or sister", "Relation to the…: Stepchild"} <= set(names)
