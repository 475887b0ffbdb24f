"""Freeze a model's score bins once it has drawn enough predictions, and count all predictions so far again in them."""

import math
from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby
from uuid import uuid4

import structlog
from django.db import transaction
from django.db.models import Max, Sum

from apps.common.isolation import one_by_one
from apps.predictions.models import Batch, BatchStage, Prediction, Stage
from apps.predictions.services.stages import MAX_ROWS_PER_CLAIM
from apps.registry.models import MonitoredModel, ScoreBinning, Task
from apps.sampling.models import Draw, PopulationCell
from apps.sampling.services import drawing, moments, prediction_frames, probabilities
from apps.sampling.services.rates import RatedPolicy, Timeline
from apps.stats.score_bins import LOGIT_BINS, ScoreBins

log = structlog.get_logger(__name__)

# Scored predictions whose quantiles become the bins.
ENOUGH = 10_000
# A score bin moves none of these.
TOTALS = ("n", "sum_pi", "sum_odds", "sum_chance", "sum_amount", "n_uncovered", "sum_logging")


class NotAsDrawnError(Exception):
    """The probabilities of some draws cannot be computed again."""


def freeze_due() -> int:
    """Freeze the bins of every model that has drawn enough. Returns the number of models."""
    waiting = MonitoredModel.objects.exclude(task=Task.REGRESSION).filter(score_binnings=None)
    return sum(one_by_one(waiting.select_related("project"), _freeze_if_ripe, name="freeze_bins"))


def freeze(model: MonitoredModel) -> bool:
    """Freeze the bins in one transaction, with draws of this model held off. Returns whether they were not yet.

    Cells in the earlier bins stay: reports as of an earlier moment read them. Where a draw cannot be computed again,
    because a payload that a condition reads is gone, the model keeps the equal bins.
    """
    with transaction.atomic():
        at = moments.hold_off_draws(model)
        if model.score_binnings.exists():
            return False
        drawn = _drawn_batches(model)
        binning = ScoreBinning.of(model, 1, ScoreBins.at_quantiles(_first_scores(drawn)))
        try:
            with transaction.atomic():
                _count_again(model, drawn, binning)
                _compare(model)
        except NotAsDrawnError:
            log.warning("score_bins_kept", model=model.pk, why="draws cannot be computed again")
            binning = ScoreBinning.of(model, 0, LOGIT_BINS)
        binning.frozen_at = at
        binning.save()
    return True


def _freeze_if_ripe(model: MonitoredModel) -> bool:
    return _is_ripe(model) and freeze(model)


def _is_ripe(model: MonitoredModel) -> bool:
    cells = PopulationCell.objects.filter(model=model, score_bin__gte=0).of_everyone()
    return int(cells.aggregate(n=Sum("n"))["n"] or 0) >= ENOUGH


def _drawn_batches(model: MonitoredModel) -> list[tuple[Batch, datetime]]:
    """Return the batches in their order, each with the moment of its draw."""
    states = BatchStage.objects.filter(batch__model=model, stage=Stage.DRAW, done_at__isnull=False)
    return [(state.batch, state.done_at) for state in states.select_related("batch").order_by("batch_id")]


def _first_scores(drawn: list[tuple[Batch, datetime]]) -> list[float]:
    scores: list[float] = []
    for batch, _ in drawn:
        scored = Prediction.objects.of_batch(batch).exclude(score=None)
        scores += scored.values_list("score", flat=True)[: ENOUGH - len(scores)]
        if len(scores) == ENOUGH:
            break
    return scores


def _count_again(model: MonitoredModel, drawn: list[tuple[Batch, datetime]], binning: ScoreBinning) -> None:
    shares = dict(Draw.objects.filter(model=model).order_by().values_list("batch").annotate(Max("blind_share")))
    moments_received = [batch.received_at for batch, _ in drawn]
    timeline = Timeline(model, since=min(moments_received), until=max(moments_received))

    def alike(each: tuple[Batch, datetime]) -> tuple[list[RatedPolicy], float, datetime]:
        """What all rows of one count share: policies and their rates, blind share and moment of the draw."""
        batch, at = each
        return timeline.at(batch.received_at), shares.get(batch.pk, model.blind_share), at

    for (policies, share, at), group in groupby(drawn, key=alike):
        for batches in _parts([batch for batch, _ in group]):
            _count(model, batches, policies, share=share, at=at, binning=binning)


def _parts(batches: list[Batch]) -> Iterator[list[Batch]]:
    """Cut into parts that fit into memory."""
    part: list[Batch] = []
    for batch in batches:
        if part and sum(each.accepted for each in part) + batch.accepted > MAX_ROWS_PER_CLAIM:
            yield part
            part = []
        part.append(batch)
    yield part


def _count(
    model: MonitoredModel,
    batches: list[Batch],
    policies: list[RatedPolicy],
    *,
    share: float,
    at: datetime,
    binning: ScoreBinning,
) -> None:
    rows, _, p = drawing.evaluate(model, batches, policies=policies)
    chance = probabilities.by_chance(policies) * share
    counted = p.max(axis=0) * share
    cells = prediction_frames.cells_of(rows, counted, chance=chance, model=model, bins=binning.score_bins)
    drawing.write_cells(cells, key=(model.pk, uuid4(), at, binning.version))


def _compare(model: MonitoredModel) -> None:
    """Compare the totals of both counts, by day received. Raises NotAsDrawnError."""
    before, after = (_totals(model, version) for version in (0, 1))
    if before.keys() != after.keys():
        raise NotAsDrawnError
    for day, totals in before.items():
        if not all(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(totals, after[day], strict=True)):
            raise NotAsDrawnError


def _totals(model: MonitoredModel, version: int) -> dict[date, list[float]]:
    cells = PopulationCell.objects.filter(model=model).in_bins(version).of_everyone().values("received_day")
    sums = cells.annotate(**{f"total_{name}": Sum(name) for name in TOTALS}).order_by("received_day")
    return {row["received_day"]: [float(row[f"total_{name}"]) for name in TOTALS] for row in sums}
