"""Overrides: how often what was really done departs from the model, and what the departures were worth.

They are counted over all predictions with a known action, so the ranges say how far such a share moves by chance alone.
What a departure was worth needs the outcome, which some departures remove: those without one are counted apart. Where
senders log only a part of their traffic, each prediction counts by what it stands for.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from apps.reports.engine.document import Override, OverridesSection
from apps.reports.engine.estimating import Fit
from apps.reports.engine.evidence import SLICE, Basis, Evidence
from apps.reports.engine.protocol import figure
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.unit_cost import UnitCost
from apps.stats.estimators.value import ValueMatrix
from apps.stats.intervals import wilson_interval

# A mean of fewer says nothing of its range.
LEAST = 2
UPPER = 0.975


def overrides(
    evidence: Evidence, fit: Fit, worth: ValueMatrix | UnitCost | None, *, currency: str
) -> OverridesSection | None:
    """Compute the section; None where no action is known."""
    actions = evidence.actions
    if actions.empty:
        return None
    groups = [_override(fit, worth, key, rows) for key, rows in _groups(evidence, actions)]
    return {"currency": currency, "predictions": int(evidence.received), "groups": groups}


def _groups(evidence: Evidence, actions: pd.DataFrame) -> Iterator[tuple[tuple[str, str, str], pd.DataFrame]]:
    """Yield kind, name and value of each group with its rows: all, by class predicted, by queue, by slice."""
    model = evidence.model
    yield ("all", "", ""), actions
    for stored, rows in actions.groupby("predicted") if not model.is_regression else ():
        yield ("class", "", str(model.decode(float(stored)))), rows  # type: ignore[arg-type]  # the column holds floats
    for queue, rows in actions.groupby(actions["queue"].fillna("")):
        yield ("queue", "", str(queue)), rows
    for name in evidence.slice_names:
        for value, rows in actions.groupby(SLICE + name):
            yield ("slice", name, str(value)), rows


def _override(
    fit: Fit, worth: ValueMatrix | UnitCost | None, key: tuple[str, str, str], rows: pd.DataFrame
) -> Override:
    """Count a group; of numbers, one departs or is right by the model's tolerance."""
    kind, name, value = key
    is_departed = ~_agrees(fit, rows["acted"], rows["predicted"])
    departed = rows[is_departed]
    known = departed[departed["outcome"].notna()]
    basis = Basis(len(known), 0, None, len(known) / len(departed) if len(departed) else None, None)
    is_right = _agrees(fit, known["acted"], known["outcome"])
    return {
        "kind": kind,
        "name": name,
        "value": value,
        "n": len(rows),
        "departures": len(departed),
        "known": len(known),
        "departed": figure(_share(is_departed, rows), basis),
        "right": figure(_share(is_right, known), basis),
        "worth": figure(_worth(fit, worth, known), basis),
    }


def _share(is_part: pd.Series, whole: pd.DataFrame) -> Estimate:
    if whole.empty:
        return missing("no_outcomes")
    weight = 1 / whole["log_share"]
    part, total = float(weight[is_part].sum()), float(weight.sum())
    # The number of equally logged predictions that would say as much
    n = total * (total / float((weight**2).sum()))
    low, high = wilson_interval(part * (n / total), n)
    return Estimate(part / total, low, high, "wilson", len(whole))


def _agrees(fit: Fit, one: pd.Series, other: pd.Series) -> pd.Series:
    same = fit.evidence.model.agrees(one.astype("float64"), other.astype("float64"))
    return pd.Series(np.asarray(same), index=one.index, dtype="bool")


def _worth(fit: Fit, worth: ValueMatrix | UnitCost | None, known: pd.DataFrame) -> Estimate:
    """Return what a departure with a known outcome was worth on average, with Student's interval of a mean."""
    if worth is None:
        return missing("no_value_model", n=len(known))
    if len(known) < LEAST:
        return missing("no_outcomes", n=len(known))
    amount, read = (
        known["amount"].to_numpy(dtype=np.float64),
        fit.truths if isinstance(worth, UnitCost) else fit.classes,
    )
    acted, said = (
        worth.of_rows(read(known[column]), read(known["outcome"]), amount) for column in ("acted", "predicted")
    )
    gained, n = acted - said, len(known)
    weight = 1 / known["log_share"].to_numpy(dtype=np.float64)
    mean, square, total = float(np.average(gained, weights=weight)), float((weight**2).sum()), float(weight.sum())
    variance = float((weight**2 * (gained - mean) ** 2).sum()) / (square / n) / (n - 1)
    spread = variance**0.5 / (total * (total / square)) ** 0.5
    half = float(stdtrit(n - 1, UPPER)) * spread
    return Estimate(mean, mean - half, mean + half, "plain", n)
