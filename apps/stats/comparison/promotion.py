"""Whether a candidate may take the place of the model in use: a verdict that holds however often somebody looks."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from apps.stats.estimate import Estimate
from apps.stats.intervals import LEVEL
from apps.stats.sequence import FIRST_LOOK, confidence_sequence

Says = Literal["better", "worse", "open", "too_early", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """What may be said of a candidate by now.

    Attributes
    ----------
    difference : Estimate
        Candidate minus model in use, with a range that holds at every look together.
    says : str
        "better" or "worse" where the range excludes 0, so that one may stop; "open" where it does not;
        "too_early" before the first look; "unknown" without a figure, for the reason in its code.
    """

    difference: Estimate
    says: Says


def verdict(
    difference: Estimate, *, spread: float, n_items: float, first_look: int = FIRST_LOOK, level: float = LEVEL
) -> Verdict:
    """Judge a candidate by its difference to the model in use so far, at any number of looks.

    The difference over the predictions made so far is known more closely than that of the two models: on other
    predictions of the same kind it would be another. Its variance gets s²/N on top, and its interval is then widened
    to a confidence sequence.

    Parameters
    ----------
    difference : Estimate
        Mean difference over all predictions so far, agreements counting 0; larger is better. Its n counts the labels
        that decide between the two.
    spread : float, not negative
        s, standard deviation of the difference of a single prediction. Where a right answer counts 1,
        √(disagreement rate − difference²) or less.
    n_items : float, positive
        N, predictions so far.
    first_look : int, positive
        Labels expected at the first look; before, no verdict.
    level : float, in (0, 1)
        Confidence level of all looks together.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        If spread is negative or n_items not positive, or as of `confidence_sequence`.

    References
    ----------
    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), arXiv 2103.06476.

    Examples
    --------
    >>> so_far = Estimate(0.012, 0.009, 0.015, "plain-mod", 900, se=0.0015)
    >>> judged = verdict(so_far, spread=0.2, n_items=60_000)
    >>> judged.says, round(judged.difference.low, 4)
    ('better', 0.0065)
    """
    if not spread >= 0 or not n_items > 0:
        raise ValueError(f"spread must not be negative and n_items positive, got {spread} and {n_items}")
    if difference.value is None or difference.n == 0:
        return Verdict(difference, "unknown")
    se = math.hypot(difference.se or 0.0, spread / math.sqrt(n_items))
    of_process = replace(difference, method="plain-mod", se=se, code=None, labels_needed=None)
    wide = confidence_sequence(of_process, first_look=first_look, level=level, is_bounded=False)
    if wide.code == "preliminary":
        return Verdict(wide, "too_early")
    assert wide.low is not None
    assert wide.high is not None
    says: Says = "better" if wide.low > 0 else "worse" if wide.high < 0 else "open"
    return Verdict(wide, says)
