"""How fast the model answers, and what each resource takes, over time."""

from dataclasses import dataclass

from apps.common.charts import Chart, number_label
from apps.monitoring.models import Series, Stage
from apps.monitoring.pages import data_charts
from apps.monitoring.pages.days_seen import Seen, percentile

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


def serving(seen: Seen) -> Serving | None:
    """Describe latency and resources; None where none were sent."""
    latency = seen.layout.get(Stage.LATENCY)
    resources = seen.layout.of_stage(Stage.RESOURCE)
    if latency is None and not resources:
        return None
    days = max(int((seen.now.rows > 0).sum()), 1)
    return Serving(
        None if latency is None else _served(seen, latency, "How fast it answers", "ms"),
        [_served(seen, each, each.name, "") for each in resources],
        round(float(seen.now.rows.sum()) / days),
    )


def _served(seen: Seen, series: Series, title: str, unit: str) -> Served:
    now = [(name, _number(percentile(series, seen.now, share), unit)) for name, share in PERCENTILES.items()]
    weeks = [(name, [week.percentile(series, share) for week in seen.weeks]) for name, share in PERCENTILES.items()]
    counts, sums = seen.now.of(series).sum(), float(seen.now.sums_of(series).sum())
    total = f"{_number(1000 * sums / counts, unit)} per 1,000 predictions" if counts else ""
    return Served(title, unit, now, total, data_charts.lines_over_time(seen, weeks, title, number_label))


def _number(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{float(f'{value:.3g}'):,.10g} {unit}".strip()
