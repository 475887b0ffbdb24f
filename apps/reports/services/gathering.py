"""Gather the evidence of a report: the window's frames, cut to the mark of a moment, with the parts of closed days."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from apps.common.snapshots import one_moment
from apps.predictions.models import Batch, Prediction
from apps.registry.models import ModelVersion, MonitoredModel, ScoreBinning, Slice
from apps.reports.engine import response, selective
from apps.reports.engine.evidence import CELL_KEYS, SLICE, Evidence, is_closed
from apps.reports.engine.selective import Parts
from apps.reports.models import Kind, ReportJob
from apps.reports.services.action_frames import actions_frame, last_action
from apps.reports.services.reveal_frames import reveals_frame
from apps.reports.services.window_frames import (
    MOST_EARLIER,
    cells_frame,
    draws_frame,
    earlier_frame,
    log_shares,
    outcomes_frame,
    review_hours,
    without_amount_frame,
)
from apps.sampling.models import Mark, PopulationCell
from apps.sampling.services.moments import drawn_batches
from apps.sampling.services.placing import score_bins
from apps.truth.services.cohorts import Cohort, cohorts, day_start, days_so_far
from apps.truth.services.marks import mark_of


def gather(job: ReportJob, *, as_of: datetime | None) -> Evidence:
    """Read everything that a report of this job rests on, cut to the mark of a moment, now if None."""
    model: MonitoredModel = job.model
    mark = mark_of(model, as_of)
    seq, at = mark.seq, mark.at
    start, end, version = job.start, days_so_far(model, job.end, as_of=at), job.version
    slices = [each for each in model.slice_list if each.name in job.slices]
    is_performance = job.kind == Kind.PERFORMANCE
    with one_moment():
        days = tuple(cohorts(model, start=start, end=end, seq=seq, as_of=at, version=version))
        closed = {cohort.day for cohort in days if is_closed(cohort)}
        binning = ScoreBinning.in_force(model, at=at)
        since = _first_day(model, days, start=start, as_of=at, bins=binning.version, version=version)
        sent = _sent_rows(job, closed, slices, mark=mark, wants_all=is_performance)
        of_window: dict[str, Any] = {"start": start, "end": end, "as_of": at, "version": version}
        draws = draws_frame(model, seq=seq, slices=slices, **of_window)
        cells_of = partial(cells_frame, model, bins=binning.version, **of_window)
        stored, by_slice = cells_of(), {each.name: cells_of(slice_key=each.key) for each in slices}
        unfilled = {each.name: _unfilled(model, each, **of_window) for each in slices}
        most = MOST_EARLIER if is_performance else 0
        earlier = earlier_frame(model, before=start, seq=seq, as_of=at, most=most, version=version)
        is_value = job.kind == Kind.VALUE
        actions = actions_frame(model, seq=seq, slices=slices, **of_window)
        reveals = reveals_frame(model, **of_window | ({} if is_performance else {"end": start}))
        unpriced = without_amount_frame(model, **of_window | ({} if is_value else {"end": start}))
        hours = review_hours(model, **of_window) if is_value else None
        is_all_logged = not stored["sum_unlogged"].any()
        shares = (1.0, 1.0) if is_all_logged else log_shares(model, **of_window)
    sent, draws, earlier = (_placed(frame, binning) for frame in (sent, draws, earlier))
    split = Parts.of(_closed_rows(model, sent, closed))
    rows = split.observed
    cells = _cells(stored, split, closed, "")
    parts = [_cells(frame, split, closed, name) for name, frame in by_slice.items()]
    pieces = pd.concat(parts, ignore_index=True) if parts else cells.head(0).assign(slice_name="", slice_value="")
    draws = _with_parts(draws, split, closed)
    answered = response.of_window(rows=rows, draws=draws, cells=cells, slices=pieces)
    unpriced = unpriced.assign(is_open=~unpriced["day"].isin(closed).astype(bool))
    return Evidence(
        model=model,
        start=start,
        end=job.end,
        seq=seq,
        as_of=at,
        binning=binning,
        slice_names=tuple(by_slice),
        unfilled=unfilled,
        cohorts=days,
        rows=answered.rows,
        draws=answered.draws,
        cells=answered.cells,
        slices=answered.slices,
        left=answered.left,
        drawn_from=stored.assign(slice_name=""),
        sent=sent,
        undrawn_batches=mark.undrawn_batches,
        without_amount=int(unpriced.loc[~answered.left.takes(unpriced), "n"].sum()),
        review_hours=hours,
        actions=actions,
        reveals=reveals,
        log_shares=shares,
        last_action=last_action(model, as_of=at),
        first_day=since,
        version=version,
        earlier=response.of_closed_days(earlier.assign(truth=_with_rule(model, earlier["outcome"]))),
    )


def _first_day(
    model: MonitoredModel,
    days: Sequence[Cohort],
    *,
    start: date,
    as_of: datetime,
    bins: int,
    version: ModelVersion | None,
) -> date | None:
    """Return the day of the first prediction of all, where that is in the window."""
    if not days:
        return None
    cells = PopulationCell.objects.filter(model=model).in_bins(bins).of_everyone().of_version(version)
    return None if cells.drawn_by(as_of).filter(day__lt=start).exists() else days[0].day


def _unfilled(
    model: MonitoredModel, piece: Slice, *, start: date, end: date, as_of: datetime, version: ModelVersion | None
) -> int:
    """Count drawn predictions of the window that the slice is still to be filled into."""
    lacking = Batch.objects.filter(model=model, pk__in=drawn_batches(model, by=as_of)).lacking(piece.key)
    rows = Prediction.objects.filter(model=model, batch__in=lacking).of_version(version)
    return rows.filter(predicted_at__gte=day_start(model, start), predicted_at__lt=day_start(model, end)).count()


def _sent_rows(
    job: ReportJob, closed: set[date], slices: Sequence[Slice], *, mark: Mark, wants_all: bool
) -> pd.DataFrame:
    """Read predictions with their outcome: of the whole window, or from the first closed day to the last."""
    start, end = job.start, days_so_far(job.model, job.end, as_of=mark.at)
    if not wants_all:
        start = min(closed, default=start)
        end = max(closed) + timedelta(days=1) if closed else start
    asked: dict[str, Any] = {"start": start, "end": end, "seq": mark.seq, "as_of": mark.at, "version": job.version}
    return outcomes_frame(job.model, slices=slices, **asked)


def _placed(frame: pd.DataFrame, binning: ScoreBinning) -> pd.DataFrame:
    """Add the score bin, as in the cells."""
    bins = score_bins(binning.model, binning.score_bins, predicted=frame["predicted"], score=frame["score"])
    return frame.assign(score_bin=bins.astype(np.int64))


def _closed_rows(model: MonitoredModel, sent: pd.DataFrame, closed: set[date]) -> pd.DataFrame:
    """Return the predictions of closed days; the model's rule stands in for outcomes that never came."""
    rows = sent[sent["day"].isin(closed)].reset_index(drop=True)
    absent = rows["outcome"].isna() & (model.outcome_if_absent is not None)
    truth = _with_rule(model, rows["outcome"]).where(~rows["is_hidden"])
    return rows.assign(truth=truth, is_absent=absent & ~rows["is_hidden"])


def _with_rule(model: MonitoredModel, outcomes: pd.Series) -> pd.Series:
    """Put the model's rule in place of outcomes that never came, for predictions older than the horizon."""
    rule = model.outcome_if_absent
    return outcomes if rule is None else outcomes.fillna(model.encode(rule))


def _cells(stored: pd.DataFrame, split: Parts, closed: set[date], slice_name: str) -> pd.DataFrame:
    """Return cells of the open days as stored; of the closed days counted from their rows, each with its π."""
    keys = [*CELL_KEYS, "slice_value"]

    def sliced(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(slice_value=rows[SLICE + slice_name] if slice_name else "")

    explored = split.explored
    frames = [
        stored[~stored["day"].isin(closed)].assign(is_open=True, part=selective.OBSERVED),
        # Chance plays no part where every outcome is known.
        selective.summed(sliced(split.observed), keys, pi=1.0).assign(
            is_open=False, part=selective.OBSERVED, sum_chance=0.0
        ),
        selective.summed(sliced(explored), keys, pi=explored["explore_share"]).assign(
            is_open=True, part=selective.EXPLORED
        ),
        selective.hidden_cells(stored, sliced(split.hidden), keys).assign(is_open=True, part=selective.HIDDEN),
    ]
    frames = [frame for frame in frames if len(frame)] or frames[:1]
    return pd.concat(frames, ignore_index=True).assign(slice_name=slice_name)


def _with_parts(draws: pd.DataFrame, split: Parts, closed: set[date]) -> pd.DataFrame:
    """Mark the draws of open days and of hidden predictions as the review sample, and add what chance let through."""
    is_hidden = draws["prediction_id"].isin(split.hidden["pk"])
    draws = draws.assign(
        is_open=~draws["day"].isin(closed).astype(bool) | is_hidden,
        part=np.where(is_hidden, selective.HIDDEN, selective.OBSERVED),
    )
    sample = split.sample()
    return pd.concat([draws, sample], ignore_index=True) if len(sample) else draws
