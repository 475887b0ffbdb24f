"""Compare two windows or versions: asked for, kept, and made by a worker when more is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models import Project, User
from apps.common import doorbell
from apps.common.deadlines import deadline
from apps.common.durations import limit
from apps.common.errors import ConflictError, DomainError
from apps.registry.models import ModelVersion, MonitoredModel
from apps.registry.services.archiving import require_active
from apps.reports.models import Comparison, ComparisonJob, Kind
from apps.reports.services.configured import settings_of
from apps.reports.services.jobs import BELL, Progress, TooManyJobsError, check_window, version_named
from apps.reports.services.refresh import is_more_known, known_by

MAX_UNFINISHED = 20


@dataclass(frozen=True)
class Side:
    """One side of a comparison: days in [start, end), of all versions of the model or of the one named.

    `value_model` is a version of the value model; without it, the present one counts.
    """

    start: date
    end: date
    version: str | None = None
    value_model: int | None = None


@transaction.atomic
def request_comparison(
    model: MonitoredModel, kind: str, first: Side, second: Side, *, by: User | None = None, once: bool = False
) -> Comparison | ComparisonJob:
    """Return the stored comparison where it is current, else the job that makes one; the same request is one job.

    `once`: a job that has failed is returned as well, and not tried again.
    """
    require_active(model)
    if kind not in Kind.values:
        raise DomainError(f"There is no report of the kind {kind!r}.", code="unknown_kind")
    for side in (first, second):
        check_window(side.start, side.end, None)
    if first == second:
        raise DomainError("Choose two windows that differ: a window does not differ from itself.", code="same_window")
    sides = _sides(model, first, second)
    stored = _last(model, kind, sides)
    if stored is not None and is_current(stored):
        return stored
    # One request at a time per project, or two could pass the limit together.
    Project.objects.select_for_update(no_key=True).get(pk=model.project_id)
    jobs = ComparisonJob.objects.filter(comparison=None) if once else ComparisonJob.objects.unfinished()
    same = jobs.filter(model=model, kind=kind, **_lookup(sides)).order_by("-id").first()
    if same is not None:
        assert isinstance(same, ComparisonJob)
        return same
    _check_room(model, by=by)
    job = ComparisonJob.objects.create(model=model, kind=kind, requested_by=by, **sides)
    doorbell.ring_on_commit(BELL)
    return job


def last_comparison(model: MonitoredModel, kind: str, first: Side, second: Side) -> Comparison | None:
    """Return the newest stored comparison of these sides."""
    return _last(model, kind, _sides(model, first, second))


def is_current(comparison: Comparison, *, now: datetime | None = None) -> bool:
    """Say whether nothing more is known of either side, and the settings are the same."""
    model, moment, known_at = comparison.model, now or timezone.now(), known_by(comparison)
    if comparison.settings != settings_of(model, comparison.kind):
        return False
    known: dict[str, Any] = {"seq": comparison.seq, "known_at": known_at, "now": moment}
    return not any(
        is_more_known(model, start=start, end=end, version=version, **known)
        for start, end, version in windows_of(comparison)
    )


def sides_of(asked: Comparison | ComparisonJob) -> tuple[Side, Side]:
    """Return the sides of a stored comparison, or of a job."""
    first, second = (
        Side(
            getattr(asked, f"{name}_start"),
            getattr(asked, f"{name}_end"),
            version.name if (version := getattr(asked, f"{name}_version")) else None,
            getattr(asked, f"{name}_value_model"),
        )
        for name in ("first", "second")
    )
    return first, second


def windows_of(asked: Comparison | ComparisonJob) -> Sequence[tuple[date, date, ModelVersion | None]]:
    return (
        (asked.first_start, asked.first_end, asked.first_version),
        (asked.second_start, asked.second_end, asked.second_version),
    )


def retry_comparison(job: ComparisonJob) -> None:
    """Try a failed comparison again."""
    failed = ComparisonJob.objects.filter(pk=job.pk, comparison=None)
    if not failed.retry(step="", progress=0.0, requested_at=Now()):
        raise ConflictError("Only a failed comparison can be tried again.")
    doorbell.ring_on_commit(BELL)


def run_comparison(job: ComparisonJob) -> None:
    """Make a claimed job's comparison. Raises TookTooLongError."""
    # Imported here: pages and API request comparisons and need not load the engine (100 MB, seconds).
    from apps.reports.services.making_comparisons import make_comparison  # noqa: PLC0415  # see above

    seconds = settings.REPORT_SECONDS
    with deadline(seconds, f"The comparison took longer than {limit(seconds)}. Try it with fewer days."):
        comparison = make_comparison(job, tell=Progress(job))
    job.complete(comparison=comparison, step="done")


def _last(model: MonitoredModel, kind: str, sides: dict[str, Any]) -> Comparison | None:
    found = Comparison.objects.filter(model=model, kind=kind, **_lookup(sides)).order_by("-id")
    newest: Comparison | None = found.select_related("model__project", "first_version", "second_version").first()
    return newest


def _sides(model: MonitoredModel, first: Side, second: Side) -> dict[str, Any]:
    """Return the fields of both sides. Raises DomainError."""
    fields: dict[str, Any] = {}
    for name, side in (("first", first), ("second", second)):
        if side.value_model is not None and not model.champion.value_models.filter(version=side.value_model).exists():
            raise DomainError(f"There is no version {side.value_model} of the value model.", code="unknown_value_model")
        fields |= {
            f"{name}_start": side.start,
            f"{name}_end": side.end,
            f"{name}_version": version_named(model, side.version),
            f"{name}_value_model": side.value_model,
        }
    return fields


def _lookup(sides: dict[str, Any]) -> dict[str, Any]:
    return {name if value is not None else f"{name}__isnull": value or True for name, value in sides.items()}


def _check_room(model: MonitoredModel, *, by: User | None) -> None:
    """Refuse what would keep others waiting: a project's limit, and a quarter of it for one person."""
    most = getattr(settings, "MAX_UNFINISHED_REPORTS", MAX_UNFINISHED)
    waiting = ComparisonJob.objects.unfinished().filter(model__project=model.project_id, model__archived_at=None)
    if by is not None and waiting.filter(requested_by=by).count() >= max(1, most // 4):
        raise TooManyJobsError("You already have as many comparisons under way as you may. Try again in a minute.")
    if waiting.count() >= most:
        raise TooManyJobsError(f"This project already has {most} comparisons under way. Try again in a minute.")
