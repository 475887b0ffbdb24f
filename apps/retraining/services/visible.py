"""What a reader sees of a study: engineers and validators all; others nothing about slices by sensitive features."""

from typing import cast

from apps.accounts.models import Role
from apps.registry.models import MonitoredModel
from apps.retraining.engine.document import StudyDocument
from apps.retraining.models import Study


def visible(study: Study, *, role: Role) -> StudyDocument:
    """Return the study's document as this role may see it. A study has no figure of fewer than thirty labels."""
    document = cast(StudyDocument, study.document)
    if role.reads(Role.ENGINEER):
        return document
    features = sensitive_features(study.model)
    hidden = {piece.name for piece in study.model.slice_list if piece.feature in features}
    declared = {piece.name for piece in study.model.slice_list}
    left = dict(document)
    # A slice that is no longer declared may have been sensitive.
    left["slices"] = [each for each in document["slices"] if each["name"] in declared - hidden]
    left["weak"] = [each for each in document["weak"] if not features & set(each["features"])]
    return cast(StudyDocument, left)


def sensitive_features(model: MonitoredModel) -> set[str]:
    return {feature.name for feature in model.feature_list if feature.sensitive}
