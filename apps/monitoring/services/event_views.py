"""Describe an event: its days, what is new in them, and what it does to the decisions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from apps.monitoring.models import DataEvent, Series, Stage
from apps.monitoring.services.expecting import (
    NEARLY_ALL,
    Expectation,
    difference,
    document,
    known_share,
    measured,
    price_of_errors,
    what_is_usual,
)
from apps.monitoring.services.history import DAY, History
from apps.monitoring.services.placing import Layout
from apps.monitoring.services.references import Usual, coded, sampled_rows
from apps.registry.models import MonitoredModel
from apps.stats.arrays import FloatArray
from apps.stats.drift.changes import Change
from apps.stats.drift.conditions import Feature
from apps.stats.drift.description import describe_difference
from apps.stats.drift.figure_changes import FigureChange
from apps.stats.drift.moves import Move

WEEKS_BEFORE = timedelta(days=28)
# Dates of an event move by so many days while it is young, and changes that begin so near each other are one event.
TOGETHER = timedelta(days=3)
MOST_MOVES = 3
MANY_MORE = 1.25


@dataclass(frozen=True)
class Days:
    """Some days, both included; `last` is None while they go on."""

    first: date
    last: date | None
    found: date


@dataclass(frozen=True)
class Part:
    """All decisions, or those of one value of a slice."""

    series: Series | None
    bin: int


@dataclass(frozen=True)
class View:
    """All that events are described from."""

    model: MonitoredModel
    days: History
    usual: Usual | None
    expectation: Expectation | None
    # Events of these weeks that are known already
    kept: Sequence[DataEvent]

    @classmethod
    def of(cls, model: MonitoredModel, days: History) -> "View":
        kept = list(DataEvent.objects.filter(model=model, kind=DataEvent.Kind.INPUT).overlapping(days.start, days.end))
        return cls(model, days, *what_is_usual(model, days), kept)

    @property
    def layout(self) -> Layout:
        return self.days.layout

    @property
    def is_known(self) -> Any:
        """Of each day: whether nearly all outcomes are known, or no more are to come."""
        loss = self.layout.get(Stage.LOSS)
        assert loss is not None
        rows = self.days.rows
        closed = (self.days.end - timedelta(days=self.model.maturity_days) - self.days.start).days
        share = self.days.of(loss).sum(axis=1) / rows.clip(min=1)
        is_closed = [position < closed for position in range(len(rows))]
        return ((share >= NEARLY_ALL) | is_closed) & (rows > 0)

    def input_event(self, span: Days, changes: Sequence[tuple[Series, Change]], unlike: Sequence[Days]) -> DataEvent:
        before = self._before(span, unlike)
        cause = self._cause(span, before)
        span = self._trimmed(span, cause)
        now = self._now(span)
        told = [self._told(series, change, now) for series, change in changes]
        told.sort(key=lambda each: (each["cost"]["value"] if each["cost"] else 0.0, -each["effect"]))
        return self._event(
            DataEvent.Kind.INPUT, span, told, self._of_days(cause, now), self._figures(now, before),
            ended=_ended([change.ended for _, change in changes]),
        )  # fmt: skip

    def figure_event(self, span: Days, change: FigureChange, part: Part, unlike: Sequence[Days]) -> DataEvent:
        now, before = self._now(span), self._before(span, unlike)
        told: dict[str, Any] = {
            "stage": Stage.LOSS if part.series is None else Stage.SLICE_LOSS,
            "name": "" if part.series is None else part.series.name,
            "bin": part.bin,
            "effect": change.difference.value,
            "q": None,
            "moves": [],
            "cost": document(change.difference),
        }
        figures = self._figures(now, before)
        if part.series is not None:
            # What scores let one expect of a slice is not counted.
            figures = {
                "rows": figures["rows"],
                "known_share": figures["known_share"],
                "measured": document(change.now),
                "measured_before": document(change.before),
            }
        return self._event(DataEvent.Kind.RIGHT, span, [told], None, figures, ended=change.ended or "")

    def _event(
        self,
        kind: DataEvent.Kind,
        span: Days,
        changes: list[dict[str, Any]],
        cause: dict[str, Any] | None,
        figures: dict[str, Any],
        *,
        ended: str,
    ) -> DataEvent:
        return DataEvent(
            model=self.model,
            kind=kind,
            first_day=span.first,
            last_day=span.last,
            found_day=span.found,
            changes=changes,
            cause=cause,
            figures=figures,
            ended=ended if span.last is not None else "",
        )

    def _now(self, span: Days) -> History:
        return self.days.between(span.first, self.days.end if span.last is None else span.last + DAY)

    def _trimmed(self, span: Days, cause: dict[str, Any] | None) -> Days:
        """Leave out days at either end that are more like the weeks before than like the days between."""
        shares = self._shares(cause, self._now(span))
        if cause is None or shares is None or cause["before"] is None:
            return span
        middle = (float(np.median(shares)) + cause["before"]) / 2
        inside = np.flatnonzero((shares > middle) == (np.median(shares) > middle))
        if not len(inside):
            return span
        first = span.first + DAY * int(inside[0])
        last = None if span.last is None else span.first + DAY * int(inside[-1])
        return replace(span, first=first, last=last)

    def _of_days(self, cause: dict[str, Any] | None, now: History) -> dict[str, Any] | None:
        """Take the share of these days from their counts, where they say it."""
        counts = self._counts(cause, now)
        return cause if cause is None or counts is None else {**cause, "now": float(counts[0].sum() / counts[1].sum())}

    def _shares(self, cause: dict[str, Any] | None, days: History) -> FloatArray | None:
        counts = self._counts(cause, days)
        return None if counts is None else np.asarray(counts[0] / np.maximum(counts[1], 1), dtype=np.float64)

    def _counts(self, cause: dict[str, Any] | None, days: History) -> tuple[Any, Any] | None:
        """Return the rows of what is new and all rows, by day; None if it is more than one part."""
        if cause is None or len(cause["parts"]) > 1:
            return None
        (part,) = cause["parts"]
        series = self.layout.get(part["stage"], part["name"])
        if series is None or days.of(series).sum() == 0:
            return None
        return days.of(series)[:, part["bins"]].sum(axis=1), days.of(series).sum(axis=1)

    def _before(self, span: Days, unlike: Sequence[Days]) -> History:
        """Return the four weeks before, without days of events that were over by then."""
        weeks = self.days.between(span.first - WEEKS_BEFORE, span.first)
        ended = [each for each in unlike if each.last is not None and each.last < span.first and each is not span]
        return _without(weeks, ended)

    def _told(self, series: Series, change: Change, now: History) -> dict[str, Any]:
        cost = None
        if self.usual is not None and self.expectation is not None and series.stage == Stage.FEATURE:
            cost = document(self.expectation.cost_of(series, now, self.usual))
        return {
            "stage": series.stage,
            "name": series.name,
            "effect": change.effect,
            "q": change.q_value,
            "moves": [_move(each) for each in change.moves[:MOST_MOVES]],
            "cost": cost if cost and cost["value"] is not None else None,
        }

    def _figures(self, now: History, before: History) -> dict[str, Any]:
        figures: dict[str, Any] = {"rows": int(now.rows.sum())}
        if self.expectation is not None:
            figures |= {
                "expected_before": document(self.expectation.of_days(before)),
                "expected": document(self.expectation.of_days(now)),
                "off": document(self.expectation.frozen.off),
            }
        if not self.model.is_regression:
            figures |= {
                "measured_before": document(measured(self.layout, before)),
                "measured": document(measured(self.layout, now)),
            }
            figures["known_share"] = known_share(self.layout, now)
        is_known = (known_share(self.layout, now) or 0.0) >= NEARLY_ALL
        price, price_before = (price_of_errors(self.expectation, each, is_known=is_known) for each in (now, before))
        if price is not None and price_before is not None:
            figures["money"] = document(difference(price, price_before, times=float(now.rows.sum())))
            figures["currency"] = self.model.current_value_model.currency if self.model.current_value_model else ""
        return figures

    def _cause(self, span: Days, before: History) -> dict[str, Any] | None:
        """Name the smallest description of what is new, against the reference.

        What was named before stands until the days have many more rows: naming reads thousands of them.
        """
        rows = int(self._now(span).rows.sum())
        for kept in self.kept:
            if is_same(kept, span.first) and kept.cause and rows < MANY_MORE * kept.figures["rows"]:
                cause: dict[str, Any] = kept.cause
                return cause
        return self._new_cause(span, before, rows=rows)

    def _new_cause(self, span: Days, before: History, *, rows: int) -> dict[str, Any] | None:
        if self.usual is None:
            return None
        sample = self.usual.sample
        series = [each for each in sample.series if each.stage in (Stage.FEATURE, Stage.SLICE)]
        end = self.days.end if span.last is None else span.last + DAY
        recent = coded(
            sampled_rows(self.model, start=span.first, end=end, rows=rows),
            model=self.model,
            layout=self.layout,
        )
        series = [each for each in series if recent.has(each)]
        if not series or not len(recent.codes):
            return None
        then, now = (each.codes[:, [each.series.index(one) for one in series]] for each in (sample, recent))
        found = describe_difference(then, now, features=[Feature(each.name, each.frozen) for each in series])
        if found is None:
            return None
        parts = [
            {"stage": series[part.feature].stage, "name": series[part.feature].name, "bins": list(part.bins)}
            for part in found.parts
        ]
        (first, *more) = found.parts
        counts = before.of(series[first.feature]).sum(axis=0)
        share = None if more or counts.sum() == 0 else float(counts[list(first.bins)].sum() / counts.sum())
        return {"parts": parts, "then": found.then, "now": found.now, "before": share}


def _without(days: History, spans: Iterable[Days]) -> History:
    counts, sums = days.counts.copy(), days.sums.copy()
    for each in spans:
        last = each.last or days.end
        for position, day in enumerate(days.days):
            if each.first <= day <= last:
                counts[position], sums[position] = 0, 0.0
    return History(days.layout, days.start, counts, sums)


def _ended(ends: Iterable[str | None]) -> str:
    found = set(ends)
    return "" if None in found or not found else "stayed" if "stayed" in found else "back"


def is_same(event: DataEvent, first: date) -> bool:
    """Say whether days that begin then are those of this event: its dates move a little while it is young."""
    return abs(event.first_day - first) <= TOGETHER


def _move(move: Move) -> dict[str, Any]:
    return {"bin": move.bin, "before": document(move.before), "now": document(move.now)}
