"""Non-response: the days that leave the figures, the rates of the others, and these rates carried to the cells.

A drawn case without an answer is non-response, and so is a prediction of a closed day without an outcome. Rates are
by class: queue × day received × score band. A day received on which no case of any queue is answered says nothing
about that day's predictions: they leave every figure. Answers from a queue served by money or due time are held back
until all its cases are served: the first ones are no random part.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.reports.engine.selective import HIDDEN
from apps.stats.design.response import response_rates, settled_probability

MOST_BANDS = 5
# With fewer expected answers, a score band gets no rate of its own.
ANSWERS_PER_BAND = 20

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LeftOut:
    """The days received that left, by part of the window, and what was received on them."""

    open_days: frozenset[date]
    closed_days: frozenset[date]
    # Cells of all predictions (`slice_name` empty), and the same predictions again by each slice.
    cells: pd.DataFrame
    draws: pd.DataFrame

    def takes(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Mark what was received on these days."""
        return _is_on(frame, self.open_days, self.closed_days)


@dataclass(frozen=True, eq=False)
class Response:
    """The frames of a window without what left; all but `draws` of closed days with their `rate`."""

    rows: pd.DataFrame
    draws: pd.DataFrame
    cells: pd.DataFrame
    slices: pd.DataFrame
    left: LeftOut


def of_window(*, rows: pd.DataFrame, draws: pd.DataFrame, cells: pd.DataFrame, slices: pd.DataFrame) -> Response:
    """Take out the days without an answer, and add the rates to the rest.

    Draws also get `is_answered`, `is_held_back` (answered, and not counted yet), `first_label` (L), `known` (truth),
    `is_settled` and `settled_q`.
    """
    draws = _with_answers(draws)
    rows = rows.assign(is_open=False, is_answered=rows["truth"].notna())
    asked = _counted(draws)
    open_days, closed_days = _silent_days(asked), _silent_days(rows)
    if not (asked["is_answered"].any() or rows["is_answered"].any()):
        open_days = closed_days = frozenset()  # there is no figure, and every day of the window tells why
    # Without any review of them, they stay: the others do not speak for them.
    is_unseen = not (asked["is_answered"] & (asked["part"] == HIDDEN)).any()
    kept, gone = [], []
    for frame in (rows, draws, cells, slices):
        is_gone = _is_on(frame, open_days, closed_days)
        if is_unseen and "part" in frame:
            is_gone &= (frame["part"] != HIDDEN).to_numpy(dtype=np.bool_)
        kept.append(frame[~is_gone])
        gone.append(frame[is_gone])
    rows, draws, cells, slices = kept
    left = LeftOut(open_days, closed_days, cells=pd.concat([gone[2], gone[3]], ignore_index=True), draws=gone[1])
    asked = _counted(draws)
    of_draws = _Rates.of(asked.assign(weight=1 / (asked["pi"] * asked["log_share"])))
    of_rows = _Rates.of(rows.assign(weight=1 / rows["log_share"], queue_id=0))
    draws = draws.assign(rate=of_draws.rate.reindex(draws.index, fill_value=1.0), settled_q=_settled_q(asked))
    cells, slices = (
        frame.assign(rate=np.where(frame["is_open"], of_draws.of_cells(frame), of_rows.of_cells(frame)))
        for frame in (cells, slices)
    )
    return Response(rows.assign(rate=of_rows.rate), draws, cells, slices, left)


def of_closed_days(rows: pd.DataFrame) -> pd.DataFrame:
    """Take the days received without an outcome out of predictions of closed days, and add the rates to the rest."""
    rows = rows.assign(is_answered=rows["truth"].notna())
    rows = rows[~rows["received_day"].isin(_silent_days(rows))]
    return rows.assign(rate=_Rates.of(rows.assign(weight=1 / rows["log_share"], queue_id=0)).rate)


def _is_on(frame: pd.DataFrame, open_days: frozenset[date], closed_days: frozenset[date]) -> NDArray[np.bool_]:
    """Mark what was received on some days, other ones for the open and the closed part of the window."""
    received = frame["received_day"]
    return np.where(frame["is_open"], received.isin(open_days), received.isin(closed_days)).astype(np.bool_)


def _with_answers(draws: pd.DataFrame) -> pd.DataFrame:
    label, adjudicated = draws["label"], draws["adjudicated"]
    has_phase = label.notna() & (draws["q"] > 0)
    first_label = label.where(has_phase | adjudicated.isna(), adjudicated)
    frame = draws.assign(
        first_label=first_label,
        known=adjudicated.fillna(label),
        is_answered=first_label.notna(),
        is_settled=has_phase & adjudicated.notna(),
    )
    frame["is_held_back"] = _held_back(frame)
    return frame.assign(is_answered=frame["is_answered"] & ~frame["is_held_back"])


def _counted(draws: pd.DataFrame) -> pd.DataFrame:
    return draws[draws["is_open"] & draws["is_blind"]]


def _held_back(draws: pd.DataFrame) -> pd.Series:
    """Mark answers from queues served in an order while a case waits in them, of a day on which any was answered."""
    counted = _counted(draws)
    ordered = counted[counted["is_ordered"] & ~counted["received_day"].isin(_silent_days(counted))]
    undrained = set(ordered.loc[~ordered["is_answered"] & ~ordered["is_skipped"], "queue_id"])
    held = ordered[ordered["is_answered"] & ordered["queue_id"].isin(undrained)]
    return pd.Series(draws.index.isin(held.index), index=draws.index)


def _silent_days(asked: pd.DataFrame) -> frozenset[date]:
    """Return the days received of which nothing is answered."""
    return frozenset(asked["received_day"]) - frozenset(asked.loc[asked["is_answered"], "received_day"])


def _settled_q(items: pd.DataFrame) -> pd.Series:
    """Return adjudication probability times settled/chosen of the class: queue × recorded probability."""
    q = items["q"].where(items["label"].notna() & (items["q"] > 0)).to_numpy(dtype=np.float64)
    settled = items["is_settled"].to_numpy(dtype=np.bool_)
    # q = 1, or an existing adjudication, means the item was selected.
    chosen = (items["is_chosen"].to_numpy(dtype=np.bool_) | (q == 1) | settled) & ~np.isnan(q)
    strata = pd.factorize(pd.Series(list(zip(items["queue_id"], q, strict=True))))[0]
    return pd.Series(settled_probability(q, chosen=chosen, settled=settled, strata=strata), index=items.index)


@dataclass(frozen=True, eq=False)
class _Rates:
    """r of each asked case, and of the predictions of a day received and score band."""

    rate: pd.Series
    # Score bins at which bands begin.
    edges: Ints
    by_class: pd.Series
    overall: float

    @classmethod
    def of(cls, asked: pd.DataFrame) -> "_Rates":
        """Compute the rates from cases with `is_answered`, `queue_id`, `received_day`, `score_bin` and `weight`."""
        if asked["is_answered"].all():
            return cls(pd.Series(1.0, index=asked.index), np.empty(0, np.int64), pd.Series(dtype=np.float64), 1.0)
        edges = _edges(asked)
        band = _bands(asked, edges)
        received = asked["received_day"]
        rate = response_rates(
            queue=asked["queue_id"],
            band=band,
            day=[day.toordinal() for day in received],
            answered=asked["is_answered"],
            weight=asked["weight"],
        )
        sums = asked.assign(band=band, inverse=asked["weight"] / pd.Series(rate, index=asked.index))
        by_class = sums.groupby(["received_day", "band"])[["weight", "inverse"]].sum()
        return cls(
            rate=pd.Series(rate, index=asked.index),
            edges=edges,
            by_class=by_class["weight"] / by_class["inverse"],
            overall=float(sums["weight"].sum() / sums["inverse"].sum()),
        )

    def of_cells(self, cells: pd.DataFrame) -> Floats:
        """Return the rate of each cell's day and band, 0 where it holds a class without any answer.

        A prediction that was not drawn has no queue, so that a cell takes the mean over queues, by design weight: the
        harmonic one, which leaves the expected Σ1/(πr) of a cell right.
        """
        if self.by_class.empty:
            return np.full(len(cells), self.overall)
        classes = pd.MultiIndex.from_arrays([cells["received_day"], _bands(cells, self.edges)])
        return self.by_class.reindex(classes).fillna(self.overall).to_numpy(dtype=np.float64)


def _edges(asked: pd.DataFrame) -> Ints:
    """Return the score bins at which bands begin: quantiles, as many as leave each band enough expected answers."""
    bands = int(np.clip(asked["is_answered"].sum() // ANSWERS_PER_BAND, 1, MOST_BANDS))
    quantiles = np.arange(1, bands) / bands
    return np.unique(np.quantile(asked["score_bin"], quantiles, method="lower")).astype(np.int64)


def _bands(frame: pd.DataFrame, edges: Ints) -> Ints:
    return np.searchsorted(edges, frame["score_bin"].to_numpy(dtype=np.int64), side="right").astype(np.int64)
