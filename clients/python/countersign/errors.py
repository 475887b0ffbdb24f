"""Error types: the server refused, or could not be reached in time."""

from typing import Any


class CountersignError(Exception):
    """Base class of all errors that this package raises."""


class UnreachableError(CountersignError):
    """No attempt got a response."""


class ApiError(CountersignError):
    """The server refused. `code` is stable, `message` is for people, and `details` depend on the code.

    `retry_after` is the number of seconds to wait, if the server gave one.
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
    def of(cls, status: int, body: object, *, retry_after: float | None = None) -> "ApiError":
        """Make the error for a response. A body in another form than the API's comes from a proxy or the like."""
        kind = KINDS.get(status, ServerError if status >= 500 else cls)
        if not isinstance(body, dict) or "code" not in body:
            return kind(status, "unknown", str(body)[:500], {}, retry_after=retry_after)
        message, details = str(body.get("message", "")), body.get("details") or {}
        return kind(status, str(body["code"]), message, details, retry_after=retry_after)


class InvalidError(ApiError):
    """400, 411, 415, 422: the request is invalid; `details` says where."""


class NotAuthenticatedError(ApiError):
    """401: the key is missing, unknown, expired or revoked."""


class NotAllowedError(ApiError):
    """403: the key lacks a scope, or its person a role."""


class NotFoundError(ApiError):
    """404: the key's project has no such object."""


class ConflictError(ApiError):
    """409: the state has changed. A slot, for instance, is settled or held by somebody else."""


class TooLargeError(ApiError):
    """413: a limit is exceeded; `details` names it as `Client.limits` does."""


class QuotaExceededError(ApiError):
    """429: the key stayed over its quota for longer than the client's patience."""


class ServerError(ApiError):
    """5xx: the server failed for longer than the client's patience."""


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
    """Some rows of a push were not stored; `rejected` holds all of them."""

    def __init__(self, rejected: list[Any]) -> None:
        first = rejected[0]
        more = f" and {len(rejected) - 1:,} more" if len(rejected) > 1 else ""
        super().__init__(f"row {first.row} ({first.id}): {first.code}: {first.message}{more}")
        self.rejected = rejected


class ReportFailedError(CountersignError):
    """The server failed to compute the report."""


class StudyFailedError(CountersignError):
    """The server failed to find out whether a new model would be better."""


class StudyRefusedError(CountersignError):
    """The labels are too few, or too much alike, to tell whether a new model would be better; says what is missing."""
