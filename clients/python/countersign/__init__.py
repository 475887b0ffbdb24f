"""A client for Countersign: push predictions and outcomes, review by program, fetch labels and reports."""

from countersign.client import Client
from countersign.documents import Limits
from countersign.errors import (
    ApiError,
    ConflictError,
    CountersignError,
    InvalidError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    QuotaExceededError,
    ReportFailedError,
    RowsRejectedError,
    ServerError,
    StudyFailedError,
    StudyRefusedError,
    TooLargeError,
    UnreachableError,
)
from countersign.model import Model
from countersign.pushing import PushResult, RejectedRow
from countersign.reports import Report, ReportRequest, StoredReport
from countersign.reviewing import Claimed, Decided, Queue, Slot
from countersign.training import Study, StudyRequest

__all__ = [
    "ApiError",
    "Claimed",
    "Client",
    "ConflictError",
    "CountersignError",
    "Decided",
    "InvalidError",
    "Limits",
    "Model",
    "NotAllowedError",
    "NotAuthenticatedError",
    "NotFoundError",
    "PushResult",
    "Queue",
    "QuotaExceededError",
    "RejectedRow",
    "Report",
    "ReportFailedError",
    "ReportRequest",
    "RowsRejectedError",
    "ServerError",
    "Slot",
    "StoredReport",
    "Study",
    "StudyFailedError",
    "StudyRefusedError",
    "StudyRequest",
    "TooLargeError",
    "UnreachableError",
]
