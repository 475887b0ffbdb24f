"""Dots with their ranges, over time or by group, as SVG in the colours of the pages."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import altair as alt
import vl_convert

from apps.reports.pages.palette import palette

Picture = alt.LayerChart | alt.FacetChart
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', sans-serif"
WIDE, COLUMN, NARROW = 720, 448, 358  # the page, half of it, a phone
ROW_HEIGHT, NARROW_ROW_HEIGHT = 30, 46
DATE_WIDTH = 60  # pixels from one date to the next
CHARACTER = 7.6  # pixels of the widest of the fonts above; the reader's is not known here
LABEL_PADDING = 8
NUMBER_ROOM = 6 * CHARACTER + LABEL_PADDING


@dataclass(frozen=True)
class Dot:
    """One estimate: hollow while it is open, a number without range where it is exact, no dot without a number."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    is_open: bool = False
    text: str = ""


@dataclass(frozen=True)
class Scale:
    """How the axis of the figures reads: `prefix` and a d3 format; `zero` draws the line where the sign changes."""

    format: str
    prefix: str = ""
    zero: bool = False
    limit: float | None = None  # shares end at 1

    @property
    def expression(self) -> str:
        return f"(datum.value < 0 ? '−' : '') + {json.dumps(self.prefix)} + format(abs(datum.value), '{self.format}')"


@dataclass(frozen=True)
class Look:
    """One of the variants of a picture."""

    theme: str
    width: int

    @property
    def name(self) -> str:
        return f"{self.theme}_narrow" if self.width == NARROW else self.theme


def over_time(dots: Sequence[Dot], scale: Scale, *, width: int = WIDE) -> dict[str, str]:
    """One dot for each part of the window, oldest left; {variant: svg}."""
    return {look.name: svg(_over_time(dots, scale, look), look) for look in looks(width)}


def by_group(dots: Sequence[Dot], scale: Scale, *, reference: Dot | None = None) -> dict[str, str]:
    """One row for each group, with a line where everybody together stands; {variant: svg}."""
    return {look.name: svg(_by_group(dots, scale, reference, look), look) for look in looks(WIDE)}


def looks(width: int) -> list[Look]:
    """The variants of a picture: light and dark, wide and for a phone."""
    return [Look(theme, pixels) for pixels in (width, NARROW) for theme in ("light", "dark")]


def _over_time(dots: Sequence[Dot], scale: Scale, look: Look) -> Picture:
    every = -(-len(dots) * DATE_WIDTH // (look.width - DATE_WIDTH))
    # Counted from the newest, which always has its date.
    shown = [i for i in range(len(dots)) if (len(dots) - 1 - i) % max(every, 1) == 0]
    names = {str(i): dots[i].label for i in shown}
    x = alt.X(
        "at:O",
        scale=alt.Scale(domain=list(range(len(dots))), padding=0.5),
        axis=alt.Axis(
            values=shown,
            labelExpr=f"{json.dumps(names)}[datum.value]",
            ticks=False,
            domain=False,
            title=None,
            labelAngle=0,
        ),
    )
    spread = _spread(dots, scale)
    axis = figure_axis(scale, ticks=5, room=NUMBER_ROOM)
    base = alt.Chart(_rows(dots)).encode(x=x)
    low, value, high = (alt.Y(f"{field}:Q", scale=spread, axis=axis) for field in ("low", "value", "high"))
    layers = [*zero_line(scale, look, channel="y"), base.mark_rule().encode(y=low, y2="high:Q")]
    layers += [base.mark_point().encode(y=value, fill=_fill(look))]
    said = base.transform_filter("datum.text")
    layers += text_with_rim(said, look, {"y": high, "text": "text:N"}, align="right", dx=12, dy=-13)
    return alt.layer(*layers).properties(width=look.width, height=220)


def _by_group(dots: Sequence[Dot], scale: Scale, reference: Dot | None, look: Look) -> Picture:
    # A phone has no room beside the dots: there the name stands above its row.
    above = look.width == NARROW
    room = 0.0 if above else max(len(dot.label) for dot in dots) * CHARACTER + LABEL_PADDING
    names = alt.Axis(title=None, ticks=False, domain=False, grid=True, labels=not above, minExtent=room)
    y = alt.Y("label:N", sort=[dot.label for dot in dots], axis=names)
    spread = _spread(dots, scale)
    axis = figure_axis(scale, ticks=4)
    low, value = (alt.X(f"{field}:Q", scale=spread, axis=axis) for field in ("low", "value"))
    base = alt.Chart(_rows(dots)).encode(y=y)
    layers = [*zero_line(scale, look, channel="x"), *_reference(reference, look, spread)]
    layers += [base.mark_rule().encode(x=low, x2="high:Q"), base.mark_point().encode(x=value, fill=_fill(look))]
    if above:
        layers += text_with_rim(base, look, {"x": alt.value(0), "text": "label:N"}, align="left", dy=-15)
    height = (NARROW_ROW_HEIGHT if above else ROW_HEIGHT) * len(dots)
    return alt.layer(*layers).properties(width=look.width, height=height)


def _spread(dots: Sequence[Dot], scale: Scale) -> alt.Scale:
    """From the lowest end of a range to the highest, with a little air, and zero where the sign matters."""
    ends = [end for dot in dots for end in (dot.low, dot.value, dot.high) if end is not None]
    ends += [0.0] if scale.zero or not ends else []
    air = (max(ends) - min(ends)) * 0.06 or abs(max(ends)) * 0.05 or 1.0
    low = min(ends) - (0 if scale.zero and min(ends) == 0 else air)
    high = max(ends) + (0 if scale.zero and max(ends) == 0 else air)
    if scale.limit is not None:
        low, high = max(low, 0.0), min(high, scale.limit)
    return alt.Scale(domain=[low, high], zero=False, nice=False)


def _rows(dots: Sequence[Dot]) -> dict[str, Any]:
    rows = [{"at": at, **asdict(dot)} for at, dot in enumerate(dots) if dot.value is not None]
    return {"values": rows}


def figure_axis(scale: Scale, *, ticks: int, room: float = 0) -> alt.Axis:
    """The axis of the figures."""
    return alt.Axis(
        title=None,
        labelExpr=scale.expression,
        tickCount=ticks,
        ticks=False,
        domain=False,
        grid=True,
        minExtent=room,
    )


def text_with_rim(base: alt.Chart, look: Look, encoding: dict[str, Any], **place: Any) -> list[alt.Chart]:
    """Text with a rim of the ground's colour, so that lines behind it do not cross it."""
    rim = base.mark_text(**place, stroke=palette(look.theme)["ground"], strokeWidth=4, strokeJoin="round")
    return [rim.encode(**encoding), base.mark_text(**place).encode(**encoding)]


def _fill(look: Look) -> Any:
    colours = palette(look.theme)
    return alt.condition("datum.is_open", alt.value(colours["ground"]), alt.value(colours["accent"]))


def zero_line(scale: Scale, look: Look, *, channel: str) -> list[alt.Chart]:
    """A line where the sign changes, where it matters."""
    if not scale.zero:
        return []
    line = alt.Chart({"values": [{"zero": 0}]}).mark_rule(color=palette(look.theme)["line-strong"], strokeWidth=1.5)
    return [line.encode(**{channel: alt.Y("zero:Q") if channel == "y" else alt.X("zero:Q")})]


def _reference(reference: Dot | None, look: Look, spread: alt.Scale) -> list[alt.Chart]:
    if reference is None or reference.value is None:
        return []
    colours = palette(look.theme)
    base = alt.Chart({"values": [asdict(reference)]}).encode(x=alt.X("value:Q", scale=spread))
    line = base.mark_rule(color=colours["ink-3"], strokeWidth=1, strokeDash=[3, 3])
    return [line, base.mark_text(y=-9, color=colours["ink-2"]).encode(text="text:N")]


def svg(chart: Picture, look: Look) -> str:
    """The picture in the colours of its look."""
    themed = chart.configure(**_theme(look))
    return str(vl_convert.vegalite_to_svg(themed.to_dict(), vl_version=".".join(alt.SCHEMA_VERSION[1:].split(".")[:2])))


def _theme(look: Look) -> dict[str, Any]:
    """The tokens as a theme: lines and space, one accent, text of 12 pixels."""
    colours = palette(look.theme)
    axis = {
        "labelColor": colours["ink-2"],
        "labelFontSize": 12,
        "labelPadding": LABEL_PADDING,
        "gridColor": colours["line"],
        "domainColor": colours["line-strong"],
    }
    return {
        "background": "transparent",
        "font": FONT,
        "padding": {"left": 2, "right": 16, "top": 6, "bottom": 2},
        "autosize": {"type": "fit-x", "contains": "padding"},
        "view": {"stroke": None},
        "axis": axis,
        "rule": {"color": colours["accent"], "strokeWidth": 2},
        "point": {"size": 80, "stroke": colours["accent"], "strokeWidth": 2, "opacity": 1, "filled": False},
        "text": {"color": colours["ink"], "fontSize": 12, "fontWeight": 500},
    }
