"""Shares as text: only none of all reads as 0, and only all as 100."""

from apps.common.numerals import localized

# A number this close to an edge differs from it only by rounding errors.
NOISE = 1e-12
MOST_DECIMALS = 6


def apart(number: float, *, decimals: int, edges: tuple[float, ...]) -> str:
    """Write a number with these decimals, or more where it would read as an edge that it is not.

    >>> apart(99.98, decimals=1, edges=(0.0, 100.0)), apart(100.0, decimals=1, edges=(0.0, 100.0))
    ('99.98', '100.0')
    >>> apart(1e-9, decimals=1, edges=(0.0, 100.0))
    'less than 0.000001'
    """
    for places in range(decimals, MOST_DECIMALS + 1):
        shown = round(number, places) + 0.0  # no minus before a zero
        if shown not in edges or abs(number - shown) < NOISE:
            return localized(f"{shown:.{places}f}".replace("-", "−"))
    words, by = ("more than", -1) if number < shown else ("less than", 1)
    return f"{words} {localized(f'{shown + by * 10.0**-MOST_DECIMALS:.{MOST_DECIMALS}f}'.replace('-', '−'))}"


def hundredths(share: float, *, decimals: int) -> str:
    """Write a share times 100; only none reads as 0, and only all as 100.

    >>> hundredths(0.918, decimals=0), hundredths(0.996, decimals=0), hundredths(0.00002, decimals=1)
    ('92', '99.6', '0.002')
    """
    return apart(share * 100, decimals=decimals, edges=(-100.0, 0.0, 100.0))
