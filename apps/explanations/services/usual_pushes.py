"""What contributions of a version are usual, learned once, and which rows are rarer than nearly all.

A row's rarity is the sum, feature by feature, of −log of how dense the bin of its contribution is, less what that is
on average.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf

import numpy as np
from django.db.models import Sum
from django.db.models.functions import Now

from apps.explanations.models import AttributionDay, PushBins, UsualPushes
from apps.explanations.services import unusual
from apps.explanations.services.day_tables import PUSH_BINS
from apps.explanations.services.push_bins import Placer
from apps.explanations.services.push_rows import PushRows, Source
from apps.registry.models import ModelVersion
from apps.stats.arrays import FloatArray, IntArray

# A version is learned from so many of its rows, or from fewer once it is so old.
ENOUGH, FEWEST = 10_000, 1_000
OLD = timedelta(days=28)
# Rarer than this share of the rows learned from.
RARE = 0.999
# A bin without rows counts as if it had half a one.
HALF = 0.5
# A feature is named where its contribution is e³ = 20 times rarer than on average.
NAMED, MOST_NAMED = 3.0, 5


@dataclass(frozen=True, eq=False)
class Usual:
    """The rarity of each bin, names × bins, and the sum beyond which a row is unusual."""

    names: list[str]
    codes: FloatArray
    limit: float


def of(bins: PushBins, *, source: Source) -> dict[int, Usual]:
    """Return what is usual, by version; learn it for versions that have rows enough by now."""
    stored = UsualPushes.objects.filter(bins=bins)
    found = {each.version_id: Usual(each.names, _table(each.codes, names=each.names), each.limit) for each in stored}
    for version in _due(bins, known=found):
        found[version] = _learn(bins, version, source=source)
    return found


def unusual_among(
    rows: PushRows, placed: IntArray, *, names: Sequence[str], usual: Mapping[int, Usual]
) -> list[unusual.Line]:
    """Return the rows that are rarer than nearly all; `placed` are the bins of their contributions."""
    lines = []
    for version, known in usual.items():
        own = np.flatnonzero(rows.versions == version)
        if len(own) == 0 or known.limit == inf:
            continue
        columns = [(known.names.index(name), column) for column, name in enumerate(names) if name in known.names]
        codes = np.column_stack(
            [known.codes[at][placed[own, column]] for at, column in columns] or [np.zeros(len(own))]
        )
        rarity = codes.sum(axis=1)
        for at in np.flatnonzero(rarity > known.limit):
            row = own[at]
            lines.append(
                unusual.Line(
                    prediction=int(rows.keys[row]),
                    version=version,
                    day=date.fromordinal(int(rows.days[row])),
                    strength=float(rarity[at]),
                    features=_rarest(codes[at], [names[column] for _, column in columns]),
                )
            )
    return lines


def _rarest(codes: FloatArray, names: Sequence[str]) -> list[str]:
    """Name what makes a row rare, at least one feature."""
    order = np.argsort(-codes)[:MOST_NAMED].tolist()
    named = [names[at] for at in order if codes[at] >= NAMED]
    return named or [names[at] for at in order[:1]]


def _due(bins: PushBins, *, known: Mapping[int, Usual]) -> list[int]:
    totals = AttributionDay.objects.filter(bins=bins, feature="").exclude(version__in=known)
    rows = dict(totals.values_list("version").annotate(rows=Sum("rows")).filter(rows__gte=FEWEST))
    old = set(ModelVersion.objects.filter(pk__in=rows, first_seen_at__lt=Now() - OLD).values_list("pk", flat=True))
    return [version for version, count in rows.items() if count >= ENOUGH or version in old]


def _learn(bins: PushBins, version: int, *, source: Source) -> Usual:
    placer, weights = Placer(bins), []
    names = list(bins.values)
    placed = []
    for rows in source.newest(version, limit=ENOUGH):
        pushes = np.zeros((len(rows), len(names)))
        for column, name in enumerate(names):
            if name in rows.names:
                pushes[:, column] = np.nan_to_num(rows.pushes[:, rows.names.index(name)])
        placed.append(placer.pushes(pushes))
        weights.append(rows.weights)
    codes, limit = np.zeros((len(names), PUSH_BINS)), inf
    count = sum(map(len, weights))
    if count >= FEWEST:
        found, weight = np.concatenate(placed), np.concatenate(weights)
        weight = weight * count / weight.sum()
        codes = _rarity_of_bins(
            np.stack([np.bincount(column, weight, minlength=PUSH_BINS) for column in found.T]), placer.edges
        )
        rarity = codes[np.arange(len(names)), found].sum(axis=1)
        limit = float(np.quantile(rarity, RARE))
    # Where too little of it is kept, it is not tried again.
    UsualPushes.objects.create(
        bins=bins, version_id=version, names=names, codes=codes.astype("<f4").tobytes(), limit=limit, rows=count
    )
    return Usual(names, codes, limit)


def _rarity_of_bins(counts: FloatArray, edges: FloatArray) -> FloatArray:
    """Return −log of each bin's density, less its mean: names × bins.

    The open bins count as wide as the way to zero.
    """
    widths, top = np.diff(edges), edges[-1:]
    shares = (counts + HALF) / (counts + HALF).sum(axis=1, keepdims=True)
    codes = -np.log(shares / np.concatenate([top, widths, top]))
    return np.asarray(codes - (shares * codes).sum(axis=1, keepdims=True), dtype=np.float64)


def _table(codes: "bytes | memoryview[int]", *, names: Sequence[str]) -> FloatArray:
    return np.frombuffer(codes, dtype="<f4").reshape(len(names), PUSH_BINS).astype(np.float64)
