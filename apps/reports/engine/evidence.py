"""What a report rests on: closed days with their outcomes, open days with their review sample, and all cells."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
from django.db import connection, transaction

from apps.predictions.models import BatchStage, Stage
from apps.registry.models import MonitoredModel
from apps.reports.engine import response
from apps.reports.models import Kind, ReportJob
from apps.reports.services import window_frames
from apps.sampling.models import SUMS, Draw
from apps.truth.models import Resolution
from apps.truth.services.cohorts import FINAL, Cohort, cohorts

# Outcomes of a final day that miss more than this share say too little: the day is judged from its reviews.
CLOSED_SHARE = 0.9


@dataclass(frozen=True, eq=False)
class Evidence:
    """The frames of a window as of a number of the record.

    rows    predictions of the closed days, with `truth` (nan: unknown) and `rate`, the share known among their like
    draws   all draws of the window, with `is_answered`, `known` (best known truth), `rate` and `settled_q`
    cells   population cells by day, of the closed days counted from rows; with `rate`
    slices  the same by slice: `slice_name`, `slice_value`
    drawn_from  cells of all days as they are stored, with the probabilities of the draw alone
    sent    predictions of all days with the outcome that came by now; of performance reports alone, else as `rows`
    """

    model: MonitoredModel
    start: date
    end: date
    seq: int
    as_of: datetime
    slice_names: tuple[str, ...]
    cohorts: tuple[Cohort, ...]
    rows: pd.DataFrame
    draws: pd.DataFrame
    cells: pd.DataFrame
    slices: pd.DataFrame
    drawn_from: pd.DataFrame
    sent: pd.DataFrame
    undrawn_batches: int
    # Nothing was drawn since: cells and draws speak of the same predictions.
    is_current: bool
    # Score bin and truth of predictions before the window that are older than the horizon.
    earlier: pd.DataFrame

    @cached_property
    def closed(self) -> frozenset[date]:
        """The days whose outcomes speak for them."""
        return frozenset(cohort.day for cohort in self.cohorts if is_closed(cohort))

    @cached_property
    def known_rows(self) -> pd.DataFrame:
        """Rows of closed days whose truth is known: they enter every figure with certainty."""
        return self.rows[self.rows["truth"].notna()]

    @cached_property
    def items(self) -> pd.DataFrame:
        """Answered blind draws of the open days: the review sample."""
        return self.draws[self.draws["is_open"] & self.draws["is_blind"] & self.draws["is_answered"]]

    @cached_property
    def as_reviewed(self) -> "Evidence":
        """The closed days alone, as if no outcome were known: their cells as drawn from, and their reviews."""
        days = self.closed
        cells = self.drawn_from[self.drawn_from["day"].isin(days)].assign(is_open=True)
        draws = self.draws[self.draws["day"].isin(days).astype(bool)].assign(is_open=True)
        draws = response.of_draws(draws)
        return replace(
            self,
            cohorts=tuple(cohort for cohort in self.cohorts if cohort.day in days),
            rows=self.rows.head(0),
            draws=draws,
            cells=response.of_cells(cells, self.rows.head(0), draws),
            slices=self.slices.head(0),
        )

    @property
    def size(self) -> float:
        """Predictions of the window."""
        return float(self.cells["n"].sum())


def is_closed(cohort: Cohort) -> bool:
    return cohort.state == FINAL and cohort.n > 0 and cohort.known >= CLOSED_SHARE * cohort.n


@contextmanager
def one_moment() -> Iterator[None]:
    """All reads within see the database as of one moment, whatever is written meanwhile."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def gather(job: ReportJob, *, as_of: datetime) -> Evidence:
    """Read everything that a report of this job rests on."""
    model: MonitoredModel = job.model
    names = tuple(job.slices)
    with one_moment():
        seq = Resolution.objects.filter(model=model).last_seq(at=as_of)
        days = tuple(cohorts(model, start=job.start, end=job.end, seq=seq, as_of=as_of))
        closed = {cohort.day for cohort in days if is_closed(cohort)}
        wants_all = job.kind == Kind.PERFORMANCE
        sent = _sent_rows(job, closed, seq=seq, wants_all=wants_all)
        rows = _closed_rows(model, sent, closed)
        draws = window_frames.draws_frame(model, start=job.start, end=job.end, seq=seq, as_of=as_of, slices=names)
        stored = window_frames.cells_frame(model, start=job.start, end=job.end)
        cells = _cells(stored, rows, closed, "")
        by_slice = {
            name: window_frames.cells_frame(model, start=job.start, end=job.end, slice_name=name) for name in names
        }
        slices = [_cells(each, rows, closed, name) for name, each in by_slice.items()]
        most = window_frames.MOST_EARLIER if wants_all else 0
        earlier = window_frames.earlier_frame(model, before=job.start, seq=seq, as_of=as_of, most=most)
        is_current = not Draw.objects.filter(model=model, drawn_at__gt=as_of).exists()
        undrawn = BatchStage.objects.filter(batch__model=model, stage=Stage.DRAW, done_at=None).count()
    rows = response.of_rows(rows)
    draws = response.of_draws(draws.assign(is_open=~draws["day"].isin(closed).astype(bool)))
    pieces = pd.concat(slices, ignore_index=True) if slices else cells.head(0).assign(slice_name="", slice_value="")
    return Evidence(
        model=model,
        start=job.start,
        end=job.end,
        seq=seq,
        as_of=as_of,
        slice_names=names,
        cohorts=days,
        rows=rows,
        draws=draws,
        cells=response.of_cells(cells, rows, draws),
        slices=response.of_cells(pieces, rows, draws),
        drawn_from=stored.assign(slice_name=""),
        sent=sent,
        undrawn_batches=undrawn,
        is_current=is_current,
        earlier=earlier.assign(truth=_with_rule(model, earlier["outcome"])),
    )


def _sent_rows(job: ReportJob, closed: set[date], *, seq: int, wants_all: bool) -> pd.DataFrame:
    """Predictions with their outcome: from the first closed day to the last, or of the whole window."""
    start, end = job.start, job.end
    if not wants_all:
        start = min(closed, default=start)
        end = max(closed) + timedelta(days=1) if closed else start
    return window_frames.outcomes_frame(job.model, start=start, end=end, seq=seq, slices=tuple(job.slices))


def _closed_rows(model: MonitoredModel, sent: pd.DataFrame, closed: set[date]) -> pd.DataFrame:
    """The predictions of closed days; the model's rule stands in for outcomes that never came."""
    rows = sent[sent["day"].isin(closed)].reset_index(drop=True)
    absent = rows["outcome"].isna() & (model.outcome_if_absent is not None)
    return rows.assign(truth=_with_rule(model, rows["outcome"]), is_absent=absent)


def _with_rule(model: MonitoredModel, outcomes: pd.Series) -> pd.Series:
    """Outcomes of predictions older than the horizon, the model's rule in place of those that never came."""
    rule = model.outcome_if_absent
    return outcomes if rule is None else outcomes.fillna(model.encode(rule))


def _cells(stored: pd.DataFrame, rows: pd.DataFrame, closed: set[date], slice_name: str) -> pd.DataFrame:
    """Cells of the open days as they are stored; of the closed days counted from their rows, each with π = 1."""
    opened = stored[~stored["day"].isin(closed)].assign(is_open=True)
    counted = _counted(rows, slice_name).assign(is_open=False)
    return pd.concat([opened, counted], ignore_index=True).assign(slice_name=slice_name)


def _counted(rows: pd.DataFrame, slice_name: str) -> pd.DataFrame:
    column = window_frames.SLICE + slice_name
    value = rows[column] if slice_name else pd.Series("", index=rows.index)
    score, amount = rows["score"].fillna(0.0), rows["amount"]
    frame = rows[window_frames.CELL_KEYS].assign(
        slice_value=value,
        n=1.0,
        sum_score=score,
        sum_score2=score**2,
        sum_pi=1.0,
        sum_odds=0.0,
        sum_amount=amount,
        sum_amount2_odds=0.0,
        n_uncovered=0.0,
    )
    keys = [*window_frames.CELL_KEYS, "slice_value"]
    summed = frame.groupby(keys, sort=False, as_index=False)[list(SUMS)].sum()
    return summed.astype(dict.fromkeys(SUMS, np.float64))
