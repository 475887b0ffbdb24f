"""Whether the data of the days in question arrived whole: per feature, what is missing, new, out of range or stuck."""

from dataclasses import dataclass

import numpy as np
from django.db.models import Sum

from apps.common.numerals import count, fixed
from apps.explanations.models import AddedUp
from apps.monitoring.models import FeatureDay, Series, Stage
from apps.monitoring.pages.days_seen import Seen
from apps.monitoring.services.describing import day_text, percent
from apps.stats.drift.bins import NumberBins
from apps.stats.intervals import wilson_interval

# A share of rows that stands out, beside being larger than as a rule.
LEAST = 0.001
LISTED = 5
# A feature is stuck if nearly all of it is in a bin that held less than this as a rule.
STUCK, USUAL = 0.999, 0.9
ARRIVED = {"unexpected_type": "Wrong type", "out_of_range": "Out of range", "unseen_category": "New categories"}


@dataclass(frozen=True)
class Whole:
    """One kind of fault with what shows it; `is_fine` where nothing does."""

    name: str
    lines: list[str]

    @property
    def is_fine(self) -> bool:
        return not self.lines


def wholeness(seen: Seen) -> list[Whole]:
    """List the kinds of faults, each with the features that show it."""
    days = FeatureDay.objects.filter(model=seen.model).between(seen.now.start, seen.now.end)
    arrived = days.exclude(feature="").by_feature()
    features = seen.layout.of_stage(Stage.FEATURE, Stage.PROCESSED)
    return [
        Whole("Missing", [text for each in features if (text := _missing(seen, each))][:LISTED]),
        *(Whole(title, _arrived(seen, arrived, column)) for column, title in ARRIVED.items()),
        Whole("Stuck", [text for each in features if (text := _stuck(seen, each))][:LISTED]),
        Whole("Repeated rows", _repeated(seen)),
        Whole("Contributions that do not add up", _not_adding_up(seen)),
        Whole("Days without data", _silent(seen)),
    ]


def _missing(seen: Seen, series: Series) -> str:
    now, before = seen.now_counts[series.within], seen.usual_counts[series.within]
    n, m = int(now.sum()), int(before.sum())
    share, usual = now[-1] / max(n, 1), before[-1] / max(m, 1)
    low, high = wilson_interval(float(now[-1]), max(float(n), 1.0))
    if n == 0 or share < LEAST or low <= usual:
        return ""
    where = " reach the model as missing" if series.stage == Stage.PROCESSED else ""
    likely = f"{fixed(100 * low, 1)} to {fixed(100 * high, 1)}"
    text = f"{seen.names.label(series.stage, series.name)}: {percent(share)} ({likely}){where}"
    return f"{text}, {percent(usual)} as a rule."


def _arrived(seen: Seen, found: dict[str, dict[str, int]], column: str) -> list[str]:
    """Count a fault by the days of arrival, as intake does."""
    faulty = sorted((name for name in found if found[name][column]), key=lambda name: -found[name][column])
    return [
        f"{seen.names.label(Stage.FEATURE, name)}: {count(found[name][column])} rows "
        f"({percent(found[name][column] / max(found[name]['rows'], 1))})."
        for name in faulty[:LISTED]
    ]


def _stuck(seen: Seen, series: Series) -> str:
    now, before = seen.now_counts[series.within], seen.usual_counts[series.within]
    if now.sum() == 0 or before.sum() == 0:
        return ""
    place = int(np.argmax(now))
    is_stuck = now[place] / now.sum() >= STUCK and before[place] / before.sum() < USUAL
    if not is_stuck or (isinstance(series.frozen, NumberBins) and place == series.frozen.size - 1):
        return ""
    return f"{seen.names.label(series.stage, series.name)}: {seen.names.bin(series, place)} in all rows."


def _repeated(seen: Seen) -> list[str]:
    series = seen.layout.get(Stage.REPEATED)
    if series is None:
        return []
    now, before = seen.now_counts[series.within], seen.usual_counts[series.within]
    share, usual = now[1] / max(now.sum(), 1), before[1] / max(before.sum(), 1)
    low, _ = wilson_interval(float(now[1]), max(float(now.sum()), 1.0))
    if low <= usual + LEAST:
        return []
    return [
        f"{percent(share)} of rows have the same features as another row of their push, {percent(usual)} as a rule."
    ]


def _not_adding_up(seen: Seen) -> list[str]:
    """Versions whose contributions miss the score they came with; none of these are shown."""
    found = AddedUp.objects.filter(model=seen.model, day__gte=seen.now.start, day__lt=seen.now.end, rows__gt=0)
    sums = found.values_list("version__name").annotate(missed=Sum("missed"), of=Sum("rows") - Sum("unchecked"))
    faulty = sorted((each for each in sums if each[1]), key=lambda each: -each[1])
    return [
        f"Version {name}: {count(missed)} of {count(of)} rows ({percent(missed / of)})."
        for name, missed, of in faulty[:LISTED]
    ]


def _silent(seen: Seen) -> list[str]:
    """Days without predictions on a weekday that usually has some."""
    rows = seen.days.rows
    busy = [
        weekday
        for weekday in range(7)
        if np.median(rows[seen.days.weekday == weekday] if (seen.days.weekday == weekday).any() else [0]) > 0
    ]
    silent = [
        day for day, n, weekday in zip(seen.days.days, rows, seen.days.weekday, strict=True)
        if n == 0 and weekday in busy and seen.now.start <= day < seen.now.end
    ]  # fmt: skip
    return [f"{day_text(day)}: nothing came." for day in silent[:LISTED]]
