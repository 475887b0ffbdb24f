"""The recommended policy: which predictions to draw more often, so that the chosen figures get sharp."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models.functions import Now

from apps.common.isolation import one_by_one
from apps.planning.services.expected import Expectations, metrics_of
from apps.planning.services.recent import Recent
from apps.registry.models import MonitoredModel, ScoreBinning
from apps.sampling.models import PolicyKind, PolicyRate, SamplingPolicy
from apps.sampling.services import moments
from apps.sampling.services.rates import RatedPolicy, named_factor
from apps.stats.design.recommendation import recommend

BELL = "fit_recommended"
# Fitted again once a week: traffic and labels move slowly.
FITTED_FOR = timedelta(days=7)

Weights = Mapping[str, Any]


def with_priorities(recent: Recent, expectations: Expectations, rated: Sequence[RatedPolicy]) -> list[RatedPolicy]:
    """Give each recommended policy the priorities that recent predictions and earlier labels ask for."""
    return [
        replace(each, weights=fitted(recent, expectations, each.policy))
        if each.policy.kind == PolicyKind.RECOMMENDED and each.policy.is_on
        else each
        for each in rated
    ]


def fitted(recent: Recent, expectations: Expectations, policy: SamplingPolicy) -> Weights | None:
    """Return the priorities as `Priorities` reads them; None where nothing can be planned yet, which draws evenly."""
    model = recent.model
    if recent.is_empty or model.is_regression:
        return None
    metrics = tuple(each for each in metrics_of(model) if each in _wanted(policy)) or tuple(metrics_of(model)[:1])
    per_day = policy.per_day
    a_day = per_day if per_day is not None else float(policy.settings["rate"]) * recent.decisions_a_day
    key = (metrics, round(a_day, 1))
    if key not in expectations.fitted_weights:
        labels = max(a_day * len(recent.days), 1.0)
        expectations.fitted_weights[key] = _fit(recent, expectations, metrics, labels=labels)
    found: Weights | None = expectations.fitted_weights[key]
    return found


def fit_due() -> int:
    """Fit the recommended policies in force that have no priorities yet, or old ones. Returns the number of models."""
    current = SamplingPolicy.objects.filter(kind=PolicyKind.RECOMMENDED, ends_at=None, is_on=True)
    new = PolicyRate.objects.filter(weights__isnull=False, made_from__fitted=True, starts_at__gt=Now() - FITTED_FOR)
    due = current.exclude(pk__in=new.values("policy")).values("model")
    models = MonitoredModel.objects.filter(pk__in=due, archived_at=None).select_related("project")
    return sum(one_by_one(models, _fit_model, name=BELL))


def _fit_model(model: MonitoredModel) -> bool:
    """Fit a model's recommended policies, and let them count from now on."""
    recent, expectations = Recent(model), Expectations(model)
    current = SamplingPolicy.objects.filter(model=model, kind=PolicyKind.RECOMMENDED, ends_at=None, is_on=True)
    found = {each: fitted(recent, expectations, each) for each in current}
    if not any(found.values()):
        return False
    with transaction.atomic():
        # Whatever is received after this moment is drawn by them, and nothing that was received before it.
        now = moments.hold_off_draws(model)
        for policy, weights in found.items():
            if weights is not None:
                last = policy.rates.order_by("-starts_at").first()
                factor = named_factor(policy) if policy.per_day is None or last is None else last.factor
                PolicyRate.objects.create(
                    policy=policy, starts_at=now, factor=factor, weights=weights, made_from={"fitted": True}
                )
    return True


def _wanted(policy: SamplingPolicy) -> list[str]:
    wanted: list[str] = policy.settings.get("metrics", [])
    # Over several classes, precision and recall are means.
    return [*wanted, *(f"macro_{each}" for each in wanted)]


def _fit(recent: Recent, expectations: Expectations, metrics: tuple[str, ...], *, labels: float) -> Weights | None:
    even = np.full(recent.table.size, min(labels / max(float(recent.weight.sum()), 1.0), 1.0))
    expectation = expectations.of(recent.cells.drawn(even, chance=float(even[0])))
    possible = [each for each in metrics if not isinstance(expectation.figure(each), str)]
    if not possible:
        return None
    best = recommend(expectation, possible, expected=labels, is_new=not expectations.labels)
    binning = ScoreBinning.in_force(recent.model)
    edges = binning.score_bins.edges
    weights = np.ones((len(recent.model.classes), len(edges) + 2))
    # A cell without a score has bin −1: the last column.
    weights[best.predicted, best.bin] = best.priority
    document = {"edges": edges.tolist(), "weights": weights.round(6).tolist(), "bins": binning.version}
    if not best.by_amount.any():
        return document
    by_amount = np.zeros_like(weights)
    by_amount[best.predicted, best.bin] = best.by_amount
    return document | {"by_amount": by_amount.tolist(), "floor": best.floor_share}
