"""What a document holds: what is followed over time, its currency, its slices in their order."""

from apps.reports.engine.document import Document, SliceSection
from apps.reports.pages.wording import has_difference

# One dot alone is no course of time.
LEAST_FOR_A_CHART = 2


def metric_over_time(document: Document) -> str:
    """What is followed over time, and by slice."""
    if document["kind"] == "value":
        return "value_difference" if has_difference(document["headline"]["figures"]) else "value_total"
    if document["kind"] == "baseline":
        return "disagreement_rate"
    return "mae" if document["task"] == "regression" else "accuracy"


def known_in_time(document: Document) -> int:
    """How many points of the series have a figure."""
    metric = metric_over_time(document)
    found = [point["figures"].get(metric) for point in document["series"]]
    return sum(figure is not None and figure["value"] is not None for figure in found)


def currency(document: Document) -> str:
    value = document.get("value")
    return value["currency"] if value else ""


def slice_names(document: Document) -> list[str]:
    """The slices of a report in their order; the n-th has the chart slice_n."""
    return list(dict.fromkeys(section["name"] for section in document["slices"]))


def slice_of_chart(document: Document, chart: str) -> str | None:
    """The slice that a chart shows, by the chart's name."""
    charts = {f"slice_{position}": name for position, name in enumerate(slice_names(document))}
    return charts.get(chart)


def slices_of(document: Document, name: str) -> list[SliceSection]:
    """The values of a slice in their own order, where they have one; others after them, as they come."""
    names = document["names"]["slices"].get(name)
    place = {value: at for at, value in enumerate(names["order"])} if names else {}
    there = [section for section in document["slices"] if section["name"] == name]
    return sorted(there, key=lambda section: place.get(section["value"], len(place)))
