"""What a drift test found: an effect, its p-value, or the reason why there is none."""

import math
from dataclasses import dataclass

MINIMUM_ROWS = 30


@dataclass(frozen=True)
class DriftTest:
    """How far a window has moved from its reference, and how likely that is by chance.

    Attributes
    ----------
    effect : float or None
        None only together with a code.
    name : str
        "psi", "js" (divergence in bits, in [0, 1]), "wasserstein" (in standard deviations of the reference) or "ks".
    p_value : float or None
    n, m : int
        Rows of reference and window that were compared.
    method : str
        Where the p-value comes from: "psi-null", "js-null", "wasserstein-null", "chi-squared",
        "kolmogorov-smirnov"; "none" without one.
    expected : float or None
        What the effect comes to, on average, where nothing has drifted.
    code : str or None
        Without a number: `no_reference`, `no_population` (the window has no rows), `too_few` (below 30 rows),
        `one_bin` (all rows in one bin, or too few outside it), `no_variation` (of the reference).
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
    """No number, and why.

    >>> untested("psi", "too_few", n=900, m=3).method
    'none'
    """
    return DriftTest(None, name, None, n, m, "none", code=code)


def refusal(n: int, m: int) -> str | None:
    """Why samples of these sizes are not compared, or None.

    >>> refusal(0, 50), refusal(50, 0), refusal(50, 3), refusal(50, 50)
    ('no_reference', 'no_population', 'too_few', None)
    """
    if n == 0:
        return "no_reference"
    if m == 0:
        return "no_population"
    return "too_few" if min(n, m) < MINIMUM_ROWS else None
