"""How fast the model answers, what each resource takes over time, and what a version costs and earns."""

from dataclasses import dataclass

from apps.common.charts import Chart, number_label
from apps.common.numerals import count, localized
from apps.monitoring.models import Series, Stage
from apps.monitoring.pages import data_charts
from apps.monitoring.pages.days_seen import Seen, percentile
from apps.monitoring.services.expecting import worth_of
from apps.monitoring.services.history import History
from apps.registry.models import ValueModel

MOST_VERSIONS = 10
PERCENTILES = {"half": 0.5, "95 in 100": 0.95, "99 in 100": 0.99}


@dataclass(frozen=True)
class Served:
    """One measured number: its percentiles now and over the weeks, and what it adds up to."""

    title: str
    unit: str
    now: list[tuple[str, str]]
    total: str
    chart: Chart | None


@dataclass(frozen=True)
class Serving:
    """Latency and resources of the days in question."""

    latency: Served | None
    resources: list[Served]
    a_day: int
    versions: list["VersionRow"]


@dataclass(frozen=True)
class VersionRow:
    """What one version took and earned in the weeks shown; texts are empty where nothing is known."""

    name: str
    predictions: int
    half: str
    most: str
    cost: str
    worth: str


def serving(seen: Seen) -> Serving | None:
    """Describe latency and resources; None where none were sent."""
    latency = seen.layout.get(Stage.LATENCY)
    resources = seen.layout.of_stage(Stage.RESOURCE)
    if latency is None and not resources:
        return None
    days = max(int((seen.now.rows > 0).sum()), 1)
    return Serving(
        None if latency is None else _served(seen, latency, "Latency", "ms"),
        [_served(seen, each, each.name, "") for each in resources],
        round(float(seen.now.rows.sum()) / days),
        _versions(seen),
    )


def _served(seen: Seen, series: Series, title: str, unit: str) -> Served:
    now = [(name, _number(percentile(series, seen.now, share), unit)) for name, share in PERCENTILES.items()]
    weeks = [(name, [week.percentile(series, share) for week in seen.weeks]) for name, share in PERCENTILES.items()]
    counts, sums = seen.now.of(series).sum(), float(seen.now.sums_of(series).sum())
    total = f"{_number(1000 * sums / counts, unit)} per {count(1_000)} predictions" if counts else ""
    return Served(title, unit, now, total, data_charts.lines_over_time(seen, weeks, title, number_label))


def _versions(seen: Seen) -> list[VersionRow]:
    """One row for each version, newest first."""
    value = seen.expectation.value_model if seen.expectation else seen.model.current_value_model
    return [_version(seen, name, days, value) for name, days in list(seen.by_version.items())[:MOST_VERSIONS]]


def _version(seen: Seen, name: str, days: History, value: ValueModel | None) -> VersionRow:
    latency = seen.layout.get(Stage.LATENCY)
    half, most = (_number(percentile(latency, days, share), "ms") if latency else "–" for share in (0.5, 0.95))
    return VersionRow(name, int(days.rows.sum()), half, most, _cost(seen, days, value), _worth(seen, days, value))


def _cost(seen: Seen, days: History, value: ValueModel | None) -> str:
    """What 1,000 predictions took, at the prices of the value model."""
    priced = [each for each in seen.layout.of_stage(Stage.RESOURCE) if value and each.name in value.prices]
    rows = float(days.rows.sum())
    if value is None or not priced or not rows:
        return ""
    total = sum(float(days.sums_of(each).sum()) * float(value.prices[each.name]) for each in priced)
    return f"{_number(1000 * total / rows, value.currency)}"


def _worth(seen: Seen, days: History, value: ValueModel | None) -> str:
    """What 1,000 decisions were worth by outcomes, with the likely range."""
    worth = worth_of(seen.expectation, days)
    if worth is None or worth.value is None or worth.low is None or worth.high is None or value is None:
        return ""
    middle, low, high = (count(1000 * each).replace("-", "−") for each in (worth.value, worth.low, worth.high))
    return f"{middle} {value.currency} ({low} to {high})"


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    shown = float(f"{value:.3g}")
    return f"{localized(f'{shown:,.10g}')} {unit}".strip()
