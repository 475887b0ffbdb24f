"""A report in print: the same sheet as the page, set by typst with fonts that it brings along."""

import json
from dataclasses import asdict
from functools import cache
from typing import Any

import typst
from django.conf import settings

from apps.reports.models import Report
from apps.reports.pages import numbers
from apps.reports.pages.palette import palette
from apps.reports.pages.pictures import size_of
from apps.reports.pages.sheets.parts import Sheet

TEMPLATE = settings.BASE_DIR / "templates" / "reports" / "report.typ"
# Those that typst brings along.
FONT = "Libertinus Serif"
PAPER = "#ffffff"


def render_pdf(report: Report, sheet: Sheet) -> bytes:
    """The report as PDF for archives and screen readers (PDF/UA-1)."""
    moment = report.as_of.astimezone(report.model.zone)
    content = {
        "sheet": asdict(sheet),
        "project": report.model.project.name,
        "model": report.model.name,
        "as_of": f"{numbers.day(moment)}, {moment:%H:%M} {moment:%Z}",
        "created": [report.created_at.year, report.created_at.month, report.created_at.day],
        "seq": numbers.count(report.seq),
        "number": report.pk,
        "charts": {name: _on_paper(drawings["light"]) for name, drawings in report.charts.items()},
        "colours": palette("light"),
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


def _on_paper(svg: str) -> dict[str, Any]:
    return {"svg": _for_paper(svg), "width": size_of(svg)[0]}


def _for_paper(svg: str) -> str:
    """The picture with the font of the print, and paper where the page's ground shone through."""
    from_ground = svg.replace(palette("light")["ground"], PAPER)
    head, *texts = from_ground.split('font-family="')
    return head + "".join(f'font-family="{FONT}"{text.partition(chr(34))[2]}' for text in texts)


@cache
def _template() -> bytes:
    return bytes(TEMPLATE.read_bytes())
