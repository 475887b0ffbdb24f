"""Read the contributions that came with predictions, with few queries and bounded memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
import numpy as np
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast, TruncDate

from apps.explanations.engine.spec import Space
from apps.explanations.services import adding_up
from apps.explanations.services.push_rows import Document, PushRows
from apps.predictions.models import Batch, Payload, Prediction, Stage
from apps.predictions.services import batch_rows
from apps.registry.models import MonitoredModel
from apps.stats.arrays import FloatArray, IntArray

ROWS_AT_ONCE = 5_000
# The last: nothing tells in which units.
SPACES = (*Space, "")
MISSED, UNKNOWN = -1, len(SPACES) - 1
NARROW = ("prediction__version_id", "day", "prediction__predicted", "prediction__score", "attribution_base")

_numbers = msgspec.json.Decoder(dict[str, float]).decode
_document = msgspec.json.Decoder(dict).decode


@dataclass(frozen=True, eq=False)
class Sent:
    """Rows as sent, each with weight 1; the sum of its contributions, base included, and what it has to reach."""

    rows: PushRows
    totals: FloatArray
    told: FloatArray

    def checked(self, model: MonitoredModel) -> "Sums":
        """Check every sum. Where two units fit, that of most rows of the version counts."""
        found = adding_up.check(model, self.totals, self.told)
        spaces = np.where(found.can_check, MISSED, UNKNOWN)
        for version in np.unique(self.rows.versions):
            own = self.rows.versions == version
            # The commonest last, so that it stays.
            for space in sorted(found.fits, key=lambda space: int(found.fits[space][own].sum())):
                spaces[own & found.fits[space]] = SPACES.index(space)
        return Sums(self.rows, spaces)


@dataclass(frozen=True, eq=False)
class Sums:
    """Rows with the position of their units in SPACES, or MISSED."""

    rows: PushRows
    spaces: IntArray

    def by_space(self) -> Iterator[tuple[str, PushRows]]:
        """Yield the rows of each unit; those that do not add up are left out."""
        for position, space in enumerate(SPACES):
            mask = self.spaces == position
            if mask.any():
                yield space, self.rows.where(mask)


class SentSource:
    """Contributions as sent in one unit; `besides` are the batches at hand."""

    def __init__(self, model: MonitoredModel, *, space: str, besides: Sequence[Batch]) -> None:
        self.model, self.space = model, space
        self.besides = [each.pk for each in besides]

    def before(self) -> Iterator[PushRows]:
        batches = Batch.objects.filter(model=self.model, stages__stage=Stage.ADD_UP, stages__done_at__isnull=False)
        return self._of_space(sent_pushes(list(batches.exclude(pk__in=self.besides)), model=self.model))

    def newest(self, version: int, *, limit: int) -> Iterator[PushRows]:
        of_version = Prediction.objects.filter(model=self.model, version=version).order_by("-predicted_at")
        found = list(of_version.values_list("pk", "received_at")[:limit])
        for at in range(0, len(found), ROWS_AT_ONCE):
            keys, times = zip(*found[at : at + ROWS_AT_ONCE], strict=True)
            sent = Payload.objects.filter(
                prediction_id__in=keys, received_at__gte=min(times), received_at__lte=max(times)
            )
            yield from self._of_space(_read(sent, model=self.model))

    def _of_space(self, found: Iterator[Sent]) -> Iterator[PushRows]:
        for each in found:
            yield from (rows for space, rows in each.checked(self.model).by_space() if space == self.space)


def sent_pushes(batches: list[Batch], *, model: MonitoredModel) -> Iterator[Sent]:
    """Iterate over the rows of these batches that came with contributions."""
    for predictions, payloads in batch_rows.in_runs(batches):
        yield from _read(payloads.filter(prediction__in=predictions), model=model)


def _read(payloads: QuerySet[Payload], *, model: MonitoredModel) -> Iterator[Sent]:
    texts = {f"{name}_text": Cast(name, TextField()) for name in ("attributions", "features", "processed")}
    columns = ["prediction_id", *NARROW, *texts]
    if model.slices:
        texts["slices_text"] = Cast("prediction__slices", TextField())
        columns.append("slices_text")
    dated = payloads.filter(attributions__isnull=False).annotate(
        day=TruncDate("prediction__predicted_at", tzinfo=model.zone), **texts
    )
    stream = dated.order_by().values_list(*columns).iterator(chunk_size=ROWS_AT_ONCE)
    while chunk := list(islice(stream, ROWS_AT_ONCE)):
        if kept := [row for row in chunk if row[len(NARROW) + 1] != "{}"]:
            yield _sent(kept, model)


def _sent(chunk: list[Any], model: MonitoredModel) -> Sent:
    keys, versions, days, predicted, score, base, attributions, features, processed, *slices = zip(*chunk, strict=True)
    rows = PushRows.of(
        keys=keys,
        versions=versions,
        days=days,
        contributions=[_numbers(text) for text in attributions],
        inputs=_inputs(features, processed),
        slices=_slices(slices[0]) if slices else (),
    )
    told = np.array(predicted if model.is_regression else score, dtype=np.float64)
    return Sent(rows, np.array(base, dtype=np.float64) + np.nansum(rows.pushes, axis=1), told)


def _inputs(features: Sequence[str], processed: Sequence[str | None]) -> list[Document]:
    """Return what was sent, and over it what the model saw, where the two differ."""
    return [
        _document(text) if seen is None else _document(text) | _document(seen)
        for text, seen in zip(features, processed, strict=True)
    ]


def _slices(texts: Sequence[str]) -> list[Mapping[str, str]]:
    """Decode each of the few different texts once."""
    known = {text: _document(text) for text in set(texts)}
    return [known[text] for text in texts]
