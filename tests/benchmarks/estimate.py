"""The time of a performance report in the estimators, compared with one numpy pass over the predictions.

The report has 12 metrics with intervals for 30 windows of 10 slices each, restricted one by one, from 1,000 labels and
the stored cells of 10⁶ predictions (day × slice × class × score bin). The pass counts the confusion tables of the same
300 parts from the 10⁶ rows; a report would need no more if every truth were known.
"""

import time
from collections.abc import Callable

import numpy as np

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from tests.benchmarks.harness import print_table

N, LABELS, WINDOWS, SLICES, REPEATS = 1_000_000, 1_000, 30, 10, 5
METRICS = (
    "accuracy", "precision", "recall", "specificity", "f1", "balanced_accuracy", "mcc", "kappa", "auc",
    "average_precision", "brier", "log_loss",
)  # fmt: skip


def run(_arguments: list[str]) -> dict[str, float | int | str]:
    predicted, score, truth, part = _predictions()
    cells, parts_of_cells, sample, parts_of_items = _stored(predicted, score, truth, part)
    one_pass = _fastest(lambda: _confusion(predicted, truth, part))

    def report() -> None:
        everyone = BinaryEstimator(cells, sample)
        for each in range(WINDOWS * SLICES):
            part = everyone.restrict(cells=parts_of_cells == each, items=parts_of_items == each)
            for metric in METRICS:
                part.estimate(metric)

    whole_report = _fastest(report)
    figures = len(METRICS) * WINDOWS * SLICES
    print_table(
        [
            {"what": "one pass over 1,000,000 rows (baseline)", "seconds": one_pass},
            {"what": f"a report of {figures:,} figures from {len(cells.n):,} cells", "seconds": whole_report},
            {"what": "one figure with its interval", "seconds": whole_report / figures},
        ]
    )
    return {
        "pass_s": round(one_pass, 5),
        "report_s": round(whole_report, 4),
        "figure_ms": round(1_000 * whole_report / figures, 4),
        "ratio": round(whole_report / one_pass, 2),
    }


def _predictions() -> tuple[IntArray, FloatArray, IntArray, IntArray]:
    rng = np.random.default_rng(1)
    score = rng.beta(0.6, 0.9, N)
    truth = (rng.random(N) < score).astype(np.int64)
    return (score > 0.5).astype(np.int64), score, truth, rng.integers(0, WINDOWS * SLICES, N)


def _stored(
    predicted: IntArray, score: FloatArray, truth: IntArray, part: IntArray
) -> tuple[Population, IntArray, Sample, IntArray]:
    """Make the cells of each part, one part after the other, and the labeled items with their part."""
    pi = np.full(N, LABELS / N)
    pieces = []
    for each in range(WINDOWS * SLICES):
        rows = part == each
        pieces.append(Population.from_rows(predicted=predicted[rows], score=score[rows], pi=pi[rows]))
    fields = set(vars(pieces[0])) - {"score_bins"}
    cells = Population(**{name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in fields})
    drawn = np.flatnonzero(np.random.default_rng(2).random(N) < pi)
    sample = Sample.of(predicted=predicted[drawn], score=score[drawn], pi=pi[drawn], label=truth[drawn])
    return cells, np.repeat(np.arange(len(pieces)), [len(piece.n) for piece in pieces]), sample, part[drawn]


def _confusion(predicted: IntArray, truth: IntArray, part: IntArray) -> IntArray:
    return np.bincount(4 * part + 2 * predicted + truth, minlength=4 * WINDOWS * SLICES)


def _fastest(work: Callable[[], object]) -> float:
    """Return the seconds of the fastest of a few runs, which other work on the machine disturbs least."""
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)
