"""A curve over the score with its band."""

from dataclasses import dataclass

from apps.common.charts import Line, Mark, Path, Plot, Rect, Scale, Text, room_for, rows_of_ticks
from apps.common.dots import Axis, scale_around
from apps.common.numerals import fixed

HEIGHT, TOP, BOTTOM, MARGIN = 272, 10, 28, 20  # pixels: all, and what labels take above, below and to the right
LINES = 5
SCORES = 5


@dataclass(frozen=True)
class Curve:
    """A value at each score with the band around it; a line at `mark`, the range `flat` set off."""

    score: tuple[float, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    mark: float | None
    mark_text: str
    flat: tuple[float, float]


def over_score(curve: Curve, axis: Axis, *, width: int) -> Plot:
    """The curve, scores from left to right."""
    values = scale_around((*curve.low, *curve.high), axis, start=HEIGHT - BOTTOM, end=TOP)
    left, right = room_for(map(axis.label, values.ticks(LINES))), width - MARGIN
    scores = Scale(0, 1, left, right)
    marks: list[Mark] = []
    if curve.flat[1] > curve.flat[0]:
        start, end = (scores.place(score) for score in curve.flat)
        marks.append(Rect("flat", start, TOP, round(end - start, 1), values.start - TOP))
    marks += rows_of_ticks(values, axis.label, about=LINES, left=left, right=right)
    marks += [
        Text("tick", scores.place(score), HEIGHT - 6, fixed(score, 1), "middle") for score in scores.ticks(SCORES)
    ]
    if axis.has_zero:
        marks.append(Line("zero", left, values.place(0), right, values.place(0)))
    x = [scores.place(score) for score in curve.score]
    low, value, high = ([values.place(each) for each in row] for row in (curve.low, curve.value, curve.high))
    band = (*zip(x, high, strict=True), *reversed(list(zip(x, low, strict=True))))
    marks += [Path("band", band, is_closed=True), Path("curve", tuple(zip(x, value, strict=True)))]
    return Plot(width, HEIGHT, (*marks, *_mark(curve, scores)))


def _mark(curve: Curve, scores: Scale) -> list[Mark]:
    """The line at a score, with its text on the side where there is room."""
    if curve.mark is None:
        return []
    x, bottom = scores.place(curve.mark), HEIGHT - BOTTOM
    offset, anchor = (5, "start") if curve.mark < 0.5 else (-5, "end")
    return [
        Line("reference", x, TOP, x, bottom),
        Text("label", x + offset, bottom - 8, curve.mark_text, anchor),
    ]
