"""What a document holds: its headline, what it follows over time, its currency, and its slices in their order."""

from datetime import date
from urllib.parse import urlencode

from apps.reports.engine.document import Document, Figure, Figures, Names, PartOfWindow, SliceSection
from apps.reports.engine.rounding import Unit, unit_of
from apps.reports.pages import numbers

# A single dot shows no course of time.
LEAST_FOR_A_CHART = 2


def headline_part(document: Document) -> PartOfWindow | None:
    """Return the part of the window that the first sentence is about; None where it has no predictions."""
    name = document["headline"]["part"]
    return next((part for part in document["parts"] if part["part"] == name), None)


def search_query(document: Document, **wanted: str) -> str:
    """Write the search for cases of the headline's part: of its days, and of the version that the report is about."""
    part, version = headline_part(document), document["window"].get("version")
    if part is None:
        return ""
    last = numbers.last_day(date.fromisoformat(part["end"])).isoformat()
    of_version = {"version": version} if version else {}
    return urlencode({**wanted, **of_version, "since": part["start"], "until": last})


def lead_figure(document: Document) -> Figure:
    """Return the figure that the page is about."""
    figures = document["headline"]["figures"]
    if document["kind"] == "value":
        metric = "value_difference" if has_difference(figures) else "value_total"
        if metric in figures:
            return figures[metric]
    if document["kind"] == "baseline":
        return figures["win_rate"]
    return figures[lead_metric(figures)]


def lead_metric(figures: Figures) -> str:
    """Return what says best how good a model is: the share right, or the mean error of numbers without a tolerance."""
    return next((metric for metric in ("accuracy", "within") if metric in figures), "mae")


def has_difference(figures: Figures) -> bool:
    """Say whether the comparison with the baseline says more than the value alone."""
    difference = figures.get("value_difference")
    if difference is None:
        return False
    if difference["value"] is not None:
        return True
    return figures["value_total"]["value"] is None and difference["code"] != "no_baseline"


def metric_over_time(document: Document) -> str:
    """Return the metric that is followed over time and by slice."""
    if document["kind"] == "value":
        return "value_difference" if has_difference(document["headline"]["figures"]) else "value_total"
    if document["kind"] == "baseline":
        # Numbers differ almost always.
        return "mae_gain" if document["task"] == "regression" else "disagreement_rate"
    return lead_metric(document["headline"]["figures"]) if document["headline"]["figures"] else "accuracy"


def known_in_time(document: Document) -> int:
    """Count the points of the series that have a figure."""
    metric = metric_over_time(document)
    figures = [point["figures"].get(metric) for point in document["series"]]
    return sum(figure is not None and figure["value"] is not None for figure in figures)


def main_classes(document: Document) -> list[str]:
    """Return the classes that tables show: all, or of many those with most predictions, the largest first."""
    return document.get("main_classes") or document["classes"]


def currency(document: Document) -> str:
    value = document.get("value")
    return value["currency"] if value else ""


def unit(document: Document, metric: str) -> Unit:
    return unit_of(metric, currency(document), document["names"]["unit"])


def tolerance(names: Names) -> tuple[float, float]:
    """Return by how much, and by what share, two numbers may differ and be the same answer; zeros to the digit."""
    by, share = names.get("tolerance") or (0.0, 0.0)
    return by, share


def slice_names(document: Document) -> list[str]:
    """List the slices of a report in their order; the n-th has the chart slice_n."""
    return list(dict.fromkeys(section["name"] for section in document["slices"]))


def slice_of_chart(document: Document, chart: str) -> str | None:
    """Return the slice that a chart shows, by the chart's name."""
    charts = {f"slice_{position}": name for position, name in enumerate(slice_names(document))}
    return charts.get(chart)


def slices_of(document: Document, name: str) -> list[SliceSection]:
    """List the values of a slice in their own order where they have one, then the others as they come."""
    names = document["names"]["slices"].get(name)
    place = {value: position for position, value in enumerate(names["order"])} if names else {}
    sections = [section for section in document["slices"] if section["name"] == name]
    return sorted(sections, key=lambda section: place.get(section["value"], len(place)))
