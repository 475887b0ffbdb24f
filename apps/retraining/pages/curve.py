"""The learning curve as a chart: gains over the live model by the number of labels, with their band."""

from itertools import pairwise
from math import log10

from apps.common.charts import (
    PHONE,
    WIDE,
    Chart,
    Dot,
    Line,
    Mark,
    Path,
    Plot,
    Scale,
    Text,
    centered,
    number_label,
    room_for,
    rows_of_ticks,
    spaced,
)
from apps.retraining.engine.document import CurvePoint, StudyDocument
from apps.retraining.services import sentence

HEIGHT, TOP, BOTTOM, MARGIN = 272, 26, 44, 20  # pixels
LINES, AIR = 5, 0.06


def chart_of(document: StudyDocument) -> Chart:
    title = "What a new model would gain, by the number of labels"
    return Chart(title, sentence.headline(document), _plot(document, WIDE), _plot(document, PHONE))


def _plot(document: StudyDocument, width: int) -> Plot:
    measured, further = document["curve"], document["further"]
    ends = [end for point in [*measured, *further] for end in _ends(document, point)] + [0.0]
    air = (max(ends) - min(ends)) * AIR or 1.0
    gains = Scale(min(ends) - air, max(ends) + air, HEIGHT - BOTTOM, TOP)
    left, right = room_for(map(_tick, gains.ticks(LINES))), width - MARGIN
    # Labels grow by doubling.
    labels = Scale(log10(measured[0]["size"]), log10(further[-1]["size"]), left + 8, right)
    marks: list[Mark] = [
        Text("unit", 0, 12, f"{sentence.unit_of(document).strip() or 'gain'}, above 0 better than this model"),
        *rows_of_ticks(gains, _tick, about=LINES, left=left, right=right),
        *_along(document, labels),
        _band(document, [*measured, *further[1:]], labels, gains),
        _line("reference", document, further, labels, gains),
        _line("curve", document, measured, labels, gains),
        Line("zero", left, gains.place(0), right, gains.place(0)),
        Text("label", right, gains.place(0) + _beside(document), "this model", "end"),
    ]
    for point in measured:
        x = labels.place(log10(point["size"]))
        low, value, high = _ends(document, point)
        marks.append(Line("range", x, gains.place(low), x, gains.place(high)))
        marks.append(Dot("point", x, gains.place(value)))
    return Plot(width, HEIGHT, tuple(marks))


def _along(document: StudyDocument, labels: Scale) -> list[Mark]:
    """The numbers of labels below: at each measured point, and at the end of the curve."""
    sizes = [point["size"] for point in document["curve"]] + [document["further"][-1]["size"]]
    texts = [sentence.about(size) for size in sizes]
    places = [labels.place(log10(size)) for size in sizes]
    step = min((b - a for a, b in pairwise(places)), default=1.0)
    shown = spaced(texts, step=step, least=room_for(texts))
    marks: list[Mark] = [
        centered("tick", places[index], HEIGHT - 24, texts[index], left=0, right=labels.end + MARGIN) for index in shown
    ]
    return [*marks, Text("tick", labels.end, HEIGHT - 6, "labels to learn from", "end")]


def _band(document: StudyDocument, points: list[CurvePoint], labels: Scale, gains: Scale) -> Path:
    low, high = ([_place(document, point, end, labels, gains) for point in points] for end in (0, 2))
    return Path("band", (*high, *reversed(low)), is_closed=True)


def _line(css: str, document: StudyDocument, points: list[CurvePoint], labels: Scale, gains: Scale) -> Path:
    return Path(f"{css} line", tuple(_place(document, point, 1, labels, gains) for point in points))


def _place(document: StudyDocument, point: CurvePoint, end: int, labels: Scale, gains: Scale) -> tuple[float, float]:
    return labels.place(log10(point["size"])), gains.place(_ends(document, point)[end])


def _ends(document: StudyDocument, point: CurvePoint) -> tuple[float, float, float]:
    times, gain = sentence.scale(document), point["gain"]
    low, value, high = (times * (gain[end] or 0.0) for end in ("low", "value", "high"))
    return low, value, high


def _beside(document: StudyDocument) -> int:
    """Keep the words about the line on the side where the curve does not end."""
    return -7 if (document["further"][-1]["gain"]["value"] or 0.0) < 0 else 16


def _tick(value: float) -> str:
    return f"+{number_label(value)}" if value > 0 else number_label(value)
