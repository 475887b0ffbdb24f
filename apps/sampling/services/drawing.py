"""Draw each batch exactly once, and keep the population cells."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from django.db import connection, transaction

from apps.common import doorbell
from apps.common.isolation import one_by_one
from apps.predictions.models import Batch, BatchStage, Stage
from apps.predictions.services import stages
from apps.registry.models import MonitoredModel, ScoreBinning
from apps.sampling.models import FOLDED, SUMS, Draw, PopulationCell
from apps.sampling.services import conditions, keeping, moments, policy_hours, prediction_frames, probabilities
from apps.sampling.services.columns import Floats
from apps.sampling.services.policies import in_force_between
from apps.sampling.services.randomness import draw_and_keep_numbers, permanent_numbers
from apps.sampling.services.rates import RatedPolicy

CELL_KEYS = "bins, day, received_day, version_id, predicted, baseline, score_bin, slice_name, slice_value"
# The bell of `binning`, which imports this module.
FREEZE_BELL = "freeze_bins"
# The bell of `pacing`, for a claim that spends more than this share of a day's budget.
PACE_BELL = "pace"
LARGE_SHARE = 0.05
CELL_COLUMNS = f"model_id, claim, drawn_from, {CELL_KEYS}, {', '.join(SUMS)}"


def draw_due() -> int:
    """Draw every due batch. Returns how many."""
    return stages.consume(Stage.DRAW, draw_batches)


def draw_batches(model: MonitoredModel, states: list[BatchStage]) -> None:
    """Write the draws, the cells and both stages' states in one transaction."""
    token = states[0].lease_token
    assert token is not None
    with transaction.atomic():
        moments.join_draws(model)
        stages.finish(states)
        # One moment for the draws, their cells and the state of their batch: a mark has all three before it or none.
        drawn_at = BatchStage.objects.values_list("done_at", flat=True).get(pk=states[0].pk)
        assert drawn_at is not None
        binning = ScoreBinning.in_force(model)
        for policies, batches in _by_policies(model, [state.batch for state in states]):
            claim = _group_claim(token, batches)
            _draw(model, batches, policies=policies, claim=claim, at=drawn_at, binning=binning)
        BatchStage.objects.bulk_create(
            BatchStage(batch_id=state.batch_id, stage=stage)
            for state in states
            for stage in (Stage.OPEN_ITEMS, Stage.EXPLAIN)
        )
        doorbell.ring_on_commit(Stage.OPEN_ITEMS)
        doorbell.ring_on_commit(Stage.EXPLAIN)
        if not binning.pk:
            doorbell.ring_on_commit(FREEZE_BELL)


def _group_claim(token: UUID, batches: list[Batch]) -> UUID:
    """Return a claim id for this group's cells: a change of policies can split one claim into several groups."""
    return UUID(int=token.int ^ batches[0].pk)


def _by_policies(model: MonitoredModel, batches: list[Batch]) -> list[tuple[list[RatedPolicy], list[Batch]]]:
    """Group the batches by the policies in force, and their rates, when they were received."""
    received = [batch.received_at for batch in batches]
    timeline = in_force_between(model, min(received), max(received))
    groups: dict[tuple[Any, ...], tuple[list[RatedPolicy], list[Batch]]] = {}
    for batch in batches:
        rated = timeline.at(batch.received_at)
        groups.setdefault(tuple(each.key for each in rated), (rated, []))[1].append(batch)
    return list(groups.values())


def evaluate(
    model: MonitoredModel, batches: list[Batch], *, policies: list[RatedPolicy]
) -> tuple[pd.DataFrame, Floats, Floats]:
    """Read the batches' predictions, and evaluate every policy for each: its shape and p_ij, shape (policies, rows)."""
    features = set().union(*(conditions.features_of(each.policy.condition) for each in policies))
    rows = prediction_frames.predictions_of(batches, model=model, features=features)
    shape = probabilities.shapes(policies, prediction_frames.table_of(rows), model=model)
    return rows, shape, probabilities.matrix(policies, shape)


def _draw(
    model: MonitoredModel,
    batches: list[Batch],
    *,
    policies: list[RatedPolicy],
    claim: UUID,
    at: datetime,
    binning: ScoreBinning,
) -> None:
    rows, shape, p = evaluate(model, batches, policies=policies)
    pi = p.max(axis=0)
    salt = bytes(model.salt)
    u, number = draw_and_keep_numbers(salt, rows["external_id"])
    chosen = np.flatnonzero(u < pi)
    blind = permanent_numbers(salt, rows["external_id"].iloc[chosen], "blind") < model.blind_share
    draws = [
        _draw_row(model, rows.iloc[i], p=p[:, i], u=u[i], policies=policies, is_blind=bool(is_blind), at=at)
        for i, is_blind in zip(chosen, blind, strict=True)
    ]
    Draw.objects.bulk_create(draws, batch_size=2_000)
    if any(each.policy.per_day and p[j].sum() > LARGE_SHARE * each.policy.per_day for j, each in enumerate(policies)):
        doorbell.ring_on_commit(PACE_BELL)
    policy_hours.count(model, batches, rows, policies=policies, shape=shape, p=p, u=u, claim=claim)
    chance = probabilities.by_chance(policies) * model.blind_share
    bins = binning.score_bins
    cells = prediction_frames.cells_of(rows, pi * model.blind_share, chance=chance, model=model, bins=bins)
    # Last, as draws of a model that keep some of their rows wait for one another from here on.
    keeping.keep(model, rows, u=u, number=number)
    write_cells(cells, key=(model.pk, claim, at, binning.version))


def _draw_row(
    model: MonitoredModel,
    row: pd.Series,
    *,
    p: Floats,
    u: float,
    policies: list[RatedPolicy],
    is_blind: bool,
    at: datetime,
) -> Draw:
    pi = float(p.max())
    # Policies are sorted by rank; the first that draws it gets the item.
    first = policies[int(np.flatnonzero(u < p)[0])]
    return Draw(
        prediction_id=int(row["id"]),
        model=model,
        batch_id=int(row["batch_id"]),
        queue_id=first.policy.queue_id,
        probabilities={str(each.policy.pk): float(share) for each, share in zip(policies, p, strict=True)},
        inclusion_probability=pi,
        is_blind=is_blind,
        blind_share=model.blind_share,
        counted_probability=pi * model.blind_share,
        drawn_at=at,
    )


def write_cells(cells: pd.DataFrame, *, key: tuple[int, UUID, datetime, int]) -> None:
    """Add cells of a model, with their claim, the moment of their draw and the version of their score bins."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY sampling_populationcell ({CELL_COLUMNS}) FROM STDIN") as copy,
    ):
        for cell in cells.itertuples(index=False):
            copy.write_row((*key, *(None if value != value else value for value in cell)))  # noqa: PLR0124  # only NaN differs from itself


FOLD = f"""
WITH moved AS (
    DELETE FROM sampling_populationcell
    WHERE model_id = %(model)s AND claim <> %(folded)s AND drawn_from < clock_timestamp() - %(kept)s
    RETURNING *
),
stretches AS (
    SELECT drawn_from AS drawn_at, greatest(
        date_trunc('day', drawn_from, %(zone)s),
        (SELECT max(at) FROM sampling_mark WHERE model_id = %(model)s AND at < drawn_from) + interval '1 microsecond'
    ) AS begins_at
    FROM (SELECT DISTINCT drawn_from FROM moved) AS draws
)
INSERT INTO sampling_populationcell AS kept ({CELL_COLUMNS})
SELECT model_id, %(folded)s, begins_at, {CELL_KEYS}, {", ".join(f"sum({name})" for name in SUMS)}
FROM moved JOIN stretches ON drawn_at = drawn_from GROUP BY model_id, begins_at, {CELL_KEYS}
ON CONFLICT (model_id, claim, drawn_from, {CELL_KEYS})
DO UPDATE SET {", ".join(f"{name} = kept.{name} + excluded.{name}" for name in SUMS)}
"""  # noqa: S608  # only our own column names are interpolated


def fold_cells(*, kept: timedelta = moments.KEPT) -> int:
    """Fold older claims' rows into one row per cell and stretch between marks. Returns the number of models.

    Sums over the rows drawn until any mark or end of a day stay the same.
    """
    return sum(one_by_one(_models_with_deltas(), lambda model: _fold(model, kept=kept), name="compact_cells"))


@transaction.atomic
def _fold(model: MonitoredModel, *, kept: timedelta) -> bool:
    with connection.cursor() as cursor:
        # One compactor at a time; a second one skips this model.
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('fold_cells'), %s)", [model.pk])
        if not cursor.fetchone()[0]:
            return False
        # A mark taken meanwhile would not be seen.
        moments.join_draws(model)
        names: dict[str, Any] = {"folded": FOLDED, "kept": kept, "zone": str(model.zone)}
        cursor.execute(FOLD, {"model": model.pk, **names})
    return True


def _models_with_deltas() -> list[MonitoredModel]:
    unfolded = PopulationCell.objects.exclude(claim=FOLDED).values("model").distinct()
    return list(MonitoredModel.objects.filter(pk__in=unfolded).select_related("project"))
