"""A project's name, formats of numbers and dates, and time zone.

The zone decides to which day a prediction belongs, so the first one settles it.
"""

from django.db import transaction

from apps.accounts.models import Project, User
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError
from apps.predictions.models import Prediction


def is_zone_settled(project: Project) -> bool:
    """True once predictions are counted by day."""
    return Prediction.objects.filter(model__project=project).exists()


@transaction.atomic
def change_project(
    project: Project, *, name: str, time_zone: str, number_format: str, date_format: str, by: User
) -> None:
    """Change the settings; raises ConflictError for another zone once there are predictions."""
    stored: Project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if time_zone != stored.time_zone and is_zone_settled(stored):
        raise ConflictError(
            f"Predictions are counted by days in {stored.time_zone} already. A new project can have another time zone.",
            code="zone_settled",
            field="time_zone",
        )
    changed = {"name": name, "time_zone": time_zone, "number_format": number_format, "date_format": date_format}
    before = {field: getattr(stored, field) for field in changed}
    if before != changed:
        for field, value in changed.items():
            setattr(stored, field, value)
        stored.save(update_fields=list(changed))
        audit_log.record(
            stored,
            "project.changed",
            subject=f"project {stored.slug}",
            by=by,
            details={"before": before, "after": changed},
        )
