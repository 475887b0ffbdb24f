"""Read the rows of batches as they were sent, column by column, with few queries and bounded memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

import msgspec
import numpy as np
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast, TruncDate

from apps.monitoring.services.shape import Document, Rows
from apps.predictions.models import Batch, Payload, Prediction
from apps.predictions.services import batch_rows
from apps.registry.models import MonitoredModel
from apps.stats.arrays import FloatArray

ROWS_AT_ONCE = 5_000

_decode = msgspec.json.Decoder(dict).decode


@dataclass(frozen=True)
class SentRows:
    """Rows of one model. Numbers are nan where there are none; `days` are those of the predictions."""

    keys: list[int]
    batches: list[int]
    versions: list[int]
    days: list[date]
    predicted: FloatArray
    score: FloatArray
    baseline: FloatArray
    slices: list[dict[str, str]]
    # The features as text, and as documents
    texts: list[str]
    features: list[Document]
    # What the model saw after preprocessing; empty where the row does not say
    processed: list[Document]
    latency: FloatArray
    resources: list[Document]

    def __len__(self) -> int:
        return len(self.features)


def sent_rows(batches: list[Batch], *, model: MonitoredModel) -> Iterator[SentRows]:
    """Iterate over the rows of these batches."""
    for rows, sent in batch_rows.in_runs(batches):
        yield from _joined(rows, sent, model=model)


def rows_of(rows: QuerySet[Prediction], *, model: MonitoredModel) -> Iterator[SentRows]:
    """Iterate over chosen predictions whose payload is still stored."""
    arrivals = list(rows.order_by("pk").values_list("pk", "received_at"))
    for at in range(0, len(arrivals), ROWS_AT_ONCE):
        keys, times = zip(*arrivals[at : at + ROWS_AT_ONCE], strict=True)
        sent = Payload.objects.filter(prediction_id__in=keys, received_at__gte=min(times), received_at__lte=max(times))
        yield from _joined(Prediction.objects.filter(pk__in=keys), sent, model=model)


def by_arrival(rows: SentRows, batches: dict[int, Batch], *, model: MonitoredModel) -> Iterator[Rows]:
    """Group the features of these rows by batch and version, with the day on which they arrived."""
    groups: dict[tuple[int, int], list[Document]] = defaultdict(list)
    for batch, version, document in zip(rows.batches, rows.versions, rows.features, strict=True):
        groups[batch, version].append(document)
    for (key, version), documents in groups.items():
        received_at = batches[key].received_at
        yield Rows(documents, version, received_at.astimezone(model.zone).date(), received_at)


def _joined(rows: QuerySet[Prediction], sent: QuerySet[Payload], *, model: MonitoredModel) -> Iterator[SentRows]:
    columns = ["id", "batch_id", "version_id", "day", "predicted", "score", "baseline"]
    if model.slices:
        columns.append("slices")
    dated = rows.annotate(day=TruncDate("predicted_at", tzinfo=model.zone)).order_by()
    narrow = {row[0]: row[1:] for row in dated.values_list(*columns)}
    as_text = {f"{name}_text": Cast(name, TextField()) for name in ("features", "processed", "resources")}
    texts = sent.annotate(**as_text).order_by().values_list("prediction_id", "latency_ms", *as_text)
    stream = texts.iterator(chunk_size=ROWS_AT_ONCE)
    while chunk := list(islice(stream, ROWS_AT_ONCE)):
        # Rows of other batches can lie between a batch's ids.
        pairs = [(narrow[wide[0]], wide) for wide in chunk if wide[0] in narrow]
        if pairs:
            yield _in_columns(pairs)


def _in_columns(pairs: list[tuple[Any, Any]]) -> SentRows:
    narrow, wide = zip(*pairs, strict=True)
    batches, versions, days, predicted, score, baseline, *slices = zip(*narrow, strict=True)
    keys, latency, texts, processed, resources = zip(*wide, strict=True)
    return SentRows(
        keys=list(keys),
        batches=list(batches),
        versions=list(versions),
        days=list(days),
        predicted=np.array(predicted, dtype=np.float64),
        score=np.array(score, dtype=np.float64),
        baseline=np.array(baseline, dtype=np.float64),
        slices=list(slices[0]) if slices else [],
        texts=list(texts),
        features=[_decode(text) for text in texts],
        processed=_decoded(processed),
        latency=np.array(latency, dtype=np.float64),
        resources=_decoded(resources),
    )


def _decoded(texts: Sequence[str | None]) -> list[Document]:
    return [{} if text is None else _decode(text) for text in texts]
