"""Studies: asked for by an engineer, made by a worker, kept."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.db.models.functions import Now

from apps.accounts.models import Project, User
from apps.common import doorbell
from apps.common.deadlines import deadline
from apps.common.durations import limit
from apps.common.errors import ConflictError, DomainError
from apps.common.jobs import run_next
from apps.common.leases import RELEASED
from apps.registry.models import MonitoredModel
from apps.registry.services.archiving import require_active
from apps.retraining.engine.refusals import TooLittleError
from apps.retraining.models import Study, StudyJob

BELL = "study_retraining"
# Days back from today whose predictions' labels are used
DAYS = (90, 180, 365)
USUAL_DAYS = 180
MAX_UNFINISHED = 5


class TooManyStudiesError(DomainError):
    """The project has as many unfinished studies as it may have."""

    status = 429
    code = "too_many_jobs"


@transaction.atomic
def request_study(model: MonitoredModel, *, days: int, without_sensitive: bool, by: User | None) -> StudyJob:
    """Ask for a study; while a job of the model is under way, that job is returned."""
    require_active(model)
    if days not in DAYS:
        raise DomainError(f"Choose {', '.join(map(str, DAYS[:-1]))} or {DAYS[-1]} days.", code="invalid")
    # One request at a time per project, or two could pass the limit together.
    Project.objects.select_for_update(no_key=True).get(pk=model.project_id)
    unfinished = StudyJob.objects.unfinished()
    under_way: StudyJob | None = unfinished.filter(model=model).first()
    if under_way is not None:
        return under_way
    if unfinished.filter(model__project=model.project_id).count() >= MAX_UNFINISHED:
        raise TooManyStudiesError(f"{MAX_UNFINISHED} studies of this project are under way. Try again in a minute.")
    job = StudyJob.objects.create(model=model, days=days, without_sensitive=without_sensitive, requested_by=by)
    doorbell.ring_on_commit(BELL)
    return job


def retry_study(job: StudyJob) -> None:
    """Try a failed study again."""
    failed = StudyJob.objects.filter(pk=job.pk, study=None)
    if not failed.retry(step="", progress=0.0, refusal="", requested_at=Now()):
        raise ConflictError("Only a failed study can be tried again.")
    doorbell.ring_on_commit(BELL)


def newest_study(model: MonitoredModel) -> Study | None:
    """Return the model's newest study."""
    study: Study | None = Study.objects.filter(model=model).select_related("model__project").order_by("-id").first()
    return study


def last_job(model: MonitoredModel) -> StudyJob | None:
    """Return the job asked for last."""
    job: StudyJob | None = StudyJob.objects.filter(model=model).order_by("-requested_at", "-id").first()
    return job


def run_due() -> None:
    """Make one study, and ring again while there are more: reports in the same queue come in between."""
    if run_next(StudyJob, run_study):
        doorbell.ring(BELL)


def waiting_since() -> datetime | None:
    """Return when the oldest study that no worker has begun was asked for; None without any."""
    since: datetime | None = StudyJob.objects.due().unleased().aggregate(since=Min("requested_at"))["since"]
    return since


def run_study(job: StudyJob) -> None:
    """Make a claimed job's study, or note why the labels do not bear one. Raises TookTooLongError."""
    # Imported here: pages ask for studies and need not load the engine (100 MB, seconds).
    from apps.retraining.services.making import make_study  # noqa: PLC0415  # see above

    def tell(step: str, progress: float) -> None:
        job.fenced_update(step=step, progress=progress)

    seconds = settings.REPORT_SECONDS
    try:
        with deadline(seconds, f"Training took longer than {limit(seconds)}. Try it with fewer days."):
            study = make_study(job, tell=tell)
    except TooLittleError as error:
        job.fenced_update(refusal=error.message, step="", finished_at=Now(), **RELEASED)
    else:
        job.complete(study=study, step="done")
