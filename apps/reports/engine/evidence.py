"""Evidence: the frames of a window as of a moment, and selections of them by day and slice.

Classes are positions in the model's list; `NO_BASELINE` stands where there is none. Columns `slice:<name>` hold the
values of slices.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.registry.models import ModelVersion, MonitoredModel, ScoreBinning
from apps.reports.engine import response, selective
from apps.reports.engine.document import Part
from apps.stats.score_bins import ScoreBins
from apps.truth.services.cohorts import MATURING, PROVISIONAL, Cohort, days_so_far

Mask = NDArray[np.bool_]
State = Literal["final", "maturing", "provisional"]
Step = Literal["day", "week", "month"]

# No class and no number: a baseline may well be −1 degree.
NO_BASELINE = -math.inf
CELL_KEYS = ["day", "received_day", "predicted", "baseline", "score_bin"]
SLICE = "slice:"
# Days; a longer window is shown by week, and sums of money by month.
LONGEST_DAILY = 45
LONGEST_WEEKLY = 62


def is_closed(cohort: Cohort) -> bool:
    return cohort.is_closed


@dataclass(frozen=True, eq=False)
class Evidence:
    """The frames of a window as of a number of the record of truth.

    rows    predictions of the closed days, with `truth` (nan: unknown) and `rate`, the share known of their class
    draws   all draws of the window, with `is_answered`, `known` (best known truth), `rate` and `settled_q`;
            `is_by_chance` where no policy but the random ones drew the case
    cells   population cells by day, of the closed days counted from rows; with `rate`. `part` says what becomes known
            of the predictions: see `selective`
    slices  the same by slice: `slice_name`, `slice_value`
    left    what was received on days without any answer: in none of the frames above
    drawn_from  cells of all days as stored, with the probabilities of the draw alone
    sent    predictions of all days with the outcomes in so far; as `rows` except in performance reports
    """

    model: MonitoredModel
    start: date
    end: date
    seq: int
    as_of: datetime
    binning: ScoreBinning
    slice_names: tuple[str, ...]
    # Predictions of the window that a slice is still to be filled into, by its name
    unfilled: dict[str, int]
    cohorts: tuple[Cohort, ...]
    rows: pd.DataFrame
    draws: pd.DataFrame
    cells: pd.DataFrame
    slices: pd.DataFrame
    left: response.LeftOut
    drawn_from: pd.DataFrame
    sent: pd.DataFrame
    undrawn_batches: int
    # Predictions of the window without an amount; counted for value reports alone.
    without_amount: int
    # What people have spent on its draws; None where no time was recorded, and in all but value reports.
    review_hours: float | None
    # The newest predictions of closed days before the window, with `truth` and `rate` as in `rows`.
    earlier: pd.DataFrame
    # Predictions with a known action: see `action_frames`.
    actions: pd.DataFrame
    # First and final answers to blind draws: see `reveal_frames`.
    reveals: pd.DataFrame
    # The lowest and the highest fraction of traffic that senders logged.
    log_shares: tuple[float, float]
    # When the last action came in by then, whatever it was about.
    last_action: datetime | None
    # Where the model's first prediction came within the window, and not on its first day.
    first_day: date | None = None
    # Null: all versions of the model.
    version: ModelVersion | None = None

    @property
    def score_bins(self) -> ScoreBins:
        """The bins that cells and rows are placed in."""
        return self.binning.score_bins

    @cached_property
    def closed(self) -> frozenset[date]:
        """The days reported from their outcomes."""
        return frozenset(cohort.day for cohort in self.cohorts if is_closed(cohort))

    @cached_property
    def known_rows(self) -> pd.DataFrame:
        """Rows of closed days with known truth: they enter every figure with certainty."""
        return self.rows[self.rows["truth"].notna()]

    @cached_property
    def items(self) -> pd.DataFrame:
        """Answered blind draws of the open days: the review sample."""
        return self.draws[self.draws["is_open"] & self.draws["is_blind"] & self.draws["is_answered"]]

    @cached_property
    def is_unseen(self) -> bool:
        """Some outcomes of closed days can never be observed, and no review says anything about them."""
        is_hidden = self.cells["part"] == selective.HIDDEN
        return bool(is_hidden.any()) and not (self.items["part"] == selective.HIDDEN).any()

    @cached_property
    def as_reviewed(self) -> "Evidence":
        """The closed days alone, as if no outcome were known: the cells drawn from, and their reviews."""
        days = self.closed
        cells = self.drawn_from[self.drawn_from["day"].isin(days)].assign(is_open=False)
        cells = cells[~self.left.takes(cells)].assign(is_open=True, part=selective.OBSERVED)
        draws = self.draws[self.draws["day"].isin(days).astype(bool) & (self.draws["part"] != selective.EXPLORED)]
        draws = draws.assign(is_open=True)
        then = response.of_window(rows=self.rows.head(0), draws=draws, cells=cells, slices=self.slices.head(0))
        return replace(
            self,
            cohorts=tuple(cohort for cohort in self.cohorts if cohort.day in days),
            rows=then.rows,
            draws=then.draws,
            cells=then.cells,
            slices=then.slices,
            left=then.left,
        )

    @property
    def since(self) -> date:
        """The start of the window, or the day of the model's first prediction: nothing is said of days before it."""
        return self.first_day or self.start

    @property
    def until(self) -> date:
        """The end of the window, or of the day of `as_of`: later days do not exist yet."""
        return days_so_far(self.model, self.end, as_of=self.as_of)

    @cached_property
    def size(self) -> float:
        """Predictions of the window as logged, without those that left."""
        return float(self.cells["n"].sum())

    @property
    def is_all_logged(self) -> bool:
        """Whether senders logged all of their traffic."""
        return self.log_shares == (1.0, 1.0)

    @property
    def received(self) -> float:
        """Predictions of the window, with those that left."""
        return self.size + self.left_out

    @property
    def left_out(self) -> float:
        """Predictions of the window that left: received on days without any answer."""
        cells = self.left.cells
        return float(cells.loc[cells["slice_name"] == "", "n"].sum())


@dataclass(frozen=True)
class Basis:
    """The shares and counts that all figures of one selection rest on."""

    # Predictions of closed days whose truth is known, and reviewed cases of open days.
    outcomes: int
    reviews: int
    response_rate: float | None
    outcome_share: float | None
    covered_share: float | None
    # Some outcomes of closed days are missing, and no rule stands in for them.
    lacks_outcomes: bool = False
    # The share of predictions that are in some value of the slice
    sliced_share: float = 1.0
    # All of its predictions came in on days without any answer.
    is_unanswered: bool = False
    # It holds predictions of which neither an outcome nor a review can say anything.
    is_unseen: bool = False


@dataclass(frozen=True, eq=False)
class Selection:
    """Some days of the window, of all predictions or of one slice."""

    evidence: Evidence
    days: frozenset[date]
    slice_name: str = ""
    slice_value: str = ""
    # All other values of the slice instead.
    is_rest: bool = False
    # Without predictions whose outcome can never be observed.
    is_observed: bool = False

    @property
    def rest(self) -> "Selection":
        """All other predictions of the same days."""
        return replace(self, is_rest=not self.is_rest)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Its population cells."""
        return self._of(self.evidence.slices if self.slice_name else self.evidence.cells)

    @cached_property
    def item_mask(self) -> Mask:
        """Marks its share of the known rows and of the review sample, rows first."""
        parts = [self._mask(self.evidence.known_rows), self._mask(self.evidence.items)]
        return np.concatenate(parts)

    @cached_property
    def draws(self) -> pd.DataFrame:
        return self._of(self.evidence.draws)

    @cached_property
    def reviewed(self) -> pd.DataFrame:
        """Its reviewed cases, each counting the same."""
        return self.draws[self.draws["is_answered"] & (self.draws["part"] != selective.EXPLORED)]

    @cached_property
    def left_cells(self) -> pd.DataFrame:
        """Its population cells of days received that left."""
        cells = self.evidence.left.cells
        return self._of(cells[cells["slice_name"] == self.slice_name])

    @cached_property
    def left_draws(self) -> pd.DataFrame:
        return self._of(self.evidence.left.draws)

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Its predictions of closed days."""
        return self._of(self.evidence.rows)

    @cached_property
    def cohorts(self) -> list[Cohort]:
        return [cohort for cohort in self.evidence.cohorts if cohort.day in self.days]

    @cached_property
    def size(self) -> float:
        """Its predictions, as logged."""
        return float(self.cells["n"].sum())

    @property
    def traffic(self) -> float:
        """All predictions that those logged stand for."""
        return float(traffic_of(self.cells).sum())

    @cached_property
    def hidden_cells(self) -> pd.DataFrame:
        """Its population cells of closed days whose outcomes can never be observed."""
        return self.cells[self.cells["part"] == selective.HIDDEN]

    @property
    def is_unseen(self) -> bool:
        """It holds predictions of which neither an outcome nor a review can say anything."""
        return self.evidence.is_unseen and len(self.hidden_cells) > 0

    @property
    def is_closed(self) -> bool:
        """All of its days are closed."""
        return bool(self.cohorts) and all(cohort.day in self.evidence.closed for cohort in self.cohorts)

    @property
    def state(self) -> State:
        """The state of its youngest day."""
        states = {cohort.state for cohort in self.cohorts}
        if PROVISIONAL in states:
            return "provisional"
        return "maturing" if MATURING in states else "final"

    @cached_property
    def basis(self) -> Basis:
        drawn = self.draws[self.draws["is_open"] & self.draws["is_blind"]]
        is_explored = drawn["part"] == selective.EXPLORED
        counted = drawn[~is_explored]
        is_unanswered = not self.size and len(self.left_cells) > 0
        return Basis(
            outcomes=int(self.rows["truth"].notna().sum() + drawn["is_answered"][is_explored].sum()),
            reviews=int(counted["is_answered"].sum()),
            response_rate=float(counted["is_answered"].mean()) if len(counted) else (0.0 if is_unanswered else None),
            outcome_share=self._outcome_share(),
            covered_share=1 - float(self.cells["n_uncovered"].sum()) / self.size if self.size else None,
            lacks_outcomes=bool(self.rows["truth"].isna().any()),
            is_unanswered=is_unanswered,
            is_unseen=self.is_unseen,
            sliced_share=self.sliced_share,
        )

    @cached_property
    def sliced_share(self) -> float:
        """The share of the days' predictions that are in some value of the slice: the others are not filled in."""
        if not self.slice_name:
            return 1.0
        everyone, pieces = self.evidence.cells, self.evidence.slices
        size = float(everyone["n"][everyone["day"].isin(self.days)].sum())
        mine = (pieces["slice_name"] == self.slice_name) & pieces["day"].isin(self.days)
        return min(1.0, float(pieces["n"][mine].sum()) / size) if size else 1.0

    def _outcome_share(self) -> float | None:
        if not self.slice_name:
            n = sum(cohort.observable for cohort in self.cohorts)
            return sum(cohort.outcomes for cohort in self.cohorts) / n if n else None
        # Outcomes of open days are counted by day only.
        if self.cells["is_open"].any() or not len(self.rows):
            return None
        return float(self.rows["outcome"].notna().mean())

    def _of(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[self._mask(frame)]

    def _is_mine(self, values: pd.Series) -> pd.Series:
        if self.is_rest:
            return (values != self.slice_value) & values.notna()
        return values == self.slice_value

    def _mask(self, frame: pd.DataFrame) -> Mask:
        mask = frame["day"].isin(self.days)
        if self.is_observed and "part" in frame:
            mask &= frame["part"] != selective.HIDDEN
        if not self.slice_name:
            return mask.to_numpy(dtype=np.bool_)
        if "slice_name" in frame:
            mask &= (frame["slice_name"] == self.slice_name) & self._is_mine(frame["slice_value"])
        else:
            mask &= self._is_mine(frame[SLICE + self.slice_name])
        return mask.to_numpy(dtype=np.bool_)


def traffic_of(cells: pd.DataFrame) -> pd.Series:
    """Count all predictions that those in each cell stand for: where senders logged only a part, more than came."""
    return cells["n"] + cells["sum_unlogged"]


def whole(evidence: Evidence) -> Selection:
    return Selection(evidence, frozenset(cohort.day for cohort in evidence.cohorts))


def closed_part(evidence: Evidence) -> Selection:
    return Selection(evidence, evidence.closed)


def open_part(evidence: Evidence) -> Selection:
    return Selection(evidence, whole(evidence).days - evidence.closed)


def headline_part(evidence: Evidence) -> Selection:
    """Return the part the report leads with: the closed days where there are any, else the whole window."""
    return closed_part(evidence) if evidence.closed else whole(evidence)


def parts_of(evidence: Evidence) -> dict[Part, Selection]:
    """Return the whole window, then its closed and its open days, where it has any."""
    parts: dict[Part, Selection] = {"all": whole(evidence)}
    closed, opened = closed_part(evidence), open_part(evidence)
    if closed.cohorts:
        parts["closed"] = closed
    if opened.cohorts:
        parts["open"] = opened
    return parts


def slices_of(evidence: Evidence, *, days: frozenset[date] | None = None) -> Iterable[Selection]:
    """Yield each value of each slice over these days (default: the whole window), the most frequent first."""
    days = whole(evidence).days if days is None else days
    sizes = evidence.slices.groupby(["slice_name", "slice_value"])["n"].sum()
    for name in evidence.slice_names:
        if name in sizes.index.get_level_values(0):
            for value in sizes[name].sort_values(ascending=False).index:
                yield Selection(evidence, days, name, str(value))


def step_of(start: date, end: date, *, is_sum: bool) -> Step:
    """Say how the window is divided over time: a sum needs more than a day to stand out from chance."""
    days = (end - start).days
    if is_sum:
        return "week" if days <= LONGEST_WEEKLY else "month"
    return "day" if days <= LONGEST_DAILY else "week"


def stretches(start: date, end: date, step: Step) -> list[tuple[date, date]]:
    """Cut [start, end) into days, weeks (from the window's first day) or calendar months."""
    if start >= end:
        return []
    edges, edge = [start], start
    while (edge := _next(edge, step)) < end:
        edges.append(edge)
    return list(zip(edges, [*edges[1:], end], strict=True))


def between(evidence: Evidence, start: date, end: date) -> Selection:
    return Selection(evidence, frozenset(c.day for c in evidence.cohorts if start <= c.day < end))


def _next(day: date, step: Step) -> date:
    if step == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=1 if step == "day" else 7)
