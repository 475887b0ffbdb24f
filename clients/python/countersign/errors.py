"""What can go wrong, as types: the server said no, or could not be reached in time."""

from typing import Any


class CountersignError(Exception):
    """Everything that this package raises by itself."""


class UnreachableError(CountersignError):
    """No answer came, however often it was tried."""


class ApiError(CountersignError):
    """The server refused: `code` is stable, `message` is for people, `details` belong to the code.

    `retry_after` says in how many seconds to come back, where the server says so.
    """

    def __init__(
        self, status: int, code: str, message: str, details: dict[str, Any], *, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.retry_after = retry_after

    @classmethod
    def of(cls, status: int, said: object, *, retry_after: float | None = None) -> "ApiError":
        """The error of an answer; what is not of the API's form comes from something in between."""
        kind = KINDS.get(status, ServerError if status >= 500 else cls)
        if not isinstance(said, dict) or "code" not in said:
            return kind(status, "unknown", str(said)[:500], {}, retry_after=retry_after)
        message, details = str(said.get("message", "")), said.get("details") or {}
        return kind(status, str(said["code"]), message, details, retry_after=retry_after)


class InvalidError(ApiError):
    """400, 411, 415, 422: something in what was sent; `details` says where."""


class NotAuthenticatedError(ApiError):
    """401: the key is missing, unknown, expired or revoked."""


class NotAllowedError(ApiError):
    """403: the key lacks the scope, or its person the role."""


class NotFoundError(ApiError):
    """404: there is no such thing in the key's project."""


class ConflictError(ApiError):
    """409: the state has moved on; of a slot, somebody else holds it or it is settled."""


class TooLargeError(ApiError):
    """413: more than a limit allows; `details` names it as `Client.limits` does."""


class QuotaExceededError(ApiError):
    """429: more than a key may send, for longer than the client's patience."""


class ServerError(ApiError):
    """5xx, for longer than the client's patience."""


KINDS: dict[int, type[ApiError]] = {
    400: InvalidError,
    401: NotAuthenticatedError,
    403: NotAllowedError,
    404: NotFoundError,
    409: ConflictError,
    411: InvalidError,
    413: TooLargeError,
    415: InvalidError,
    422: InvalidError,
    429: QuotaExceededError,
}


class RowsRejectedError(CountersignError):
    """Some rows of a push were not stored; `rejected` has all of them."""

    def __init__(self, rejected: list[Any]) -> None:
        first = rejected[0]
        more = f" and {len(rejected) - 1:,} more" if len(rejected) > 1 else ""
        super().__init__(f"row {first.row} ({first.id}): {first.code}: {first.message}{more}")
        self.rejected = rejected


class ReportFailedError(CountersignError):
    """The server could not make the report."""
