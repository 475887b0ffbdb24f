"""What a new model would gain in the weak slices that monitoring found."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from apps.monitoring.models import WeakSearch
from apps.monitoring.services.placing import Layout
from apps.monitoring.services.references import Sample, coded
from apps.monitoring.services.sent_rows import rows_of
from apps.predictions.models import Prediction
from apps.retraining.engine import studying
from apps.retraining.engine.document import WeakGain
from apps.retraining.engine.fitting import Fitted
from apps.retraining.services.evidence import Gathered
from apps.retraining.services.weak_words import in_words
from apps.stats.arrays import BoolArray
from apps.stats.decisions.learning_curve import LearningCurve

Part = dict[str, Any]


def weak_gains(gathered: Gathered, fitted: Fitted, curve: LearningCurve) -> tuple[list[WeakGain], int]:
    """Estimate the gain in each weak slice, and return how many labels have the payload that places them."""
    search = WeakSearch.objects.filter(model=gathered.model).first()
    if search is None or not search.slices:
        return [], 0
    model = gathered.model
    layout = Layout.of(model)
    rows = list(rows_of(Prediction.objects.filter(pk__in=gathered.keys.tolist()), model=model))
    keys = np.array([key for each in rows for key in each.keys], dtype=np.int64)
    placed = list(_placed(search.slices, coded(rows, model=model, layout=layout)))
    groups = [("", str(number), np.isin(gathered.keys, keys[inside])) for number, (_, inside) in enumerate(placed)]
    found = studying.slice_gains(groups, fitted, gathered.labels, curve)
    weak: list[WeakGain] = []
    for each in found:
        parts, _ = placed[int(each["value"])]
        features = [part["name"] for part in parts]
        who = in_words(model, layout, parts)
        weak.append({"who": who, "features": features, "n": each["n"], "share": each["share"], "gain": each["gain"]})
    return weak, len(keys)


def _placed(slices: list[dict[str, Any]], sample: Sample) -> Iterator[tuple[list[Part], BoolArray]]:
    """Yield each slice with the rows inside it; not those on features that are no longer counted."""
    columns = {(each.stage, each.name): place for place, each in enumerate(sample.series)}
    for each in slices:
        parts = each["parts"]
        if all((part["stage"], part["name"]) in columns for part in parts):
            inside = np.ones(len(sample.codes), dtype=np.bool_)
            for part in parts:
                inside &= np.isin(sample.codes[:, columns[part["stage"], part["name"]]], part["bins"])
            yield parts, inside
