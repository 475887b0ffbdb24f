"""The broker as a store: small values that all processes share and that may be lost without harm."""

from functools import cache

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# The longest that a broker that hangs may delay a request.
TIMEOUT_SECONDS = 0.25


@cache
def client(url: str) -> Redis:
    """Return a client for the broker at this URL. It connects when first used and never retries."""
    return Redis.from_url(
        plain_url(url),
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def plain_url(url: str) -> str:
    """Translate the broker's URL from Celery's form into the client's.

    >>> plain_url("redis+socket:///run/valkey.sock?virtual_host=2"), plain_url("redis://broker:6379/0")
    ('unix:///run/valkey.sock?db=2', 'redis://broker:6379/0')
    """
    if not url.startswith("redis+socket://"):
        return url
    return url.replace("redis+socket://", "unix://", 1).replace("virtual_host=", "db=", 1)
