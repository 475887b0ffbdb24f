"""Domain errors: services raise them, `api` and `middleware` turn them into HTTP."""

from typing import Any

LONGEST_TEXT = 2_000


class DomainError(Exception):
    """An error that the caller can act on. `code` is stable; `message` is for people."""

    status = 400
    code = "invalid"

    def __init__(self, message: str, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.details = details


class NotFoundError(DomainError):
    """The object does not exist, or belongs to another project: from outside, both look the same."""

    status = 404
    code = "not_found"


class ForbiddenError(DomainError):
    """The caller is known but lacks the role or the scope."""

    status = 403
    code = "forbidden"


class ConflictError(DomainError):
    """The state has changed since the caller last read it."""

    status = 409
    code = "conflict"


class LeaseLostError(ConflictError):
    """The lease expired, and another holder has the row."""

    code = "lease_lost"


class LengthRequiredError(DomainError):
    """The body comes without its length."""

    status = 411
    code = "length_required"


class IncompleteBodyError(DomainError):
    """The body is shorter than announced: the connection broke, or the length is wrong."""

    code = "incomplete_body"


class TooLargeError(DomainError):
    """A body, line or batch exceeds a limit of the installation; `limit` is its name in /api/v1/limits."""

    status = 413
    code = "too_large"


class QuotaExceededError(DomainError):
    """The key has sent all it may in a minute; `wait` is the number of seconds until it may go on."""

    status = 429
    code = "quota_exceeded"

    def __init__(self, message: str, *, wait: float, **details: Any) -> None:
        super().__init__(message, **details)
        self.wait = wait


class UnsupportedMediaError(DomainError):
    """The media type, charset or encoding is not supported."""

    status = 415
    code = "unsupported_media_type"


class UnprocessableError(DomainError):
    """The request is readable, but cannot be accepted as a whole."""

    status = 422
    code = "unprocessable"


def invalid_field(field: str, message: str) -> DomainError:
    """Return the error that names the field of a document and says what is wrong with it."""
    return DomainError(message, code="invalid", fields={field: [message]})


def storable(error: Exception) -> str:
    """Return an error in words that PostgreSQL can store: it refuses NUL and half characters."""
    text = error.message if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"
    return text[:LONGEST_TEXT].replace("\x00", "\ufffd").encode(errors="replace").decode()
