"""The evidence of a report as plain tables and inputs, for somebody who computes its figures anew.

Nothing names a case: rows have a number, and no features. Slices and their values are positions in `inputs`. Whatever
is not known is nan. `docs/checking-a-report.md` describes every column.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from apps.reports.engine import selective
from apps.reports.engine.document import Document
from apps.reports.engine.estimating import Fit, MulticlassFit, RegressionFit, others_of
from apps.reports.engine.evidence import SLICE, Evidence, parts_of
from apps.reports.engine.value import Value
from apps.stats.estimators.class_proxy import ClassProxy
from apps.stats.estimators.recalibration import Recalibration
from apps.stats.estimators.unit_cost import UnitCost

VERSION = 1
# What becomes known of a prediction, by its code in the tables.
PARTS = (selective.OBSERVED, selective.EXPLORED, selective.HIDDEN)
# An outcome that is known for certain, a review of the sample.
OUTCOME, REVIEW = range(2)
# Columns of the cells, by the name they have in an estimator
SUMS = {
    "n": "n",
    "score": "sum_score",
    "score2": "sum_score2",
    "odds": "sum_odds",
    "odds2": "sum_odds2",
    "amount": "sum_amount",
    "amount2_odds": "sum_amount2_odds",
    "amount4_odds2": "sum_amount4_odds2",
}

# What the score lets one expect, for each predicted class: intercept, slope, and the shares of true classes if wrong
Expected = list[list[list[float]]]


def inputs_of(fit: Fit, document: Document, valued: Value | None) -> dict[str, Any]:
    """Return what the formulas need beside the tables."""
    evidence = fit.evidence
    is_number = isinstance(fit, RegressionFit)
    return {
        "version": VERSION,
        "kind": document["kind"],
        "task": document["task"],
        "classes": [] if isinstance(fit, RegressionFit) else fit.class_names,
        "seq": evidence.seq,
        "days": {name: sorted(_day(evidence, day) for day in part.days) for name, part in parts_of(evidence).items()},
        "slices": [{"name": name, "values": values_of(evidence, name)} for name in evidence.slice_names],
        "score_edges": [] if is_number else evidence.score_bins.edges.tolist(),
        "score_centers": [] if is_number else evidence.score_bins.centers.tolist(),
        "expected": _expected(fit),
        "tolerance": [evidence.model.tolerance, evidence.model.tolerance_share],
        "worth": _worth(valued) if valued and valued.value_model else None,
        "is_all_logged": evidence.is_all_logged,
    }


def tables_of(fit: Fit) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each table by its name."""
    evidence = fit.evidence
    cells = [_cells(fit, evidence.cells, -1)]
    for place, name in enumerate(evidence.slice_names):
        cells.append(_cells(fit, evidence.slices[evidence.slices["slice_name"] == name], place))
    yield "cells", pd.concat(cells, ignore_index=True)
    yield "labels", _labels(fit)


def expected_of(proxy: ClassProxy) -> Expected:
    """Return what is expected of a prediction by its class: the chance that it is right, and what is true otherwise."""
    return [np.column_stack([proxy.intercept, proxy.slope]).tolist(), proxy.instead.tolist()]


def _expected(fit: Fit) -> Expected:
    if isinstance(fit, RegressionFit):
        return [[], []]
    if isinstance(fit, MulticlassFit):
        return expected_of(fit.base.fitted)
    proxy = fit.base.fitted
    assert isinstance(proxy, Recalibration)
    return [[[proxy.intercept, proxy.slope]] * 2, [[0.0, 1.0], [1.0, 0.0]]]


def _cells(fit: Fit, cells: pd.DataFrame, place: int) -> pd.DataFrame:
    evidence, population = fit.evidence, fit.population(cells)
    return pd.DataFrame(
        {
            "slice": place,
            "value": _codes(evidence, cells["slice_value"], place),
            "day": _days(evidence, cells),
            "part": _parts(cells["part"]),
            "said": population.predicted,
            "other": population.baseline,
            "bin": population.bin,
            "group": _groups(fit, population.bin),
            **{name: getattr(population, column) for name, column in SUMS.items()},
            "lost": population.n_uncovered + population.n_unanswered,
        }
    )


def _labels(fit: Fit) -> pd.DataFrame:
    """Return the known outcomes and the counted reviews; neither other reviews nor cases without an answer."""
    evidence, sample = fit.evidence, fit.sample()
    rows, items = evidence.known_rows, evidence.items
    both = pd.concat([rows.assign(part=selective.OBSERVED, kind=OUTCOME), items.assign(kind=REVIEW)], ignore_index=True)
    is_number = isinstance(fit, RegressionFit)
    bins = both["score_bin"].to_numpy(dtype=np.int64) if is_number else sample.bin
    slices = {f"slice_{place}": both[SLICE + name] for place, name in enumerate(evidence.slice_names)}
    return pd.DataFrame(
        {
            "kind": both["kind"].to_numpy(),
            "day": _days(evidence, both),
            "part": _parts(both["part"]),
            "said": sample.predicted,
            "other": sample.baseline,
            "bin": bins,
            "group": _groups(fit, bins),
            "number": both["predicted"].to_numpy(dtype=np.float64) if is_number else np.nan,
            "rival": others_of(both["baseline"]) if is_number else np.nan,
            "score": sample.score,
            "amount": sample.amount,
            "pi": sample.pi,
            "label": sample.label,
            "settled": sample.adjudicated,
            "q": sample.q,
            "truth": sample.truth,
            **{name: _codes(evidence, values, int(name[6:])) for name, values in slices.items()},
        }
    )


def _groups(fit: Fit, bins: Any) -> Any:
    """Return the group of levels that the errors of a number are expected by."""
    return np.searchsorted(fit.base.bin_ends, bins) if isinstance(fit, RegressionFit) else 0


def _parts(parts: pd.Series) -> Any:
    return parts.map({part: code for code, part in enumerate(PARTS)}).to_numpy(dtype=np.int64)


def values_of(evidence: Evidence, name: str) -> list[str]:
    """Name the values of a slice, in an order that does not tell how many there are of each."""
    return sorted({str(value) for value in evidence.slices.loc[evidence.slices["slice_name"] == name, "slice_value"]})


def _codes(evidence: Evidence, values: pd.Series, place: int) -> Any:
    names: Sequence[str] = values_of(evidence, evidence.slice_names[place]) if place >= 0 else ()
    codes = {value: code for code, value in enumerate(names)}
    return values.map(codes).fillna(-1).to_numpy(dtype=np.int64)


def _days(evidence: Evidence, frame: pd.DataFrame) -> Any:
    return np.array([_day(evidence, day) for day in frame["day"]], dtype=np.int64)


def _day(evidence: Evidence, day: Any) -> int:
    """Count the days from the first of the window."""
    return int((day - evidence.start).days)


def _worth(valued: Value) -> dict[str, Any]:
    worth = valued.worth
    if isinstance(worth, UnitCost):
        return {"over": worth.over, "under": worth.under, "uses_amount": worth.uses_amount}
    return {"matrix": worth.matrix.tolist(), "uses_amount": worth.uses_amount}
