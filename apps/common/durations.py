"""Durations in words."""

from apps.common.numerals import count, fixed


def seconds(value: float) -> str:
    """Return a duration as people write it.

    >>> seconds(0.04), seconds(1.26), seconds(42.2), seconds(150)
    ('0.04 s', '1.3 s', '42 s', '2 min 30 s')
    """
    if value >= 120:
        return f"{count(value // 60)} min {round(value % 60)} s"
    return f"{fixed(value, 0 if value >= 10 else 1 if value >= 1 else 2)} s"


def limit(value: int) -> str:
    """Return a time limit as people say it.

    >>> limit(600), limit(90)
    ('10 minutes', '90 seconds')
    """
    return f"{value // 60} minutes" if value >= 120 and value % 60 == 0 else f"{value} seconds"
