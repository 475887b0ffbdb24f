"""Jobs: work that people ask for. A worker does it under a lease; pages show its progress and its error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Any, ClassVar, Self, TypeVar

import structlog
from django.db import Error, connection, models
from django.db.models.functions import Now

from apps.common.errors import DomainError, LeaseLostError, storable
from apps.common.leases import RELEASED, Leased, LeaseQuerySet

log = structlog.get_logger(__name__)

# A job whose worker was killed is taken up once its lease has run out and the next bell rings: within a minute.
LEASE_SECONDS = 25
BEAT_SECONDS = 8.0
ABANDONED = "At every attempt, the worker stopped before it was done."


class JobQuerySet(LeaseQuerySet):
    """Jobs of one kind."""

    def unfinished(self) -> Self:
        return self.filter(finished_at=None)

    def due(self) -> Self:
        """Return jobs to work on, oldest first. After the last attempt, a job waits for someone to retry it."""
        return self.unfinished().filter(attempts__lt=self.model.MAX_ATTEMPTS).order_by("id")

    def abandoned(self) -> Self:
        """Return jobs whose worker vanished at the last attempt."""
        return self.unfinished().unleased().filter(attempts__gte=self.model.MAX_ATTEMPTS)

    def retry(self, **changes: Any) -> int:
        """Make finished jobs due again; return their number."""
        return self.filter(finished_at__isnull=False).update(
            attempts=0, error="", finished_at=None, **RELEASED, **changes
        )


class Job(Leased):
    """A piece of work. It is due until it is finished; finished with an error, it has failed."""

    MAX_ATTEMPTS: ClassVar[int]

    progress = models.FloatField(default=0)
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def status(self) -> str:
        """queued, running, done or failed."""
        if self.finished_at:
            return "failed" if self.error else "done"
        return "running" if self.lease_token else "queued"

    def complete(self, **changes: Any) -> None:
        """Mark the job done, whatever earlier attempts failed on, together with `changes`. Raises LeaseLostError."""
        self.fenced_update(progress=1.0, finished_at=Now(), **RELEASED, **{"error": "", **changes})

    def fail(self, error: Exception) -> None:
        """Store the error; after the last attempt, finish the job. Raises LeaseLostError."""
        final = {"finished_at": Now()} if self.is_final(error) else {}
        self.fenced_update(error=storable(error), **RELEASED, **final)

    def is_final(self, error: Exception) -> bool:  # noqa: ARG002  # subclasses use it
        """Return whether to give the job up after this error."""
        return self.attempts >= self.MAX_ATTEMPTS


J = TypeVar("J", bound=Job)


def run_next(kind: type[J], work: Callable[[J], None]) -> bool:
    """Claim the next due job and do its work. Return whether there was one."""
    jobs: Any = kind._default_manager
    jobs.abandoned().update(error=ABANDONED, finished_at=Now(), **RELEASED)
    claimed = jobs.due().claim(seconds=LEASE_SECONDS, error="")
    for job in claimed:
        try:
            _attempt(job, work)
        except LeaseLostError:
            log.warning("job_lease_lost", kind=kind.__name__, job=job.pk)
    return bool(claimed)


def _attempt(job: J, work: Callable[[J], None]) -> None:
    try:
        with _kept(job):
            work(job)
    except LeaseLostError:
        raise
    except Exception as error:  # the job's page must show every error
        if not isinstance(error, DomainError):
            log.exception("job_failed", kind=type(job).__name__, job=job.pk, attempt=job.attempts)
        job.fail(error)


@contextmanager
def _kept(job: Job) -> Iterator[None]:
    """Keep the lease while the block runs, from a thread: a single step of the work can outlast it."""
    is_done = Event()
    lease = type(job)._default_manager.filter(pk=job.pk, lease_token=job.lease_token, finished_at=None)
    thread = Thread(target=_beat, args=(lease, is_done), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def _beat(lease: models.QuerySet[Any], is_done: Event) -> None:
    try:
        while not is_done.wait(BEAT_SECONDS):
            try:
                lease.update(lease_expires_at=Now() + timedelta(seconds=LEASE_SECONDS))
            except Error as error:
                log.warning("heartbeat_failed", error=str(error))
                connection.close()
    finally:
        connection.close()
