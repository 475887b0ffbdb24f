"""A sensitivity analysis, never a headline figure: what the share would be if reviewers erred as elsewhere."""

import math

from scipy import stats

from apps.stats.estimate import Estimate, missing
from apps.stats.intervals import LEVEL


def rogan_gladen_sensitivity_analysis(
    apparent: Estimate, sensitivity: Estimate, specificity: Estimate, *, level: float = LEVEL
) -> Estimate:
    """Prevalence corrected for reviewers' errors, as a sensitivity analysis beside the measured figure.

    It supposes that reviewers err here as they do where their sensitivity and specificity were found. Reviewers who
    see the model's answer do not: anchored on it they overlook its errors, and this figure is then off by points
    with a narrow interval. The measured figure comes from a second phase of adjudication (`Sample` with q and truth).

    Parameters
    ----------
    apparent : Estimate
        Share that reviewers call positive, with its standard error.
    sensitivity, specificity : Estimate
        Of the same reviewers, with their standard errors, from other items: the three are taken as independent.
    level : float, in (0, 1)

    Returns
    -------
    Estimate
        (p + Sp − 1)/(Se + Sp − 1) held in [0, 1], `boundary` where it had to be; its interval by the delta
        method. n is that of the apparent share. `no_discrimination` where Se + Sp ≤ 1; the code of a part
        that has no number.

    Raises
    ------
    ValueError
        If a part is no share of [0, 1] or has no standard error, or level is out of range.

    References
    ----------
    Rogan and Gladen (1978), Estimating prevalence from the results of a screening test.

    Examples
    --------
    >>> share = Estimate(0.3, 0.26, 0.34, "hajek", 500, se=0.02)
    >>> sensitivity = Estimate(0.9, 0.84, 0.95, "beta", 100, se=0.03)
    >>> specificity = Estimate(0.8, 0.74, 0.86, "beta", 150, se=0.03)
    >>> figure = rogan_gladen_sensitivity_analysis(share, sensitivity, specificity)
    >>> round(figure.value, 3), round(figure.se, 3)
    (0.143, 0.047)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    parts = {"apparent": apparent, "sensitivity": sensitivity, "specificity": specificity}
    for part in parts.values():
        if part.value is None:
            return missing(part.code or "no_labels", n=apparent.n)
    (p, p_se), (se, se_se), (sp, sp_se) = (_share(name, part) for name, part in parts.items())
    youden = se + sp - 1
    # As near to zero as rounding comes, the correction is a division by noise.
    if youden <= 1e-9:
        return missing("no_discrimination", n=apparent.n)
    corrected = (p + sp - 1) / youden
    error = math.hypot(p_se, (1 - corrected) * sp_se, corrected * se_se) / youden
    half = float(stats.norm.ppf((1 + level) / 2)) * error
    held = min(max(corrected, 0.0), 1.0)
    return Estimate(
        held,
        max(0.0, held - half),
        min(1.0, held + half),
        "rogan-gladen",
        apparent.n,
        n_eff=apparent.n_eff,
        code=None if held == corrected else "boundary",
        se=error,
        covered_share=apparent.covered_share,
    )


def _share(name: str, part: Estimate) -> tuple[float, float]:
    value, se = part.value, part.se
    if value is None or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a share in [0, 1], got {value}")
    if se is None or not (math.isfinite(se) and se >= 0):
        raise ValueError(f"{name} needs a finite standard error, got {se}")
    return value, se
