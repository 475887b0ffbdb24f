"""Number formats: one setting of a project decides how its pages, mails and PDFs write numbers."""

import pytest
from django.template import Context, Template

from apps.common.amounts import money
from apps.common.charts import number_label
from apps.common.digits import significant
from apps.common.numerals import NumberFormat, count, numbers_as
from apps.common.shares import hundredths

COUNTS = {
    NumberFormat.COMMAS: "1,234,567",
    NumberFormat.POINTS: "1.234.567",
    NumberFormat.SPACES: "1\u00a0234\u00a0567",
    NumberFormat.SPACES_AND_POINT: "1\u00a0234\u00a0567",
    NumberFormat.APOSTROPHES: "1’234’567",
}


@pytest.mark.parametrize("number_format", NumberFormat)
def test_every_writer_of_numbers_follows_the_format(number_format: NumberFormat) -> None:
    point = "," if number_format in (NumberFormat.POINTS, NumberFormat.SPACES) else "."
    with numbers_as(number_format):
        assert count(1_234_567) == COUNTS[number_format]
        assert money(-1_234_567, currency="USD") == f"−${COUNTS[number_format]}"
        assert money(0.126, currency="USD", step=0.01) == f"$0{point}13"
        assert significant(-0.01234) == f"−0{point}0123"
        assert hundredths(0.8276, decimals=1) == f"82{point}8"
        assert number_label(1_500_000, "€") == f"€1{point}5M"
        template = Template("{% load humanize %}{{ number|intcomma }}")
        assert template.render(Context({"number": 1_234_567})) == COUNTS[number_format]
    assert count(1_234_567) == "1,234,567"


def test_a_label_of_each_format_is_an_example_of_it() -> None:
    for number_format in NumberFormat:
        with numbers_as(number_format):
            assert NumberFormat(number_format).label.startswith(count(1_234_567))
