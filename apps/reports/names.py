"""Names for people, kept with a report so that it reads the same after the model is registered anew."""

from apps.registry.models import MonitoredModel
from apps.reports.document import Document, Names, SliceNames


def names_of(model: MonitoredModel) -> Names:
    """What the model, its classes and the values of its slices are called."""
    features = {feature.name: feature for feature in model.feature_list}
    slices: dict[str, SliceNames] = {}
    for piece in model.slice_list:
        feature = features.get(piece.feature)
        slices[piece.name] = {
            "label": feature.label if feature else piece.name,
            "values": dict(feature.codes) if feature else {},
            "is_sensitive": bool(feature and feature.sensitive),
        }
    return {
        "model": model.name,
        "classes": {name: str(model.class_labels.get(name, name)) for name in model.classes},
        "slices": slices,
    }


def sensitive_slices(document: Document, model: MonitoredModel) -> set[str]:
    """The slices whose feature was declared sensitive when the report was made, or is by now."""
    sensitive = {feature.name for feature in model.feature_list if feature.sensitive}
    now = {piece.name for piece in model.slice_list if piece.feature in sensitive}
    return now | {name for name, names in document["names"]["slices"].items() if names["is_sensitive"]}
