"""Names for people, kept with a report so that it reads the same after the model is registered anew."""

from apps.registry.models import MonitoredModel
from apps.registry.models.features import Slice
from apps.reports.engine.document import Document, Names, SliceNames


def names_of(model: MonitoredModel) -> Names:
    """What the model, its classes and the values of its slices are called."""
    return {
        "model": model.name,
        "classes": {name: str(model.class_labels.get(name, name)) for name in model.classes},
        "slices": {piece.name: _slice_names(model, piece) for piece in model.slice_list},
    }


def _slice_names(model: MonitoredModel, piece: Slice) -> SliceNames:
    feature = next((feature for feature in model.feature_list if feature.name == piece.feature), None)
    is_only = sum(other.feature == piece.feature for other in model.slice_list) == 1
    codes = dict(feature.codes) if feature else {}
    return {
        "label": feature.label if feature and is_only else piece.name,
        "values": codes,
        "order": piece.bands if piece.edges else list(codes),
        "is_sensitive": bool(feature and feature.sensitive),
    }


def sensitive_slices(document: Document, model: MonitoredModel) -> set[str]:
    """The slices whose feature was declared sensitive when the report was made, or is by now."""
    sensitive = {feature.name for feature in model.feature_list if feature.sensitive}
    now = {piece.name for piece in model.slice_list if piece.feature in sensitive}
    return now | {name for name, names in document["names"]["slices"].items() if names["is_sensitive"]}
