"""How far two numbers may differ and be the same answer, in words."""

from apps.common.numerals import NO_BREAK, localized


def allowance(by: float, share: float, *, unit: str) -> str:
    """Name the tolerance: a number in this unit, a share, or both; empty where there is none.

    >>> allowance(0.5, 0.05, unit="kWh"), allowance(0.0, 0.05, unit="kWh"), allowance(0.0, 0.0, unit="")
    ('0.5\\xa0kWh or 5\\xa0%', '5\\xa0%', '')
    """
    parts = [f"{localized(f'{by:,.10g}')}{NO_BREAK}{unit}".rstrip()] if by else []
    parts += [f"{localized(f'{share * 100:.10g}')}{NO_BREAK}%"] if share else []
    return " or ".join(parts)
