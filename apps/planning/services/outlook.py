"""What a sampling brings: cases a day by policy and queue, what each policy adds, and whom only the floor reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from apps.planning.services.recent import Recent
from apps.sampling.models import PolicyKind
from apps.sampling.services import forecasts, probabilities
from apps.sampling.services.columns import Floats
from apps.sampling.services.rates import RatedPolicy

# Passes after which a budget's rate no longer moves, though some probabilities are cut at 1.
PASSES = 4


@dataclass(frozen=True)
class Daily:
    """An expected number a day: its mean over the last four weeks, and between what 19 of 20 days to come will lie."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, recent: Recent, days: Floats) -> "Daily":
        """Describe the last days, with these expected numbers."""
        return cls._of(days, forecasts.week_ahead(recent.days, days))

    @classmethod
    def of_budget(cls, recent: Recent, days: Floats, *, per_day: float, most: Floats) -> "Daily":
        """Describe what a budget brings on days that could bring `most`."""
        return cls._of(days, forecasts.week_ahead(recent.days, most, budget=per_day))

    @classmethod
    def _of(cls, days: Floats, ends: tuple[int, int]) -> "Daily":
        low, high = ends
        return cls(float(days.mean()) if len(days) else 0.0, low, high)


@dataclass(frozen=True)
class PolicyOutlook:
    """What one policy brings a day, and what would not come without it."""

    rated: RatedPolicy
    all: Daily
    only: float

    @property
    def others_too(self) -> float:
        return max(self.all.mean - self.only, 0.0)


class Outlook:
    """A sampling as it would draw from recent predictions."""

    def __init__(self, recent: Recent, policies: Sequence[RatedPolicy]) -> None:
        self.recent = recent
        self.policies = list(policies)
        shape = probabilities.shapes(self.policies, recent.table, model=recent.model)
        self.p = np.vstack([self._drawn(each, row) for each, row in zip(self.policies, shape, strict=True)])

    @cached_property
    def pi(self) -> Floats:
        """π of each sampled prediction: the largest probability, as all policies share one random number."""
        return np.asarray(self.p.max(axis=0, initial=0.0))

    @cached_property
    def all(self) -> Daily:
        return Daily.of(self.recent, self.recent.daily(self.pi))

    @cached_property
    def share(self) -> float:
        """Share of all predictions that is drawn."""
        return float(self.recent.weight @ self.pi / self.recent.weight.sum())

    @cached_property
    def by_policy(self) -> list[PolicyOutlook]:
        return [
            PolicyOutlook(rated, self._daily(index), self._only(index)) for index, rated in enumerate(self.policies)
        ]

    @cached_property
    def by_queue(self) -> dict[int, Floats]:
        """Expected cases of each queue on each day: the first policy by rank that draws a case chooses."""
        gained = np.diff(np.maximum.accumulate(self.p, axis=0), axis=0, prepend=0.0)
        queues: dict[int, Floats] = {}
        for rated, each in zip(self.policies, gained, strict=True):
            queue = rated.policy.queue_id
            queues[queue] = queues.get(queue, np.zeros(len(self.recent.days))) + self.recent.daily(each)
        return queues

    @cached_property
    def chance(self) -> float:
        """The probability with which chance alone draws each prediction."""
        return probabilities.by_chance(self.policies)

    @cached_property
    def only_by_floor(self) -> tuple[float, float | None]:
        """Share of the predictions, and of the money, that no policy but the floor reaches."""
        others = [
            each for each, rated in zip(self.p, self.policies, strict=True) if rated.policy.kind != PolicyKind.FLOOR
        ]
        out = np.max(others, axis=0) == 0 if others else np.ones(len(self.pi), dtype=bool)
        weight, amount = self.recent.weight, np.abs(np.nan_to_num(self.recent.table.numbers("amount")))
        money = float(weight @ amount)
        return float(weight[out].sum() / weight.sum()), float((weight * amount)[out].sum() / money) if money else None

    @cached_property
    def floor_labels_a_week(self) -> float:
        """Cases that chance alone draws in a week."""
        return 7 * self.chance * self.recent.decisions_a_day

    def _daily(self, index: int) -> Daily:
        recent, days = self.recent, self.recent.daily(self.p[index])
        per_day = self.policies[index].policy.per_day
        if per_day is None:
            return Daily.of(recent, days)
        most = recent.daily((self.p[index] > 0).astype(np.float64))
        return Daily.of_budget(recent, days, per_day=per_day, most=most)

    def _only(self, index: int) -> float:
        others = np.delete(self.p, index, axis=0).max(axis=0, initial=0.0)
        return float(self.recent.daily(np.maximum(self.p[index] - others, 0.0)).mean())

    def _drawn(self, rated: RatedPolicy, shape: Floats) -> Floats:
        """Return the probabilities of a policy; a budget is spread over the predictions of each day."""
        if rated.policy.per_day is None:
            return np.asarray(probabilities.matrix([rated], shape[None, :])[0])
        recent, wanted = self.recent, rated.policy.per_day
        factor = np.ones(len(recent.days))
        for _ in range(PASSES):
            mass = recent.daily(np.minimum(1.0, factor[recent.day] * shape))
            factor = np.where(mass > 0, factor * wanted / np.where(mass > 0, mass, 1.0), factor)
        return np.asarray(np.minimum(1.0, factor[recent.day] * shape))


def same_size(outlook: Outlook) -> Floats:
    """Return the probabilities of a purely random draw of the same size."""
    return np.full(len(outlook.pi), outlook.share)
