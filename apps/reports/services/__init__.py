"""Request reports, run their jobs, and make reports again when more is known."""

from apps.reports.services.evidence import ask_for_evidence, forget_evidence, pieces_of
from apps.reports.services.explaining import explain_due
from apps.reports.services.headlines import record_missing
from apps.reports.services.jobs import TooManyJobsError, request_report, retry_job, run_due, run_job, waiting_since
from apps.reports.services.refresh import refresh_due

__all__ = [
    "TooManyJobsError",
    "ask_for_evidence",
    "explain_due",
    "forget_evidence",
    "pieces_of",
    "record_missing",
    "refresh_due",
    "request_report",
    "retry_job",
    "run_due",
    "run_job",
    "waiting_since",
]
