"""What the page *Data* shows, as templates take it. It loads scipy, which few requests need."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
from django.urls import reverse
from django.utils.http import urlencode

from apps.common.charts import Chart
from apps.monitoring.models import Stage
from apps.monitoring.pages import data_charts
from apps.monitoring.pages.days_seen import Seen
from apps.monitoring.pages.event_text import EventText
from apps.monitoring.pages.feature_rows import FeatureRow, feature_row, feature_rows
from apps.monitoring.pages.feature_stages import slices_of, stages_of, versions_of
from apps.monitoring.pages.serving import serving
from apps.monitoring.pages.weak_rows import weak_rows
from apps.monitoring.pages.wholeness import wholeness
from apps.monitoring.services import drafting
from apps.monitoring.services.history import DAY
from apps.registry.models import MonitoredModel

SHOWN = 12
# On a day with fewer predictions, counts of answers would tell single ones to people who may yet judge them blind.
LEAST_ROWS = 20
OPEN = frozenset({Stage.FEATURE, Stage.PROCESSED, Stage.SLICE, Stage.REPEATED, Stage.LATENCY, Stage.RESOURCE})


def page(
    model: MonitoredModel, *, now: datetime, event: int | None, wanted: str, shows_all: bool
) -> dict[str, Any] | None:
    """Return the contents of the page; None before any day is over and counted."""
    seen = Seen.of(model, now=now, event=event)
    if seen is None:
        return None
    found = feature_rows(seen)
    matching = [row for row in found if _matches(row, wanted)]
    shown = matching if wanted or shows_all else _first(matching)
    return {
        "seen": seen,
        "text": EventText(seen),
        "answers": data_charts.answers(seen),
        "cause": _cause_chart(seen),
        "rows": [(row, data_charts.spark(row)) for row in shown],
        "costs": data_charts.costs(shown),
        "left": len(matching) - len(shown),
        "wanted": wanted,
        "total": len(found),
        "weak": weak_rows(seen, seen.weak_search),
        "serving": serving(seen),
        "whole": wholeness(seen),
        "draft": _draft_address(seen),
        "last_day": seen.now.end - DAY,
    }


def feature(model: MonitoredModel, name: str, *, now: datetime, event: int | None) -> dict[str, Any]:
    """Return the contents of one feature opened; empty without counts of it."""
    seen = Seen.of(model, now=now, event=event)
    row = feature_row(seen, name) if seen else None
    if row is None:
        return {}
    return {
        "row": row,
        "chart": data_charts.then_and_now(row),
        "stages": stages_of(row),
        "versions": versions_of(row),
        "slices": slices_of(row),
    }


def lines(model: MonitoredModel, *, now: datetime) -> Iterator[list[dict[str, Any]]]:
    """Write the counts of the last 26 weeks, one line for each day, series and bin that has rows."""
    seen = Seen.of(model, now=now, event=None)
    return _lines(seen) if seen else iter(())


def _lines(seen: Seen) -> Iterator[list[dict[str, Any]]]:
    is_single = seen.days.rows < LEAST_ROWS
    for series in seen.layout.series.values():
        counts, sums = seen.days.of(series), seen.days.sums_of(series)
        if series.stage not in OPEN:
            counts = np.where(is_single[:, None], 0, counts)
        names = [seen.names.bin(series, place) for place in range(series.frozen.size)]
        yield [
            {
                "day": day.isoformat(),
                "stage": series.stage,
                "name": series.name,
                "bin": names[place],
                "rows": int(counts[at, place]),
                "sum": float(sums[at, place]),
            }
            for at, day in enumerate(seen.days.days)
            for place in counts[at].nonzero()[0].tolist()
        ]


def _matches(row: FeatureRow, wanted: str) -> bool:
    return wanted.casefold() in f"{row.label} {row.series.name}".casefold()


def _first(rows: list[FeatureRow]) -> list[FeatureRow]:
    moved = [row for row in rows if row.moved or row.is_bug]
    return rows[: max(min(len(moved), 2 * SHOWN), min(SHOWN, len(rows)))]


def _cause_chart(seen: Seen) -> Chart | None:
    cause = seen.event.cause if seen.event else None
    if not cause:
        return None
    part = cause["parts"][0]
    series = seen.series.get((part["stage"], part["name"]))
    if series is None:
        return None
    title = f"{seen.names.label(series.stage, series.name)}: {seen.names.bins(series, part['bins'])}"
    return data_charts.share(seen, series, part["bins"], title)


def _draft_address(seen: Seen) -> str:
    """The sampling page with a policy for what is new, to be looked at before it is saved."""
    cause = seen.event.cause if seen.event else None
    origin = "New in the data"
    policy = drafting.draft(seen.model, cause["parts"], seen.series, origin=origin) if cause else None
    if policy is None:
        return ""
    address = reverse("sampling", args=[seen.model.project.slug, seen.model.slug])
    return f"{address}?{urlencode({'draft': json.dumps(policy)})}#change"
