"""Date formats: one setting of a project decides how its pages, mails and PDFs write dates."""

from datetime import UTC, date, datetime

import pytest
from django.template import Context, Template

from apps.common import dates
from apps.common.dates import DateFormat, dates_as

# Of each format: 8 November 2026, the same without the year, from 3 to 8 November, and from 30 October to 8 November.
WRITTEN = {
    DateFormat.DAY_FIRST: ("8 November", "3 to 8 November 2026", "30 October to 8 November 2026"),
    DateFormat.MONTH_FIRST: ("November 8", "November 3 to 8, 2026", "October 30 to November 8, 2026"),
    DateFormat.POINTS: ("08.11.", "03.11. to 08.11.2026", "30.10. to 08.11.2026"),
    DateFormat.SLASHES: ("08/11", "03/11 to 08/11/2026", "30/10 to 08/11/2026"),
    DateFormat.SLASHES_MONTH_FIRST: ("11/08", "11/03 to 11/08/2026", "10/30 to 11/08/2026"),
    DateFormat.ISO: ("11-08", "2026-11-03 to 2026-11-08", "2026-10-30 to 2026-11-08"),
}


@pytest.mark.parametrize("date_format", DateFormat)
def test_every_writer_of_dates_follows_the_format(date_format: DateFormat) -> None:
    day, within, across = WRITTEN[date_format]
    with dates_as(date_format):
        assert dates.full(date(2026, 11, 28)) == date_format.label
        assert dates.of_year(date(2026, 11, 8)) == day
        assert dates.span(date(2026, 11, 3), date(2026, 11, 8)) == within
        assert dates.span(date(2026, 10, 30), date(2026, 11, 8)) == across
        assert dates.moment(datetime(2026, 11, 28, 9, 5, tzinfo=UTC)) == f"{date_format.label}, 09:05 UTC"
        template = Template('{{ at|date:"H:i T, j F Y" }} {{ at|date:"Y-m-d" }} {{ at|date:"F Y" }}')
        at = Context({"at": datetime(2026, 11, 28, 9, 5, tzinfo=UTC)})
        assert template.render(at) == f"09:05 UTC, {date_format.label} 2026-11-28 November 2026"
    assert dates.full(date(2026, 11, 8)) == "8 November 2026"
