"""Count outcomes and labels by the day of their prediction. A correction counts −1 where the value was before."""

from typing import Any, cast

import msgspec
import numpy as np
from django.db import connection, transaction
from django.db.models import F, Q

from apps.common.isolation import one_by_one
from apps.monitoring.models import Stage, TruthCounted
from apps.monitoring.services.day_counting import DayVectors
from apps.monitoring.services.placing import Layout, Placed
from apps.registry.models import MonitoredModel
from apps.stats.arrays import LARGEST, FloatArray
from apps.truth.models import Ledger

PAGE = 20_000
_decode = msgspec.json.Decoder(dict).decode

# The next rows of the record, each with what was known before it. Labels of drawn blind cases have a weight.
CHANGES = """
WITH page AS (
    SELECT * FROM truth_resolution
    WHERE model_id = %(model)s AND (seq, id) > (%(seq)s, %(id)s) AND seq <= %(until)s
    ORDER BY seq, id LIMIT %(limit)s
)
SELECT page.id, page.seq, prediction.version_id, (prediction.predicted_at AT TIME ZONE %(zone)s)::date,
       prediction.predicted, prediction.score, prediction.slices::text,
       1 / draw.counted_probability, page.outcome, before.outcome, page.label, before.label
FROM page
JOIN predictions_prediction AS prediction ON prediction.id = page.prediction_id
LEFT JOIN sampling_draw AS draw
    ON draw.prediction_id = page.prediction_id AND draw.is_blind AND draw.counted_probability > 0
LEFT JOIN LATERAL (
    SELECT outcome, label FROM truth_resolution
    WHERE prediction_id = page.prediction_id AND seq < page.seq ORDER BY seq DESC LIMIT 1
) AS before ON true
ORDER BY page.seq, page.id
"""


def count_due() -> int:
    """Count what is new in the records of all models whose bins are frozen. Returns the rows counted."""
    behind = Q(ledger__last_seq__gt=F("truth_counted__counted_seq")) | Q(truth_counted=None, ledger__last_seq__gt=0)
    models = MonitoredModel.objects.active().filter(behind, counted__frozen_at__isnull=False)
    return sum(one_by_one(models.select_related("project").order_by("pk"), _count, name="count_truth"))


def _count(model: MonitoredModel) -> int:
    counted = 0
    while some := _count_some(model):
        counted += some
    return counted


@transaction.atomic
def _count_some(model: MonitoredModel) -> int:
    """Count the next rows of the record; 0 if there are none, or another worker counts them."""
    TruthCounted.objects.get_or_create(model=model)
    state = TruthCounted.objects.select_for_update(skip_locked=True).filter(model=model).first()
    if state is None:
        return 0
    until = Ledger.objects.filter(model=model).values_list("last_seq", flat=True).first() or 0
    rows = _changes(model, state, until=until)
    if rows:
        # Days are counted under the model's lock; take it for the writing only.
        vectors = _counted(model, rows)
        vectors.save(MonitoredModel.objects.locked(model.pk))
        state.resolution_seq, state.resolution = rows[-1][1], rows[-1][0]
    if len(rows) < PAGE:
        state.counted_seq = until
    state.save()
    return len(rows)


def _changes(model: MonitoredModel, state: TruthCounted, *, until: int) -> list[tuple[Any, ...]]:
    parameters = {"model": model.pk, "seq": state.resolution_seq, "id": state.resolution, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(CHANGES, parameters | {"limit": PAGE, "zone": model.project.time_zone})
        return cast("list[tuple[Any, ...]]", cursor.fetchall())


def _counted(model: MonitoredModel, rows: list[tuple[Any, ...]]) -> DayVectors:
    layout = Layout.of(model)
    vectors = DayVectors(layout.size)
    _, _, versions, days, predicted, score, slices, weight, outcome, outcome_before, label, label_before = zip(
        *rows, strict=True
    )
    parsed = [_decode(text) for text in slices]
    keys = list(zip(versions, days, strict=True))
    decided, scores = _numbers(predicted), _numbers(score)
    by_slice = {
        each: layout.slice_bins(each.name, _values(parsed, each.name)) for each in layout.of_stage(Stage.SLICE_LOSS)
    }
    cells = layout.cells(decided, scores, model)
    for truth, sign in ((_numbers(outcome), 1), (_numbers(outcome_before), -1)):
        known = ~np.isnan(truth)
        loss = loss_of(model, decided, truth)
        weights = np.full(len(rows), sign)
        answers = layout.series[Stage.OUTCOME, ""]
        placed = [(answers, Placed(_where(known, layout.decisions(answers, truth, model))))]
        placed.append((layout.series[Stage.LOSS, ""], Placed(_where(known, cells), loss)))
        placed += [(series, Placed(_where(known, bins), loss)) for series, bins in by_slice.items()]
        vectors.add(keys, placed, weight=weights)
    for truth, sign in ((_numbers(label), 1), (_numbers(label_before), -1)):
        answers = layout.series[Stage.LABEL, ""]
        counts = ~np.isnan(truth) & ~np.isnan(_numbers(weight))
        bins = _where(counts, layout.decisions(answers, truth, model))
        vectors.add(keys, [(answers, Placed(bins, _numbers(weight)))], weight=np.full(len(rows), sign))
    return vectors


def loss_of(model: MonitoredModel, predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """Return 1 where the model was wrong and 0 where it was right, or the absolute error of a number."""
    if model.is_regression:
        return np.minimum(np.abs(predicted - truth), LARGEST)
    return np.where(np.isnan(truth), np.nan, (predicted != truth).astype(np.float64))


def _where(known: Any, bins: Any) -> Any:
    return np.where(known, bins, -1)


def _numbers(column: Any) -> FloatArray:
    return np.array(column, dtype=np.float64)


def _values(slices: list[dict[str, str]], key: str) -> list[str | None]:
    return [each.get(key) for each in slices]
