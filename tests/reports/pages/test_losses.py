"""Where money is lost, in words: slices told apart, their ranges, what is sure and what may be chance."""

from typing import Any

from apps.reports.engine.document import Document
from apps.reports.models import Report
from apps.reports.pages.charts import charts_of
from apps.reports.pages.sheets import sheet_of
from apps.reports.pages.sheets.layout import Section
from apps.reports.services.small_cases import NOTHING
from apps.reports.services.visible import without_single_cases, without_slices
from tests.reports.documents import document, figure, loss


def with_losses(*losses: dict[str, Any], **changes: Any) -> Document:
    made = document("value")
    made["value"] |= {"losses": list(losses), "losses_tested": 5, **changes}
    return made


def section(made: Document) -> Section:
    return sheet_of(Report(kind="value", document=made)).by_name["losses"]


def overlapping(name: str, value: str) -> dict[str, Any]:
    return {"overlaps": [{"name": name, "value": value, "share": 0.8}]}


def test_each_slice_has_its_loss_above_the_average_per_1000_and_in_total():
    found = section(document("value"))
    assert found.note.startswith("Against being right, all predictions together lose $58,000")
    first = found.table.rows[0]
    assert first.name == "Age: 60 and over"
    assert first.aside == "mostly predicted “employed”, in truth “not employed”"
    assert [(cell.text, cell.note) for cell in first.cells] == [
        ("$21,500", "12,500 to 30,500"),
        # Nine times as much, for 9,000 predictions, rounded by its range.
        ("$195,000", "110,000 to 275,000"),
    ]
    assert [cell.text for cell in found.table.rows[2].cells] == ["too few labels", "–"]
    assert found.sentences[0].startswith("The ranges hold for all 5 slices at once")
    assert found.sentences[1] == "Hollow: may be no more than chance (1 of 3)."


def test_slices_of_the_same_cases_are_one_row_that_names_the_other():
    made = with_losses(
        loss("age", "60 and over", "yes", "no", figure(9.0), above=figure(900.0, 200), **overlapping("sex", "2")),
        loss("sex", "2", "yes", "no", figure(9.0), above=figure(700.0, 100), **overlapping("age", "60 and over")),
        loss("age", "under 25", "yes", "no", figure(9.0), above=figure(500.0, 100)),
    )
    rows = section(made).table.rows
    assert [row.name for row in rows] == ["Age: 60 and over", "Age: under 25"]
    assert rows[0].aside.endswith("largely the same cases as Sex: female")


def test_a_reader_who_may_not_see_a_slice_sees_those_it_stood_for():
    made = with_losses(
        loss("sex", "2", "yes", "no", figure(9.0), above=figure(900.0, 200), **overlapping("age", "60 and over")),
        loss("age", "60 and over", "yes", "no", figure(9.0), above=figure(700.0, 100), **overlapping("sex", "2")),
    )
    seen = without_slices(made, {"sex"})
    (row,) = section(seen).table.rows
    assert row.name == "Age: 60 and over"
    assert "female" not in str(seen["value"]["losses"])
    assert seen["value"]["losses"][0]["overlaps"] == []


def test_the_average_is_hidden_with_the_value():
    made = document("value")
    made["headline"]["figures"]["value_total"] = figure(9.0, n=4)
    made["sections"]["closed"]["value_total"] = figure(9.0, n=4)
    assert without_single_cases(made)["value"]["loss_average"] == NOTHING


def test_without_a_worse_slice_the_page_says_so():
    assert section(with_losses()).sentences == ["None of the 5 slices loses more than the rest."]


def test_without_slices_there_is_no_such_section():
    assert "losses" not in sheet_of(Report(kind="value", document=with_losses(losses_tested=0))).by_name


def test_a_number_is_too_high_or_too_low():
    made = with_losses(loss("age", "under 25", "over", "", figure(9.0), above=figure(900.0, 200)))
    assert section(made).table.rows[0].aside == "mostly too high"


def test_the_chart_has_a_dot_for_each_row_and_hollow_ones_where_chance_may_do():
    made = document("value")
    charts = charts_of(made, sheet_of(Report(kind="value", document=made)))
    dots = [mark.css for mark in charts["losses"].wide.marks if mark.kind == "dot"]
    assert dots == ["point", "point", "point open"]
    assert charts["losses"].description.startswith("Age: 60 and over loses $21,500 (95\xa0% range $12,500 to $30,500)")


def test_an_earlier_report_shows_its_losses_as_before():
    made = with_losses(loss("age", "60 and over", "yes", "no", figure(2_310_400.0)))
    del made["value"]["loss_average"]
    (row,) = section(made).table.rows
    assert (row.cells[0].text, row.aside) == ("$2,310,000", "predicted “employed”, in truth “not employed”")


def test_what_serving_and_reviews_cost_stands_with_the_amounts():
    facts = dict(sheet_of(Report(kind="value", document=document("value"))).by_name["worth"].facts)
    assert facts["Serving"] == "$0.0021 a prediction: $439"
    assert facts["Reviews"] == "1,240 at $2.50: $3,100"
    assert facts["Cost of one decision"] == "$0.017, serving and reviews together"
    # 310 · 208,892 − 438.67 − 3,100
    assert facts["Value less both costs"].startswith("$64,")
    assert facts["Value for each hour of review"].endswith("more than the rule it replaced; reviews took 41 hours")
