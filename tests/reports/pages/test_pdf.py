import pytest

from apps.reports.pages import pdf
from apps.reports.pages.pdf import render_pdf
from apps.reports.pages.sheets import sheet_of
from tests.reports.stored import make_report, report_model


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["value", "performance", "baseline"])
def test_each_kind_prints_as_tagged_pdf(kind: str) -> None:
    report = make_report(report_model(), kind)
    printed = render_pdf(report, sheet_of(report))
    assert printed.startswith(b"%PDF-")
    assert b"/MarkInfo" in printed
    assert b"pdfuaid" in printed


@pytest.mark.django_db
def test_charts_and_tables_go_into_print(monkeypatch: pytest.MonkeyPatch) -> None:
    report = make_report(report_model(), "performance")
    sheet = sheet_of(report)
    with_charts = render_pdf(report, sheet)
    monkeypatch.setattr(pdf, "charts_of", lambda document, sheet: {})
    assert len(with_charts) > len(render_pdf(report, sheet))


@pytest.mark.django_db
def test_names_are_text_in_print_whatever_they_hold() -> None:
    report = make_report(report_model(), "value")
    report.document["value"]["statement"] = '#panic("run") $x$ = [ \\ <script> " {{ 7*7 }}'
    assert render_pdf(report, sheet_of(report)).startswith(b"%PDF-")
