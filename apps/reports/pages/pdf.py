"""A report in print: the same sheet as the page, set by typst with fonts that it brings along."""

import json
from dataclasses import asdict
from functools import cache
from typing import Any, cast

import typst
from django.conf import settings

from apps.common.charts import Chart
from apps.common.tokens import light_colors, standalone_svg
from apps.reports.engine.document import Document
from apps.reports.models import Report
from apps.reports.pages import numbers
from apps.reports.pages.charts import charts_of
from apps.reports.pages.sheets.layout import Sheet

TEMPLATE = settings.BASE_DIR / "templates" / "reports" / "report.typ"
# Bundled with typst.
FONT = "Libertinus Serif"
PAPER = "#ffffff"


def render_pdf(report: Report, sheet: Sheet) -> bytes:
    """The report as PDF for archives and screen readers (PDF/UA-1)."""
    document = cast(Document, report.document)
    moment = report.as_of.astimezone(report.model.zone)
    content = {
        "sheet": asdict(sheet),
        "project": report.model.project.name,
        "model": report.model.name,
        "as_of": f"{numbers.day(moment)}, {moment:%H:%M} {moment:%Z}",
        "created": [report.created_at.year, report.created_at.month, report.created_at.day],
        "seq": numbers.count(report.seq),
        "number": report.pk,
        "charts": {name: _on_paper(chart) for name, chart in charts_of(document, sheet).items()},
        "colors": light_colors(),
    }
    made: Any = typst.compile(
        _template(),
        font_paths=[],
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(content)},
        pdf_standards="ua-1",
    )
    assert isinstance(made, bytes)
    return made


def _on_paper(chart: Chart) -> dict[str, Any]:
    svg = standalone_svg(chart.wide, title=chart.title, description=chart.description, font=FONT, ground=PAPER)
    return {"svg": svg, "width": chart.wide.width}


@cache
def _template() -> bytes:
    return bytes(TEMPLATE.read_bytes())
