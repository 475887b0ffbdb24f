"""Response rates: the share answered of the draws, and the share known of the closed days, carried to the cells.

A class is queue × day received × score band, sparse days merged. A drawn prediction without an answer is non-response,
and so is a prediction of a closed day without an outcome. Answers from a queue served by money or due time are held
back until the whole window is answered: the first ones served are no random part.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.stats.design.response import merge_sparse_days, response_rates, settled_probability

MOST_BANDS = 5
# With fewer expected answers, a score band gets no rate of its own.
ANSWERS_PER_BAND = 20

Ints = NDArray[np.int64]


def of_draws(draws: pd.DataFrame) -> pd.DataFrame:
    """Add `is_answered`, `first_label` (L), `known` (truth), `is_settled`, `settled_q`, `rate` and `band` to the draws.

    `is_held_back`: there is an answer, and it does not count yet.
    """
    label, adjudicated = draws["label"], draws["adjudicated"]
    has_phase = label.notna() & (draws["q"] > 0)
    first_label = label.where(has_phase | adjudicated.isna(), adjudicated)
    frame = draws.assign(
        first_label=first_label,
        known=adjudicated.fillna(label),
        is_answered=first_label.notna(),
        is_held_back=False,
        is_settled=has_phase & adjudicated.notna(),
        settled_q=np.nan,
        rate=1.0,
        band=0,
    )
    counted = frame["is_open"] & frame["is_blind"]
    frame["is_held_back"] = _held_back(frame, counted)
    frame["is_answered"] &= ~frame["is_held_back"]
    if counted.any():
        frame.loc[counted, "settled_q"] = _settled_q(frame[counted])
        frame.loc[counted, "band"] = _bands(frame[counted], _edges(frame[counted]))
        frame.loc[counted, "rate"] = _rates(frame[counted])
    return frame


def of_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Add `rate` to the rows of closed days: the share of their class whose truth is known."""
    frame = rows.assign(rate=1.0, band=0, is_answered=rows["truth"].notna(), queue_id=0, received_day=rows["day"])
    if frame["is_answered"].all():
        return frame
    frame["band"] = _bands(frame, _edges(frame))
    return frame.assign(rate=_rates(frame))


def of_cells(cells: pd.DataFrame, rows: pd.DataFrame, draws: pd.DataFrame) -> pd.DataFrame:
    """Add the rate of their day and band to the cells; 0 where a cell holds a class without any answer."""
    frame = cells.assign(rate=1.0)
    counted = draws[draws["is_open"] & draws["is_blind"]]
    for is_open, known, weight in ((True, counted, 1 / counted["pi"]), (False, rows, None)):
        mask = (frame["is_open"] == is_open).to_numpy(dtype=np.bool_)
        if mask.any() and len(known):
            frame.loc[mask, "rate"] = _cell_rates(frame[mask], known, weight)
    return frame


def _held_back(draws: pd.DataFrame, counted: pd.Series) -> pd.Series:
    """Mark answers from queues served in an order, while any draw of the window waits in them."""
    ordered = counted & draws["is_ordered"]
    undrained = set(draws.loc[ordered & ~draws["is_answered"], "queue_id"])
    return ordered & draws["is_answered"] & draws["queue_id"].isin(undrained)


def _settled_q(items: pd.DataFrame) -> NDArray[np.float64]:
    """Return adjudication probability times settled/chosen of the class: queue × recorded probability."""
    q = items["q"].where(items["label"].notna() & (items["q"] > 0)).to_numpy(dtype=np.float64)
    settled = items["is_settled"].to_numpy(dtype=np.bool_)
    # q = 1, or an existing adjudication, means the item was selected.
    chosen = (items["is_chosen"].to_numpy(dtype=np.bool_) | (q == 1) | settled) & ~np.isnan(q)
    strata = pd.factorize(pd.Series(list(zip(items["queue_id"], q, strict=True))))[0]
    return settled_probability(q, chosen=chosen, settled=settled, strata=strata)


def _rates(drawn: pd.DataFrame) -> NDArray[np.float64]:
    answered = drawn["is_answered"].to_numpy(dtype=np.bool_)
    group = drawn["queue_id"].to_numpy(dtype=np.int64) * MOST_BANDS + drawn["band"].to_numpy(dtype=np.int64)
    day = np.array([received.toordinal() for received in drawn["received_day"]], dtype=np.int64)
    strata = merge_sparse_days(group, day, answered).of(group, day)
    return response_rates(strata, answered).of(strata)


def _edges(drawn: pd.DataFrame) -> Ints:
    """Return the score bins at which bands begin: quantiles, as many as leave each band enough expected answers."""
    bands = int(np.clip(drawn["is_answered"].sum() // ANSWERS_PER_BAND, 1, MOST_BANDS))
    quantiles = np.arange(1, bands) / bands
    return np.unique(np.quantile(drawn["score_bin"], quantiles, method="lower")).astype(np.int64)


def _bands(frame: pd.DataFrame, edges: Ints) -> Ints:
    return np.searchsorted(edges, frame["score_bin"].to_numpy(dtype=np.int64), side="right").astype(np.int64)


def _cell_rates(cells: pd.DataFrame, known: pd.DataFrame, weight: Any) -> NDArray[np.float64]:
    """Return the mean rate of each cell's day and band, by design weight."""
    lowest = known.groupby("band")["score_bin"].min().sort_values()
    band = np.maximum(np.searchsorted(lowest.to_numpy(), cells["score_bin"], side="right") - 1, 0)
    sums = known.assign(w=1.0 if weight is None else weight)
    sums = sums.assign(wr=sums["w"] * sums["rate"])
    by_class = sums.groupby(["day", "band"]).agg(w=("w", "sum"), wr=("wr", "sum"), least=("rate", "min"))
    rate = (by_class["wr"] / by_class["w"]).where(by_class["least"] > 0, 0.0)
    classes = pd.MultiIndex.from_arrays([cells["day"], lowest.index.to_numpy()[band]])
    rates = rate.reindex(classes).to_numpy(dtype=np.float64)
    overall = float(sums["is_answered"].mean())
    return np.where(np.isnan(rates), overall, rates)
