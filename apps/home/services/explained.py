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


def _comparisons_of(headlines: Iterable[Headline]) -> dict[int, int]:
    """Return, by the number of a figure's report, the newest comparison with the time before; in one query."""
    by_sides = {(each.model_id, each.kind, *_sides(each)): each.pk for each in headlines}
    alone = {"first_version": None, "second_version": None, "first_value_model": None, "second_value_model": None}
    models, days = {model for model, *_ in by_sides}, {end for *_, end in by_sides}
    rows = Comparison.objects.filter(model__in=models, second_end__in=days, **alone).order_by("pk")
    found = rows.values_list("model", "kind", "first_start", "first_end", "second_start", "second_end", "pk")
    return {by_sides[sides]: pk for *sides_, pk in found if (sides := tuple(sides_)) in by_sides}


def explained(headlines: Iterable[Headline], *, role: Role) -> dict[int, Explained]:
    """Say of these figures, by the number of their report, why they moved; in two queries, as this role may see it."""
    numbers = _comparisons_of(headlines)
    rows = Comparison.objects.filter(pk__in=numbers.values()).select_related("model__project").in_bulk()
    seen = {report: visible_comparison(rows[pk], role=role) for report, pk in numbers.items()}
    told = {report: each.document for report, each in seen.items()}
    return {
        report: Explained(numbers[report], _subject(document["metric"]), text)
        for report, document in told.items()
        if (text := in_short(document))
    }


def _subject(metric: str) -> str:
    return "right decisions" if metric in SHARES_RIGHT else "the error" if metric == "mae" else "its worth"


def _sides(headline: Headline) -> tuple[date, date, date, date]:
    return *days_before(headline.start, headline.end), headline.start, headline.end
