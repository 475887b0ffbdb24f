"""Rate limits over fixed windows, counted in the broker: shared by all processes, lost without harm."""

import time
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from apps.common import broker

log = structlog.get_logger(__name__)

# After the broker fails to answer, no request tries it again for this long.
PAUSE_SECONDS = 5.0
# Checks and counts in one step. Returns 0 if the amount fits, else the milliseconds left in the window.
TAKE = """
redis.call('SET', KEYS[1], 0, 'PX', ARGV[3], 'NX')
if redis.call('GET', KEYS[1]) + ARGV[1] > tonumber(ARGV[2]) then return math.max(1, redis.call('PTTL', KEYS[1])) end
redis.call('INCRBY', KEYS[1], ARGV[1])
return 0
"""
_pause = {"until": 0.0}


def take(name: str, amount: int, *, limit: int, seconds: float = 60) -> float:
    """Count `amount` and return 0 if it fits the limit; otherwise return the seconds left in the window.

    A window begins with its first count. While the broker is down, everything fits.
    """
    if time.monotonic() < _pause["until"]:
        return 0.0
    try:
        left_ms: Any = _script(settings.CELERY_BROKER_URL)(
            keys=[f"countersign:window:{name}"], args=[amount, limit, int(1000 * seconds)]
        )
    except (RedisError, OSError) as error:
        _pause["until"] = time.monotonic() + PAUSE_SECONDS
        log.warning("rate_limit_not_counted", limit=name, error=str(error))
        return 0.0
    return int(left_ms) / 1000


@cache
def _script(url: str) -> Any:
    return broker.client(url).register_script(TAKE)
