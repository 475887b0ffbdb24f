"""The view model of the page *Explanations*: what moves a model, one feature opened, and what changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg

from apps.common import dates
from apps.common.charts import Chart, Plot
from apps.explanations.models import PushBins
from apps.explanations.pages import move_charts, move_texts
from apps.explanations.services import moves
from apps.explanations.services.moves import Change, Mean, Window
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel

SHOWN = 20
# The model's usual score is the mean of so many of its newest predictions.
NEWEST = 1_000
MOST_SLICES = 30


@dataclass(frozen=True)
class MoveRow:
    """One feature: how much it moves the model, and in which direction."""

    name: str
    label: str
    size: str
    likely: str
    bar: Plot
    strip: Plot | None
    is_ordered: bool


@dataclass(frozen=True)
class Opened:
    """One feature: by its values, over time and by slice."""

    label: str
    by_value: Chart | None
    values: list[tuple[str, str, str]]
    over_time: Chart | None
    weeks: list[tuple[str, str, str]]
    by_slice: Chart | None
    slices: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Compared:
    """How each importance differs from another time or version."""

    words: str
    chart: Chart
    rows: list[tuple[str, str, str, bool]]


class Moves:
    """What the page shows of one window of one method."""

    def __init__(self, model: MonitoredModel, bins: PushBins, window: Window) -> None:
        self.model, self.bins, self.window = model, bins, window
        self.found = {name: mean for name, mean in moves.importance(bins, window).items() if mean.rows}

    @property
    def labels(self) -> Mapping[str, str]:
        return {name: self.model.feature(name).label or name for name in self.found}

    @property
    def rows(self) -> int:
        return max((mean.rows for mean in self.found.values()), default=0)

    def said(self) -> dict[str, str]:
        """The answer in words, how certain the order is, and what the units are worth."""
        usual = self._usual_score()
        largest = next(iter(self.found.values())).value
        return {
            "answer": move_texts.answer(self.found, self.labels, self.bins, self.model),
            "order": move_texts.order_words(self.found, self.labels),
            "worth": move_texts.worth(largest, usual, self.bins, self.model),
        }

    def lines(self, *, shows_all: bool) -> tuple[list[MoveRow], Plot]:
        """The features that move it most, each with its strip, and the axis of those; later ones have no strip."""
        names = list(self.found) if shows_all else list(self.found)[:SHOWN]
        cells = moves.cells(self.bins, self.window, names[:SHOWN])
        ends = move_charts.ends_of(self.bins, list(cells.values()))
        most = max(mean.high for mean in self.found.values())
        lines = [self._line(name, cells.get(name), ends=ends, most=most) for name in names]
        return lines, move_charts.strip_axis(ends, move_charts.label_of(self.bins.space))

    def opened(self, name: str) -> Opened:
        """One feature from all sides."""
        label = move_charts.label_of(self.bins.space)
        cells = moves.cells(self.bins, self.window, [name])[name]
        named = move_texts.value_names(self.bins, name, self.model.feature(name))
        values = [(named[place], each) for place, each in moves.by_value(self.bins, cells).items()]
        weeks, slices = moves.by_week(self.bins, self.window, name), self._slices(name)
        return Opened(
            label=self.labels[name],
            by_value=move_charts.by_value(values, label) if values else None,
            values=[
                (value, self._signed(each.mean), f"{self._signed(each.low)} to {self._signed(each.high)}")
                for value, each in values
            ],
            over_time=move_charts.over_time(weeks, label) if len(weeks) > 1 else None,
            weeks=[(dates.full(day), *self._words(each)) for day, each in weeks],
            by_slice=move_charts.by_slice(slices, label) if slices else None,
            slices=[(value, *self._words(each)) for value, each in slices],
        )

    def compared(self, other: Window) -> Compared | None:
        """What moves it more or less than in another window, the largest changes first."""
        before = moves.importance(self.bins, other)
        found: list[tuple[str, Change]] = sorted(
            (
                (self.labels[name], moves.change(mean, before[name]))
                for name, mean in self.found.items()
                if name in before and before[name].rows
            ),
            key=lambda pair: -abs(pair[1].value),
        )[:SHOWN]
        if not found:
            return None
        rows = [
            (name, self._signed(each.value), f"{self._signed(each.low)} to {self._signed(each.high)}", each.is_certain)
            for name, each in found
        ]
        chart = move_charts.changes(found, move_charts.label_of(self.bins.space))
        return Compared(move_texts.change_words(found, self.bins, self.model), chart, rows)

    def documents(self) -> Iterator[list[dict[str, Any]]]:
        """All features with their importance, for a file."""
        yield [
            {
                "feature": name,
                "label": self.labels[name],
                "importance": mean.value,
                "low": mean.low,
                "high": mean.high,
                "rows": mean.rows,
                "method": self.bins.method,
                "space": self.bins.space,
            }
            for name, mean in self.found.items()
        ]

    def _line(self, name: str, cells: Any, *, ends: tuple[float, float], most: float) -> MoveRow:
        mean, is_ordered = self.found[name], "edges" in self.bins.values.get(name, {})
        drawn = None if cells is None else move_charts.strip(self.bins, cells, ends=ends, is_ordered=is_ordered)
        return MoveRow(
            name,
            self.labels[name],
            *self._words(mean),
            move_charts.importance_bar(mean, most=most),
            drawn,
            is_ordered,
        )

    def _slices(self, name: str) -> list[tuple[str, Mean]]:
        declared = {each.key: each for each in self.model.slice_list}
        found = moves.by_slice(self.bins, self.window, name)
        named = []
        for (key, value), mean in sorted(found.items()):
            if (each := declared.get(key)) is not None:
                meaning = self.model.feature(each.feature).codes.get(value, value)
                named.append((f"{each.name}: {meaning}", mean))
        return named[:MOST_SLICES]

    def _usual_score(self) -> float | None:
        newest = Prediction.objects.filter(model=self.model).order_by("-predicted_at").values("score")[:NEWEST]
        score: float | None = newest.aggregate(usual=Avg("score"))["usual"]
        return score

    def _words(self, mean: Mean) -> tuple[str, str]:
        figure = move_texts.figure(mean.value, self.bins, self.model)
        return figure, move_texts.range_words(mean, self.bins, self.model)

    def _signed(self, value: float) -> str:
        return move_texts.signed(value, self.bins, self.model)
