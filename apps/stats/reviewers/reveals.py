"""What showing the prediction did to answers given without it: changes towards the truth, and away from it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    as_floats,
    as_inclusion,
    as_ints,
    as_level,
    scaled_weights,
    sum_by,
)
from apps.stats.estimate import Estimate, from_interval, missing
from apps.stats.intervals import LEVEL, UNIT, Limits, logit_mod, plain_mod, wilson_interval
from apps.stats.moderation import anticipated_degrees, degrees_of_freedom, moderate
from apps.stats.tolerance import Tolerance

#: With fewer changed answers, chance explains even changes that all go one way: 2/2⁵ > 5 %, the sign test.
LEAST_CHANGED = 6
_EITHER_WAY: Limits = (-1.0, 1.0)


@dataclass(frozen=True)
class RevealEffect:
    """Answers before and after the reveal, compared with the truth.

    Attributes
    ----------
    answers, cases : int
        Answers compared, and the cases they are about.
    n_changed, n_toward, n_away : int
        Answers that changed, and of these towards the truth and away from it. The others of the changed are as wrong
        as before.
    changed, toward, away, elsewhere : Estimate
        Shares of all answers: changed; towards the truth; away from it; from one wrong answer to another.
    net : Estimate
        `toward` − `away`; `too_few_changes` below `LEAST_CHANGED`, with the changed answers as n.
    followed : Estimate or None
        Where the model was wrong and the first answer right: how often the final answer is the model's. None for
        numbers without a tolerance.
    helped : Estimate or None
        Where the model was right and the first answer wrong: how often the final answer is the model's.
    """

    answers: int
    cases: int
    n_changed: int
    n_toward: int
    n_away: int
    changed: Estimate
    toward: Estimate
    away: Estimate
    elsewhere: Estimate
    net: Estimate
    followed: Estimate | None
    helped: Estimate | None

    @property
    def n_elsewhere(self) -> int:
        return self.n_changed - self.n_toward - self.n_away


def reveal_effect(
    first: ArrayLike,
    final: ArrayLike,
    truth: ArrayLike,
    predicted: ArrayLike,
    *,
    case: ArrayLike,
    pi: ArrayLike | None = None,
    is_number: bool = False,
    tolerance: Tolerance | None = None,
    level: float = LEVEL,
) -> RevealEffect:
    """Estimate how often the reveal changed an answer, and for better or worse.

    Parameters
    ----------
    first, final, truth, predicted : array (answers,)
        The answer before and after the reveal, the truth, and the prediction shown.
    case : array (answers,) of int
        The case of each answer: answers to one case are right or wrong together, so a case counts as one draw.
    pi : array (answers,), in (0, 1], optional
        Probability that the case was drawn, answered and its truth known; answers weigh 1/π. Left out, all count alike.
    is_number : bool
        Answers are numbers: nearer is towards the truth.
    tolerance : Tolerance, optional
        Numbers this close are the same answer: a smaller move is no change. Without it, no number is right or wrong.
    level : float, in (0, 1)
        Confidence level of the intervals.

    Returns
    -------
    RevealEffect

    Raises
    ------
    ValueError
        If lengths differ, a value is not finite, or a probability or the level is out of range.

    Examples
    --------
    >>> effect = reveal_effect([0] * 20, [1] * 8 + [0] * 12, [1] * 7 + [0] * 13, [1] * 20, case=range(20))
    >>> effect.n_toward, effect.n_away, round(effect.net.value, 3), effect.followed.n
    (7, 1, 0.3, 13)
    """
    before = as_floats("first", first)
    after, known, said = (
        as_floats(name, values, length=len(before))
        for name, values in (("final", final), ("truth", truth), ("predicted", predicted))
    )
    cases = np.unique(as_ints("case", case, length=len(before)), return_inverse=True)[1]
    answers = _Answers(cases, None if pi is None else as_inclusion("pi", pi, length=len(before)), as_level(level))
    allowed = tolerance or Tolerance()
    is_changed = ~allowed.holds(before, after)
    was_off, is_off = _distance(before, known, is_number=is_number), _distance(after, known, is_number=is_number)
    toward, away = is_changed & (is_off < was_off), is_changed & (is_off > was_off)
    is_followed, was_right, model_right = (
        allowed.holds(*pair) for pair in ((after, said), (before, known), (said, known))
    )
    over, under = ~model_right & was_right, model_right & ~was_right
    has_right = not is_number or tolerance is not None
    return RevealEffect(
        answers=len(before),
        cases=len(np.unique(cases)),
        n_changed=int(is_changed.sum()),
        n_toward=int(toward.sum()),
        n_away=int(away.sum()),
        changed=answers.share(is_changed),
        toward=answers.share(toward),
        away=answers.share(away),
        elsewhere=answers.share(is_changed & ~toward & ~away),
        net=answers.net(toward, away, changed=int(is_changed.sum())),
        followed=answers.of(over).share(is_followed[over]) if has_right else None,
        helped=answers.of(under).share(is_followed[under]) if has_right else None,
    )


@dataclass(frozen=True, eq=False)
class _Answers:
    case: IntArray
    pi: FloatArray | None
    level: float

    def of(self, some: BoolArray) -> "_Answers":
        return _Answers(self.case[some], None if self.pi is None else self.pi[some], self.level)

    def share(self, hits: BoolArray) -> Estimate:
        """Return the share of hits: Wilson's interval where each answer is a draw of its own, and all count alike."""
        n = len(hits)
        if n == 0:
            return missing("no_labels")
        if self.pi is None and len(np.unique(self.case)) == n:
            low, high = wilson_interval(float(hits.sum()), n, level=self.level)
            return Estimate(float(hits.mean()), low, high, "wilson", n, n_eff=float(n))
        return self._mean(hits.astype(np.float64), limits=UNIT)

    def net(self, toward: BoolArray, away: BoolArray, *, changed: int) -> Estimate:
        if changed < LEAST_CHANGED:
            return missing("too_few_changes", n=changed)
        return self._mean(toward.astype(np.float64) - away, limits=_EITHER_WAY)

    def _mean(self, values: FloatArray, *, limits: Limits) -> Estimate:
        """Return the weighted mean with the variance between cases, moderated as that of other means of few labels.

        Cases count as draws with replacement: what people do next is not known even where every case is answered.
        """
        weight = np.ones(len(values)) if self.pi is None else scaled_weights(self.pi)
        weight = weight / weight.sum()
        theta, n = float(weight @ values), len(values)
        size = int(self.case.max()) + 1
        by_case, off = (sum_by(self.case, each, size=size) for each in (weight, weight * (values - theta)))
        cases = int((by_case > 0).sum())
        terms = off**2 * cases / max(cases - 1, 1)
        # One pseudo-answer of the largest variance of a share keeps the anticipated variance above 0.
        second, fourth = ((n * float(weight @ (values - theta) ** power) + 0.5**power) / (n + 1) for power in (2, 4))
        anticipated = float((by_case**2).sum()) * second
        nu = anticipated_degrees([anticipated], [float((by_case**4).sum()) * fourth])[0]
        moderated, df = moderate([terms.sum()], [min(degrees_of_freedom(terms), float(nu))], [anticipated])
        variance, freedom = float(moderated[0]), float(df[0])
        if limits == UNIT:
            plug_in = (theta * n + 0.5) / (n + 1)
            interval = logit_mod(theta, variance=variance, df=freedom, n=cases, plug_in=plug_in, level=self.level)
        else:
            interval = plain_mod(theta, variance=variance, df=freedom, limits=limits, level=self.level)
        n_eff = float(weight @ (values - theta) ** 2) / variance or 1 / float((by_case**2).sum())
        method = interval.method if interval.is_boundary else "hajek"
        return from_interval(interval, n=n, n_eff=n_eff, method=method)


def _distance(one: FloatArray, other: FloatArray, *, is_number: bool) -> FloatArray:
    return np.abs(one - other) if is_number else (one != other).astype(np.float64)
