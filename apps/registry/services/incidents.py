"""Incidents: opened and extended by sightings, closed by an engineer or once their cause is gone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models.functions import Now

from apps.accounts.models import ApiKey, User
from apps.accounts.services import audit_log
from apps.common.clock import database_now
from apps.common.errors import ConflictError
from apps.common.paging import keyset_page
from apps.registry.models import Incident, IncidentKind, ModelVersion, MonitoredModel
from apps.registry.querysets import IncidentQuerySet

CLOSED_BY_SCHEMA = "The model's schema now agrees with it."
CLOSED_BY_RETRY = "All of them are processed."
CLOSED_BY_ARRIVAL = "The predictions have arrived."
CLOSED_BY_PARITY = "The file reproduces the stored scores again."
CLOSED_BY_ITSELF = "The data are like the weeks before again, or these are the new usual ones."
SCHEMA_KINDS = (IncidentKind.FEATURE_MISSING, IncidentKind.FEATURE_NEW, IncidentKind.TYPE_CHANGED)

# Sightings from before the last closing do not reopen the incident.
OBSERVE = """
INSERT INTO registry_incident AS kept
    (model_id, version_id, feature, kind, expected, found, first_seen_at, last_seen_at, rows, note)
SELECT %(model)s, seen.version_id, seen.feature, seen.kind, seen.expected, seen.found, seen.first_at, seen.last_at,
       seen.rows, ''
FROM unnest(
    %(version)s::bigint[], %(feature)s::text[], %(kind)s::text[], %(expected)s::text[], %(found)s::text[],
    %(first_at)s::timestamptz[], %(last_at)s::timestamptz[], %(rows)s::bigint[]
) AS seen (version_id, feature, kind, expected, found, first_at, last_at, rows)
WHERE NOT EXISTS (
    SELECT FROM registry_incident AS past
    WHERE past.model_id = %(model)s AND past.version_id IS NOT DISTINCT FROM seen.version_id
      AND past.feature = seen.feature AND past.kind = seen.kind AND past.closed_at >= seen.last_at
)
ON CONFLICT (model_id, version_id, feature, kind, stage) WHERE closed_at IS NULL DO UPDATE SET
    rows = kept.rows + excluded.rows,
    first_seen_at = least(kept.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(kept.last_seen_at, excluded.last_seen_at)
"""


@dataclass
class Sighting:
    """One change seen in some rows of a version; `found` is the kind of one example."""

    version: int
    feature: str
    kind: IncidentKind
    expected: str
    found: str
    first_at: datetime
    last_at: datetime
    rows: int


def observe(model: MonitoredModel, sightings: Iterable[Sighting]) -> None:
    """Open an incident for each change, or extend the open one; call it with the model locked.

    Pass at most one sighting for each version, feature and kind.
    """
    rows = list(sightings)
    if not rows:
        return
    names = ("version", "feature", "kind", "expected", "found", "first_at", "last_at", "rows")
    columns = {name: [getattr(each, name) for each in rows] for name in names}
    with connection.cursor() as cursor:
        cursor.execute(OBSERVE, {"model": model.pk, **columns})


def close(incident: Incident, *, by: User | None, key: ApiKey | None = None, note: str = "") -> Incident:
    """Close the incident in somebody's name. The same change, seen again later, opens a new one."""
    with transaction.atomic():
        # Wait for running inspections first, or one of them could reopen the incident.
        MonitoredModel.objects.locked(incident.model_id)
        still_open = Incident.objects.open().filter(pk=incident.pk)
        if not still_open.update(closed_at=database_now(), closed_by=by, note=note):
            raise ConflictError("This incident is already closed.", code="incident_closed")
        details = {"model": incident.model.slug, "what": str(incident)}
        subject = f"incident {incident.pk}"
        audit_log.record(incident.model.project, "incident.closed", subject=subject, by=by, key=key, details=details)
    incident.refresh_from_db()
    return incident


def close_agreed(model: MonitoredModel) -> int:
    """Close the incidents that the model's schema now agrees with, and return how many there were."""
    declared = {feature.name: feature for feature in model.feature_list}

    def is_settled(incident: Incident) -> bool:
        feature = declared.get(incident.feature)
        match incident.kind:
            case IncidentKind.FEATURE_MISSING:
                return feature is None
            case IncidentKind.FEATURE_NEW:
                return feature is not None or not declared
            case _:
                return feature is None or feature.allows(incident.found)

    settled = [each.pk for each in model.incidents.open().filter(kind__in=SCHEMA_KINDS) if is_settled(each)]
    closed: int = Incident.objects.filter(pk__in=settled).update(closed_at=database_now(), note=CLOSED_BY_SCHEMA)
    return closed


def note_parked(model: MonitoredModel, *, rows: int, first_at: datetime | None, last_at: datetime | None) -> None:
    """Open, update or close the incident of parked outcomes; call it with the model locked."""
    unfinished = model.incidents.open().filter(kind=IncidentKind.OUTCOMES_PARKED)
    if not rows or first_at is None or last_at is None:
        unfinished.update(closed_at=Now(), note=CLOSED_BY_ARRIVAL)
        return
    sighting = {"rows": rows, "first_seen_at": first_at, "last_seen_at": last_at}
    if not unfinished.update(**sighting):
        Incident.objects.create(model=model, kind=IncidentKind.OUTCOMES_PARKED, **sighting)


def note_stuck(
    model: MonitoredModel, stage: str, *, rows: int, first_at: datetime, last_at: datetime, detail: str
) -> None:
    """Open or update the incident of what is stuck in a stage; once closed, it opens again when more gets stuck."""
    sighting = {"rows": rows, "first_seen_at": first_at, "last_seen_at": last_at, "detail": detail}
    stuck = Incident.objects.filter(model=model, kind=IncidentKind.BATCHES_STUCK, stage=stage)
    if not stuck.open().update(**sighting) and not stuck.filter(closed_at__gte=last_at).exists():
        Incident.objects.create(model=model, kind=IncidentKind.BATCHES_STUCK, stage=stage, **sighting)


def note_change(
    model: MonitoredModel,
    event: int,
    *,
    feature: str,
    detail: str,
    rows: int,
    first_at: datetime,
    last_at: datetime,
    is_over: bool,
) -> None:
    """Open, update or close the incident of an event in the data; once closed by a person, it stays closed."""
    sighting = {"rows": rows, "first_seen_at": first_at, "last_seen_at": last_at, "detail": detail, "feature": feature}
    known = Incident.objects.filter(model=model, kind=IncidentKind.DATA_CHANGED, stage=f"event {event}")
    if not known.update(**sighting):
        Incident.objects.create(model=model, kind=IncidentKind.DATA_CHANGED, stage=f"event {event}", **sighting)
    if is_over:
        known.open().update(closed_at=Now(), note=CLOSED_BY_ITSELF)


def note_parity(model: MonitoredModel, version: ModelVersion, *, detail: str, rows: int) -> None:
    """Open or update the incident of a model file that does not reproduce stored scores."""
    lost = model.incidents.open().filter(kind=IncidentKind.PARITY_LOST, version=version)
    if not lost.update(detail=detail, rows=rows, last_seen_at=Now()):
        moments = {"first_seen_at": database_now(), "last_seen_at": database_now()}
        Incident.objects.create(
            model=model, version=version, kind=IncidentKind.PARITY_LOST, detail=detail, rows=rows, **moments
        )


def close_parity(model: MonitoredModel, version: ModelVersion) -> None:
    """Close the incident of a file that reproduces stored scores again."""
    lost = model.incidents.open().filter(kind=IncidentKind.PARITY_LOST, version=version)
    lost.update(closed_at=Now(), note=CLOSED_BY_PARITY)


def close_processed(stuck: IncidentQuerySet) -> None:
    """Close incidents whose batches or reviews are processed."""
    stuck.open().update(closed_at=Now(), note=CLOSED_BY_RETRY)


def page(
    model: MonitoredModel, *, state: str, limit: int, cursor: int | None = None
) -> tuple[list[Incident], int | None]:
    """Return up to `limit` incidents, newest first, and the cursor of the next page; None at the end."""
    chosen = {"open": model.incidents.open, "closed": model.incidents.closed, "all": model.incidents.all}[state]()
    older = chosen if cursor is None else chosen.filter(id__lt=cursor)
    return keyset_page(older.select_related("version", "closed_by", "owner").order_by("-id"), limit=limit)
