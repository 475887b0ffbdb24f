"""Registering models and queues, and changing them without breaking stored rows."""

from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction

from apps.accounts.models import ApiKey, Membership, Project, Role, User, validate_name
from apps.accounts.services import audit_log
from apps.common import doorbell
from apps.common.errors import ForbiddenError, invalid_field
from apps.registry.models import MonitoredModel, ReviewQueue, Task
from apps.registry.services import guidelines, incidents, shadows, valuing

SCORE_BINS = 200
LONGEST_ACTION = 200
DEFAULT_REASONS = [
    "A fact in the case speaks against it",
    "A rule or policy says otherwise",
    "The data it was given is wrong",
    "It overlooks an unusual situation",
]


def put_model(
    project: Project, *, slug: str, document: dict[str, Any], by: User | None = None, key: ApiKey | None = None
) -> MonitoredModel:
    """Register the model, with a queue `main`, or change it."""
    fields = {name: value for name, value in document.items() if name not in {"value_model", "prediction_range"}}
    try:
        validate_name(slug)
    except ValidationError as error:
        raise invalid_field("model", error.messages[0]) from error
    with transaction.atomic():
        # Where two clients register the same name at once, the second waits here, then changes the first's model.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        model = MonitoredModel.objects.in_project(project).select_for_update(no_key=True).filter(slug=slug).first()
        if model is None:
            model = MonitoredModel(project=project, slug=slug, name=fields.get("name", slug))
            fields = shadows.with_champion(project, fields)
            if "task" not in fields:
                raise invalid_field("task", "A new model needs its task: binary, multiclass or regression.")
        else:
            fields = shadows.checked_change(model, fields)
            _check_change(model, fields)
        shown = _no_longer_sensitive(model, fields)
        if shown:
            _require_owner(project, by, f"The feature {shown[0]!r} is sensitive. Only an owner can change that.")
        is_new = model.pk is None
        changed = [name for name, value in fields.items() if getattr(model, name) != value]
        for name, value in fields.items():
            setattr(model, name, value)
        _check_whole(model, document)
        model.save()
        shadows.follow(model)
        incidents.close_agreed(model)
        if "slices" in changed:
            doorbell.ring_on_commit("fill_slices")
        if model.shadow_of is None:
            ReviewQueue.objects.get_or_create(
                model=model, slug="main", defaults={"name": "Main queue", "dispute_reasons": DEFAULT_REASONS}
            )
        if document.get("value_model"):
            current = model.current_value_model
            stated = valuing.set_value_model(model, document["value_model"], by=by)
            changed += ["value_model"] if stated != current else []
        valuing.check_classes(model)
        if is_new or changed:
            act = "model.registered" if is_new else "model.changed"
            details = {} if is_new else {"changed": changed, "no_longer_sensitive": shown}
            audit_log.record(project, act, subject=f"model {slug}", by=by, key=key, details=details)
    saved: MonitoredModel = MonitoredModel.objects.select_related("project").get(pk=model.pk)
    return saved


def put_queue(model: MonitoredModel, document: dict[str, Any], *, by: User | None = None) -> ReviewQueue:
    """Create the queue, or change its given fields. A changed text of its guidelines becomes a new version."""
    fields = {name: value for name, value in document.items() if name not in {"name", "title", "id", "guidelines"}}
    slug = document["name"]
    if "sensitive_role" in fields:
        _check_sensitive_role(model, slug, fields["sensitive_role"], by=by)
    if "title" in document:
        fields["name"] = document["title"]
    queue, _ = ReviewQueue.objects.update_or_create(
        model=model,
        slug=slug,
        defaults=fields,
        create_defaults={"name": slug.replace("-", " ").capitalize(), "dispute_reasons": DEFAULT_REASONS, **fields},
    )
    if document.get("guidelines"):
        guidelines.write(queue, text=document["guidelines"], by=by)
    return queue


def _check_sensitive_role(model: MonitoredModel, slug: str, role: str, *, by: User | None) -> None:
    """Refuse a change by anybody but an owner: a person, or a key that acts for one."""
    queue = ReviewQueue.objects.filter(model=model, slug=slug).first() or ReviewQueue()
    if role != queue.sensitive_role:
        _require_owner(model.project, by, "Only an owner can change who sees sensitive features.")


def _no_longer_sensitive(model: MonitoredModel, fields: dict[str, Any]) -> list[str]:
    """Return the features whose values a change of the declaration would show."""
    if "features" not in fields:
        return []
    was, still = (
        {feature["name"] for feature in features if feature.get("sensitive")}
        for features in (model.features, fields["features"])
    )
    return sorted(was - still)


def _require_owner(project: Project, by: User | None, refusal: str) -> None:
    if not Membership.objects.in_project(project).filter(user=by, role=Role.OWNER).exists():
        raise ForbiddenError(refusal, code="owners_choice")


def _check_change(model: MonitoredModel, fields: dict[str, Any]) -> None:
    """Refuse changes that would give stored rows another meaning: they hold a class as its position."""
    if "task" in fields and fields["task"] != model.task:
        raise invalid_field("task", "The task of a model cannot change; register a new model.")
    classes = fields.get("classes")
    if classes is not None and classes[: len(model.classes)] != model.classes:
        raise invalid_field("classes", "Classes may be appended, not reordered or removed.")
    if model.task == Task.BINARY and fields.get("positive_class", model.positive_class) != model.positive_class:
        raise invalid_field("positive_class", "The positive class cannot change: scores are stored for it.")


def _check_whole(model: MonitoredModel, document: dict[str, Any]) -> None:
    """Check that the parts of the model fit together."""
    if model.is_regression:
        _set_bins(model, document.get("prediction_range"))
    else:
        _check_classes(model)
    if model.outcome_if_absent is not None:
        try:
            model.encode(model.outcome_if_absent)
        except ValueError as error:
            raise invalid_field("outcome_if_absent", str(error)) from error
    _check_actions(model)
    declared = {feature["name"] for feature in model.features}
    for entry in model.slices:
        if declared and entry["feature"] not in declared:
            raise invalid_field("slices", f"The feature {entry['feature']!r} is not declared.")


def _check_actions(model: MonitoredModel) -> None:
    for action, value in model.actions.items():
        if not action or len(action) > LONGEST_ACTION or "\x00" in action:
            raise invalid_field("actions", f"The name of an action has 1 to {LONGEST_ACTION} characters.")
        try:
            model.acts_on(action)
        except ValueError as error:
            raise invalid_field("actions", f"{action}: {value!r}: {error}.") from error
    for field, names in (model.outcome_observed_when or {}).items():
        if model.is_regression and field == "prediction":
            raise invalid_field("outcome_observed_when", "A number has no classes; name the actions.")
        known = list(model.actions or model.classes) if field == "action" else model.classes
        unknown = [name for name in names if name not in known]
        if unknown:
            raise invalid_field("outcome_observed_when", f"{unknown[0]!r} is not one of its {field}s.")


def _check_classes(model: MonitoredModel) -> None:
    if model.tolerance or model.tolerance_share:
        raise invalid_field("tolerance", "A tolerance needs numbers; this model predicts a class.")
    if len(model.classes) < 2 or len(set(model.classes)) != len(model.classes):
        raise invalid_field("classes", "A model needs at least two different classes.")
    if model.task == Task.BINARY:
        if len(model.classes) != 2:
            raise invalid_field("classes", "A binary model has exactly two classes.")
        model.positive_class = model.positive_class or model.classes[1]
        if model.positive_class not in model.classes:
            raise invalid_field("positive_class", f"{model.positive_class!r} is not one of the classes.")
    unknown = set(model.class_labels) - set(model.classes)
    if unknown:
        raise invalid_field("class_labels", f"{sorted(unknown)[0]!r} is not one of the classes.")


def _set_bins(model: MonitoredModel, prediction_range: list[float] | None) -> None:
    if model.bin_edges is not None:
        return
    if prediction_range is None or not prediction_range[0] < prediction_range[1]:
        raise invalid_field(
            "prediction_range",
            "A regression model needs the usual range of its predictions: [low, high], with low below high.",
        )
    low, high = prediction_range
    model.bin_edges = [float(edge) for edge in np.linspace(low, high, SCORE_BINS - 1)]
