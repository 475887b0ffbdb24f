"""How long something that failed waits until it is tried again."""

import random
from datetime import timedelta

# After each failure it waits so long, about three days in all; then it has failed, and a person may send it again.
WAITS_SECONDS = (5, 30, 120, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 57_600, 86_400)
MAX_ATTEMPTS = len(WAITS_SECONDS) + 1


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after this many failed attempts."""
    return about(WAITS_SECONDS[attempts - 1])


def about(seconds: float) -> timedelta:
    """Return about this time: what failed together is not tried again together."""
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311  # no secret
