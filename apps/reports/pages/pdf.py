"""A report in print: the same sheet as the page."""

from dataclasses import asdict
from typing import Any, cast

from django.conf import settings

from apps.common.charts import Chart, Line, Plot
from apps.common.paper import FONT, printed
from apps.common.tokens import light_colors, standalone_svg
from apps.reports.engine.document import Document
from apps.reports.models import Report
from apps.reports.pages import numbers
from apps.reports.pages.charts import charts_of
from apps.reports.pages.sheets.layout import Sheet

TEMPLATE = settings.BASE_DIR / "templates" / "reports" / "report.typ"
PAPER = "#ffffff"
# Rows of a tall picture that stay on one page.
ROWS_TOGETHER = 4


def render_pdf(report: Report, sheet: Sheet) -> bytes:
    """The report as PDF for archives and screen readers (PDF/UA-1)."""
    document = cast(Document, report.document)
    moment = report.as_of.astimezone(report.model.zone)
    content = {
        "sheet": asdict(sheet),
        "pictures": [[asdict(section) for section in row] for row in sheet.picture_rows],
        "method": [asdict(section) for section in sheet.method],
        "project": report.model.project.name,
        "model": report.model.name,
        "as_of": f"{numbers.day(moment)}, {moment:%H:%M} {moment:%Z}",
        "created": [report.created_at.year, report.created_at.month, report.created_at.day],
        "seq": numbers.count(report.seq),
        "number": report.pk,
        "charts": {name: _on_paper(chart) for name, chart in charts_of(document, sheet).items()},
        "colors": light_colors(),
    }
    return printed(TEMPLATE, content)


def _on_paper(chart: Chart) -> dict[str, Any]:
    plot = chart.paper or chart.wide
    svg = standalone_svg(plot, title=chart.title, description=chart.description, font=FONT, ground=PAPER)
    return {"svg": svg, "width": plot.width, "height": plot.height, "cuts": _cuts(plot)}


def _cuts(plot: Plot) -> list[float]:
    """Return where a tall picture of rows may break from page to page: at the lines between rows."""
    lines = [mark.y1 for mark in plot.marks if isinstance(mark, Line) and (mark.x1, mark.x2) == (0, plot.width)]
    return sorted(set(lines))[ROWS_TOGETHER - 1 : -1 : ROWS_TOGETHER]
