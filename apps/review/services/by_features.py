"""Find predictions by a condition on their features, of those whose features are still kept."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from apps.predictions.models import Payload, Prediction
from apps.registry.models import MonitoredModel
from apps.sampling.services import conditions
from apps.sampling.services.columns import Table
from apps.sampling.services.conditions import FEATURE

Condition = dict[str, Any]
# Features are read so many predictions at a time, and for one page at most so many.
AT_ONCE, MOST_READ = 1_000, 20_000


def problem(condition: Any, *, model: MonitoredModel) -> str:
    """Return what is wrong with a condition to search by; empty if nothing is."""
    found = conditions.problems(condition, model=model)
    if found:
        return found[0].message
    if all(leaf["field"].startswith(FEATURE) for leaf in conditions.leaves(condition)):
        return ""
    return "This condition may only name features, such as features.age."


def first(
    condition: Condition, rows: QuerySet[Prediction], *, limit: int
) -> tuple[list[Prediction], Prediction | None]:
    """Return the first rows that meet the condition, and the last one read where there may be more behind it."""
    found: list[Prediction] = []
    last, read = None, 0
    for chunk in chunks(rows[:MOST_READ]):
        last, read = chunk[-1], read + len(chunk)
        found += which_meet(condition, chunk)
        if len(found) > limit:
            return found[:limit], found[limit - 1]
    return found, last if read == MOST_READ else None


def which_meet(condition: Condition, predictions: Sequence[Prediction]) -> list[Prediction]:
    """Return those of the predictions whose features are kept and meet the condition, in their order."""
    if not predictions:
        return []
    times = [each.received_at for each in predictions]
    # Payloads are partitioned by their time of arrival.
    sent = Payload.objects.filter(
        prediction_id__in=[each.pk for each in predictions], received_at__gte=min(times), received_at__lte=max(times)
    )
    features: dict[int, dict[str, Any]] = dict(sent.values_list("prediction_id", "features"))
    kept = [each for each in predictions if each.pk in features]

    def read(field: str) -> list[Any]:
        name = field.removeprefix(FEATURE)
        return [features[each.pk].get(name) for each in kept]

    meets = conditions.holds(condition, Table(len(kept), read))
    return [each for each, does in zip(kept, meets.tolist(), strict=True) if does]


def chunks(rows: QuerySet[Prediction]) -> Iterator[list[Prediction]]:
    """Read the rows in their order, some at a time."""
    found = rows.iterator(chunk_size=AT_ONCE)
    while chunk := list(islice(found, AT_ONCE)):
        yield chunk
