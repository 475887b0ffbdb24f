"""The policies in force at a moment, each with its rate."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from apps.registry.models import MonitoredModel
from apps.sampling.models import PolicyKind, PolicyRate, SamplingPolicy

# Draws 1 in 100 until the first rate is known.
FIRST_FACTOR = 0.01


@dataclass(frozen=True)
class RatedPolicy:
    """A policy version that draws a prediction with p = min(1, factor × shape)."""

    policy: SamplingPolicy
    factor: float
    weights: Any = None
    # The row that says so; None where the policy names its rate itself
    rate_id: int | None = None

    @property
    def key(self) -> tuple[int, int | None]:
        """What tells apart any two that may draw with different probabilities."""
        return self.policy.pk, self.rate_id


class Timeline:
    """A model's policy versions and their rates between two moments, both included."""

    def __init__(self, model: MonitoredModel, *, since: datetime, until: datetime) -> None:
        begun = SamplingPolicy.objects.filter(model=model, starts_at__lte=until)
        self._versions = list(begun.filter(Q(ends_at=None) | Q(ends_at__gt=since)).order_by("rank", "id"))
        self._rates: defaultdict[int, list[PolicyRate]] = defaultdict(list)
        for rate in self._stored(since, until):
            self._rates[rate.policy_id].append(rate)

    def at(self, moment: datetime) -> list[RatedPolicy]:
        """Return the policies that draw predictions received at this moment, by rank, each with its rate."""
        return [self._rated(each, moment) for each in self._versions if each.was_in_force(moment)]

    def _rated(self, policy: SamplingPolicy, moment: datetime) -> RatedPolicy:
        rates = self._rates[policy.pk]
        position = bisect_right(rates, moment, key=lambda each: each.starts_at)
        if position:
            rate = rates[position - 1]
            return RatedPolicy(policy, rate.factor, rate.weights, rate.pk)
        return RatedPolicy(policy, named_factor(policy))

    def _stored(self, since: datetime, until: datetime) -> Iterator[PolicyRate]:
        rates = PolicyRate.objects.filter(policy__in=self._versions)
        yield from rates.filter(starts_at__lte=since).order_by("policy", "-starts_at").distinct("policy")
        if until > since:
            yield from rates.filter(starts_at__gt=since, starts_at__lte=until).order_by("starts_at")


def named_factor(policy: SamplingPolicy) -> float:
    """Return the factor of a policy without a stored rate: the rate that it names.

    Bands and values of a slice have their rates in the shape.
    """
    if policy.per_day is not None:
        return FIRST_FACTOR
    return 1.0 if policy.kind in (PolicyKind.BANDS, PolicyKind.SLICE) else float(policy.settings["rate"])


def shape_key(policy: SamplingPolicy) -> tuple[Any, ...]:
    """Return what decides the shape: versions that differ only in their rate or budget share it."""
    # The rate of the other values of a slice is part of its shape.
    others = ("budget",) if policy.kind == PolicyKind.SLICE else ("budget", "rate")
    settings = {name: value for name, value in policy.settings.items() if name not in others}
    return policy.kind, settings, policy.condition, policy.is_on
