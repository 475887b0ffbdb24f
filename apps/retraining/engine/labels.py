"""The labels of a study as arrays, one entry for each labeled prediction."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from apps.registry.models import Task
from apps.retraining.engine.encoding import Columns
from apps.stats.arrays import BoolArray, FloatArray, IntArray

# The value of decisions: predicted, true, amount → money.
Worth = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class Labels:
    """Labeled predictions with what was sent.

    Classes are positions in the model's list. `first` is the reviewers' label, `known` the best known truth; where a
    second opinion was sought with probability `q` and given (`is_settled`), they may differ. Outcomes have first =
    known. `weight` is 1/π, with non-response and logging in π. `subject` numbers whom a prediction is about.
    """

    task: str
    classes: int
    columns: Columns
    live: FloatArray
    score: FloatArray
    first: FloatArray
    known: FloatArray
    is_settled: BoolArray
    q: FloatArray
    weight: FloatArray
    subject: IntArray
    amount: FloatArray
    # Which class the score of a binary model is about
    positive: int = 1

    def __len__(self) -> int:
        return len(self.live)

    def where(self, mask: BoolArray) -> "Labels":
        """Keep some of the labels."""
        columns = replace(self.columns, values=self.columns.values[mask])
        arrays = ("live", "score", "first", "known", "is_settled", "q", "weight", "subject", "amount")
        return replace(self, columns=columns, **{name: getattr(self, name)[mask] for name in arrays})

    def gains(self, candidate: FloatArray, worth: Worth | None = None) -> FloatArray:
        """Return what the candidate's answers gain over the live model's, in right answers, units or money.

        The difference by the reviewers' label is corrected by that of the second opinion over the probability that one
        was given: without this, the truth would be sought more often where the live model disagrees with a reviewer.
        """
        at_word, corrected = (self._gains(candidate, truth, worth) for truth in (self.first, self.known))
        step = np.divide(corrected - at_word, self.q, out=np.zeros(len(self)), where=self.is_settled & (self.q > 0))
        return np.asarray(at_word + step, dtype=np.float64)

    def _gains(self, candidate: FloatArray, truth: FloatArray, worth: Worth | None) -> FloatArray:
        if worth is not None:
            return np.asarray(worth(candidate, truth, self.amount) - worth(self.live, truth, self.amount))
        if self.task == Task.REGRESSION:
            return np.asarray(np.abs(self.live - truth) - np.abs(candidate - truth))
        return np.asarray((candidate == truth).astype(np.float64) - (self.live == truth))
