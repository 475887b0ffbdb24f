"""What came in for a model, by clock hour: the past that forecasts are made from."""

import math
from collections import defaultdict
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import Sum

from apps.predictions.models import BatchStage, Stage
from apps.registry.models import MonitoredModel
from apps.sampling.engine.pacing import Shapes
from apps.sampling.engine.traffic import HOUR, MEMORY_DAYS, Floats, Ints
from apps.sampling.models import PolicyHour, PolicyKind, SamplingPolicy
from apps.sampling.services.moments import hour_of
from apps.sampling.services.rates import shape_key


class Traffic:
    """The predictions that a model received in the last four weeks, and what they were to each of its policies."""

    def __init__(self, model: MonitoredModel, *, now: datetime) -> None:
        self.now, self.zone = now, model.zone
        self.hour = hour_of(now, model.zone)
        self._midnight = datetime.combine(now.astimezone(self.zone).date(), time(), self.zone)
        self._versions = list(SamplingPolicy.objects.filter(model=model))
        self._seen = self._counted()
        self._waiting = self._undrawn(model)

    @property
    def is_known(self) -> bool:
        """Whether anything has come in at all."""
        return bool(self._n)

    @cached_property
    def hours(self) -> Ints:
        """The starts of all clock hours from the first with a prediction to the present one, in seconds since 1970."""
        last, first = self.hour.timestamp(), min([*self._n, self.hour]).timestamp()
        return np.arange(-math.ceil((last - first) / HOUR), 1, dtype=np.int64) * HOUR + int(last)

    def mass(self, policy: SamplingPolicy, *, shapes: Shapes) -> Floats:
        """Return Σ shape of each of `hours`. For what the policy has not seen, `shapes` are those of a sample."""
        n = np.zeros(len(self.hours))
        for hour, count in self._n.items():
            n[self._position(hour)] = count
        seen, shape = self._met(policy)
        return shape + np.maximum(n - seen, 0.0) * self._per_prediction(policy, shapes)

    def spent(self, policy: SamplingPolicy, *, shapes: Shapes, rate: float) -> float:
        """Return Σp of today by all versions of this policy, with what waits to be drawn, at this mean rate."""
        drawn = sum(
            counts["sum_p"]
            for each in self._versions_of(policy)
            for hour, counts in self._seen[each.pk].items()
            if hour >= self._midnight
        )
        waiting = sum(rows for hour, rows in self._waiting.items() if hour >= self._midnight)
        return float(drawn + rate * waiting * self._per_prediction(policy, shapes))

    def _per_prediction(self, policy: SamplingPolicy, shapes: Shapes) -> float:
        """Return the mean shape, from what the policy has seen and the sample together.

        One full match is added: while little has been seen, the rate is rather too low.
        """
        seen, shape = self._met(policy)
        sampled = len(shapes.shape)
        mean = shapes.total / float(shapes.weight.sum()) if sampled else 0.0
        return (float(shape.sum()) + sampled * mean + 1) / (float(seen.sum()) + sampled + 1)

    def _met(self, policy: SamplingPolicy) -> tuple[Floats, Floats]:
        """Return the predictions that versions with the same shape have seen in each hour, and their Σ shape."""
        seen, shape = np.zeros((2, len(self.hours)))
        for each in self._versions_of(policy):
            if shape_key(each) == shape_key(policy):
                for hour, counts in self._seen[each.pk].items():
                    seen[self._position(hour)] += counts["seen"]
                    shape[self._position(hour)] += counts["sum_shape"]
        return seen, shape

    def _versions_of(self, policy: SamplingPolicy) -> list[SamplingPolicy]:
        return [each for each in self._versions if each.name == policy.name]

    def _position(self, hour: datetime) -> int:
        return int(hour.timestamp() - int(self.hours[0])) // HOUR

    @cached_property
    def _n(self) -> dict[datetime, int]:
        """The predictions received in each hour: what the floor has seen, and what waits to be drawn."""
        n: defaultdict[datetime, int] = defaultdict(int, self._waiting)
        for each in self._versions:
            if each.kind == PolicyKind.FLOOR:
                for hour, counts in self._seen[each.pk].items():
                    n[hour] += counts["seen"]
        return n

    def _counted(self) -> defaultdict[int, dict[datetime, dict[str, Any]]]:
        counted: defaultdict[int, dict[datetime, dict[str, Any]]] = defaultdict(dict)
        hours = PolicyHour.objects.filter(policy__in=self._versions, hour__gte=self._since, hour__lte=self.hour)
        sums = hours.values("policy_id", "hour").annotate(seen=Sum("n"), sum_shape=Sum("sum_shape"), sum_p=Sum("sum_p"))
        for row in sums.order_by():
            counted[row["policy_id"]][row["hour"]] = dict(row)
        return counted

    @property
    def _since(self) -> datetime:
        return self.hour - timedelta(days=MEMORY_DAYS)

    def _undrawn(self, model: MonitoredModel) -> dict[datetime, int]:
        """Count the predictions received and not drawn yet: without them, a slow draw would look like a quiet hour."""
        waiting: defaultdict[datetime, int] = defaultdict(int)
        undrawn = BatchStage.objects.filter(batch__model=model, stage=Stage.DRAW, done_at=None)
        received = undrawn.filter(batch__received_at__gte=self._since, batch__received_at__lte=self.now)
        for moment, rows in received.values_list("batch__received_at", "batch__accepted"):
            waiting[hour_of(moment, self.zone)] += rows
        return waiting
