"""Keep a random sample of each model's last four weeks of predictions, up to 20,000, while they are drawn.

Each day has a share of its own, so that a busy day displaces no other. The days are those of the prediction and not of
its arrival: history sent all at once still shows what a usual day brings.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone
from numpy.typing import NDArray

from apps.common import doorbell
from apps.common.isolation import one_by_one
from apps.predictions.models import Batch, BatchStage, Prediction, Stage
from apps.registry.models import MonitoredModel
from apps.sampling.models import KeptDay, KeptPrediction, PopulationCell
from apps.sampling.services import moments, prediction_frames
from apps.sampling.services.columns import Floats
from apps.sampling.services.randomness import draw_and_keep_numbers

# A day and the 28 before it, together up to 20,000
DAYS = timedelta(days=28)
MOST_A_DAY = 680
FILL_BELL = "fill_samples"
# Rows read at once while a sample is filled
CHUNK = 50_000
# Payloads are found by ranges of ids: those closer than this share one.
GAP = 5_000
STORE = """
INSERT INTO sampling_keptprediction (
    prediction_id, model_id, day, number, u, received_at, version_id, predicted, score, baseline, amount, log_share,
    slices
)
SELECT id, model_id, day, number, u, received_at, version_id, predicted, score, baseline, amount, log_share, slices
FROM unnest(%s::bigint[], %s::date[], %s::float8[], %s::float8[]) AS chosen (id, day, number, u)
JOIN predictions_prediction USING (id)
ON CONFLICT (prediction_id) DO NOTHING
"""
# The sum keeps the planner from looking up each id on its own, which an index by ranges is slow at.
READ_FEATURES = """
UPDATE sampling_keptprediction AS kept SET features = sent.features FROM (
    SELECT prediction_id, features FROM predictions_payload
    WHERE prediction_id BETWEEN %s AND %s AND prediction_id + 0 = ANY(%s::bigint[]) AND received_at BETWEEN %s AND %s
) AS sent
WHERE kept.prediction_id = sent.prediction_id
"""
REFRESH_SLICES = """
UPDATE sampling_keptprediction AS kept SET slices = row.slices FROM predictions_prediction AS row
WHERE kept.model_id = %s AND kept.prediction_id BETWEEN %s AND %s AND row.id = kept.prediction_id
"""
FORGET_FEATURES = "UPDATE sampling_keptprediction SET features = '{}' WHERE received_at < %s AND features::text <> '{}'"


@dataclass(frozen=True)
class Candidates:
    """Predictions that may be kept. `day` is an ordinal."""

    ids: NDArray[np.int64]
    day: NDArray[np.int64]
    number: Floats
    u: Floats

    def where(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Candidates":
        return Candidates(self.ids[rows], self.day[rows], self.number[rows], self.u[rows])


def keep(model: MonitoredModel, rows: pd.DataFrame, *, u: Floats, number: Floats) -> None:
    """Keep some of the rows, in the transaction of their draw and before their cells are written.

    A model that was drawn before it had a sample gets all of it from `fill`.
    """
    candidates = _candidates(model, rows, u=u, number=number)
    known = _known(model)
    if known and not len(_below(candidates, known).ids):
        return
    with connection.cursor() as cursor:
        # One draw at a time changes a model's sample.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('kept'), %s)", [model.pk])
    known = _known(model)
    if known or not PopulationCell.objects.filter(model=model).exists():
        _keep(model, candidates, known)


def fill_due() -> int:
    """Give a sample to the models that were drawn before samples were kept. Returns how many."""
    cells, days = PopulationCell.objects.filter(model=OuterRef("pk")), KeptDay.objects.filter(model=OuterRef("pk"))
    drawn = MonitoredModel.objects.filter(Exists(cells), ~Exists(days)).select_related("project")
    return sum(one_by_one(drawn, fill, name=FILL_BELL))


@transaction.atomic
def fill(model: MonitoredModel) -> bool:
    """Keep a sample of what was drawn so far, with draws held off: they add what comes after it."""
    moments.hold_off_draws(model)
    newest = PopulationCell.objects.filter(model=model).aggregate(day=Max("day"), received=Max("received_day"))
    if _known(model) or newest["day"] is None:
        return False
    start = datetime.combine(min(newest.values()) - DAYS, time(), tzinfo=model.zone)
    undrawn = BatchStage.objects.filter(batch__model=model, stage=Stage.DRAW, done_at=None).values("batch")
    drawn = Prediction.objects.filter(model=model, predicted_at__gte=start).exclude(batch__in=undrawn)
    rows = drawn.values_list("id", "external_id", "predicted_at", "received_at").iterator(chunk_size=CHUNK)
    while some := list(islice(rows, CHUNK)):
        frame = pd.DataFrame.from_records(some, columns=["id", "external_id", "predicted_at", "received_at"])
        u, number = draw_and_keep_numbers(bytes(model.salt), frame["external_id"])
        _keep(model, _candidates(model, frame, u=u, number=number), _known(model))
    return True


def read_features() -> int:
    """Read what was sent for the predictions kept since the last time, and return how many those were.

    Not in the draws: finding payloads takes as long for one prediction as for many of the same time.
    """
    unread = KeptPrediction.objects.filter(features__isnull=True).order_by("pk").values_list("pk", "received_at")
    found = list(unread[:CHUNK])
    ids = np.array([key for key, _ in found], dtype=np.int64)
    for part in np.split(np.arange(len(ids)), np.flatnonzero(np.diff(ids) > GAP) + 1):
        some = [found[place] for place in part.tolist()]
        if some:
            _read_features([key for key, _ in some], since=min(at for _, at in some), until=max(at for _, at in some))
    return len(found)


@transaction.atomic
def _read_features(ids: list[int], *, since: datetime, until: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(READ_FEATURES, [ids[0], ids[-1], _array(np.array(ids)), since, until])
    # The payloads of the others are gone.
    KeptPrediction.objects.filter(pk__in=ids, features__isnull=True).update(features={})


def refresh_slices(model: MonitoredModel, batch: Batch) -> None:
    """Take over the slices that were filled into a batch's rows."""
    with connection.cursor() as cursor:
        cursor.execute(REFRESH_SLICES, [model.pk, batch.first_id, batch.last_id])


def forget_features() -> None:
    """Empty the features of predictions whose payloads are old enough to be dropped."""
    if settings.PAYLOAD_DAYS:
        with connection.cursor() as cursor:
            cursor.execute(FORGET_FEATURES, [timezone.now() - timedelta(days=settings.PAYLOAD_DAYS)])


def _known(model: MonitoredModel) -> dict[int, KeptDay]:
    return {each.day.toordinal(): each for each in KeptDay.objects.filter(model=model)}


def _candidates(model: MonitoredModel, rows: pd.DataFrame, *, u: Floats, number: Floats) -> Candidates:
    predicted, received = rows["predicted_at"], rows["received_at"]
    # A prediction dated ahead must not end the four weeks.
    day = prediction_frames.day_numbers(predicted.where(predicted < received, received), zone=model.zone)
    return Candidates(rows["id"].to_numpy(), day, number, u)


def _below(candidates: Candidates, known: dict[int, KeptDay]) -> Candidates:
    """Return those of the four weeks whose number is below the threshold of their day."""
    first = max((*known, int(candidates.day.max()))) - DAYS.days
    days, place = np.unique(candidates.day, return_inverse=True)
    thresholds = [known[day].threshold if day in known else 1.0 if day >= first else 0.0 for day in days.tolist()]
    return candidates.where(candidates.number < np.array(thresholds)[place])


def _keep(model: MonitoredModel, candidates: Candidates, known: dict[int, KeptDay]) -> None:
    if not len(candidates.ids):
        return
    _let_go(model, known, before=max((*known, int(candidates.day.max()))) - DAYS.days)
    below = _below(candidates, known)
    chosen = []
    for day in np.unique(below.day).tolist():
        kept = known.get(day) or KeptDay(model=model, day=date.fromordinal(day))
        if kept.pk is None:
            # Whoever looks at a new sample need not wait for the sweep.
            doorbell.ring_on_commit(FILL_BELL)
        found = _thinned(kept, np.flatnonzero(below.day == day), below.number)
        kept.n += len(found)
        kept.save()
        chosen.append(found)
    if chosen:
        _store(below.where(np.concatenate(chosen)))


def _let_go(model: MonitoredModel, known: dict[int, KeptDay], *, before: int) -> None:
    old = [each.pk for day, each in known.items() if day < before]
    if old:
        KeptPrediction.objects.filter(model=model, day__lt=date.fromordinal(before)).delete()
        KeptDay.objects.filter(pk__in=old).delete()


def _thinned(kept: KeptDay, found: NDArray[np.int64], number: Floats) -> NDArray[np.int64]:
    """Halve the day's threshold until the day has room for those found, and return the ones that are below it."""
    if kept.n + len(found) <= MOST_A_DAY:
        return found
    stored = KeptPrediction.objects.filter(model=kept.model, day=kept.day)
    numbers = np.array(stored.values_list("number", flat=True), dtype=np.float64)
    while len(numbers) + len(found) > MOST_A_DAY:
        kept.threshold /= 2
        numbers, found = numbers[numbers < kept.threshold], found[number[found] < kept.threshold]
    stored.filter(number__gte=kept.threshold).delete()
    kept.n = len(numbers)
    return found


def _store(chosen: Candidates) -> None:
    days = np.array([date.fromordinal(day).isoformat() for day in chosen.day.tolist()])
    with connection.cursor() as cursor:
        cursor.execute(STORE, [_array(each) for each in (chosen.ids, days, chosen.number, chosen.u)])


def _array(values: NDArray[Any]) -> str:
    """Write an array as PostgreSQL reads it: the driver would adapt each value on its own."""
    return f"{{{','.join(map(str, values.tolist()))}}}"
