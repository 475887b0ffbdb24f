"""Judge a model's days: which are not like the weeks before, what is new in them, and what it costs."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import numpy as np
from django.db import transaction
from django.db.models import F, Max, Q
from django.db.models.functions import Greatest, Now

from apps.common.clock import database_now
from apps.common.isolation import one_by_one
from apps.monitoring.models import DataEvent, Series, Stage, Watched
from apps.monitoring.services import references
from apps.monitoring.services.describing import what
from apps.monitoring.services.event_views import TOGETHER, Days, Part, View, is_same
from apps.monitoring.services.history import DAY, History, newest
from apps.monitoring.services.naming import Names
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.registry.services import incidents
from apps.stats.arrays import IntArray
from apps.stats.drift.changes import Change, find_changes
from apps.stats.drift.figure_changes import FigureChange, find_figure_changes
from apps.truth.services.cohorts import day_start

C = TypeVar("C", Change, FigureChange)

# Judging takes at most 5 % of the time.
PAUSE = 20
LEAST_PAUSE = timedelta(seconds=20)
# Judged day by day. Slices and cells would say the same again.
JUDGED = (Stage.FEATURE, Stage.PROCESSED, Stage.SCORE, Stage.PREDICTED, Stage.BASELINE, Stage.AGREEMENT)


def judge_due() -> int:
    """Judge every model whose counts have changed. Returns how many were judged."""
    changed = Q(watched=None) | Q(watched__revision__lt=F("counted__revision"), watched__next_at__lte=Now())
    models = MonitoredModel.objects.active().filter(changed, counted__frozen_at__isnull=False)
    return sum(one_by_one(models.select_related("project").order_by("pk"), judge, name="judge_days"))


@transaction.atomic
def judge(model: MonitoredModel) -> bool:
    """Judge the days of one model that are over; False if another worker does."""
    Watched.objects.get_or_create(model=model)
    state = Watched.objects.select_for_update(skip_locked=True).filter(model=model).first()
    if state is None:
        return False
    began, now = time.monotonic(), database_now()
    state.revision = model.counted.revision
    days = newest(model, before=now.astimezone(model.zone).date())
    if days is not None:
        references.keep_first_days(model, days)
        _judge(model, days)
        state.end = days.end
    state.next_at = now + max(LEAST_PAUSE, timedelta(seconds=PAUSE * (time.monotonic() - began)))
    state.save()
    return True


def _judge(model: MonitoredModel, days: History) -> None:
    view = View.of(model, days)
    series = {str(each.pk): each for each in days.layout.of_stage(*JUDGED)}
    changes = find_changes({key: days.of(each) for key, each in series.items()}, days.weekday)
    groups = _together([(_days_of(each, days), each) for each in changes])
    unlike = [each for each, _ in groups]
    found = [view.input_event(span, [(series[each.series], each) for each in moved], unlike) for span, moved in groups]
    found += _figure_events(view, unlike)
    kept = [_save(each).pk for each in found]
    # What later rows have made usual again, or what turned out to be nothing.
    gone = DataEvent.objects.filter(model=model, last_day=None, normal_at=None).exclude(pk__in=kept)
    gone.update(last_day=Greatest("found_day", "first_day"), ended="back")
    _note_incidents(model, days)


def _figure_events(view: View, unlike: Sequence[Days]) -> list[DataEvent]:
    """Find times in which right decisions were not as scores and the weeks before let one expect.

    Of several that begin together, the one of all decisions is told, or else that of the slice that moved most.
    """
    loss = view.layout.get(Stage.LOSS)
    if loss is None or view.model.is_regression:
        return []
    parts = [Part(None, 0), *_parts(view)]
    known, right = (np.column_stack(each) for each in zip(*(_known(view, loss, part) for part in parts), strict=True))
    expected = np.zeros(known.shape)
    of_all = None if view.expectation is None else view.expectation.by_day(view.days)
    if of_all is not None:
        # The mix within a slice is not counted: its share is watched as it is.
        expected[:, 0] = np.minimum(of_all * view.is_known, known[:, 0])
    # A slice that gets better is no news.
    changes = [
        each
        for each in find_figure_changes(known, right, expected, weekday=view.days.weekday)
        if each.group == 0 or (each.difference.value or 0.0) < 0
    ]
    events = []
    for span, together in _together([(_days_of(each, view.days), each) for each in changes]):
        told = min(together, key=lambda each: (each.group != 0, -abs(each.difference.value or 0.0)))
        events.append(view.figure_event(span, told, parts[told.group], unlike))
    return events


def _parts(view: View) -> list[Part]:
    return [
        Part(series, bin_) for series in view.layout.of_stage(Stage.SLICE_LOSS) for bin_ in range(series.frozen.size)
    ]


def _known(view: View, loss: Series, part: Part) -> tuple[IntArray, IntArray]:
    """Return known outcomes and right decisions by day: of all predictions, or of one value of a slice."""
    series = part.series or loss
    counts, sums = view.days.of(series), view.days.sums_of(series)
    if part.series is not None:
        counts, sums = counts[:, [part.bin]], sums[:, [part.bin]]
    known = counts.sum(axis=1).clip(min=0) * view.is_known
    wrong = np.rint(sums.sum(axis=1)).astype(np.int64).clip(min=0)
    return known, known - np.minimum(wrong, known)


def _days_of(change: Change | FigureChange, days: History) -> Days:
    last = None if change.last is None else days.start + DAY * change.last
    return Days(days.start + DAY * change.first, last, days.start + DAY * change.found)


def _together(found: Iterable[tuple[Days, C]]) -> list[tuple[Days, list[C]]]:
    """Join changes that begin together into one event."""
    groups: list[tuple[Days, list[C]]] = []
    for span, change in sorted(found, key=lambda each: each[0].first):
        if groups and span.first <= groups[-1][0].first + TOGETHER:
            joined, _ = groups[-1]
            members = groups[-1][1]
            # The days are those of what moved most.
            foremost = span if _size(change) > max(_size(each) for each in members) else joined
            members.append(change)
            groups[-1] = replace(foremost, found=min(joined.found, span.found)), members
        else:
            groups.append((span, [change]))
    return groups


def _size(change: Change | FigureChange) -> float:
    return change.effect if isinstance(change, Change) else abs(change.difference.value or 0.0)


def _note_incidents(model: MonitoredModel, days: History) -> None:
    """Keep an incident for each event in the data of these weeks."""
    names, series = Names(model), days.layout.series
    events = DataEvent.objects.filter(model=model, kind=DataEvent.Kind.INPUT).overlapping(days.start, days.end)
    for event in events:
        last = event.last_day or days.end - DAY
        parts = event.cause["parts"] if event.cause else event.changes
        incidents.note_change(
            model,
            event.pk,
            feature=names.label(parts[0]["stage"], parts[0]["name"]) if parts else "",
            detail=what(event, names, series),
            rows=event.figures.get("rows", 0),
            first_at=day_start(model, event.first_day),
            last_at=day_start(model, last + DAY),
            is_over=event.last_day is not None or event.normal_at is not None,
        )


def _save(event: DataEvent) -> DataEvent:
    """Store an event, or what is new about the one that it overlaps.

    Returns it as stored. It counts as found when the rows that gave it away had arrived: an installation that learns to
    judge finds events of months ago, and nobody is told old news.
    """
    last = event.last_day or event.found_day
    known = DataEvent.objects.filter(model=event.model, kind=event.kind).overlapping(event.first_day, last)
    near = [each for each in known if is_same(each, event.first_day)]
    if near:
        kept: DataEvent = near[0]
        for name in ("first_day", "last_day", "changes", "cause", "figures", "ended"):
            setattr(kept, name, getattr(event, name))
        kept.save()
        return kept
    start, end = (day_start(event.model, day) for day in (event.found_day, event.found_day + DAY))
    arrived = Prediction.objects.filter(model=event.model, predicted_at__gte=start, predicted_at__lt=end)
    if received := arrived.aggregate(last=Max("received_at"))["last"]:
        event.found_at = received
    event.save()
    return event
