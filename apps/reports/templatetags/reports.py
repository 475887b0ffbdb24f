"""Filters for the templates of reports."""

from django import template

from apps.common.charts import Chart

register = template.Library()


@register.filter
def of(charts: dict[str, Chart], name: str) -> Chart | None:
    """Give the chart of this name, or none."""
    return charts.get(name)
