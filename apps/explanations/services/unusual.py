"""Keep the predictions that are unlike the rest, of each day and version only the strongest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from apps.explanations.models import Unusual
from apps.registry.models import MonitoredModel

Kind = Unusual.Kind
MOST_A_DAY = 50


@dataclass(frozen=True)
class Line:
    """A prediction, how unlike the rest it is, and the features that make it so."""

    prediction: int
    version: int
    day: date
    strength: float
    features: list[str]


def keep(model: MonitoredModel, kind: Unusual.Kind, found: Sequence[Line]) -> None:
    """Store the lines that belong to the strongest of their day and version; what was stored may make room for them."""
    strongest = sorted(found, key=lambda line: -line.strength)
    by_day: dict[tuple[int, date], list[Line]] = {}
    for line in strongest:
        by_day.setdefault((line.version, line.day), []).append(line)
    kept = [line for lines in by_day.values() for line in lines[:MOST_A_DAY]]
    if not kept:
        return
    Unusual.objects.bulk_create(
        [
            Unusual(
                prediction_id=line.prediction,
                model=model,
                version_id=line.version,
                day=line.day,
                kind=kind,
                strength=line.strength,
                features=line.features,
            )
            for line in kept
        ],
        ignore_conflicts=True,
    )
    of_days = Unusual.objects.filter(model=model, kind=kind, day__in={line.day for line in kept})
    place = Window(RowNumber(), partition_by=["version", "day"], order_by=[F("strength").desc(), F("pk")])
    surplus = of_days.annotate(place=place).filter(place__gt=MOST_A_DAY).values_list("pk", flat=True)
    Unusual.objects.filter(pk__in=list(surplus)).delete()
