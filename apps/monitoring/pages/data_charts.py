"""Pictures of the page *Data*: what an event does to the answers, each feature over time, costs with their ranges."""

from collections.abc import Callable, Sequence
from datetime import date

from apps.common.charts import (
    BASELINE,
    PHONE,
    Chart,
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
    percent_label,
    room_for,
    round_top,
    rows_of_ticks,
    spaced,
)
from apps.monitoring.models import Series
from apps.monitoring.pages.days_seen import Seen, Week
from apps.monitoring.pages.feature_rows import FeatureRow
from apps.monitoring.services.describing import NEARLY_ALL, in_100, percent

HEIGHT, TOP, BOTTOM, MARGIN = 256, 30, 28, 20
SHARE_HEIGHT = 96
PAGE = 912
SPARK_WIDTH, SPARK_HEIGHT = 216, 34
COST_WIDTH, COST_HEIGHT = 96, 28
RADIUS = 4
# With fewer outcomes in a week no dot is drawn.
LEAST_KNOWN = 30


def answers(seen: Seen) -> Chart | None:
    """Expected right decisions by week as a line with its range, measured ones as dots."""
    weeks = [week for week in seen.weeks if week.expected.value is not None or _is_shown(week)]
    if len(weeks) < 2:
        return None
    description = "Expected by the model's scores: a line with its range. Measured by outcomes: dots with their ranges."
    return Chart(
        "Right decisions in 100", description, _answers(seen, weeks, width=PAGE), _answers(seen, weeks, width=PHONE)
    )


def share(seen: Seen, series: Series, bins: Sequence[int], title: str) -> Chart:
    """The share of some bins by week, with the event."""
    plots = (_share(seen, series, bins, width=width) for width in (PAGE, PHONE))
    return Chart(title, "Share of the predictions by week, in percent.", *plots)


def spark(row: FeatureRow) -> Plot:
    """A small line of the share that moved most, its usual range in grey, the event behind it."""
    shares = [each for each in row.shares if each is not None]
    low, high = row.band
    values = Scale(min([*shares, low]), max([*shares, high]) or 1.0, SPARK_HEIGHT - 3, 3)
    if values.high - values.low < 1e-9:
        values = Scale(values.low - 0.5, values.high + 0.5, SPARK_HEIGHT - 3, 3)
    places = _days(row.seen, left=2, right=SPARK_WIDTH - 2)
    top, bottom = values.place(high), values.place(low)
    marks: list[Mark] = [*_event(row.seen, places, top=0, bottom=SPARK_HEIGHT)]
    marks.append(Rect("flat", 2, top, SPARK_WIDTH - 4, round(max(bottom - top, 1.0), 1)))
    points = [
        (places.place(week.middle), values.place(value))
        for week, value in zip(row.seen.weeks, row.shares, strict=True)
        if value is not None
    ]
    marks.append(Path("line", tuple(points)))
    return Plot(SPARK_WIDTH, SPARK_HEIGHT, tuple(marks))


def costs(rows: Sequence[FeatureRow]) -> dict[int, Plot]:
    """Draw each row's cost with its range, all on one scale with a line at nothing."""
    ends = [0.0] + [-end for row in rows if row.cost for end in (row.cost.low, row.cost.high) if end is not None]
    values = Scale(min(ends), max(*ends, min(ends) + 1e-6), 4, COST_WIDTH - 4)
    zero, middle = values.place(0.0), COST_HEIGHT / 2
    plots = {}
    for row in rows:
        marks: list[Mark] = [Line("base", zero, 2, zero, COST_HEIGHT - 2)]
        if row.cost is not None and row.cost.value is not None:
            if row.cost.low is not None and row.cost.high is not None:
                marks.append(Line("ink", values.place(-row.cost.high), middle, values.place(-row.cost.low), middle))
            marks.append(Dot("ink", values.place(-row.cost.value), middle, RADIUS))
        plots[row.series.pk] = Plot(COST_WIDTH, COST_HEIGHT, tuple(marks))
    return plots


def then_and_now(row: FeatureRow, *, most: int = 14) -> Chart:
    """The share of each answer as a rule and now, the largest first."""
    usual, now = row.usual / max(row.usual.sum(), 1), row.now / max(row.now.sum(), 1)
    names = [row.seen.names.bin(row.series, place) for place in range(len(now))]
    shown = [place for place in range(len(now)) if usual[place] + now[place] > 0]
    if len(shown) > most:
        shown = sorted(sorted(shown, key=lambda place: -abs(usual[place] - now[place]))[:most])
    pairs = [(names[place], float(usual[place]), float(now[place])) for place in shown]
    description = "Share of each answer: hollow as a rule, filled now."
    return Chart("Then and now", description, _then_and_now(pairs, width=500), _then_and_now(pairs, width=PHONE))


def lines_over_time(
    seen: Seen, lines: Sequence[tuple[str, Sequence[float | None]]], title: str, label: Callable[[float], str]
) -> Chart | None:
    """A few lines by week, each named at its newest value."""
    if not any(value is not None for _, values in lines for value in values):
        return None
    wide, phone = (_lines(seen, lines, label, width=width) for width in (448, PHONE))
    return Chart(title, "By week.", wide, phone)


def _answers(seen: Seen, weeks: Sequence[Week], *, width: int) -> Plot:
    measured = [week for week in weeks if _is_shown(week)]
    ends = [end for week in weeks for end in (week.expected.low, week.expected.high) if end is not None]
    ends += [end for week in measured for end in (week.measured.low, week.measured.high) if end is not None]
    air = max((max(ends) - min(ends)) * 0.08, 0.002)
    values = Scale(max(min(ends) - air, 0.0), min(max(ends) + air, 1.0), HEIGHT - BOTTOM, TOP)
    left, right = room_for(map(percent_label, values.ticks(5))), width - MARGIN
    places = _days(seen, left=left, right=right)
    marks: list[Mark] = [*_event(seen, places, top=TOP - 8, bottom=HEIGHT - BOTTOM)]
    marks += rows_of_ticks(values, percent_label, about=5, left=left, right=right)
    marks += _expected([week for week in weeks if week.expected.value is not None], places, values)
    for week in measured:
        x = places.place(week.middle)
        figure, css = week.measured, "point" if week.known_share >= NEARLY_ALL else "point open"
        marks.append(Line("range", x, values.place(figure.low or 0.0), x, values.place(figure.high or 0.0)))
        marks.append(Dot(css, x, values.place(figure.value or 0.0), RADIUS))
    marks += _named(weeks, places, values, left=left, right=right)
    return Plot(width, HEIGHT, (*marks, *_dates(seen, places, y=HEIGHT - 6, width=right - left)))


def _expected(weeks: Sequence[Week], places: Scale, values: Scale) -> list[Mark]:
    """The line of what scores let one expect: a step for an event, and its range around it."""
    upper, lower, line = [], [], []
    for week in weeks:
        half = len(week.days.counts) / 2 if week.is_event else 0.0
        for x in {places.place(week.middle - half), places.place(week.middle + half)}:
            upper.append((x, values.place(week.expected.high or 0.0)))
            lower.append((x, values.place(week.expected.low or 0.0)))
            line.append((x, values.place(week.expected.value or 0.0)))
    ordered = sorted(range(len(line)), key=lambda place: line[place][0])
    band = [upper[place] for place in ordered] + [lower[place] for place in reversed(ordered)]
    return [Path("band", tuple(band), is_closed=True), Path("curve", tuple(line[place] for place in ordered))]


def _named(weeks: Sequence[Week], places: Scale, values: Scale, *, left: float, right: float) -> list[Mark]:
    """Name the two figures of the event beside it."""
    for week in weeks:
        if not week.is_event:
            continue
        x, marks = places.place(week.middle), []
        if week.expected.value is not None:
            text, y = f"{in_100(week.expected.value)} expected", values.place(week.expected.value)
            marks.append(centered("label", x - 50, y - 10, text, left=left, right=right))
        if _is_shown(week):
            text, y = f"{in_100(week.measured.value or 0.0)} by outcomes", values.place(week.measured.value or 0.0)
            marks.append(centered("label", x + 56, y + 16, text, left=left, right=right))
        return list(marks)
    return []


def _share(seen: Seen, series: Series, bins: Sequence[int], *, width: int) -> Plot:
    weeks = [(week, value) for week in seen.weeks if (value := week.share_of(series, bins)) is not None]
    values = Scale(0.0, round_top(max((value for _, value in weeks), default=1.0), 2), SHARE_HEIGHT - BOTTOM, 8)
    left, right = room_for([percent_label(1.0)]), width - MARGIN
    places = _days(seen, left=left, right=right)
    marks: list[Mark] = [*_event(seen, places, top=0, bottom=SHARE_HEIGHT - BOTTOM)]
    marks += rows_of_ticks(values, percent_label, about=2, left=left, right=right)
    points: list[tuple[float, float]] = []
    for week, value in weeks:
        half = len(week.days.counts) / 2
        points += [(places.place(each), values.place(value)) for each in (week.middle - half, week.middle + half)]
    marks.append(Path("line", tuple(points)))
    for week, value in weeks:
        if week.is_event:
            text = centered(
                "label",
                places.place(week.middle) + 24,
                values.place(value) + 14,
                percent(value),
                left=left,
                right=right,
            )
            marks.append(text)
    return Plot(width, SHARE_HEIGHT, (*marks, *_dates(seen, places, y=SHARE_HEIGHT - 6, width=right - left)))


def _then_and_now(pairs: Sequence[tuple[str, float, float]], *, width: int) -> Plot:
    longest = 30 if width > PHONE else 18
    names = [name if len(name) <= longest else f"{name[: longest - 1]}…" for name, *_ in pairs]
    left, row, top = room_for(names) + RADIUS, 26, 8
    values = Scale(0.0, round_top(max((max(then, now) for _, then, now in pairs), default=1.0), 4), left, width - 96)
    bottom = top + row * len(pairs)
    marks: list[Mark] = []
    for value in values.ticks(3):
        x = values.place(value)
        marks += [Line("grid", x, top, x, bottom), Text("tick", x, bottom + 18, percent_label(value), "middle")]
    for index, (name, (_, then, now)) in enumerate(zip(names, pairs, strict=True)):
        y = top + row * index + row / 2
        a, b = values.place(then), values.place(now)
        far = abs(then - now) > 0.05
        marks += [
            Text("tick", left - RADIUS - 6, y + BASELINE, name, "end"),
            Line("moved" if far else "grid", a, y, b, y),
            Dot("ink open", a, y, RADIUS),
            Dot("ink", b, y, RADIUS),
            Text("tick", max(a, b) + 9, y + BASELINE, f"{_short(then)} → {_short(now)}"),
        ]
    return Plot(width, bottom + BOTTOM, tuple(marks))


def _lines(
    seen: Seen, lines: Sequence[tuple[str, Sequence[float | None]]], label: Callable[[float], str], *, width: int
) -> Plot:
    height = 150
    known = [value for _, values in lines for value in values if value is not None]
    values = Scale(0.0, round_top(max(known), 3), height - BOTTOM, 12)
    left, right = room_for(map(label, values.ticks(3))), width - 76
    places = _days(seen, left=left, right=right)
    marks: list[Mark] = [*_event(seen, places, top=0, bottom=height - BOTTOM)]
    marks += rows_of_ticks(values, label, about=3, left=left, right=right)
    names: list[tuple[float, str]] = []
    for name, each in lines:
        points = [
            (places.place(week.middle), values.place(value))
            for week, value in zip(seen.weeks, each, strict=True)
            if value is not None
        ]
        if points:
            marks.append(Path("curve", tuple(points)))
            names.append((points[-1][1], name))
    below = 0.0
    for y, name in sorted(names):
        below = max(y + BASELINE, below + 14)
        marks.append(Text("tick", right + 6, below, name))
    return Plot(width, height, (*marks, *_dates(seen, places, y=height - 6, width=right - left)))


def _days(seen: Seen, *, left: float, right: float) -> Scale:
    return Scale(0.0, max(float(len(seen.days.counts)), 1.0), left, right)


def _event(seen: Seen, places: Scale, *, top: float, bottom: float) -> list[Mark]:
    if seen.event is None or len(seen.now.counts) == 0:
        return []
    first = (seen.now.start - seen.days.start).days
    x, end = places.place(first), places.place(first + len(seen.now.counts))
    return [Rect("event", x, top, round(max(end - x, 2.0), 1), bottom - top)]


def _dates(seen: Seen, places: Scale, *, y: float, width: float) -> list[Mark]:
    """The months that begin within the days shown."""
    first = seen.days.start
    months = [day for day in seen.days.days if day.day == 1] or [first]
    names = [f"{day:%b}" for day in months]
    step = width / max(len(seen.days.counts) / 30, 1)
    shown = spaced(names, step=step, least=room_for(names))
    return [
        Text("tick", places.place((months[at] - first).days), y, names[at])
        for at in shown
        if _fits(places, months[at], first)
    ]


def _fits(places: Scale, day: date, first: date) -> bool:
    return places.place((day - first).days) < places.end - 24


def _is_shown(week: Week) -> bool:
    return week.measured.value is not None and week.measured.n >= LEAST_KNOWN


def _short(share: float) -> str:
    return "0" if share == 0 else number_label(float(f"{100 * share:.2g}"))
