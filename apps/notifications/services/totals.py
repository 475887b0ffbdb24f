"""All models of a project together: what they gained over their baselines, in each currency."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from apps.common.amounts import NO_BREAK, money, step_of
from apps.registry.models import MonitoredModel
from apps.reports.models import Headline, Kind
from apps.stats.independent import Ranged, total


def together(models: Iterable[MonitoredModel], start: date, end: date) -> list[str]:
    """Write a sentence for each currency in which at least two of the models have a gain, or a loss."""
    figures: dict[str, list[Ranged]] = defaultdict(list)
    window = Headline.objects.filter(model__in=models, kind=Kind.VALUE, start=start, end=end)
    for each in window.filter(metric="value_difference", value__isnull=False).newest():
        low, high = (each.value if bound is None else bound for bound in (each.low, each.high))
        figures[each.currency].append(Ranged(each.value, low, high))
    return [_said(len(parts), total(parts), currency) for currency, parts in figures.items() if len(parts) > 1]


def _said(number: int, whole: Ranged, currency: str) -> str:
    step = step_of(whole.value, whole.low, whole.high)
    value, low, high = (money(each, currency=currency, step=step) for each in (whole.value, whole.low, whole.high))
    spread = f"95{NO_BREAK}% range {low} to {high}" if whole.low < whole.high else "counted"
    # Models are independent: variances add, and not ranges.
    return f"{number} models together gained {value} over what they replaced ({spread})."
