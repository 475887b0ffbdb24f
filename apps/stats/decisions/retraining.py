"""Whether to train a model again: the advice that a learning curve supports."""

from dataclasses import dataclass

from apps.stats.decisions.learning_curve import FARTHEST, LearningCurve
from apps.stats.estimate import Estimate

YES, NOT_YET, NO_GAIN, CANNOT_TELL = "yes", "not_yet", "no_gain", "cannot_tell"


@dataclass(frozen=True)
class Advice:
    """What to do, and what it rests on.

    Attributes
    ----------
    verdict : str
        "yes": a new model would be better. "not_yet": it would be worse, or more labels would tell. "no_gain": it would
        be as good within the margin, or better by no more than that, and no number of labels within four times would
        tell. "cannot_tell": nor would it, and it may be better by more.
    size : float
        Labels that a new model would learn from.
    gain : Estimate
        Its gain over the live model.
    enough : float or None
        Labels from which on the range is expected to exclude 0, where it does not yet.
    farthest : Estimate
        Gain with four times as many labels, by the curve.
    """

    verdict: str
    size: float
    gain: Estimate
    enough: float | None
    farthest: Estimate


def advise(curve: LearningCurve, *, margin: float) -> Advice:
    """Turn a learning curve into advice: "yes" and "worse" only where the range of the gain excludes 0.

    Parameters
    ----------
    curve : LearningCurve
        The gains by size.
    margin : float, not negative
        A gain that nobody would train for, on the scale of the gains.

    Returns
    -------
    Advice

    Raises
    ------
    ValueError
        If the margin is negative or the last point has no gain.

    Examples
    --------
    >>> import numpy as np
    >>> from apps.stats.decisions.learning_curve import Trial, learning_curve
    >>> from apps.stats.decisions.paired_gain import HeldOut
    >>> rng = np.random.default_rng(0)
    >>> cases = HeldOut.of(weight=np.ones(4000), subject=np.arange(4000), fold=np.arange(4000) % 5)
    >>> noise = rng.normal(0, 0.3, 4000)
    >>> better = [Trial(m, noise[None] + 0.05 - m**-0.5) for m in (100.0, 400.0, 1600.0)]
    >>> advise(learning_curve(better, cases, rng=rng), margin=0.005).verdict
    'yes'
    """
    gain = curve.points[-1].gain
    if margin < 0 or gain.low is None or gain.high is None:
        raise ValueError("margin must not be negative, and the last point needs a range")
    is_open = gain.low <= 0 <= gain.high
    enough = curve.enough() if is_open else None
    return Advice(
        _verdict(gain.low, gain.high, margin=margin, enough=enough),
        curve.largest,
        gain,
        enough,
        curve.at(FARTHEST * curve.largest),
    )


def _verdict(low: float, high: float, *, margin: float, enough: float | None) -> str:
    if low > 0:
        return YES
    if high < 0:
        return NOT_YET
    if -margin <= low and high <= margin:
        return NO_GAIN
    if enough is not None:
        return NOT_YET
    return NO_GAIN if high <= margin else CANNOT_TELL
