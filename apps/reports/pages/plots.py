"""The plots of what was stated and what came true: calibration, scores by truth, thresholds, groups on one axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.common.charts import (
    BASELINE,
    CHARACTER,
    PADDING,
    PHONE,
    Dot,
    Line,
    Mark,
    Path,
    Plot,
    Rect,
    Scale,
    Text,
    centered,
    number_label,
    room_for,
    rows_of_ticks,
    shortened,
)
from apps.common.dots import Axis, scale_around

TALL, TOP, BOTTOM, MARGIN = 320, 14, 44, 14  # pixels: all, and what labels take above, below and to the right
MIRRORED = 280
ROW, ROW_UNDER_NAME, HEADER = 32, 50, 34
RADIUS = 4.5


@dataclass(frozen=True)
class StatedPoint:
    """What was stated, what came true, and the range of that."""

    stated: float
    true: float
    low: float
    high: float


def stated_and_true(
    points: Sequence[StatedPoint], axis: Axis, *, below: str, words: tuple[StatedPoint, str] | None, width: int
) -> Plot:
    """A curve with its band, beside the diagonal on which both are the same."""
    ends = [end for point in points for end in (point.stated, point.low, point.high, point.true)]
    vertical = scale_around(ends, axis, start=TALL - BOTTOM, end=TOP)
    left = room_for(map(axis.label, vertical.ticks(5)))
    across = Scale(vertical.low, vertical.high, left, width - MARGIN)
    marks = rows_of_ticks(vertical, axis.label, about=5, left=left, right=across.end)
    ticks = across.ticks(4 if width <= PHONE else 5)
    marks += [centered("tick", across.place(x), vertical.start + 18, axis.label(x), left=0, right=width) for x in ticks]
    marks.append(Text("tick", (left + across.end) / 2, TALL - 6, below, "middle"))
    corners = [(across.place(end), vertical.place(end)) for end in (vertical.low, vertical.high)]
    marks.append(Line("reference", *corners[0], *corners[1]))
    marks.append(_as_stated(points, across, vertical))
    x = [across.place(point.stated) for point in points]
    upper, lower = (
        [vertical.place(end) for end in side] for side in zip(*((p.high, p.low) for p in points), strict=True)
    )
    y = [vertical.place(point.true) for point in points]
    marks.append(
        Path("band", (*zip(x, upper, strict=True), *reversed(list(zip(x, lower, strict=True)))), is_closed=True)
    )
    marks.append(Path("curve", tuple(zip(x, y, strict=True))))
    marks += [Dot("point", each, place, 3) for each, place in zip(x, y, strict=True)]
    return Plot(width, TALL, (*marks, *_told(points, words, across, vertical, width)))


def _as_stated(points: Sequence[StatedPoint], across: Scale, vertical: Scale) -> Text:
    """The name of the diagonal, on the side where the curve is not."""
    at = across.low + 0.74 * (across.high - across.low)
    x, y = across.place(at), vertical.place(at)
    if sum(point.true - point.stated for point in points) > 0:
        return Text("tick", x + 8, y + 14, "as stated")
    return Text("tick", x - 8, y - 6, "as stated", "end")


def _told(
    points: Sequence[StatedPoint], words: tuple[StatedPoint, str] | None, across: Scale, vertical: Scale, width: int
) -> list[Mark]:
    """The words at one point: below the band to its right or, where there is no room, above it to its left."""
    if words is None:
        return []
    point, text = words
    x, y, long = across.place(point.stated), vertical.place(point.true), len(text) * CHARACTER
    first = min(x, width - long) - PADDING
    below = max(vertical.place(each.low) for each in points if across.place(each.stated) >= first) + 26
    if below < vertical.start - 4:
        return [
            Line("told", x, y + 6, x, below - 14),
            _words_at(x, below, text, is_right=True, across=across, width=width),
        ]
    last = max(x, across.start + long) + PADDING
    above = min(vertical.place(each.high) for each in points if across.place(each.stated) <= last) - 14
    return [
        Line("told", x, y - 6, x, above + 4),
        _words_at(x, max(above, 10), text, is_right=False, across=across, width=width),
    ]


def _words_at(x: float, y: float, text: str, *, is_right: bool, across: Scale, width: int) -> Text:
    """Words that begin at a point, or end there; at the edge of the plot where they would leave it."""
    long = len(text) * CHARACTER
    if is_right:
        return Text("message", x, y, text) if x + long <= width else Text("message", width, y, text, "end")
    left = across.start + 4
    return Text("message", x, y, text, "end") if x - long >= left else Text("message", left, y, text)


@dataclass(frozen=True)
class MirroredBar:
    """Predictions in one stretch of the score: truly positive and not, each as the model said and otherwise."""

    low: float
    high: float
    positive_right: float
    positive_wrong: float
    negative_right: float
    negative_wrong: float


def mirrored(bars: Sequence[MirroredBar], axis: Axis, *, above: str, under: str, below: str, width: int) -> Plot:
    """Bars above the line for what is truly positive, below it for what is not; pale where the model said otherwise."""
    tallest = max(max(b.positive_right + b.positive_wrong, b.negative_right + b.negative_wrong) for b in bars) or 1.0
    middle, room = (TOP + MIRRORED - BOTTOM) / 2 + 6, (MIRRORED - BOTTOM - TOP) / 2 - 14
    left, right = 4, width - MARGIN
    across = Scale(min(b.low for b in bars), max(b.high for b in bars), left, right)
    marks: list[Mark] = []
    for bar in bars:
        x, wide = across.place(bar.low) + 0.5, round(across.place(bar.high) - across.place(bar.low) - 1, 1)
        for up, parts in (
            (True, (("rightly", bar.positive_right), ("rightly pale", bar.positive_wrong))),
            (False, (("wrongly", bar.negative_right), ("wrongly pale", bar.negative_wrong))),
        ):
            at = middle
            for css, number in parts:
                tall = round(max(number, 0.0) / tallest * room, 1)
                if tall > 0:
                    marks.append(Rect(css, x, round(at - tall if up else at, 1), max(wide, 1.0), tall))
                    at += -tall if up else tall
    marks.append(Line("base", left, middle, right, middle))
    ticks = across.ticks(5)
    marks += [centered("tick", across.place(x), MIRRORED - 26, axis.label(x), left=0, right=width) for x in ticks]
    marks.append(Text("tick", (left + right) / 2, MIRRORED - 6, below, "middle"))
    marks += [Text("label", left, TOP, above), Text("label", right, MIRRORED - BOTTOM, under, "end")]
    return Plot(width, MIRRORED, tuple(marks))


@dataclass(frozen=True)
class NamedCurve:
    """A curve over the score: each point with its range; points without a figure are left out."""

    name: str
    css: str
    points: tuple[tuple[float, float, float, float], ...]  # score, value, low, high


def named_curves(
    curves: Sequence[NamedCurve], axis: Axis, *, below: str, mark: tuple[float, str] | None, width: int
) -> Plot:
    """Several curves over the score, each with its name at its end and the range of every point."""
    curves = [curve for curve in curves if curve.points]
    ends = [end for curve in curves for point in curve.points for end in point[1:]]
    values = scale_around(ends, axis, start=TALL - BOTTOM, end=TOP + 10)
    left = room_for(map(axis.label, values.ticks(5)))
    right = width - max(len(curve.name) for curve in curves) * CHARACTER - PADDING
    scores = [point[0] for curve in curves for point in curve.points]
    across = Scale(min(scores), max(scores) if max(scores) > min(scores) else min(scores) + 1e-9, left, right)
    marks = rows_of_ticks(values, axis.label, about=5, left=left, right=right)
    ticks = across.ticks(5 if width > PHONE else 3)
    marks += [centered("tick", across.place(x), values.start + 18, axis.label(x), left=0, right=width) for x in ticks]
    marks.append(Text("tick", (left + right) / 2, TALL - 6, below, "middle"))
    if mark is not None and across.low <= mark[0] <= across.high:
        at = across.place(mark[0])
        marks.append(Line("reference", at, TOP, at, values.start))
        marks.append(centered("tick", at, TOP, mark[1], left=left, right=right))
    for curve in curves:
        x = [across.place(point[0]) for point in curve.points]
        middle, lower, upper = (tuple(values.place(point[place]) for point in curve.points) for place in (1, 2, 3))
        band = (*zip(x, upper, strict=True), *reversed(list(zip(x, lower, strict=True))))
        marks += [Path("band", band, is_closed=True), Path(f"curve {curve.css}", tuple(zip(x, middle, strict=True)))]
    return Plot(width, TALL, (*marks, *_names(curves, values, right=right)))


def _names(curves: Sequence[NamedCurve], values: Scale, *, right: float) -> list[Mark]:
    """The names at the ends of the curves, kept apart from each other."""
    placed = sorted((values.place(curve.points[-1][1]), curve.name) for curve in curves)
    marks: list[Mark] = []
    last = -100.0
    for y, name in placed:
        last = max(y, last + 15)
        marks.append(Text("label", right + PADDING, last + BASELINE, name))
    return marks


@dataclass(frozen=True)
class GroupRow:
    """A group: its size, its figure with range, and whether chance explains its distance from the whole."""

    name: str
    size: str
    value: float
    low: float
    high: float
    text: str
    likely: str
    is_like_all: bool
    is_open: bool = False


def group_rows(rows: Sequence[GroupRow], axis: Axis, *, whole: float, heads: Sequence[str], width: int) -> Plot:
    """Groups on one axis: name and size left of it, figure and range to the right; on a phone, the name above it."""
    is_phone = width == PHONE
    names = max(len(row.name) for row in rows)
    left = 8.0 if is_phone else min(names * CHARACTER + 80, width * 0.42)
    right = width - (60.0 if is_phone else 64 + 118)
    ends = [end for row in rows for end in (row.low, row.high)] + [whole]
    values, step = scale_around(ends, axis, start=left + 14, end=right), ROW_UNDER_NAME if is_phone else ROW
    bottom = HEADER + step * len(rows)
    marks: list[Mark] = []
    for value in values.ticks(3 if is_phone else 5):
        x = values.place(value)
        marks += [
            Line("grid", x, HEADER - 6, x, bottom),
            centered("tick", x, bottom + 18, axis.label(value), left=0, right=width),
        ]
    middle, words = values.place(whole), f"all {heads[4]}"
    marks += [
        Line("reference", middle, HEADER - 10, middle, bottom),
        centered("message", middle, HEADER - 16, words, left=0, right=width),
    ]
    if not is_phone:
        marks += [
            Text("tick", 0, HEADER - 16, heads[0]),
            Text("tick", left - 12, HEADER - 16, heads[1], "end"),
            Text("tick", width - 126, HEADER - 16, heads[2], "end"),
            Text("tick", width, HEADER - 16, heads[3], "end"),
        ]
    for index, row in enumerate(rows):
        y = HEADER + step * index + (step - 14 if is_phone else step / 2)
        marks.append(Line("grid", 0, HEADER + step * (index + 1), width, HEADER + step * (index + 1)))
        marks += _of_group(row, values, y, left=left, width=width)
    return Plot(width, bottom + 26, tuple(marks))


def _of_group(row: GroupRow, values: Scale, y: float, *, left: float, width: int) -> list[Mark]:
    is_phone = width == PHONE
    line, dot = ("range aside", "point aside") if row.is_like_all else ("range", "point")
    dot = f"{dot} open" if row.is_open or row.is_like_all else dot
    marks: list[Mark] = [
        Line(line, values.place(row.low), y, values.place(row.high), y),
        Dot(dot, values.place(row.value), y, RADIUS),
    ]
    if is_phone:
        return [*marks, Text("named", 0, y - 18, row.name), Text("label", width, y + BASELINE, row.text, "end")]
    longest = int((left - 80) / CHARACTER)
    return [
        *marks,
        Text("named", 0, y + BASELINE, shortened(row.name, longest)),
        Text("tick", left - 12, y + BASELINE, row.size, "end"),
        Text("label", width - 126, y + BASELINE, row.text, "end"),
        Text("tick", width, y + BASELINE, row.likely, "end"),
    ]


def hundred_label(value: float) -> str:
    """Write a share on an axis whose title says percent.

    >>> hundred_label(0.25), hundred_label(0.005)
    ('25', '0.5')
    """
    return number_label(float(f"{value * 100:.10g}"))
