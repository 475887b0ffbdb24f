"""Shares as text, at random and at the edges."""

import re

from hypothesis import given
from hypothesis import strategies as st

from apps.common.shares import apart, hundredths

# Closer to an edge than this, a share of floating-point sums is the edge.
INSIDE = st.floats(1e-11, 1 - 1e-11)


def number_in(text: str) -> float:
    return float(re.sub(r"[^\d.−-]", "", text).replace("−", "-"))


@given(INSIDE, st.integers(0, 2))
def test_no_share_reads_as_none_or_all(share: float, decimals: int) -> None:
    text = hundredths(share, decimals=decimals)
    assert 0 < number_in(text) < 100
    # Rounded to its decimals; the words of the closest ones are true.
    assert text.startswith("more than") == (share * 100 > number_in(text) and "than" in text)
    if "than" not in text:
        assert abs(number_in(text) - share * 100) <= 0.5 * 10**-decimals + 1e-9


@given(st.floats(-1 + 1e-11, 1 - 1e-11).filter(lambda value: abs(value) > 1e-11))
def test_no_coefficient_reads_as_none_or_all(value: float) -> None:
    assert 0 < abs(number_in(apart(value, decimals=3, edges=(-1.0, 0.0, 1.0)))) < 1
    assert ("−" in apart(value, decimals=3, edges=(-1.0, 0.0, 1.0))) == (value < 0)
