"""Fill slices declared after predictions were drawn: into the rows, and into the population cells, batch by batch."""

from datetime import datetime
from uuid import uuid4

import pandas as pd
from django.db import transaction
from django.db.models import Max

from apps.predictions.models import Batch, BatchStage, Stage
from apps.predictions.services import slicing, stages
from apps.registry.models import MonitoredModel, ScoreBinning
from apps.sampling.models import Draw
from apps.sampling.services import drawing, keeping, moments, prediction_frames, probabilities
from apps.sampling.services.policies import in_force


def fill_due() -> int:
    """Fill every drawn batch that lacks a slice. Returns how many."""
    slicing.note_missing()
    return stages.consume(Stage.FILL_SLICES, fill_batches)


def fill_batches(model: MonitoredModel, states: list[BatchStage]) -> None:
    """Write rows, cells and the stage's states in one transaction."""
    with transaction.atomic():
        moments.join_draws(model)
        stages.finish(states)
        for state in states:
            _fill(model, state.batch)


def _fill(model: MonitoredModel, batch: Batch) -> None:
    """Count the filled rows in the cells of their draw, in every version of the score bins that counts the batch."""
    policies = in_force(model, batch.received_at)
    # As drawn: before the rows have slices that they lacked then.
    rows, _, p = drawing.evaluate(model, [batch], policies=policies)
    filled = slicing.fill(batch, slicing.missing(model, batch))
    keeping.refresh_slices(model, batch)
    has_values = rows["id"].isin(filled).to_numpy()
    rows = rows[has_values].reset_index(drop=True)
    if rows.empty:
        return
    rows["slices"] = pd.Series([filled[key] for key in rows["id"]], dtype=object)
    share = Draw.objects.filter(batch=batch).aggregate(share=Max("blind_share"))["share"]
    share = model.blind_share if share is None else share
    chance = probabilities.by_chance(policies) * share
    counted = p.max(axis=0)[has_values] * share
    drawn_at = batch.stages.get(stage=Stage.DRAW).done_at
    assert drawn_at is not None
    for binning in _binnings(model, drawn_at):
        bins = binning.score_bins
        cells = prediction_frames.cells_of(rows, counted, chance=chance, model=model, bins=bins)
        drawing.write_cells(cells[cells["slice_name"] != ""], key=(model.pk, uuid4(), drawn_at, binning.version))


def _binnings(model: MonitoredModel, drawn_at: datetime) -> list[ScoreBinning]:
    """Return the score bins in force at the draw, and those frozen since."""
    then, now = ScoreBinning.in_force(model, at=drawn_at), ScoreBinning.in_force(model)
    return [then] if then.version == now.version else [then, now]
