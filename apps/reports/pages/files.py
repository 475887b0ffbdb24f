"""A report as a file: its figures as rows, and in a workbook also its tables and the data of its pictures."""

from collections.abc import Iterator
from typing import cast

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from apps.common.errors import NotFoundError
from apps.common.exports import CsvRenderer, ParquetRenderer, streamed
from apps.common.spreadsheets import XLSX, Sheet, workbook_of
from apps.reports.engine.document import Document
from apps.reports.models import Report
from apps.reports.pages import numbers
from apps.reports.pages.sheets import sheet_of
from apps.reports.pages.sheets.layout import Section, Table
from apps.reports.services.figure_rows import COLUMNS, figure_rows

FORMS = {renderer.format: renderer for renderer in (CsvRenderer, ParquetRenderer)}
WORKBOOK = "xlsx"


def report_file(report: Report, form: str) -> HttpResponseBase:
    """Return the file of a report of which `visible` has left out what its reader may not see."""
    rows = list(figure_rows(cast(Document, report.document)["results"]))
    name = f"{report.model.slug}-{report.kind}-{report.start}-{numbers.last_day(report.end)}"
    if form in FORMS:
        return streamed([rows], COLUMNS, renderer=FORMS[form](), name=name)
    if form != WORKBOOK:
        raise NotFoundError("There is no such format.")
    figures = Sheet("Figures", list(COLUMNS), [[row[column] for column in COLUMNS] for row in rows])
    sheets = [figures, *(_sheet(title, table) for title, table in _tables(sheet_of(report).sections))]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{WORKBOOK}"'}
    return HttpResponse(workbook_of(sheets), content_type=XLSX, headers=headers)


def _tables(sections: list[Section]) -> Iterator[tuple[str, Table]]:
    """Yield each table of the report, and the data behind each picture, as they stand on the page."""
    for section in sections:
        for table in (section.table, section.chart.figures if section.chart else None, section.how):
            if table is not None and table.rows:
                yield section.title, table


def _sheet(title: str, table: Table) -> Sheet:
    """Put each figure in a column, and its range or its reason in the one beside it."""
    head = [table.head[0], *(name for each in table.head[1:] for name in (each, f"{each}: range"))]
    lines = [[row.name, *(text for cell in row.cells for text in (cell.text, cell.note))] for row in table.rows]
    return Sheet(title, head, lines)
