"""Data frames of predictions for the draw, and of the population cells they add up to."""

from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.predictions.models import Batch, Payload, Prediction
from apps.registry.models import MonitoredModel
from apps.sampling.models import SUMS
from apps.sampling.services.columns import Table
from apps.sampling.services.conditions import FEATURE
from apps.sampling.services.placing import score_bins
from apps.sampling.services.probabilities import SLICE
from apps.stats.score_bins import ScoreBins

COLUMNS = (
    "id",
    "external_id",
    "batch_id",
    "version_id",
    "predicted_at",
    "received_at",
    "predicted",
    "score",
    "baseline",
    "amount",
    "log_share",
    "slices",
)
CELL_KEY = [
    "day",
    "received_day",
    "version_id",
    "predicted_index",
    "baseline_index",
    "score_bin",
    "slice_name",
    "slice_value",
]


def predictions_of(batches: list[Batch], *, model: MonitoredModel, features: set[str]) -> pd.DataFrame:
    """Read the batches' predictions, one row each, with the fields that conditions use.

    Columns: those of the table (with `predicted` and `baseline` as `…_index`), `prediction`, `baseline` and `version`
    as sent, and `features.<name>` for each of `features`.
    """
    rows = [row for batch in batches for row in Prediction.objects.of_batch(batch).values_list(*COLUMNS)]
    frame = pd.DataFrame.from_records(rows, columns=list(COLUMNS))
    frame = frame.rename(columns={"predicted": "predicted_index", "baseline": "baseline_index"})
    for column in ("score", "baseline_index", "amount", "log_share"):
        frame[column] = frame[column].astype(float)
    frame["prediction"] = [model.decode(value) for value in frame["predicted_index"]]
    frame["baseline"] = [None if pd.isna(value) else model.decode(value) for value in frame["baseline_index"]]
    names = dict(model.versions.values_list("id", "name"))
    frame["version"] = [names[key] for key in frame["version_id"]]
    if features:
        sent = _features(batches)
        for name in sorted(features):
            values: list[Any] = [sent[key].get(name) if key in sent else None for key in frame["id"]]
            frame[FEATURE + name] = pd.Series(values, dtype=object, index=frame.index)
    return frame


def table_of(rows: pd.DataFrame) -> Table:
    """Return the frame's columns, and the slices of its rows, for conditions and probabilities."""

    def read(name: str) -> Any:
        if name.startswith(SLICE):
            key = name.removeprefix(SLICE)
            return [slices.get(key) for slices in rows["slices"]]
        return rows[name]

    return Table(len(rows), read)


def _features(batches: list[Batch]) -> dict[int, dict[str, Any]]:
    by_prediction: dict[int, dict[str, Any]] = {}
    for batch in batches:
        payloads = Payload.objects.filter(
            prediction_id__gte=batch.first_id, prediction_id__lte=batch.last_id, received_at=batch.received_at
        )
        by_prediction.update(payloads.values_list("prediction_id", "features"))
    return by_prediction


def cells_of(
    rows: pd.DataFrame, counted: NDArray[np.float64], *, chance: float, model: MonitoredModel, bins: ScoreBins
) -> pd.DataFrame:
    """Sum the rows into population cells, overall and for each slice.

    `counted` is π × blind share, and `chance` the part of it that all predictions have alike.
    """
    frame = _with_sums(rows, counted, chance=chance, model=model, bins=bins)
    parts = [frame.assign(slice_name="", slice_value="")]
    # Take the slices that the rows hold, not those the model declares now: rows and cells must agree.
    for key in sorted({key for slices in rows["slices"] for key in slices}):
        part = frame.assign(slice_name=key, slice_value=[slices.get(key) for slices in rows["slices"]])
        parts.append(part[part["slice_value"].notna()])
    grouped = pd.concat(parts, ignore_index=True).groupby(CELL_KEY, dropna=False, sort=True)
    return grouped[list(SUMS)].sum().reset_index()[[*CELL_KEY, *SUMS]]


def _with_sums(
    rows: pd.DataFrame, counted: NDArray[np.float64], *, chance: float, model: MonitoredModel, bins: ScoreBins
) -> pd.DataFrame:
    covered = counted > 0
    odds = np.divide(1.0 - counted, counted, out=np.zeros(len(rows)), where=covered)
    score = rows["score"].to_numpy(dtype=np.float64)
    amount = rows["amount"].fillna(1.0).to_numpy(dtype=np.float64)
    share = rows["log_share"].fillna(1.0).to_numpy(dtype=np.float64)
    # What each stands for, and what logging adds to the variance of their number
    weight, logging = 1 / share, (1 - share) / share**2
    return pd.DataFrame(
        {
            "day": days_of(rows["predicted_at"], zone=model.zone),
            "received_day": days_of(rows["received_at"], zone=model.zone),
            "version_id": rows["version_id"],
            "predicted_index": rows["predicted_index"],
            "baseline_index": rows["baseline_index"],
            "score_bin": score_bins(model, bins, predicted=rows["predicted_index"], score=score),
            "n": 1,
            "sum_score": weight * np.nan_to_num(score),
            "sum_score2": weight * np.nan_to_num(score) ** 2,
            "sum_pi": counted,
            "sum_odds": weight**2 * odds,
            "sum_odds2": weight**4 * odds**2 * (1 + odds),
            "sum_chance": chance,
            "sum_amount": weight * amount,
            "sum_amount2_odds": weight**2 * amount**2 * odds,
            "sum_amount4_odds2": weight**4 * amount**4 * odds**2 * (1 + odds),
            "n_uncovered": (~covered).astype(int),
            "sum_unlogged": weight - 1,
            "sum_logging": logging,
            "sum_amount2_logging": amount**2 * logging,
        }
    )


def days_of(moments: pd.Series, *, zone: ZoneInfo) -> Any:
    """Return the calendar day of each moment in the given time zone."""
    return pd.to_datetime(moments, utc=True).dt.tz_convert(zone if str(zone) != "UTC" else UTC).dt.date


def day_numbers(moments: pd.Series, *, zone: ZoneInfo) -> NDArray[np.int64]:
    """Return the calendar day of each moment as `date.toordinal` counts."""
    local = pd.to_datetime(moments, utc=True).dt.tz_convert(zone if str(zone) != "UTC" else UTC).dt.tz_localize(None)
    days = local.to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.asarray(days + date(1970, 1, 1).toordinal())
