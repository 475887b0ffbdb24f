"""The sample of a model's last four weeks as columns, for whoever asks what a policy would have done."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any

import msgspec
import numpy as np
from django.db import connection
from numpy.typing import NDArray

from apps.registry.models import MonitoredModel
from apps.sampling.models import KeptDay
from apps.sampling.services.columns import Coded, Column, Floats, Table, column_of
from apps.sampling.services.conditions import FEATURE
from apps.sampling.services.probabilities import SLICE

# A process holds the samples of this many models for so long.
MODELS = 4
SECONDS = 180.0
# Features read in one pass over what was sent
AT_ONCE = 40
# Of longer texts only the beginning is kept in memory, with a mark that no sent value has.
LONGEST_TEXT = 200
CUT = "\x00"
# Rows whose features are read at once, which bounds the memory that wide ones take
CHUNK = 2_000
ROWS = """
SELECT prediction_id, day - DATE '0001-01-01' + 1, u, extract(epoch FROM received_at)::float8, version_id, predicted,
    score, baseline, amount, coalesce(log_share, 1)
FROM sampling_keptprediction WHERE model_id = %s AND features IS NOT NULL ORDER BY prediction_id
"""
# In one text each: the driver takes longer for many rows than the decoder for all that they hold.
SENT = """
SELECT '[' || coalesce(string_agg(prediction_id::text, ',' ORDER BY prediction_id), '') || ']',
    '[' || coalesce(string_agg({field}::text, ',' ORDER BY prediction_id), '') || ']'
FROM sampling_keptprediction
WHERE model_id = %s AND prediction_id BETWEEN %s AND %s AND features IS NOT NULL
"""


@dataclass(frozen=True, eq=False)
class KeptSample:
    """A random sample of predictions, by id. `table` reads like the frame of a draw.

    `weight` is 1 over the probability with which each was kept, `day` an ordinal (`date.toordinal`), `u` the permanent
    number of the draw and `received` the time of arrival in seconds since 1970.
    """

    ids: NDArray[np.int64]
    table: Table
    weight: Floats
    day: NDArray[np.int64]
    u: Floats
    received: Floats


_decode = msgspec.json.Decoder(list[dict[str, Any]]).decode
_decode_keys = msgspec.json.Decoder(list[int]).decode
_samples: "OrderedDict[int, tuple[float, KeptSample]]" = OrderedDict()
_lock = Lock()


def sample_of(model: MonitoredModel) -> KeptSample:
    """Return the model's sample. It may be a few minutes old, and must not be changed."""
    with _lock:
        found = _samples.get(model.pk)
        if found and time.monotonic() - found[0] < SECONDS:
            _samples.move_to_end(model.pk)
            return found[1]
    sample = _read(model)
    with _lock:
        _samples[model.pk] = time.monotonic(), sample
        _samples.move_to_end(model.pk)
        while len(_samples) > MODELS:
            _samples.popitem(last=False)
    return sample


def forget() -> None:
    """Drop what this process holds, so that the next look reads anew."""
    with _lock:
        _samples.clear()


def _read(model: MonitoredModel) -> KeptSample:
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [model.pk])
        rows = np.array(cursor.fetchall(), dtype=np.float64).reshape(-1, 10)
    days = {each.day.toordinal(): each.threshold for each in KeptDay.objects.filter(model=model)}
    ids, day = rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64)
    weight = 1.0 / np.array([days.get(each, 1.0) for each in day.tolist()], dtype=np.float64)
    sent = _Sent(model, ids, rows)
    return KeptSample(ids, Table(len(ids), sent.read), weight, day, rows[:, 2].copy(), rows[:, 3].copy())


class _Sent:
    """Reads the columns of a sample when they are first asked for."""

    def __init__(self, model: MonitoredModel, ids: NDArray[np.int64], rows: Floats) -> None:
        self._model = model
        self._ids = ids
        version, predicted, score, baseline, amount, log_share = rows[:, 4:].T.copy()
        names = dict(model.versions.values_list("id", "name"))
        found, codes = np.unique(version, return_inverse=True)
        self._columns: dict[str, Column] = {
            "version": Coded(codes.astype(np.int32), tuple(names.get(int(each)) for each in found)),
            "predicted_index": predicted,
            "baseline_index": baseline,
            "score": score,
            "amount": amount,
            "log_share": log_share,
            "prediction": _as_sent(model, predicted),
            "baseline": _as_sent(model, baseline),
        }

    def read(self, name: str) -> Column:
        if name not in self._columns:
            field, prefix = ("slices", SLICE) if name.startswith(SLICE) else ("features", FEATURE)
            wanted = [name.removeprefix(prefix)] if field == "slices" else self._beside(name.removeprefix(prefix))
            values = self._values(field, wanted)
            self._columns |= {prefix + each: column_of(values[each]) for each in wanted}
        return self._columns[name]

    def _beside(self, name: str) -> list[str]:
        """Return the feature with those declared next to it: reading them costs no second pass."""
        declared = [each.name for each in self._model.feature_list]
        if name not in declared:
            return [name]
        start = declared.index(name) // AT_ONCE * AT_ONCE
        return declared[start : start + AT_ONCE]

    def _values(self, field: str, names: list[str]) -> dict[str, list[Any]]:
        """Return what was sent under these names, by row; None where it was not."""
        sent: list[dict[str, Any]] = [{}] * len(self._ids)
        for start in range(0, len(self._ids), CHUNK):
            part = self._ids[start : start + CHUNK]
            with connection.cursor() as cursor:
                cursor.execute(SENT.format(field=field), [self._model.pk, int(part[0]), int(part[-1])])
                keys, documents = cursor.fetchone()
            # The sample may have changed since its ids were read.
            places = {key: start + place for place, key in enumerate(part.tolist())}
            for key, document in zip(_decode_keys(keys), _decode(documents), strict=True):
                if key in places:
                    sent[places[key]] = document
        return {name: _cut([each.get(name) for each in sent]) for name in names}


def _cut(values: list[Any]) -> list[Any]:
    if str not in {*map(type, values)}:
        return values
    return [
        each[:LONGEST_TEXT] + CUT if isinstance(each, str) and len(each) > LONGEST_TEXT else each for each in values
    ]


def _as_sent(model: MonitoredModel, stored: Floats) -> Column:
    """Return classes as sent for their positions; numbers are as stored."""
    if model.is_regression:
        return stored
    missing = len(model.classes)
    return Coded(np.nan_to_num(stored, nan=missing).astype(np.int32), (*model.classes, None))
