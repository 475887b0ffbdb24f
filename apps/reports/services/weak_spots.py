"""Weak spots of a window: predictions alike in one or two features on which the model is wrong more often."""

from typing import Any

import numpy as np
import pandas as pd

from apps.monitoring.models import Stage
from apps.monitoring.services import drafting
from apps.monitoring.services.naming import Names
from apps.monitoring.services.placing import Layout
from apps.monitoring.services.truth_counting import loss_of
from apps.monitoring.services.weakness import LEAST_OUTCOMES, SEARCHED, find
from apps.reports.engine.evidence import Evidence, headline_part
from apps.reports.engine.pictured import WeakPart, WeakPicture, WeakSpot

MOST_SPOTS = 6


def weak_spots(evidence: Evidence) -> WeakPicture | None:
    """Search the headline's part; None for a model of numbers, and before its features have bins."""
    model, layout = evidence.model, Layout.of(evidence.model)
    if model.is_regression or not layout.of_stage(Stage.FEATURE):
        return None
    known = _known(evidence)
    if len(known) > SEARCHED:
        # The same record gives the same spots.
        known = known.sample(SEARCHED, random_state=evidence.seq % 2**32)
    known = known.sort_values("key")
    truth, predicted = (known[column].to_numpy(dtype=np.float64) for column in ("truth", "predicted"))
    keys, pi = known["key"].to_numpy(dtype=np.int64), known["pi"].to_numpy(dtype=np.float64)
    found = find(model, keys, loss_of(model, predicted, truth), pi, may_overlap=False)
    names, n = Names(model), headline_part(evidence).size
    spots = [
        _spot(each, names, layout, n=n) | {"condition": drafting.condition_of(model, each["parts"], layout.series)}
        for each in found["slices"][:MOST_SPOTS]
    ]
    return {"searched": found["n"], "code": found["code"], "spots": spots}


def _known(evidence: Evidence) -> pd.DataFrame:
    """Return predictions with their truth and the chance to know it: by outcomes, or by reviews where these are few."""
    rows, items = evidence.known_rows, evidence.items
    by_outcome = pd.DataFrame(
        {"key": rows["pk"], "predicted": rows["predicted"], "truth": rows["truth"], "pi": rows["rate"]}
    )
    if len(by_outcome) >= LEAST_OUTCOMES:
        return by_outcome
    return pd.DataFrame(
        {
            "key": items["prediction_id"],
            "predicted": items["predicted"],
            "truth": items["known"],
            "pi": items["pi"] * items["rate"],
        }
    )


def _spot(found: dict[str, Any], names: Names, layout: Layout, *, n: float) -> WeakSpot:
    error, difference = found["error"], found["difference"]
    size = found["share"] * n
    return {
        "parts": [_part(part, names, layout) for part in found["parts"]],
        "n": round(size),
        "share": found["share"],
        "labels": int(error["n"]),
        "right": [1 - error["value"], 1 - error["high"], 1 - error["low"]],
        "wrong_above": [difference[end] * size for end in ("value", "low", "high")],
    }


def _part(part: dict[str, Any], names: Names, layout: Layout) -> WeakPart:
    series, feature = layout.series[part["stage"], part["name"]], names.features.get(part["name"])
    return {
        "feature": part["name"],
        "label": names.label(part["stage"], part["name"]),
        "value": names.bins(series, part["bins"]),
        "is_sensitive": bool(feature and feature.sensitive),
    }
