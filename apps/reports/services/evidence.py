"""What a report rests on: closed days with their outcomes, open days with their review sample, and all cells."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
from django.db import connection, transaction

from apps.predictions.models import BatchStage, Stage
from apps.registry.models import MonitoredModel
from apps.reports import frames
from apps.reports.models import ReportJob
from apps.reports.services import response
from apps.sampling.models import SUMS
from apps.truth.cohorts import FINAL, Cohort, cohorts
from apps.truth.models import Resolution

# Outcomes of a final day that miss more than this share say too little: the day is judged from its reviews.
CLOSED_SHARE = 0.9


@dataclass(frozen=True, eq=False)
class Evidence:
    """The frames of a window as of a number of the record.

    rows    predictions of the closed days, with `truth` (nan: unknown) and `rate`, the share known among their like
    draws   all draws of the window, with `is_answered`, `known` (best known truth), `rate` and `settled_q`
    cells   population cells by day, of the closed days counted from rows; with `rate`
    slices  the same by slice: `slice_name`, `slice_value`
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
    undrawn_batches: int

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
        rows = _closed_rows(model, closed, seq=seq, slices=names)
        draws = frames.draws_frame(model, start=job.start, end=job.end, seq=seq, as_of=as_of, slices=names)
        cells = _cells(model, job, rows, closed, "")
        slices = [_cells(model, job, rows, closed, name) for name in names]
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
        undrawn_batches=undrawn,
    )


def _closed_rows(model: MonitoredModel, closed: set[date], *, seq: int, slices: tuple[str, ...]) -> pd.DataFrame:
    """The predictions of closed days; the model's rule stands in for outcomes that never came."""
    start = min(closed, default=date(2000, 1, 1))
    end = max(closed) + timedelta(days=1) if closed else start
    rows = frames.outcomes_frame(model, start=start, end=end, seq=seq, slices=slices)
    rows = rows[rows["day"].isin(closed)].reset_index(drop=True)
    rule = model.outcome_if_absent
    absent = rows["outcome"].isna() & (rule is not None)
    truth = rows["outcome"] if rule is None else rows["outcome"].fillna(model.encode(rule))
    return rows.assign(truth=truth, is_absent=absent)


def _cells(
    model: MonitoredModel, job: ReportJob, rows: pd.DataFrame, closed: set[date], slice_name: str
) -> pd.DataFrame:
    """Cells of the open days as they are stored; of the closed days counted from their rows, each with π = 1."""
    stored = frames.cells_frame(model, start=job.start, end=job.end, slice_name=slice_name)
    opened = stored[~stored["day"].isin(closed)].assign(is_open=True)
    counted = _counted(rows, slice_name).assign(is_open=False)
    return pd.concat([opened, counted], ignore_index=True).assign(slice_name=slice_name)


def _counted(rows: pd.DataFrame, slice_name: str) -> pd.DataFrame:
    column = frames.SLICE + slice_name
    value = rows[column] if slice_name else pd.Series("", index=rows.index)
    score, amount = rows["score"].fillna(0.0), rows["amount"]
    frame = rows[frames.CELL_KEYS].assign(
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
    keys = [*frames.CELL_KEYS, "slice_value"]
    summed = frame.groupby(keys, sort=False, as_index=False)[list(SUMS)].sum()
    return summed.astype(dict.fromkeys(SUMS, np.float64))
