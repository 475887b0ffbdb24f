"""Cross-fitting: candidates at growing numbers of labels, each judged by people it has not learned from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from apps.registry.models import Task
from apps.retraining.engine.labels import Labels
from apps.retraining.engine.learners import train
from apps.stats.arrays import BoolArray, FloatArray, IntArray
from apps.stats.decisions.learning_curve import Trial
from apps.stats.decisions.paired_gain import HeldOut

FOLDS = 5
# Shares of a fold's training labels, and how many candidates learn from disjoint sets of each.
SHARES = ((1 / 16, 2), (1 / 8, 2), (1 / 4, 2), (1 / 2, 2), (1.0, 1))
SMALLEST = 100
# A live model that says "positive" from a score of ½ on, but for so few predictions, follows the likelier class.
STRAY = 0.005
# How answers follow from scores: the number itself, the likelier class, or as many positives as the live model.
NUMBER, LIKELIER, AS_MANY = "number", "likelier", "as_many"

Tell = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Fitted:
    """The trials by size, and the answers of the candidates that learned from all labels of the other folds."""

    trials: list[Trial]
    cases: HeldOut
    answers: FloatArray


def cross_fit(labels: Labels, *, library: str, seed: int, tell: Tell) -> Fitted:
    """Train candidates on four folds and judge them on the fifth, at each size."""
    rng = np.random.default_rng(seed)
    people, subject = np.unique(labels.subject, return_inverse=True)
    subject = subject.reshape(-1).astype(np.int64)
    fold = (rng.permutation(len(people)) % FOLDS)[subject]
    place = rng.random(len(people))[subject]
    cases = HeldOut.of(weight=labels.weight, subject=subject, fold=fold)
    decide = _rule_of(labels)
    chosen = [(share, sets) for share, sets in SHARES if share * len(labels) * (FOLDS - 1) / FOLDS >= SMALLEST]
    total, done = FOLDS * sum(sets for _, sets in chosen), 0
    trials = []
    answers = np.empty(len(labels))
    for share, sets in chosen:
        answers_of, sizes = np.empty((sets, len(labels))), []
        for held_out, number, within in _sets(fold, place, share=share, sets=sets):
            answers_of[number, held_out] = decide(
                _scores(labels, within, held_out, library=library, seed=seed), held_out
            )
            sizes.append(int(within.sum()))
            done += 1
            tell(f"training candidate {done} of {total}, on {sizes[-1]:,} labels", done / total)
        trials.append(Trial(float(np.mean(sizes)), np.stack([labels.gains(each) for each in answers_of])))
        answers = answers_of[0]
    return Fitted(trials, cases, answers)


def _sets(fold: IntArray, place: FloatArray, *, share: float, sets: int) -> Iterator[tuple[BoolArray, int, BoolArray]]:
    """Yield each held-out fold with disjoint sets of the other folds' labels, whole subjects each."""
    for held in range(FOLDS):
        for number in range(sets):
            within = (fold != held) & (place >= number * share) & (place < (number + 1) * share)
            yield fold == held, number, within


def _scores(labels: Labels, within: BoolArray, held_out: BoolArray, *, library: str, seed: int) -> FloatArray:
    learned = labels.where(within)
    predict = train(
        library,
        labels.task,
        learned.columns.values,
        learned.known,
        learned.weight,
        classes=labels.classes,
        is_category=labels.columns.is_category,
        seed=seed,
    )
    return predict(labels.columns.values[held_out])


def _rule_of(labels: Labels) -> Callable[[FloatArray, BoolArray], FloatArray]:
    """Return how a candidate's scores become answers: as the live model's do.

    That is the likelier class; or, where a binary model follows another threshold, as many positives as the live model
    has in the same fold, so that a candidate is not better for another threshold alone.
    """
    rule = rule_name(labels)
    if rule == NUMBER:
        return lambda scores, _: scores[:, 0]
    if rule == LIKELIER:
        return lambda scores, _: np.argmax(scores, axis=1).astype(np.float64)
    is_positive, other = labels.live == labels.positive, 1 - labels.positive

    def as_many(scores: FloatArray, held_out: BoolArray) -> FloatArray:
        weight, of_class = labels.weight[held_out], scores[:, labels.positive]
        share = float(weight @ is_positive[held_out] / weight.sum())
        order = np.argsort(-of_class, kind="stable")
        # Half of its own weight: the case at the edge is positive if most of it is within the share.
        before = np.cumsum(weight[order]) - weight[order] / 2
        chosen = np.empty(len(weight), dtype=np.bool_)
        chosen[order] = before <= share * weight.sum()
        return np.where(chosen, float(labels.positive), float(other))

    return as_many


def rule_name(labels: Labels) -> str:
    """Return which rule the live model follows, as far as its answers show."""
    if labels.task == Task.REGRESSION:
        return NUMBER
    return LIKELIER if labels.task == Task.MULTICLASS or _says_the_likelier(labels) else AS_MANY


def _says_the_likelier(labels: Labels) -> bool:
    known = ~np.isnan(labels.score)
    if not known.any():
        return True
    likelier = np.where(labels.score[known] >= 0.5, labels.positive, 1 - labels.positive)
    return bool(np.average(likelier != labels.live[known], weights=labels.weight[known]) <= STRAY)
