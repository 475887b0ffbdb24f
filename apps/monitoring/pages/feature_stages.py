"""One feature opened: through its stages, by version, and what became of the cases by slice."""

from dataclasses import dataclass

import numpy as np

from apps.common.numerals import count, fixed, localized
from apps.monitoring.models import Series, Stage
from apps.monitoring.pages.days_seen import Seen, shares
from apps.monitoring.pages.feature_rows import FeatureRow, percent_range
from apps.monitoring.services.describing import percent
from apps.monitoring.services.event_views import WEEKS_BEFORE
from apps.monitoring.services.history import History
from apps.stats.arrays import FloatArray
from apps.stats.intervals import wilson_interval

MOST_SLICES = 30


@dataclass(frozen=True)
class StageRow:
    """One stage as a rule and now."""

    stage: str
    usual: str
    now: str
    likely: str


def stages_of(row: FeatureRow) -> list[StageRow]:
    """List the stages of these days: first the feature's own, then what the model and people made of the cases."""
    seen, told = row.seen, row.seen.names.bin(row.series, row.bin)
    found = [_share(seen, row.series, [row.bin], f"As sent: {told}")]
    processed = seen.layout.get(Stage.PROCESSED, row.series.name)
    if processed is not None:
        moved = _moved(seen, processed)
        name = seen.names.bin(processed, moved)
        found.append(_share(seen, processed, [moved], f"As the model sees it: {name}"))
    score = seen.layout.get(Stage.SCORE)
    if score is not None:
        found.append(_mean(seen, score))
    for stage, text in ((Stage.PREDICTED, "Predicted"), (Stage.LABEL, "Reviewers say"), (Stage.OUTCOME, "Outcome")):
        series = seen.layout.get(stage)
        if series is not None and not seen.model.is_regression:
            place = _class(seen, series)
            found.append(_share(seen, series, [place], f"{text}: {seen.names.bin(series, place)}"))
    agreement = seen.layout.get(Stage.AGREEMENT)
    if agreement is not None:
        found.append(_share(seen, agreement, [1], "Differs from the baseline"))
    return [each for each in found if each is not None]


def _share(seen: Seen, series: Series, bins: list[int], text: str) -> StageRow | None:
    """A share of rows; of labels the share of all cases that they stand for."""
    counts = seen.now_counts[series.within]
    usual, now = _usual_shares(seen, series), shares(counts)
    n = int(counts.sum())
    if n == 0 and usual.sum() == 0:
        return None
    if series.stage == Stage.LABEL:
        # Each label stands for 1/π cases; Kish's effective size gives the range.
        weights = seen.now.sums_of(series).sum(axis=0)
        now = weights / max(weights.sum(), 1e-9)
        n = int(
            n / max(float((weights / np.maximum(counts, 1)).std() / max(weights.sum() / max(n, 1), 1e-9)) ** 2 + 1, 1)
        )
    share = float(now[bins].sum())
    likely = percent_range(*wilson_interval(share * n, n)) if n else ""
    more = f", {count(int(counts.sum()))} labels" if series.stage == Stage.LABEL and n else ""
    return StageRow(text, percent(float(usual[bins].sum())), percent(share) if n else "–", f"{likely}{more}")


def _mean(seen: Seen, series: Series) -> StageRow:
    counts, sums = seen.now.of(series).sum(axis=0)[:-1], seen.now.sums_of(series).sum(axis=0)[:-1]
    before = seen.usual.of(series)[:-1] if seen.usual is not None else counts
    total = seen.usual.sums[series.within][:-1] if seen.usual is not None else sums
    name = "Mean prediction" if seen.model.is_regression else "Mean score"
    return StageRow(name, _number(total.sum(), before.sum()), _number(sums.sum(), counts.sum()), "")


def _number(total: float, n: float) -> str:
    return localized(f"{total / n:.3g}") if n else "–"


def _class(seen: Seen, series: Series) -> int:
    """The positive class, or the class whose share moved most."""
    names = getattr(series.frozen, "names", ())
    if seen.model.positive_class in names:
        return int(names.index(seen.model.positive_class))
    return _moved(seen, series)


def _moved(seen: Seen, series: Series) -> int:
    """Return the bin whose share moved most."""
    return int(np.argmax(np.abs(shares(seen.now_counts[series.within]) - _usual_shares(seen, series))))


def _usual_shares(seen: Seen, series: Series) -> FloatArray:
    """Shares of the reference, or of all days before for a series that it lacks."""
    counts = seen.usual_counts[series.within]
    if counts.sum() == 0:
        counts = seen.days.between(seen.days.start, seen.now.start).of(series).sum(axis=0)
    return shares(counts)


def versions_of(row: FeatureRow) -> list[StageRow]:
    """The share that moved most, in each version with rows of these days; none where there is one version only."""
    found = []
    for name, days in row.seen.by_version.items():
        counts = days.between(row.seen.now.start, row.seen.now.end).of(row.series).sum(axis=0)
        n = int(counts.sum())
        if n:
            share = float(counts[row.bin] / n)
            likely = percent_range(*wilson_interval(float(counts[row.bin]), n))
            found.append(StageRow(name, count(n), percent(share), likely))
    return found if len(found) > 1 else []


@dataclass(frozen=True)
class SliceRow:
    """A part of the cases of these days: how many, and how many of their decisions were right, then and now."""

    name: str
    share: str
    before: str
    now: str
    likely: str


def slices_of(row: FeatureRow) -> list[SliceRow]:
    """What became of the cases, by the values of the declared slices."""
    seen, found = row.seen, []
    before = seen.days.between(seen.now.start - WEEKS_BEFORE, seen.now.start)
    for series in seen.layout.of_stage(Stage.SLICE):
        loss = seen.layout.get(Stage.SLICE_LOSS, series.name)
        cases = seen.now.of(series).sum(axis=0)
        if loss is None or cases.sum() == 0 or seen.model.is_regression:
            continue
        for place in np.flatnonzero(cases).tolist():
            now, then = _right(seen.now, loss, place), _right(before, loss, place)
            share = percent(float(cases[place] / cases.sum()))
            name = f"{seen.names.label(series.stage, series.name)}: {seen.names.bin(series, place)}"
            found.append(
                SliceRow(
                    name, share, _in_100(then), _in_100(now), percent_range(*wilson_interval(*now)) if now[1] else ""
                )
            )
    return found[:MOST_SLICES]


def _right(days: History, loss: Series, place: int) -> tuple[float, float]:
    """Return the right decisions and the known outcomes of one bin."""
    known = max(float(days.of(loss)[:, place].sum()), 0.0)
    return min(max(known - float(days.sums_of(loss)[:, place].sum()), 0.0), known), known


def _in_100(right: tuple[float, float]) -> str:
    return fixed(100 * right[0] / right[1], 1) if right[1] else "–"
