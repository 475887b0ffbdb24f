"""Ask for studies of what a new model would gain, and make them in a worker."""

from apps.retraining.services.studies import last_job, newest_study, request_study, retry_study, run_due, waiting_since

__all__ = ["last_job", "newest_study", "request_study", "retry_study", "run_due", "waiting_since"]
