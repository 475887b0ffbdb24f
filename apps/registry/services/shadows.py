"""Shadows: models that may replace the one in use, and share with it what makes their answers comparable."""

from typing import Any

from apps.accounts.models import Project
from apps.common.errors import invalid_field
from apps.registry.models import MonitoredModel

# What a shadow has from the model in use, and follows when it changes there.
SHARED = (
    "task",
    "classes",
    "positive_class",
    "class_labels",
    "reads_numbers_as_classes",
    "unit",
    "tolerance",
    "tolerance_share",
    "maturity_days",
    "outcome_if_absent",
    "bin_edges",
)
# What it starts with, where its document does not say otherwise.
INHERITED = ("question", "features", "slices")


def with_champion(project: Project, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a new model; a shadow's with what it shares with the model in use."""
    name = fields.get("shadow_of")
    if name is None:
        return fields
    champion = MonitoredModel.objects.in_project(project).filter(slug=name).select_for_update(no_key=True).first()
    if champion is None:
        raise invalid_field("shadow_of", f"This project has no model {name!r}.")
    if champion.shadow_of_id is not None:
        raise invalid_field("shadow_of", f"{name!r} is itself the shadow of a model.")
    _check_shared(champion, fields)
    inherited = {each: getattr(champion, each) for each in INHERITED}
    return inherited | fields | {each: getattr(champion, each) for each in SHARED} | {"shadow_of": champion}


def checked_change(model: MonitoredModel, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that a change sets. What a shadow shares is changed at the model in use."""
    given = {name: value for name, value in fields.items() if name != "shadow_of"}
    if "shadow_of" in fields and fields["shadow_of"] != (model.shadow_of.slug if model.shadow_of else None):
        raise invalid_field("shadow_of", "Whether a model is a shadow, and of which, is said when it is registered.")
    if model.shadow_of is not None:
        _check_shared(model.shadow_of, given)
    return given


def follow(champion: MonitoredModel) -> None:
    """Give the shadows of a model what they share with it."""
    champion.shadows.update(**{name: getattr(champion, name) for name in SHARED})


def _check_shared(champion: MonitoredModel, fields: dict[str, Any]) -> None:
    if fields.get("value_model"):
        raise invalid_field("value_model", f"A shadow is valued as {champion.slug!r} is.")
    different = [name for name in SHARED if name in fields and fields[name] != getattr(champion, name)]
    if different:
        raise invalid_field(different[0], f"A shadow has this from {champion.slug!r}; leave it out.")
