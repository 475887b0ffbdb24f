"""The rows of the portfolio as its page, and its files, write them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse

from apps.common.amounts import SYMBOLS, money
from apps.home.pages import words
from apps.home.pages.pictures import Axis, Course, Picture, course, picture
from apps.home.services.portfolio import Portfolio, Row, Total, ranged
from apps.registry.models import MonitoredModel
from apps.reports.models import Kind


@dataclass(frozen=True)
class Line:
    """One model: texts, and what its pictures show."""

    model: MonitoredModel
    name: str
    slug: str
    question: str
    alerts: int
    new_alerts: int
    worth: str
    worth_range: str
    before: str
    risk: str
    note: str
    right: str
    right_range: str
    right_unit: str
    final: str
    spend: str
    is_final: bool
    picture: Picture | None
    picture_label: str
    course: Course | None
    address: str
    is_priced: bool

    @property
    def flat(self) -> dict[str, Any]:
        """As a template reads it fastest: looking a name up in an object costs it an exception each time."""
        drawn = {"picture": self.picture, "course": self.course}
        return vars(self) | {key: vars(each) if each else None for key, each in drawn.items()}


@dataclass(frozen=True)
class Foot:
    """All priced models of one currency."""

    title: str
    n: int
    worth: str
    worth_range: str
    before: str
    risk: str
    spend: str
    note: str


# How rows may be ordered, each in the one direction that makes sense.
SORTS: dict[str, Any] = {
    "name": lambda row: row.model.name.lower(),
    "value": lambda row: -row.worth.value if row.worth else float("inf"),
    "risk": lambda row: (row.worth is None, -(row.at_risk or 0.0)),
    "right": lambda row: figure.value if (figure := words.share_of(row.right)) else float("inf"),
    "final": lambda row: row.final_through or date.max,
    "alerts": lambda row: (-row.alerts.open, -row.alerts.new),
    "spend": lambda row: -row.spend if row.spend is not None else 1,
}


def lines(shown: Portfolio, rows: Sequence[Row]) -> list[Line]:
    """Write these rows of the portfolio."""
    axes = {total.currency: _axis(total) for total in shown.totals}
    return [_line(row, shown, axes) for row in rows]


def axis(shown: Portfolio) -> Axis | None:
    """Return the axis above the pictures; with several currencies each has its own, and none stands above."""
    return _axis(shown.totals[0]) if len(shown.totals) == 1 else None


def _axis(total: Total) -> Axis:
    return Axis.around(total.rows, symbol=SYMBOLS.get(total.currency, ""))


def _line(row: Row, shown: Portfolio, axes: dict[str, Axis]) -> Line:
    right, right_range, unit = _right(row)
    worth, worth_range, note = _worth(row)
    of_month = "; ".join(filter(None, (worth, f"likely between {worth_range.replace(' to ', ' and ')}")))
    return Line(
        model=row.model,
        name=row.model.name,
        slug=row.model.slug,
        question=row.model.question,
        alerts=row.alerts.open,
        new_alerts=row.alerts.new,
        worth=worth,
        worth_range=worth_range,
        before=words.amount(row.before, row.currency) if row.before else "–",
        risk=words.amount(row.worth, row.currency, of=row.at_risk) if row.worth and row.at_risk is not None else "–",
        note=note,
        right=right,
        right_range=right_range,
        right_unit=unit,
        final=words.day(row.final_through) if row.final_through else "–",
        spend=money(float(row.spend), currency=row.currency) if row.spend is not None and row.currency else "–",
        is_final=row.is_final,
        picture=picture(row, axes[row.currency]) if row.worth else None,
        picture_label=of_month if worth_range else worth,
        course=_course(row),
        address=address(row, shown),
        is_priced=row.value is None or bool(row.currency),
    )


def _worth(row: Row) -> tuple[str, str, str]:
    """Return the figure, its range, and what to know about it."""
    if row.worth:
        note = "may no longer pay" if row.worth.low < 0 and row.worth.value < 0 else ""
        return words.amount(row.worth, row.currency), words.between(row.worth, row.currency), note
    if row.value is None:
        return "", "", "no figure yet" if row.right is None else ""
    if row.currency and (figure := ranged(row.value)):
        text = words.amount(figure, row.currency)
        return text, words.between(figure, row.currency), "in all; its gain is not known"
    return "", "", "" if not row.currency else REASONS.get(row.value.code, "nothing can be said yet")


REASONS = {
    "fewer_than_ten": "fewer than ten predictions",
    "no_population": "no predictions",
    "no_labels": "no case is reviewed yet",
    "no_response": "too few cases are reviewed",
}


def _right(row: Row) -> tuple[str, str, str]:
    """Return the share of right decisions in 100, or how far off numbers are, with the range and the unit."""
    figure = ranged(row.right) if row.right else None
    if row.right is None or figure is None:
        return "–", "", ""
    if row.right.metric == "mae":
        ends = (words.plain(figure, "", of=end) for end in (figure.low, figure.high))
        return words.plain(figure, ""), " to ".join(ends), f"{row.model.unit} off".strip()
    return words.in_100(figure), words.between_in_100(figure), ""


def _course(row: Row) -> Course | None:
    if row.right is None or not row.weeks:
        return None
    is_share = row.right.metric != "mae"
    first, last = row.weeks[0].figure, row.weeks[-1].figure
    write = words.in_100 if is_share else lambda figure: words.plain(figure, row.model.unit)
    return course(row.weeks, is_share=is_share, texts=(write(first), f"{write(last)}{' in 100' if is_share else ''}"))


def address(row: Row, shown: Portfolio) -> str:
    """Return where the row's report is: the one shown, or where the model's reports begin."""
    slug = row.model.project.slug
    if shown.month and row.headline:
        return reverse("report", args=[slug, row.headline.pk])
    return reverse("reports", args=[slug, row.model.slug, Kind.PERFORMANCE])


def feet(shown: Portfolio) -> list[Foot]:
    """Write the totals, a row for each currency."""
    several = len(shown.totals) > 1
    return [_foot(total, is_only=not several) for total in shown.totals if len(shown.rows) > 1]


def _foot(total: Total, *, is_only: bool) -> Foot:
    title = "All that are priced" if is_only else f"All priced in {total.currency}"
    n = len(total.rows)
    left_out = n - len(total.compared)
    note = "Less than the ranges and risks added up: not all fall at once." if n > 1 else ""
    if total.compared and left_out:
        note = f"{words.plural(left_out, 'model has', 'models have')} no figure of the month before. {note}"
    risk = total.at_risk
    return Foot(
        title,
        total.n,
        words.amount(total.worth, total.currency),
        words.between(total.worth, total.currency),
        words.amount(total.before, total.currency) if total.before else "–",
        "–" if risk is None else words.amount(total.worth, total.currency, of=risk),
        money(float(total.spend), currency=total.currency),
        note,
    )


COLUMNS = {
    "model": "text",
    "name": "text",
    "month": "text",
    "predictions": "integer",
    "currency": "text",
    "value": "number",
    "value_low": "number",
    "value_high": "number",
    "month_before": "number",
    "at_risk": "number",
    "review_spend": "number",
    "measure": "text",
    "right": "number",
    "right_low": "number",
    "right_high": "number",
    "final_through": "text",
    "open_alerts": "integer",
}
MONEY = {"currency", "value", "value_low", "value_high", "month_before", "at_risk", "review_spend"}


def cells(rows: Iterable[Row], *, month: str) -> Iterator[dict[str, Any]]:
    """Yield the rows with unrounded figures."""
    for row in rows:
        worth, right = row.worth, ranged(row.right) if row.right else None
        newest = row.value or row.right
        yield {
            "model": row.model.slug,
            "name": row.model.name,
            "month": month,
            "predictions": newest.n if newest else None,
            "currency": row.currency,
            "value": worth.value if worth else None,
            "value_low": worth.low if worth else None,
            "value_high": worth.high if worth else None,
            "month_before": row.before.value if row.before else None,
            "at_risk": row.at_risk,
            "review_spend": float(row.spend) if row.spend is not None else None,
            "measure": row.right.metric if row.right else "",
            "right": right.value if right else None,
            "right_low": right.low if right else None,
            "right_high": right.high if right else None,
            "final_through": row.final_through.isoformat() if row.final_through else None,
            "open_alerts": row.alerts.open,
        }
