"""Whom to believe where reviewers differ: the Dawid–Skene model of true classes and of each rater's errors.

It is for items with three labels or more: where two differ, nothing tells which of them is wrong. `consensus_labels`
in the module `majority` keeps to that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.special import logsumexp

from apps.stats.arrays import BoolArray, FloatArray, IntArray, as_ints, sum_by

MINIMUM_LABELS = 3
SMOOTHING = 0.5
UNKNOWN = -1

_LEAST = 1e-300  # the logarithm of a share that no label has shown


@dataclass(frozen=True, eq=False)
class DawidSkene:
    """A fitted Dawid–Skene model.

    Attributes
    ----------
    posterior : array (items, classes) or None
        Probability of each class; known truths are certain. An item without labels has the prior.
    prior : array (classes,) or None
        Share of each class among the items with labels, those of known truth included.
    confusion : array (raters, classes, classes) or None
        P(label | truth): row truth, column label. Uniform where nothing is known of a rater and class.
    log_likelihood : float or None
        Of the labels, and of the truths known.
    iterations : int
    has_converged : bool
    code : str or None
        With None for all of the above: `no_labels`; `too_few_labels` where no item has three labels and no item
        with a label has a known truth.
    """

    posterior: FloatArray | None
    prior: FloatArray | None
    confusion: FloatArray | None
    log_likelihood: float | None
    iterations: int
    has_converged: bool
    code: str | None = None


@dataclass(frozen=True, eq=False)
class _Labels:
    """All answers, counted by item and by rater × label."""

    counts: csr_array  # (items, raters · classes)
    of_item: FloatArray
    of_label: FloatArray  # (items, classes)
    raters: int
    gold: IntArray

    @property
    def classes(self) -> int:
        return int(self.of_label.shape[1])

    @property
    def is_known(self) -> BoolArray:
        return np.asarray(self.gold != UNKNOWN, dtype=np.bool_)


def dawid_skene(
    item: ArrayLike,
    rater: ArrayLike,
    label: ArrayLike,
    *,
    classes: int,
    items: int | None = None,
    raters: int | None = None,
    gold: ArrayLike | None = None,
    smoothing: float = SMOOTHING,
    one_coin: bool = False,
    max_iterations: int = 2000,
    tolerance: float = 1e-6,
) -> DawidSkene:
    """True classes and each rater's confusion matrix by EM, started from the shares of each item's labels.

    Labels of an item are taken as independent given its truth, also those of one rater who answered it again: raters
    who make the same mistake, by a common guideline or by copying the model, are believed as if they had seen it twice.

    Parameters
    ----------
    item, rater, label : array (answers,) of int
        Who said what of which item, each from 0.
    classes : int, at least 2
    items, raters : int, optional
        How many there are; up to the last one named if left out.
    gold : array (items,) of int, optional
        Known truths, −1 where unknown. They stay as they are, and teach the confusion of those who labelled them.
    smoothing : float, not negative
        Dirichlet prior: labels of each kind added to every row of every confusion matrix (of one coin: to each
        rater's). 0 is maximum likelihood, far too sure of itself: with 200 items of three labels by 15 raters the
        log loss of the posterior was .37 with 0, .17 with ½.
    one_coin : bool
        One accuracy for each rater, errors uniform: for few labels a rater.
    max_iterations : int, positive
    tolerance : float, positive
        The largest change of a posterior probability at which EM has arrived.

    Returns
    -------
    DawidSkene

    Raises
    ------
    ValueError
        If lengths differ, an index is out of range, or a setting is.

    References
    ----------
    Dawid and Skene (1979), Maximum likelihood estimation of observer error-rates using the EM algorithm.

    Examples
    --------
    >>> item, rater = [0, 0, 0, 1, 1, 1, 2, 2, 2], [0, 1, 2] * 3
    >>> found = dawid_skene(item, rater, [1, 1, 0, 0, 0, 0, 1, 1, 1], classes=2)
    >>> found.posterior.argmax(axis=1)
    array([1, 0, 1])
    """
    _check_settings(classes, smoothing=smoothing, max_iterations=max_iterations, tolerance=tolerance)
    labels = _labels(item, rater, label, classes=classes, items=items, raters=raters, gold=gold)
    if not labels.of_item.any():
        return DawidSkene(None, None, None, None, 0, has_converged=False, code="no_labels")
    if labels.of_item.max() < MINIMUM_LABELS and not (labels.is_known & (labels.of_item > 0)).any():
        return DawidSkene(None, None, None, None, 0, has_converged=False, code="too_few_labels")
    posterior = _clamped(_majority_shares(labels), labels)
    for iteration in range(1, max_iterations + 1):
        prior, confusion = _maximise(posterior, labels, smoothing=smoothing, one_coin=one_coin)
        before = posterior
        posterior, log_likelihood = _expect(prior, confusion, labels)
        has_converged = bool(np.abs(posterior - before).max() <= tolerance)
        found = DawidSkene(posterior, prior, confusion, log_likelihood, iteration, has_converged)
        if has_converged:
            break
    return found


def _maximise(
    posterior: FloatArray, labels: _Labels, *, smoothing: float, one_coin: bool
) -> tuple[FloatArray, FloatArray]:
    """Prior (classes,) and confusion (raters, classes, classes) from the truths as believed now."""
    classes, is_labelled = labels.classes, labels.of_item > 0
    prior = posterior[is_labelled].mean(axis=0)
    by_truth = np.asarray(labels.counts.T @ posterior, dtype=np.float64)
    counts = by_truth.reshape(labels.raters, classes, classes).transpose(0, 2, 1)
    if not one_coin:
        total = counts.sum(axis=2, keepdims=True) + classes * smoothing
        return prior, _shares(counts + smoothing, total, otherwise=1 / classes)
    right = np.trace(counts, axis1=1, axis2=2)[:, None, None] + smoothing
    accuracy = _shares(right, counts.sum(axis=(1, 2), keepdims=True) + classes * smoothing, otherwise=1 / classes)
    return prior, np.where(np.eye(classes) == 1, accuracy, (1 - accuracy) / (classes - 1))


def _expect(prior: FloatArray, confusion: FloatArray, labels: _Labels) -> tuple[FloatArray, float]:
    """Posterior of every item, and the log likelihood, given prior and confusion."""
    by_label = np.log(np.maximum(confusion, _LEAST)).transpose(0, 2, 1).reshape(-1, labels.classes)
    joint = np.asarray(labels.counts @ by_label, dtype=np.float64) + np.log(np.maximum(prior, _LEAST))
    total = logsumexp(joint, axis=1)
    posterior = _clamped(np.exp(joint - total[:, None]), labels)
    known = np.flatnonzero(labels.is_known)
    total[known] = joint[known, labels.gold[known]]
    return posterior, float(total[labels.of_item > 0].sum())


def _shares(counts: FloatArray, total: FloatArray, *, otherwise: float) -> FloatArray:
    shares = np.where(total > 0, counts / np.where(total > 0, total, 1.0), otherwise)
    return np.asarray(shares, dtype=np.float64)


def _majority_shares(labels: _Labels) -> FloatArray:
    answers = labels.of_item[:, None]
    return _shares(labels.of_label, np.broadcast_to(answers, labels.of_label.shape), otherwise=1 / labels.classes)


def _clamped(posterior: FloatArray, labels: _Labels) -> FloatArray:
    known = labels.is_known
    posterior[known] = np.eye(labels.classes)[labels.gold[known]]
    return posterior


def _labels(
    item: ArrayLike,
    rater: ArrayLike,
    label: ArrayLike,
    *,
    classes: int,
    items: int | None,
    raters: int | None,
    gold: ArrayLike | None,
) -> _Labels:
    of, by = as_ints("item", item), as_ints("rater", rater)
    said = as_ints("label", label, length=len(of))
    if len(by) != len(of):
        raise ValueError(f"rater must have length {len(of)}, got {len(by)}")
    size, people = _size("item", of, items), _size("rater", by, raters)
    _size("label", said, classes)
    known = np.full(size, UNKNOWN) if gold is None else as_ints("gold", gold, length=size, minimum=UNKNOWN)
    _size("gold", known, classes)
    counts = csr_array((np.ones(len(of)), (of, by * classes + said)), shape=(size, people * classes))
    by_class = sum_by(of * classes + said, np.ones(len(of)), size=size * classes).reshape(size, classes)
    return _Labels(counts, by_class.sum(axis=1), by_class, people, known)


def _size(name: str, index: IntArray, size: int | None) -> int:
    least = int(index.max(initial=-1)) + 1
    if size is not None and size < least:
        raise ValueError(f"{name} must be below {size}, got {least - 1}")
    return least if size is None else size


def _check_settings(classes: int, *, smoothing: float, max_iterations: int, tolerance: float) -> None:
    if classes < 2:
        raise ValueError(f"classes must be at least 2, got {classes}")
    if not (np.isfinite(smoothing) and smoothing >= 0):
        raise ValueError(f"smoothing must be finite and not negative, got {smoothing}")
    if max_iterations < 1:
        raise ValueError(f"max_iterations must be positive, got {max_iterations}")
    if not tolerance > 0:
        raise ValueError(f"tolerance must be positive, got {tolerance}")
