"""The series of a model: which there are, and the bins of each, frozen on the first rows that have it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.monitoring.models import Series, Stage
from apps.monitoring.services.placing import KNOWN, Layout, as_numbers
from apps.monitoring.services.seen_values import MAX_CATEGORY_LENGTH
from apps.monitoring.services.sent_rows import SentRows
from apps.monitoring.services.shape import MAX_NAME, NUMERIC
from apps.registry.models import MonitoredModel
from apps.registry.models.features import Feature, code_of
from apps.stats.arrays import FloatArray
from apps.stats.drift.bins import CATEGORY_LIMIT, Bins, CategoryBins, NumberBins, category_bins, number_bins

SCORE_BINS = 20
# A sender can invent any number of names.
MOST_NAMES = 300
MOST_RESOURCES = 20
SAME, DIFFERENT = "same", "different"
FRESH, REPEATED = "fresh", "repeated"
# Latency and resources: each bin is 5 % wider than the last, so that a percentile is at most 2.5 % off.
WIDTH = 1.05
MOST_LOG_BINS = 400


def new_series(model: MonitoredModel, rows: Sequence[SentRows], layout: Layout) -> list[Series]:
    """Freeze the bins of all series that these rows have and the layout lacks."""
    wanted = {key: bins for key, bins in _bins(model, rows, layout) if key not in layout.series}
    place, made = layout.size, []
    for (stage, name), bins in wanted.items():
        made.append(Series(model=model, stage=stage, name=name, bins=_document(bins), place=place))
        place += bins.size
    return made


def _bins(model: MonitoredModel, rows: Sequence[SentRows], layout: Layout) -> Iterator[tuple[tuple[str, str], Bins]]:
    yield from _feature_bins(model, rows, layout)
    yield from _processed_bins(rows, layout)
    yield from _decision_bins(model, rows, layout)
    yield (Stage.REPEATED, ""), CategoryBins((FRESH, REPEATED))
    for each in model.slice_list:
        bins = category_bins(_column([row.get(each.key) for part in rows for row in part.slices]))
        yield (Stage.SLICE, each.key), bins
        yield (Stage.SLICE_LOSS, each.key), _of_existing(layout, Stage.SLICE, each.key, bins)
    latency = np.concatenate([part.latency for part in rows])
    if not np.isnan(latency).all():
        yield (Stage.LATENCY, ""), _log_bins(latency)
    names = sorted({name for part in rows for row in part.resources for name in row if 0 < len(name) <= MAX_NAME})
    for name in names[:MOST_RESOURCES]:
        numbers = as_numbers([row.get(name) for part in rows for row in part.resources])
        if not np.isnan(numbers).all():
            yield (Stage.RESOURCE, name), _log_bins(numbers)


def _feature_bins(
    model: MonitoredModel, rows: Sequence[SentRows], layout: Layout
) -> Iterator[tuple[tuple[str, str], Bins]]:
    declared = {feature.name: feature for feature in model.feature_list}
    sent = set().union(*(row for part in rows for row in part.features))
    undeclared = sorted(name for name in sent.difference(declared) if 0 < len(name) <= MAX_NAME)
    room = MOST_NAMES - len(declared) - sum(each.name not in declared for each in layout.of_stage(Stage.FEATURE))
    for name in [*(each for each in declared if each in sent), *undeclared[: max(room, 0)]]:
        if layout.get(Stage.FEATURE, name) is None:
            column = [row.get(name) for part in rows for row in part.features]
            yield (Stage.FEATURE, name), _bins_of(column, declared.get(name))


def _processed_bins(rows: Sequence[SentRows], layout: Layout) -> Iterator[tuple[tuple[str, str], Bins]]:
    """What the model saw has no schema: preprocessing may turn codes into numbers."""
    sent = set().union(*(row for part in rows for row in part.processed))
    room = MOST_NAMES - len(layout.of_stage(Stage.PROCESSED))
    new = sorted(name for name in sent if 0 < len(name) <= MAX_NAME and layout.get(Stage.PROCESSED, name) is None)
    for name in new[: max(room, 0)]:
        column = [row.get(name) for part in rows for row in part.processed if row]
        yield (Stage.PROCESSED, name), _bins_of(column, None)


def _bins_of(column: list[Any], feature: Feature | None) -> Bins:
    """Bins of numbers where the schema says so or, without it, where most values are numbers."""
    if feature is not None and feature.type == "text":
        return CategoryBins(())
    known = [value for value in column if value is not None]
    numbers = sum(type(value) in KNOWN for value in known)
    is_number = 2 * numbers > len(known) if feature is None else feature.type in NUMERIC and not feature.codes
    if is_number:
        return number_bins(as_numbers(known))
    found = Counter(code_of(value)[:MAX_CATEGORY_LENGTH] for value in known)
    names = [name for name, _ in sorted(found.items(), key=lambda each: (-each[1], each[0]))[:CATEGORY_LIMIT]]
    if feature is not None:
        names += [code for code in feature.codes if code not in found][: max(CATEGORY_LIMIT - len(names), 0)]
    return CategoryBins(tuple(sorted(names)))


def _decision_bins(
    model: MonitoredModel, rows: Sequence[SentRows], layout: Layout
) -> Iterator[tuple[tuple[str, str], Bins]]:
    predicted = np.concatenate([part.predicted for part in rows])
    score = np.concatenate([part.score for part in rows])
    scores = _of_existing(
        layout, Stage.SCORE, "", number_bins(predicted if model.is_regression else score, bins=SCORE_BINS)
    )
    yield (Stage.SCORE, ""), scores
    if model.is_regression:
        answers: Bins = scores
        cells: Bins = scores
    else:
        common = [model.classes[int(each)] for each in predicted]
        few = len(model.classes) <= CATEGORY_LIMIT
        answers = CategoryBins(tuple(model.classes)) if few else category_bins(common)
        answers = _of_existing(layout, Stage.PREDICTED, "", answers)
        yield (Stage.PREDICTED, ""), answers
        assert isinstance(answers, CategoryBins)
        decided = [*answers.names, ""]
        cells = CategoryBins(tuple(f"{bin_}:{name}" for name in decided for bin_ in range(scores.size)))
    yield (Stage.CELL, ""), cells
    yield (Stage.LOSS, ""), cells
    yield (Stage.OUTCOME, ""), answers
    yield (Stage.LABEL, ""), answers
    if any(not np.isnan(part.baseline).all() for part in rows):
        yield (Stage.BASELINE, ""), answers
        yield (Stage.AGREEMENT, ""), CategoryBins((SAME, DIFFERENT))


def _of_existing(layout: Layout, stage: str, name: str, otherwise: Bins) -> Bins:
    found = layout.get(stage, name)
    return otherwise if found is None else found.frozen


def _log_bins(values: FloatArray) -> NumberBins:
    """Bins from far below the smallest common value to far above the largest, each 5 % wider than the last.

    The first rows may all have one value: whatever the model's first machine took.
    """
    positive = values[values > 0]
    if len(positive) == 0:
        return NumberBins((), (0.0,), 0.0)
    low, high = (float(each) for each in np.quantile(positive, [0.01, 0.99]) * (0.003, 10_000))
    count = min(int(np.log(high / low) / np.log(WIDTH)) + 1, MOST_LOG_BINS)
    edges = low * WIDTH ** np.arange(count)
    middles = np.concatenate([[low], edges[:-1] * np.sqrt(WIDTH), [edges[-1]]])
    return NumberBins(tuple(edges.tolist()), tuple(middles.tolist()), float(positive.std()))


def _document(bins: Bins) -> dict[str, Any]:
    if isinstance(bins, NumberBins):
        return {"edges": list(bins.edges), "representatives": list(bins.representatives), "sd": bins.sd}
    return {"names": list(bins.names)}


def _column(values: list[Any]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=np.object_)
    column[:] = values
    return column
