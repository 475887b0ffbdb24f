"""Names for people, kept with a report so that it reads the same after the model is registered anew."""

from apps.registry.models import MonitoredModel
from apps.reports.engine.document import Document


def sensitive_slices(document: Document, model: MonitoredModel) -> set[str]:
    """The slices whose feature was declared sensitive when the report was made, or is by now."""
    sensitive = {feature.name for feature in model.feature_list if feature.sensitive}
    now = {piece.name for piece in model.slice_list if piece.feature in sensitive}
    return now | {name for name, names in document["names"]["slices"].items() if names["is_sensitive"]}
