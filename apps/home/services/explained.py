"""Why the figures of a month moved, where a comparison with the month before is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from apps.accounts.models import Role
from apps.reports.models import Comparison, Headline
from apps.reports.services.cause_words import SHARES_RIGHT
from apps.reports.services.moves import in_short
from apps.reports.services.standing import days_before
from apps.reports.services.visible_comparison import visible_comparison


@dataclass(frozen=True)
class Explained:
    """By how much a figure moved and why, in a few words, and the comparison that says more."""

    comparison: int
    # What moved, and the rest of the sentence: “its worth”, “fell $192,000, all of it through the mix of cases”.
    subject: str
    text: str


def explained(headlines: Iterable[Headline], *, role: Role) -> dict[int, Explained]:
    """Say of these figures, by the number of their report, why they moved, as this role may see it; in one query."""
    by_report = {each.pk: (each.model_id, each.kind, *_days(each)) for each in headlines}
    if not by_report:
        return {}
    newest = _newest(set(by_report.values()))
    told = {sides: _told(each, role=role) for sides, each in newest.items()}
    return {report: found for report, sides in by_report.items() if (found := told.get(sides))}


Sides = tuple[int, str, date, date, date, date]


def _newest(wanted: set[Sides]) -> dict[Sides, Comparison]:
    """Return the newest comparison of each of these sides that has one."""
    models, ends = {sides[0] for sides in wanted}, {sides[-1] for sides in wanted}
    alone = {"first_version": None, "second_version": None, "first_value_model": None, "second_value_model": None}
    days = ("model", "kind", "first_start", "first_end", "second_start", "second_end")
    rows = Comparison.objects.filter(model__in=models, second_end__in=ends, **alone).select_related("model__project")
    found = {
        (row.model_id, row.kind, row.first_start, row.first_end, row.second_start, row.second_end): row
        for row in rows.order_by(*days, "-pk").distinct(*days)
    }
    return {sides: row for sides, row in found.items() if sides in wanted}


def _told(comparison: Comparison, *, role: Role) -> Explained | None:
    document = visible_comparison(comparison, role=role).document
    text = in_short(document)
    return Explained(comparison.pk, _subject(document["metric"]), text) if text else None


def _subject(metric: str) -> str:
    return "right decisions" if metric in SHARES_RIGHT else "the error" if metric == "mae" else "its worth"


def _days(headline: Headline) -> tuple[date, date, date, date]:
    return *days_before(headline.start, headline.end), headline.start, headline.end
