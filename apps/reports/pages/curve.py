"""A curve over the score with its band, as SVG in the colours of the pages."""

from dataclasses import dataclass
from typing import Any

import altair as alt

from apps.reports.pages.drawing import (
    NUMBER_ROOM,
    WIDE,
    Look,
    Picture,
    Scale,
    figure_axis,
    looks,
    svg,
    text_with_rim,
    zero_line,
)
from apps.reports.pages.palette import palette

HEIGHT = 240


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


def over_score(curve: Curve, scale: Scale, *, width: int = WIDE) -> dict[str, str]:
    """The curve, scores from left to right; {variant: svg}."""
    return {look.name: svg(_over_score(curve, scale, look), look) for look in looks(width)}


def _over_score(curve: Curve, scale: Scale, look: Look) -> Picture:
    colours = palette(look.theme)
    columns = zip(curve.score, curve.value, curve.low, curve.high, strict=True)
    rows = [dict(zip(("score", "value", "low", "high"), row, strict=True)) for row in columns]
    x_axis = alt.Axis(title=None, values=[0, 0.2, 0.4, 0.6, 0.8, 1], format=".1f", grid=False, ticks=False)
    x = alt.X("score:Q", scale=alt.Scale(domain=[0, 1]), axis=x_axis)
    axis = figure_axis(scale, ticks=5, room=NUMBER_ROOM)
    base = alt.Chart({"values": rows}).encode(x=x)
    flat = alt.Chart({"values": [{"from": curve.flat[0], "to": curve.flat[1]}]}).mark_rect(color=colours["line"])
    layers: list[Any] = [flat.encode(x=alt.X("from:Q", scale=alt.Scale(domain=[0, 1])), x2="to:Q")]
    layers += zero_line(scale, look, channel="y")
    band = base.mark_area(color=colours["accent"], opacity=0.18)
    layers.append(band.encode(y=alt.Y("low:Q", axis=axis, scale=alt.Scale(zero=False)), y2="high:Q"))
    layers.append(base.mark_line(color=colours["accent"], strokeWidth=2).encode(y=alt.Y("value:Q", axis=axis)))
    if curve.mark is not None:
        mark = alt.Chart({"values": [{"score": curve.mark, "text": curve.mark_text}]}).encode(x=alt.X("score:Q"))
        layers.append(mark.mark_rule(color=colours["ink-3"], strokeWidth=1, strokeDash=[3, 3]))
        # Beside the line, on the side where there is room.
        place = {"align": "left", "dx": 5} if curve.mark < 0.5 else {"align": "right", "dx": -5}
        layers += text_with_rim(mark, look, {"text": "text:N", "y": alt.value(HEIGHT - 10)}, **place)
    return alt.layer(*layers).properties(width=look.width, height=HEIGHT)
