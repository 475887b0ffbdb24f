"""A model's intake totals, and its policies in words."""

from typing import Any

from django.db.models import Count, Max, Sum
from django.db.models.functions import Coalesce

from apps.predictions.models import BatchKind, BatchStage, RejectedRow
from apps.predictions.services import stages
from apps.registry.models import MonitoredModel
from apps.sampling.models import PolicyKind, SamplingPolicy
from apps.sampling.services import policies

KIND_TEXTS = {
    PolicyKind.FLOOR: "Every prediction, with the same probability. The floor can be lowered but not removed.",
    PolicyKind.UNIFORM: "The same probability for all",
    PolicyKind.BANDS: "By score band",
    PolicyKind.UNCERTAINTY: "Higher where the model is less certain",
    PolicyKind.DISAGREEMENT: "Only where model and baseline differ",
    PolicyKind.MUST_REVIEW: "Every prediction that meets its condition",
}


def intake_totals(model: MonitoredModel) -> dict[str, Any]:
    """Count what was received, by kind, and what still waits for a stage or was given up."""
    received = model.batches.values("kind").annotate(
        batches=Count("pk"),
        rows=Coalesce(Sum("accepted"), 0),
        duplicates=Coalesce(Sum("duplicates"), 0),
        rejected=Coalesce(Sum("rejected"), 0),
        last_at=Max("received_at"),
    )
    by_kind = {row["kind"]: row for row in received}
    pending = BatchStage.objects.filter(batch__model=model, done_at=None)
    return {
        "predictions": by_kind.get(BatchKind.PREDICTIONS),
        "outcomes": by_kind.get(BatchKind.OUTCOMES),
        "rejected": RejectedRow.objects.filter(model=model).waiting().count(),
        "waiting": pending.filter(attempts__lt=stages.MAX_ATTEMPTS).values("stage").annotate(n=Count("pk")),
        "given_up": stages.given_up().filter(batch__model=model).order_by("batch_id")[:20],
    }


def policy_rows(model: MonitoredModel) -> list[dict[str, Any]]:
    """Describe the policies in force."""
    policies.ensure_floor(model)
    current = SamplingPolicy.objects.filter(model=model).current().select_related("queue")
    return [{"policy": each, "how": KIND_TEXTS[PolicyKind(each.kind)], "rates": _rates(each)} for each in current]


def _rates(policy: SamplingPolicy) -> list[str]:
    if policy.kind == PolicyKind.BANDS:
        return [f"{band['low']:g} to {band['high']:g}: {_share(band['rate'])}" for band in policy.settings["bands"]]
    if policy.per_day is not None:
        return [f"{policy.per_day:g} a day"]
    most = "at most " if policy.kind == PolicyKind.UNCERTAINTY else ""
    return [most + _share(policy.settings["rate"])]


def _share(rate: float) -> str:
    """Write a probability as 2 %, or as 1 in 5,000 where it is below 0.1 %."""
    return f"{100 * rate:g} %" if rate >= 0.001 or rate == 0 else f"1 in {round(1 / rate):,}"
