"""The result of a drift test: an effect with its p-value, or a code that says why there is none."""

import math
from dataclasses import dataclass

MINIMUM_ROWS = 30


@dataclass(frozen=True)
class DriftTest:
    """How far a window has moved from its reference, and how likely that is by chance.

    Attributes
    ----------
    effect : float or None
        Size of the move; None only beside a code.
    name : str
        "psi", "js" (divergence in bits, in [0, 1]), "wasserstein" (in standard deviations of the reference) or "ks".
    p_value : float or None
        Probability of an effect at least as large without drift; None only beside a code.
    n, m : int
        Rows of reference and window that were compared.
    method : str
        Source of the p-value: "psi-null", "js-null", "wasserstein-null", "chi-squared", "kolmogorov-smirnov"; "none"
        without one.
    expected : float or None
        Mean of the effect without drift.
    code : str or None
        Without a number: `no_reference`, `no_population` (the window has no rows), `too_few` (below 30 rows), `one_bin`
        (all rows in one bin, or too few outside it), `no_variation` (of the reference).
    """

    effect: float | None
    name: str
    p_value: float | None
    n: int
    m: int
    method: str
    expected: float | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        if (self.effect is None or self.p_value is None) and self.code is None:
            raise ValueError("a drift test without a number needs a code")
        for name in ("effect", "p_value", "expected"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{name} of a drift test must be finite, got {number}")


def untested(name: str, code: str, *, n: int, m: int) -> DriftTest:
    """Return a test without a number, with the code that says why.

    >>> untested("psi", "too_few", n=900, m=3).method
    'none'
    """
    return DriftTest(None, name, None, n, m, "none", code=code)


def refusal(n: int, m: int) -> str | None:
    """Return the code that says why samples of these sizes are not compared, or None.

    >>> refusal(0, 50), refusal(50, 0), refusal(50, 3), refusal(50, 50)
    ('no_reference', 'no_population', 'too_few', None)
    """
    if n == 0:
        return "no_reference"
    if m == 0:
        return "no_population"
    return "too_few" if min(n, m) < MINIMUM_ROWS else None
