"""Selective labels: predictions whose outcome nobody can ever observe, because of the decision about them.

A rejected loan is never repaid. Which ones are so is said by the rows (`observable`), or by the model's condition on
the prediction or on the action that was taken. An outcome that is known was observed, whatever they say.
"""

from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, Subquery, Value, When

from apps.predictions.models import Action, Prediction
from apps.registry.models import MonitoredModel
from apps.truth.models import Resolution


def is_selective(model: MonitoredModel) -> bool:
    """Return whether some outcomes of the model may never be observed."""
    if model.outcome_observed_when is not None:
        return True
    declared = Q(observable__isnull=False) | Q(explore_share__isnull=False)
    return Prediction.objects.filter(declared, model=model).exists()


def with_visibility(rows: QuerySet[Any], model: MonitoredModel, *, seq: int, as_of: datetime) -> QuerySet[Any]:
    """Annotate predictions with `is_hidden`: no outcome is known, and none can be observed.

    Where an action decides and none is known yet, the outcome is still awaited. A prediction that chance could have let
    through (`explore_share`) was let through only if something says so.
    """
    if not is_selective(model):
        plain: QuerySet[Any] = rows.annotate(is_hidden=Value(False, BooleanField()))
        return plain
    outcome = Resolution.objects.filter(prediction=OuterRef("pk"), seq__lte=seq, outcome__isnull=False)
    rows = rows.alias(has_outcome=Exists(outcome), last_action=action_that_counts(model, as_of=as_of))
    seen = _is_seen(model)
    is_awaited = Q(explore_share=None) & _is_awaited(model)
    annotated: QuerySet[Any] = rows.annotate(
        is_hidden=Case(
            When(has_outcome=True, then=Value(False)),
            When(observable=True, then=Value(False)),
            When(observable=False, then=Value(True)),
            When(seen, then=Value(False)),
            When(is_awaited, then=Value(False)),
            default=Value(True),
            output_field=BooleanField(),
        )
    )
    return annotated


def action_that_counts(model: MonitoredModel, *, as_of: datetime) -> Subquery:
    """Find the action about a prediction that was taken last, of those known at a moment."""
    actions = Action.objects.filter(model=model, external_id=OuterRef("external_id"), received_at__lte=as_of)
    return Subquery(actions.order_by("-taken_at", "-id").values("action")[:1])


def _is_seen(model: MonitoredModel) -> Q:
    """Return the condition under which the model's declaration says that the outcome can be observed."""
    declared = model.outcome_observed_when or {}
    if "action" in declared:
        return Q(last_action__in=declared["action"])
    if "prediction" in declared:
        return Q(predicted__in=[model.encode(name) for name in declared["prediction"]])
    return Q(pk=None)


def _is_awaited(model: MonitoredModel) -> Q:
    """Return the condition under which the declaration says nothing of a prediction."""
    declared = model.outcome_observed_when or {}
    if "action" in declared:
        return Q(last_action=None)
    return Q(pk=None) if "prediction" in declared else Q(pk__isnull=False)
