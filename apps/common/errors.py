"""Errors of the domain: raised by services, turned into HTTP in one place (`api`, `middleware`)."""

from typing import Any


class DomainError(Exception):
    """Something the caller can understand and act on; `code` is stable, `message` is for people."""

    status = 400
    code = "invalid"

    def __init__(self, message: str, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.details = details


class NotFoundError(DomainError):
    """The object is not there, or belongs to another project: the two look the same from outside."""

    status = 404
    code = "not_found"


class ForbiddenError(DomainError):
    """Known caller, but the role or the scope does not reach so far."""

    status = 403
    code = "forbidden"


class ConflictError(DomainError):
    """The state has moved on since the caller looked."""

    status = 409
    code = "conflict"


class LeaseLostError(ConflictError):
    """The token is stale and somebody else holds the row by now."""

    code = "lease_lost"


class LengthRequiredError(DomainError):
    """A body whose end is not announced."""

    status = 411
    code = "length_required"


class IncompleteBodyError(DomainError):
    """Less came than was announced: the connection broke, or the length is wrong."""

    code = "incomplete_body"


class TooLargeError(DomainError):
    """Body, line or batch above a limit of the installation; `limit` names it as /api/v1/limits does."""

    status = 413
    code = "too_large"


class QuotaExceededError(DomainError):
    """More than a key may send in a minute; `wait` says for how many seconds."""

    status = 429
    code = "quota_exceeded"

    def __init__(self, message: str, *, wait: float, **details: Any) -> None:
        super().__init__(message, **details)
        self.wait = wait


class UnsupportedMediaError(DomainError):
    """A form or charset that is not read."""

    status = 415
    code = "unsupported_media_type"


class UnprocessableError(DomainError):
    """Understood, but not acceptable as a whole."""

    status = 422
    code = "unprocessable"
