"""Counting within fixed windows of time, in the broker: shared by all processes, and lost without harm."""

import time
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from apps.common import broker

log = structlog.get_logger(__name__)

# After a broker that does not answer, no request tries again for so long.
REST_SECONDS = 5.0
# Looks and counts in one step; answers 0 where the amount still fitted, else the window's remaining milliseconds.
TAKE = """
redis.call('SET', KEYS[1], 0, 'PX', ARGV[3], 'NX')
if redis.call('GET', KEYS[1]) + ARGV[1] > tonumber(ARGV[2]) then return math.max(1, redis.call('PTTL', KEYS[1])) end
redis.call('INCRBY', KEYS[1], ARGV[1])
return 0
"""
_rest = {"until": 0.0}


def take(name: str, amount: int, *, limit: int, seconds: float = 60) -> float:
    """Count `amount` if it fits into the window's limit; otherwise count nothing and say how many seconds it lasts.

    The window begins with its first count. While the broker is down everything fits.
    """
    if time.monotonic() < _rest["until"]:
        return 0.0
    try:
        left: Any = _script(settings.CELERY_BROKER_URL)(
            keys=[f"countersign:window:{name}"], args=[amount, limit, int(1000 * seconds)]
        )
    except (RedisError, OSError) as error:
        _rest["until"] = time.monotonic() + REST_SECONDS
        log.warning("window_not_counted", window=name, error=str(error))
        return 0.0
    return int(left) / 1000


@cache
def _script(url: str) -> Any:
    return broker.client(url).register_script(TAKE)
