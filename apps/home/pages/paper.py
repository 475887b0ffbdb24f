"""The portfolio in print: its sentence, its table with total and ranges, on pages in landscape."""

from dataclasses import asdict
from datetime import date
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.accounts.models import Membership
from apps.common import dates
from apps.common.paper import printed
from apps.common.tokens import light_colors
from apps.home.pages import lines, words
from apps.home.pages.pictures import HEIGHT, WIDTH, Course, Picture
from apps.home.services.portfolio import Portfolio, Row, as_of

TEMPLATE = settings.BASE_DIR / "templates" / "home" / "portfolio.typ"
# Points of the small picture of a range.
LONG, TALL = 150.0, 22.0
TEXTS = ("name", "question", "alerts", "worth", "worth_range", "note", "before", "risk", "right", "right_range")
MORE = ("right_unit", "final", "spend", "is_priced")


def portfolio_pdf(shown: Portfolio, rows: list[Row], member: Membership, *, has_money: bool, is_all: bool) -> bytes:
    """Set the listed models; the totals are of all, and stand below all."""
    now = timezone.now().astimezone(member.project.zone)
    known = as_of(rows)
    colors = light_colors()
    content = {
        "project": member.project.name,
        "title": f"Models, {shown.month.start:%B %Y}" if shown.month else "Models",
        "state": words.state(shown),
        "sentence": words.sentence(shown if has_money else Portfolio(shown.month, shown.months, shown.rows)),
        "notes": words.notes(shown, {}) if has_money else [],
        **_months(shown, today=now.date()),
        "rows": [_row(line, colors) for line in lines.lines(shown, rows)],
        "feet": [_foot(foot) for foot in lines.feet(shown)] if has_money and is_all else [],
        "has_money": has_money,
        "open_alerts": sum(row.alerts.open for row in shown.rows),
        "as_of": dates.moment(known.astimezone(member.project.zone)) if known else "",
        "created": [now.year, now.month, now.day],
        "colors": colors,
    }
    return printed(TEMPLATE, content)


def _months(shown: Portfolio, *, today: date) -> dict[str, str]:
    if shown.month is None:
        return {"name": "", "before": ""}
    before = words.name(shown.month.earlier[0], today=today)
    return {
        "name": words.name(shown.month.start, today=today),
        "before": f"{before}, as many days" if shown.month.is_running else before,
    }


def _foot(foot: lines.Foot) -> dict[str, Any]:
    return asdict(foot) | {"decisions": words.plural(foot.n, "decision", "decisions")}


def _row(line: lines.Line, colors: dict[str, str]) -> dict[str, Any]:
    texts = {name: getattr(line, name) for name in (*TEXTS, *MORE)}
    picture = _picture(line.picture, colors, is_final=line.is_final) if line.picture else ""
    course = _course(line.course, colors) if line.course else ""
    label = line.course.label if line.course else ""
    return texts | {"picture": picture, "picture_label": line.picture_label, "course": course, "course_label": label}


def _picture(picture: Picture, colors: dict[str, str], *, is_final: bool) -> str:
    """Draw a figure with its range, and the one of the month before as a mark."""
    zero, low, high, value = (each / 100 * LONG for each in (picture.zero, picture.low, picture.high, picture.value))
    middle, accent = TALL / 2, colors["accent"]
    marks = [_line((zero, 0), (zero, TALL), colors["line-strong"], 0.7)]
    if picture.before is not None:
        before = picture.before / 100 * LONG
        marks.append(_line((before, 4), (before, TALL - 4), colors["ink-2"], 1.3))
    marks += [_line((low, middle), (high, middle), accent, 1.4), _dot(value, middle, 3.0, accent, is_open=not is_final)]
    return _svg(LONG, TALL, marks)


def _course(course: Course, colors: dict[str, str]) -> str:
    accent = colors["accent"]
    band = f'<polygon points="{course.band}" fill="{colors["accent-soft"]}"/>'
    line = f'<polyline points="{course.line}" fill="none" stroke="{accent}" stroke-width="1.8"/>'
    return _svg(WIDTH, HEIGHT, [band, line, _dot(course.x, course.y, 3.6, accent, is_open=course.is_open)])


def _line(start: tuple[float, float], end: tuple[float, float], color: str, width: float) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="{width}"/>'


def _dot(x: float, y: float, radius: float, color: str, *, is_open: bool) -> str:
    fill = "#ffffff" if is_open else color
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}" stroke="{color}" stroke-width="1.4"/>'


def _svg(width: float, height: float, marks: list[str]) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{"".join(marks)}</svg>'
