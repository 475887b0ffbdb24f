"""When drift is worth a message: it is unlikely to be chance among all tests, and large enough to matter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from apps.stats.comparison.multiple import q_values
from apps.stats.drift.result import DriftTest

LEVEL = 0.05
#: 0.1 is the customary PSI, 0.02 bits of Jensen–Shannon are about the same shift, and 0.1 standard deviations.
THRESHOLDS: Mapping[str, float] = {"psi": 0.1, "js": 0.02, "wasserstein": 0.1, "ks": 0.1}


@dataclass(frozen=True)
class DriftVerdict:
    """One test among many, and what follows from it.

    Attributes
    ----------
    test : DriftTest
        The test.
    threshold : float
        Effect above which drift matters.
    q_value : float or None
        p-value adjusted for all tests of the call.
    reason : str
        `drifted`; or why there is no alert: `small_effect` (not chance, but no larger than the threshold),
        `may_be_chance` (q not below the level), `not_tested` (the test's own code says why).
    """

    test: DriftTest
    threshold: float
    q_value: float | None
    reason: Literal["drifted", "small_effect", "may_be_chance", "not_tested"]

    @property
    def is_alert(self) -> bool:
        """Whether to alert."""
        return self.reason == "drifted"


def judge_drift(
    tests: Sequence[DriftTest], *, thresholds: Mapping[str, float] = THRESHOLDS, level: float = LEVEL
) -> tuple[DriftVerdict, ...]:
    """Alert where q < level *and* the effect is above its threshold.

    Parameters
    ----------
    tests : sequence of DriftTest
        All features × windows that are judged together.
    thresholds : mapping of str to float
        Threshold of each effect, by its name.
    level : float, in (0, 1)
        False discovery rate.

    Returns
    -------
    tuple of DriftVerdict
        In the order given.

    Raises
    ------
    ValueError
        If an effect has no threshold, a threshold is negative or nan, or the level is outside (0, 1).

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate.

    Examples
    --------
    >>> large = DriftTest(0.3, "psi", 1e-6, 5000, 5000, "psi-null")
    >>> small = DriftTest(0.02, "psi", 1e-6, 5000, 5000, "psi-null")
    >>> [verdict.reason for verdict in judge_drift([large, small])]
    ['drifted', 'small_effect']
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    if lacking := {test.name for test in tests} - set(thresholds):
        raise ValueError(f"thresholds lack {', '.join(sorted(lacking))}")
    if wrong := [name for name, threshold in thresholds.items() if not threshold >= 0]:
        raise ValueError(f"thresholds must not be negative: {', '.join(wrong)}")
    adjusted = q_values(test.p_value for test in tests)
    return tuple(
        _verdict(test, threshold=thresholds[test.name], q_value=q, level=level)
        for test, q in zip(tests, adjusted, strict=True)
    )


def _verdict(test: DriftTest, *, threshold: float, q_value: float | None, level: float) -> DriftVerdict:
    if q_value is None or test.effect is None:
        return DriftVerdict(test, threshold, q_value, "not_tested")
    if q_value >= level:
        return DriftVerdict(test, threshold, q_value, "may_be_chance")
    return DriftVerdict(test, threshold, q_value, "drifted" if test.effect > threshold else "small_effect")
