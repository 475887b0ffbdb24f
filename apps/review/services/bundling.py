"""Hand out the debug bundle of a prediction: counted as seen, and on the record."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from apps.accounts.models import ApiKey, User
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError
from apps.explanations.services import bundles
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.review.services import finding, found_documents

NOT_KEPT = "Its features are older than the time for which they are kept."


@dataclass(frozen=True)
class Bundle:
    """The archive's name, and its bytes as they are made."""

    name: str
    pieces: Iterator[bytes]


@transaction.atomic
def bundle(prediction: Prediction, *, model: MonitoredModel, by: User | None, key: ApiKey | None = None) -> Bundle:
    """Bundle a prediction with the file of its version.

    Raises ConflictError while the person has yet to judge it, without a file that reproduces stored scores, and
    without its features.
    """
    finding.show(prediction, model=model, reader=by)
    file = bundles.in_force(prediction)
    sent = found_documents.look_up(model, prediction).sent
    if sent is None:
        raise ConflictError(NOT_KEPT, code="not_kept")
    details = {"model": model.slug, "version": file.version.name, "sha256": bytes(file.sha256).hex()}
    audit_log.record(
        model.project, "case.bundled", subject=f"case {prediction.external_id}", by=by, key=key, details=details
    )
    # An id as it was sent may not do as a file name.
    return Bundle(f"{model.slug}-{prediction.pk}.zip", bundles.write(file, prediction, sent))
