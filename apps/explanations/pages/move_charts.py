"""Pictures of the page *Explanations*: importance as bars with ranges, contributions as strips, a feature opened."""

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np

from apps.common import dates, dots
from apps.common.charts import COLUMN, PHONE, WIDE, Chart, Line, Mark, Path, Plot, Rect, Scale, centered, number_label
from apps.common.dots import Axis, Ranged
from apps.explanations.engine.spec import Space
from apps.explanations.models import PushBins
from apps.explanations.services.day_tables import PUSH_BINS, VALUE_BINS
from apps.explanations.services.moves import Change, Mean, OfValue, all_edges
from apps.stats.arrays import FloatArray

BAR_WIDTH, BAR_HEIGHT = 200, 28
STRIP_WIDTH, STRIP_HEIGHT = 320, 44
# Values from low to high in so many shades, each a layer of the strip.
SHADES = 3
# A contribution rarer than this lies beyond the ends of the axis.
RARE = 0.0005
MISSING = VALUE_BINS - 1


def importance_bar(mean: Mean, *, most: float) -> Plot:
    """A bar of the mean, and its range as a line over the end."""
    scale = Scale(0.0, most or 1.0, 1, BAR_WIDTH - 2)
    middle, end = BAR_HEIGHT / 2, scale.place(mean.value)
    low, high = scale.place(mean.low), scale.place(min(mean.high, most))
    marks: list[Mark] = [
        Rect("weight", 1, middle - 5, round(max(end - 1, 1.0), 1), 10),
        Line("ink", low, middle, max(high, low + 1), middle),
        *(Line("ink", x, middle - 4, x, middle + 4) for x in (low, high)),
    ]
    return Plot(BAR_WIDTH, BAR_HEIGHT, tuple(marks))


def ends_of(bins: PushBins, cells: Sequence[FloatArray]) -> tuple[float, float]:
    """Return where the axis of strips begins and ends: all but the rarest contributions of these features."""
    edges, used = all_edges(bins), np.zeros(PUSH_BINS, dtype=bool)
    for each in cells:
        weights = each[..., 0].sum(axis=0)
        used |= weights > RARE * max(float(weights.sum()), 1e-12)
    places = np.flatnonzero(used)
    if len(places) == 0:
        return float(edges[0]), float(edges[-1])
    return float(min(edges[places[0]], 0.0)), float(max(edges[places[-1] + 1], 0.0))


def strip(bins: PushBins, cells: FloatArray, *, ends: tuple[float, float], is_ordered: bool) -> Plot:
    """A strip along the contributions: as thick as they are many, darker for higher values of the feature."""
    edges = all_edges(bins)
    scale = Scale(*_apart(ends), 2, STRIP_WIDTH - 2)
    density = _layers(cells[..., 0], is_ordered=is_ordered) / np.diff(edges)
    # The square root keeps thin tails visible.
    total = density.sum(axis=0)
    thick = np.sqrt(total / max(float(total.max()), 1e-12)) * (STRIP_HEIGHT / 2 - 3)
    shares = np.divide(density, total, out=np.zeros_like(density), where=total > 0)
    tops = np.cumsum(shares, axis=0) * 2 * thick - thick
    middle, zero = STRIP_HEIGHT / 2, scale.place(0.0)
    marks: list[Mark] = [Line("zero", zero, 0, zero, STRIP_HEIGHT)]
    for layer, top in enumerate(tops):
        bottom = tops[layer - 1] if layer else -thick
        if shares[layer].any():
            css = f"shade-{layer}" if is_ordered else "shade-all"
            marks.append(Path(css, _outline(edges, top, bottom, scale, middle=middle), is_closed=True))
    return Plot(STRIP_WIDTH, STRIP_HEIGHT, tuple(marks))


def strip_axis(ends: tuple[float, float], label: Callable[[float], str]) -> Plot:
    """The axis under the strips."""
    scale = Scale(*_apart(ends), 2, STRIP_WIDTH - 2)
    marks: list[Mark] = []
    for value in scale.ticks(4):
        x = scale.place(value)
        marks.append(Line("base", x, 0, x, 5))
        marks.append(centered("tick", x, 18, label(value), left=0, right=STRIP_WIDTH))
    return Plot(STRIP_WIDTH, 22, tuple(marks))


def _layers(weights: FloatArray, *, is_ordered: bool) -> FloatArray:
    """Sum value bins into layers from low to high; missing values and categories are no part of the order."""
    if not is_ordered:
        return np.asarray(weights.sum(axis=0, keepdims=True))
    known = weights[:MISSING]
    ranks = np.cumsum(known.sum(axis=1)) - known.sum(axis=1) / 2
    places = np.minimum((ranks / max(float(known.sum()), 1e-12) * SHADES).astype(int), SHADES - 1)
    layers = [known[places == shade].sum(axis=0) for shade in range(SHADES)]
    return np.stack([*layers, weights[MISSING]])


def _outline(
    edges: FloatArray, top: FloatArray, bottom: FloatArray, scale: Scale, *, middle: float
) -> tuple[tuple[float, float], ...]:
    """Steps along the upper side, and back along the lower one, within the axis."""
    upper: list[tuple[float, float]] = []
    lower: list[tuple[float, float]] = []
    for left, right, high, low in zip(edges[:-1], edges[1:], top, bottom, strict=True):
        start, end = max(float(left), scale.low), min(float(right), scale.high)
        if start >= end:
            continue
        for x in (scale.place(start), scale.place(end)):
            upper.append((x, round(middle - float(high), 1)))
            lower.append((x, round(middle - float(low), 1)))
    return (*upper, *reversed(lower))


def by_value(named: Sequence[tuple[str, OfValue]], label: Callable[[float], str]) -> Chart:
    """Mean contribution by value, with the middle 80 % of them."""
    figures = [Ranged(name, each.mean, each.low, each.high) for name, each in named]
    axis = Axis(label, has_zero=True)
    description = "Mean contribution by value; the line holds the middle 80 % of contributions."
    plots = (dots.by_group(figures, axis, None, width=width) for width in (COLUMN, PHONE))
    return Chart("By value", description, *plots)


def over_time(weeks: Sequence[tuple[date, Mean]], label: Callable[[float], str]) -> Chart:
    """Mean size of the contribution by week."""
    figures = [Ranged(dates.short(day), each.value, each.low, each.high) for day, each in weeks]
    plots = (dots.over_time(figures, Axis(label), width=width) for width in (COLUMN, PHONE))
    return Chart("By week", "Mean size of the contribution by week, with its range.", *plots)


def by_slice(named: Sequence[tuple[str, Mean]], label: Callable[[float], str]) -> Chart:
    """Mean size of the contribution by slice."""
    figures = [Ranged(name, each.value, each.low, each.high) for name, each in named]
    plots = (dots.by_group(figures, Axis(label), None, width=width) for width in (COLUMN, PHONE))
    return Chart("By slice", "Mean size of the contribution by slice, with its range.", *plots)


def changes(named: Sequence[tuple[str, Change]], label: Callable[[float], str]) -> Chart:
    """By how much the importance of each feature moved."""
    figures = [Ranged(name, each.value, each.low, each.high, is_open=not each.is_certain) for name, each in named]
    axis = Axis(label, has_zero=True)
    plots = (dots.by_group(figures, axis, None, width=width) for width in (WIDE, PHONE))
    return Chart("Change of importance", "Change of the mean size of contributions, with its range.", *plots)


def label_of(space: str) -> Callable[[float], str]:
    """How contributions are written on an axis."""
    if space == Space.PROBABILITY:
        return lambda value: number_label(float(f"{100 * value:.10g}"))
    return number_label


def _apart(ends: tuple[float, float]) -> tuple[float, float]:
    return ends if ends[1] > ends[0] else (-1.0, 1.0)
