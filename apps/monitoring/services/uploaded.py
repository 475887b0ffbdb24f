"""A reference from uploaded rows, such as the training data."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from django.db import transaction

from apps.accounts.models import ApiKey, User
from apps.accounts.services import audit_log
from apps.common.clock import database_now
from apps.common.errors import DomainError
from apps.common.numerals import count
from apps.monitoring.models import Counted, Reference, Series
from apps.monitoring.services import references
from apps.monitoring.services.day_counting import DayVectors
from apps.monitoring.services.placing import Layout
from apps.monitoring.services.references import LEAST_ROWS, SAMPLED, Sample, coded
from apps.monitoring.services.sent_rows import SentRows
from apps.monitoring.services.series import new_series
from apps.predictions.services.whole_bodies import read_whole
from apps.registry.models import MonitoredModel

SEED = 20_261_128


def upload(
    model: MonitoredModel,
    pieces: Iterable[bytes],
    *,
    content_type: str,
    encoding: str = "",
    by: User | None,
    key: ApiKey | None = None,
) -> Reference:
    """Make uploaded rows the reference; nothing of a body with a refused row is kept.

    The bins of series that have none yet are frozen on these rows. Raises DomainError.
    """
    rows = read_whole(model, pieces, content_type=content_type, encoding=encoding)
    if len(rows) < LEAST_ROWS:
        raise DomainError(
            f"A reference needs at least {LEAST_ROWS} rows; these are {count(len(rows))}.", code="too_few_rows"
        )
    sent = _in_columns(rows)
    with transaction.atomic():
        model = MonitoredModel.objects.locked(model.pk)
        layout = _layout(model, sent)
        vectors = DayVectors(layout.size)
        same_day = (0, database_now().date())
        vectors.add([same_day] * len(sent), layout.placed(sent, model))
        made = references.store(
            model,
            Reference.Source.UPLOADED,
            vectors.counts[same_day],
            vectors.sums[same_day],
            _sample(sent, model, layout),
            rows=len(sent),
            span=None,
            by=by,
        )
        details = {"model": model.slug, "reference": made.number, "rows": made.rows}
        subject = f"model {model.slug}"
        audit_log.record(model.project, "reference.uploaded", subject=subject, by=by, key=key, details=details)
    return made


def _layout(model: MonitoredModel, sent: SentRows) -> Layout:
    """Freeze what has no bins yet. Days are counted from then on, those before step by step."""
    state, _ = Counted.objects.get_or_create(model=model)
    layout = Layout.of(model)
    layout.add(Series.objects.bulk_create(new_series(model, [sent], layout)))
    if state.frozen_at is None:
        state.frozen_at = database_now()
        state.save(update_fields=["frozen_at"])
    return layout


def _sample(sent: SentRows, model: MonitoredModel, layout: Layout) -> Sample:
    found = coded([sent], model=model, layout=layout)
    if len(found.codes) <= SAMPLED:
        return found
    chosen = np.random.default_rng(SEED).choice(len(found.codes), SAMPLED, replace=False)
    return Sample(found.series, found.codes[np.sort(chosen)])


def _in_columns(rows: list[Any]) -> SentRows:
    return SentRows(
        keys=[0] * len(rows),
        batches=[0] * len(rows),
        versions=[0] * len(rows),
        days=[row.form.predicted_at.date() for row in rows],
        predicted=np.array([row.predicted for row in rows], dtype=np.float64),
        score=np.array([row.score for row in rows], dtype=np.float64),
        baseline=np.array([row.baseline for row in rows], dtype=np.float64),
        slices=[row.slices for row in rows],
        texts=[repr(sorted(row.content.features.items())) for row in rows],
        features=[row.content.features for row in rows],
        processed=[row.content.processed for row in rows],
        latency=np.array([row.form.latency_ms for row in rows], dtype=np.float64),
        resources=[row.content.resources for row in rows],
    )
