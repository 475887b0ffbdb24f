"""What each policy met and drew, by the hour in which the predictions were received."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from apps.common.isolation import one_by_one
from apps.predictions.models import Batch
from apps.registry.models import MonitoredModel
from apps.sampling.models import FOLDED, PolicyHour
from apps.sampling.services.columns import Floats
from apps.sampling.services.moments import hour_of
from apps.sampling.services.rates import RatedPolicy

if TYPE_CHECKING:
    import pandas as pd

COUNTS = ("n", "matched", "sum_shape", "sum_p", "sum_p2", "drawn", "drawn_only", "served")


def count(
    model: MonitoredModel,
    batches: list[Batch],
    rows: "pd.DataFrame",
    *,
    policies: Sequence[RatedPolicy],
    shape: Floats,
    p: Floats,
    u: Floats,
    claim: UUID,
) -> None:
    """Add what each policy met in the rows of a claim and drew of them. The arrays' shape is (policies, rows)."""
    hour_of_batch = {batch.pk: hour_of(batch.received_at, model.zone) for batch in batches}
    hours = sorted(set(hour_of_batch.values()))
    position = rows["batch_id"].map({key: hours.index(hour) for key, hour in hour_of_batch.items()}).to_numpy()
    counts = _counts(shape, p, u)
    PolicyHour.objects.bulk_create(
        PolicyHour(
            policy=each.policy,
            hour=hour,
            claim=claim,
            **{name: counts[name][j, position == k].sum().item() for name in COUNTS},
        )
        for k, hour in enumerate(hours)
        for j, each in enumerate(policies)
    )


def _counts(shape: Floats, p: Floats, u: Floats) -> dict[str, NDArray[np.generic]]:
    drawn = u < p
    # Policies are sorted by rank; the first that draws it gets the item.
    is_first = drawn & (np.cumsum(drawn, axis=0) == 1)
    return {
        "n": np.ones_like(drawn, dtype=np.int64),
        "matched": shape > 0,
        "sum_shape": shape,
        "sum_p": p,
        "sum_p2": p**2,
        "drawn": drawn,
        "drawn_only": drawn & (drawn.sum(axis=0) == 1),
        "served": is_first,
    }


FOLD = f"""
WITH moved AS (
    DELETE FROM sampling_policyhour
    WHERE claim <> %(folded)s AND policy_id IN (SELECT id FROM sampling_samplingpolicy WHERE model_id = %(model)s)
    RETURNING *
)
INSERT INTO sampling_policyhour AS kept (policy_id, hour, claim, {", ".join(COUNTS)})
SELECT policy_id, hour, %(folded)s, {", ".join(f"sum({name})" for name in COUNTS)}
FROM moved GROUP BY policy_id, hour
ON CONFLICT (policy_id, hour, claim)
DO UPDATE SET {", ".join(f"{name} = kept.{name} + excluded.{name}" for name in COUNTS)}
"""  # noqa: S608  # only our own column names are interpolated


def fold() -> int:
    """Fold the claims' rows into one row per policy and hour. Returns the number of models."""
    unfolded = PolicyHour.objects.exclude(claim=FOLDED).values("policy__model").distinct()
    models = MonitoredModel.objects.filter(pk__in=unfolded)
    return sum(one_by_one(models, _fold, name="compact_cells"))


@transaction.atomic
def _fold(model: MonitoredModel) -> bool:
    with connection.cursor() as cursor:
        # One compactor at a time; a second one skips this model.
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('fold_policy_hours'), %s)", [model.pk])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(FOLD, {"model": model.pk, "folded": FOLDED})
    return True
