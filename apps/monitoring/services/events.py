"""Events in the words in which other pages mention them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from apps.monitoring.models import DataEvent, Stage
from apps.monitoring.services.describing import what, when
from apps.monitoring.services.naming import Names
from apps.monitoring.services.placing import Layout
from apps.registry.models import MonitoredModel

# A first page mentions what was found in so many days.
MENTIONED = timedelta(days=90)
# From half a point of right decisions on, an event costs.
NOTICED = 0.005
HIDDEN = "a feature that your role does not see"
# Their names say which feature it is.
NAMED = frozenset({Stage.FEATURE, Stage.PROCESSED, Stage.SLICE, Stage.SLICE_LOSS})


@dataclass(frozen=True)
class Mention:
    """An event in one sentence."""

    event: int
    text: str


def within(model: MonitoredModel, start: date, end: date, *, shows_sensitive: bool) -> list[Mention]:
    """Mention the events with a day in [start, end), oldest first."""
    events = DataEvent.objects.filter(model=model, normal_at=None).overlapping(start, end - timedelta(days=1))
    return _mentions(model, list(events.order_by("first_day")), shows_sensitive=shows_sensitive)


def newest(models: Sequence[MonitoredModel], *, since: date, shows_sensitive: bool) -> dict[int, Mention]:
    """Mention, by model, what goes on or what was found last since a day."""
    events = DataEvent.objects.filter(model__in=models, normal_at=None).overlapping(since, date.max)
    found: dict[int, list[DataEvent]] = defaultdict(list)
    for event in events.order_by("-first_day"):
        found[event.model_id].append(event)
    mentions = {}
    for model in models:
        if chosen := foremost(found[model.pk]):
            (mentions[model.pk],) = _mentions(model, [chosen], shows_sensitive=shows_sensitive)
    return mentions


def foremost(events: Sequence[DataEvent]) -> DataEvent | None:
    """Return what goes on and costs, or else what cost most."""
    costly = [each for each in events if each.last_day is None and _worth(each) <= -NOTICED]
    return min(costly or events, key=_worth, default=None)


def _worth(event: DataEvent) -> float:
    """Return what an event does to the share of right decisions: measured, or else expected."""
    for now, before in (("measured", "measured_before"), ("expected", "expected_before")):
        one, other = event.figures.get(now) or {}, event.figures.get(before) or {}
        if one.get("value") is not None and other.get("value") is not None:
            return float(one["value"] - other["value"])
    return 0.0


def _mentions(model: MonitoredModel, events: Iterable[DataEvent], *, shows_sensitive: bool) -> list[Mention]:
    events = list(events)
    if not events:
        return []
    series, names = Layout.of(model).series, Names(model)
    hidden = set() if shows_sensitive else _sensitive(model)
    return [
        Mention(event.pk, f"{when(event)}, the data were not like the weeks before, in {HIDDEN}.")
        if hidden and _features(event) & hidden
        else Mention(event.pk, what(event, names, series))
        for event in events
    ]


def _sensitive(model: MonitoredModel) -> set[str]:
    features = {feature.name for feature in model.feature_list if feature.sensitive}
    return features | {each.key for each in model.slice_list if each.feature in features}


def _features(event: DataEvent) -> set[str]:
    """The features and slices that its sentence names."""
    parts = event.cause["parts"] if event.cause else event.changes
    return {part["name"] for part in parts if part["stage"] in NAMED}
