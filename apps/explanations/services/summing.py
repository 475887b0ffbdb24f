"""The stage that checks what clients sent: whether contributions add up, row by row, and what they are by day."""

from collections import Counter, defaultdict
from datetime import date

import numpy as np
from django.db import connection, transaction

from apps.explanations.services.counting import PushCounter
from apps.explanations.services.sent_pushes import MISSED, UNKNOWN, SentSource, Sums, sent_pushes
from apps.explanations.services.specs import Method
from apps.predictions.models import BatchStage, Stage
from apps.predictions.services import stages
from apps.registry.models import MonitoredModel

ADD = """
INSERT INTO explanations_addedup AS kept (model_id, version_id, day, rows, missed, unchecked)
SELECT %s, * FROM unnest(%s::bigint[], %s::date[], %s::bigint[], %s::bigint[], %s::bigint[])
ON CONFLICT (model_id, day, version_id) DO UPDATE SET rows = kept.rows + excluded.rows,
    missed = kept.missed + excluded.missed, unchecked = kept.unchecked + excluded.unchecked
"""
# By version and day: rows, missed, unchecked
Checks = defaultdict[tuple[int, int], Counter[str]]


def add_up_due() -> int:
    """Check and count every due batch. Returns how many."""
    return stages.consume(Stage.ADD_UP, add_up_batches)


def add_up_batches(model: MonitoredModel, states: list[BatchStage]) -> None:
    """Write checks, counts and the stage's states in one transaction."""
    with transaction.atomic():
        # First, since this locks the rows: no other worker can take the batches over while the rest runs.
        stages.finish(states)
        batches = [state.batch for state in states]
        checks: Checks = defaultdict(Counter)
        counters: dict[str, PushCounter] = {}
        for sent in sent_pushes(batches, model=model):
            sums = sent.checked(model)
            _count_checks(sums, checks)
            for space, rows in sums.by_space():
                if space not in counters:
                    source = SentSource(model, space=space, besides=batches)
                    counters[space] = PushCounter(model, method=Method.SENT, space=space, source=source)
                counters[space].add(rows)
        for counter in counters.values():
            counter.keep()
        _keep_checks(model, checks)


def _count_checks(sums: Sums, checks: Checks) -> None:
    rows = sums.rows
    for version, day in set(zip(rows.versions.tolist(), rows.days.tolist(), strict=True)):
        own = sums.spaces[(rows.versions == version) & (rows.days == day)]
        missed, unchecked = (int(np.count_nonzero(own == code)) for code in (MISSED, UNKNOWN))
        checks[version, day].update(rows=len(own), missed=missed, unchecked=unchecked)


def _keep_checks(model: MonitoredModel, checks: Checks) -> None:
    """Add to the stored days; in the order of their keys, so that two workers cannot deadlock."""
    keys = sorted(checks)
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            ADD,
            [
                model.pk,
                [version for version, _ in keys],
                [date.fromordinal(day) for _, day in keys],
                *([checks[key][name] for key in keys] for name in ("rows", "missed", "unchecked")),
            ],
        )
