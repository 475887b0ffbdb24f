"""The portfolio as a file."""

from django.http import HttpResponse, StreamingHttpResponse

from apps.common.exports import CsvRenderer, streamed
from apps.common.spreadsheets import XLSX, workbook
from apps.home.pages import lines
from apps.home.services.portfolio import Portfolio, Row


def portfolio_file(
    shown: Portfolio, rows: list[Row], *, form: str, name: str, has_money: bool
) -> HttpResponse | StreamingHttpResponse:
    """Write the rows in their order, as a CSV file or as a workbook."""
    month = f"{shown.month.start:%Y-%m}" if shown.month else ""
    columns = {key: kind for key, kind in lines.COLUMNS.items() if has_money or key not in lines.MONEY}
    cells = list(lines.cells(rows, month=month))
    if form == "csv":
        return streamed([cells], columns, renderer=CsvRenderer(), name=name)
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    content = workbook(list(columns), [[row[key] for key in columns] for row in cells])
    return HttpResponse(content, content_type=XLSX, headers=headers)
