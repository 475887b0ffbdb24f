"""Registering models and queues, and changing them without breaking stored rows."""

from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from apps.accounts.models import ApiKey, Membership, Project, Role, User, validate_name
from apps.accounts.services import audit_log
from apps.common import doorbell
from apps.common.errors import DomainError, ForbiddenError
from apps.registry.models import MonitoredModel, ReviewQueue, Task, ValueModel
from apps.registry.services import guidelines, incidents

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
        raise _invalid("model", error.messages[0]) from error
    with transaction.atomic():
        # Where two clients register the same name at once, the second waits here, then changes the first's model.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        model = MonitoredModel.objects.in_project(project).select_for_update(no_key=True).filter(slug=slug).first()
        if model is None:
            model = MonitoredModel(project=project, slug=slug, name=fields.get("name", slug))
            if "task" not in fields:
                raise _invalid("task", "A new model needs its task: binary, multiclass or regression.")
        else:
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
        incidents.close_agreed(model)
        if "slices" in changed:
            doorbell.ring_on_commit("fill_slices")
        ReviewQueue.objects.get_or_create(
            model=model, slug="main", defaults={"name": "Main queue", "dispute_reasons": DEFAULT_REASONS}
        )
        if document.get("value_model"):
            current = model.current_value_model
            changed += ["value_model"] if set_value_model(model, document["value_model"]) != current else []
        if is_new or changed:
            act = "model.registered" if is_new else "model.changed"
            details = {} if is_new else {"changed": changed, "no_longer_sensitive": shown}
            audit_log.record(project, act, subject=f"model {slug}", by=by, key=key, details=details)
    saved: MonitoredModel = MonitoredModel.objects.select_related("project").get(pk=model.pk)
    return saved


def set_value_model(model: MonitoredModel, document: dict[str, Any]) -> ValueModel:
    """Create a new version of the value model, unless nothing changes."""
    matrix = {p: {t: str(v) for t, v in row.items()} for p, row in document["matrix"].items()}
    if model.is_regression:
        raise _invalid("value_model", "A value matrix needs classes; this model predicts a number.")
    for predicted, row in matrix.items():
        unknown = ({predicted} | set(row)) - set(model.classes)
        if unknown:
            raise _invalid("value_model", f"{sorted(unknown)[0]!r} is not a class of this model.")
    missing = [f"{p} → {t}" for p in model.classes for t in model.classes if t not in matrix.get(p, {})]
    if missing:
        raise _invalid("value_model", f"The matrix lacks {', '.join(missing[:5])}.")
    current = model.current_value_model
    prices = {name: str(amount) for name, amount in document.get("prices", {}).items()}
    changed = {**document, "matrix": matrix, "prices": prices}
    if current is not None and all(getattr(current, name) == value for name, value in changed.items()):
        return current
    version = (model.value_models.aggregate(last=Max("version"))["last"] or 0) + 1
    return ValueModel.objects.create(model=model, version=version, **changed)


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


def _invalid(field: str, message: str) -> DomainError:
    return DomainError(message, code="invalid", fields={field: [message]})


def _check_change(model: MonitoredModel, fields: dict[str, Any]) -> None:
    """Refuse changes that would give stored rows another meaning: they hold a class as its position."""
    if "task" in fields and fields["task"] != model.task:
        raise _invalid("task", "The task of a model cannot change; register a new model.")
    classes = fields.get("classes")
    if classes is not None and classes[: len(model.classes)] != model.classes:
        raise _invalid("classes", "Classes may be appended, not reordered or removed.")
    if model.task == Task.BINARY and fields.get("positive_class", model.positive_class) != model.positive_class:
        raise _invalid("positive_class", "The positive class cannot change: scores are stored for it.")


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
            raise _invalid("outcome_if_absent", str(error)) from error
    _check_actions(model)
    declared = {feature["name"] for feature in model.features}
    for entry in model.slices:
        if declared and entry["feature"] not in declared:
            raise _invalid("slices", f"The feature {entry['feature']!r} is not declared.")


def _check_actions(model: MonitoredModel) -> None:
    for action, value in model.actions.items():
        if not action or len(action) > LONGEST_ACTION or "\x00" in action:
            raise _invalid("actions", f"The name of an action has 1 to {LONGEST_ACTION} characters.")
        try:
            model.acts_on(action)
        except ValueError as error:
            raise _invalid("actions", f"{action}: {value!r}: {error}.") from error
    for field, names in (model.outcome_observed_when or {}).items():
        if model.is_regression and field == "prediction":
            raise _invalid("outcome_observed_when", "A number has no classes; name the actions.")
        known = list(model.actions or model.classes) if field == "action" else model.classes
        unknown = [name for name in names if name not in known]
        if unknown:
            raise _invalid("outcome_observed_when", f"{unknown[0]!r} is not one of its {field}s.")


def _check_classes(model: MonitoredModel) -> None:
    if model.tolerance or model.tolerance_share:
        raise _invalid("tolerance", "A tolerance needs numbers; this model predicts a class.")
    if len(model.classes) < 2 or len(set(model.classes)) != len(model.classes):
        raise _invalid("classes", "A model needs at least two different classes.")
    if model.task == Task.BINARY:
        if len(model.classes) != 2:
            raise _invalid("classes", "A binary model has exactly two classes.")
        model.positive_class = model.positive_class or model.classes[1]
        if model.positive_class not in model.classes:
            raise _invalid("positive_class", f"{model.positive_class!r} is not one of the classes.")
    unknown = set(model.class_labels) - set(model.classes)
    if unknown:
        raise _invalid("class_labels", f"{sorted(unknown)[0]!r} is not one of the classes.")


def _set_bins(model: MonitoredModel, prediction_range: list[float] | None) -> None:
    if model.bin_edges is not None:
        return
    if prediction_range is None or not prediction_range[0] < prediction_range[1]:
        raise _invalid(
            "prediction_range",
            "A regression model needs the usual range of its predictions: [low, high], with low below high.",
        )
    low, high = prediction_range
    model.bin_edges = [float(edge) for edge in np.linspace(low, high, SCORE_BINS - 1)]
