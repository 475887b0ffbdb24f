"""When a figure is below its target, by its confidence sequence."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.stats.estimate import Estimate
from apps.stats.intervals import LEVEL
from apps.stats.sequence import confidence_sequence


@dataclass(frozen=True)
class TargetVerdict:
    """Whether a figure is below its target.

    Attributes
    ----------
    is_below : bool
        The last two looks' sequences, or an earlier two without a return since, lie below the target.
    since : int or None
        Index of the look at which it was found.
    figure : Estimate
        The newest figure, with its confidence sequence.
    """

    is_below: bool
    since: int | None
    figure: Estimate


def below_target(
    looks: Sequence[Estimate], *, target: float, figures: int = 1, level: float = LEVEL, is_bounded: bool = True
) -> TargetVerdict:
    """Tell whether a figure is below its target, safe under looks every day.

    It is found when the whole sequence lies below the target on two looks running; the figure itself must reach the
    target again for it to end.

    Parameters
    ----------
    looks : sequence of Estimate
        The figure of one fixed period at every look so far, oldest first: it must not be that of a moving window.
        At least one.
    target : float
        The target.
    figures : int, positive
        Figures watched together (Bonferroni).
    level : float, in (0, 1)
        Confidence level of all looks and figures together.
    is_bounded : bool
        Whether the figure lives in [0, 1].

    Returns
    -------
    TargetVerdict
        A look without a value, or one that is preliminary, changes nothing.

    Raises
    ------
    ValueError
        If there is no look, figures is not positive or level is out of range.

    Examples
    --------
    >>> look = Estimate(0.8, 0.76, 0.84, "logit-mod", 400, se=0.02)
    >>> verdict = below_target([look, look], target=0.9)
    >>> verdict.is_below, verdict.since, round(verdict.figure.high, 3)
    (True, 1, 0.863)
    """
    if not looks:
        raise ValueError("looks must hold at least one figure")
    if figures < 1:
        raise ValueError(f"figures must be positive, got {figures}")
    since, running = None, 0
    for place, look in enumerate(looks):
        figure = confidence_sequence(look, level=1 - (1 - level) / figures, is_bounded=is_bounded)
        if figure.value is None or figure.high is None or figure.code == "preliminary":
            continue
        running = running + 1 if figure.high < target else 0
        if since is None and running >= 2:
            since = place
        elif since is not None and figure.value >= target:
            since = None
    return TargetVerdict(since is not None, since, figure)
