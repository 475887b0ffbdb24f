"""How much one key may send a minute."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.accounts.models import ApiKey
from apps.common import rate_limit
from apps.common.errors import QuotaExceededError, TooLargeError

if TYPE_CHECKING:
    from rest_framework.views import APIView


def take_request(key: ApiKey) -> None:
    """Count a request of the key. Raises QuotaExceededError."""
    _take(key, 1, name="requests_per_minute", limit=settings.REQUESTS_PER_MINUTE)


def take_rows(key: ApiKey, rows: int) -> None:
    """Count the rows of a batch, all or none.

    Raises QuotaExceededError, or TooLargeError where the batch exceeds the limit by itself.
    """
    limit = settings.ROWS_PER_MINUTE
    if 0 < limit < rows:
        message = f"The batch has more than the {limit:,} rows that a key may send in a minute; send smaller batches."
        raise TooLargeError(message, limit="rows_per_minute", value=limit)
    _take(key, rows, name="rows_per_minute", limit=limit)


def _take(key: ApiKey, amount: int, *, name: str, limit: int) -> None:
    if limit <= 0 or amount <= 0:
        return
    wait = rate_limit.take(f"{name}:{key.pk}", amount, limit=limit)
    if wait:
        unit = name.partition("_")[0]
        raise QuotaExceededError(
            f"This key may send {limit:,} {unit} a minute; try again in {int(wait) + 1} s.",
            wait=wait,
            limit=name,
            value=limit,
        )


class KeyQuota(BaseThrottle):
    """Counts every call as a request of its key."""

    def allow_request(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002  # the framework's signature
        if isinstance(request.auth, ApiKey):
            take_request(request.auth)
        return True
