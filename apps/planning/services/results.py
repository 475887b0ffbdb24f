"""What came of each policy: what it met, what it drew beside what was expected, and how much of that is answered."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Max, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from apps.registry.models import MonitoredModel
from apps.sampling.models import Draw, PolicyHour, SamplingPolicy
from apps.sampling.services.randomness import permanent_number
from apps.stats.comparison.family_wise import holm
from apps.stats.design.draw_counts import ALPHA, DrawCount, check_count

DAYS = 28
SUMS = ("n", "matched", "sum_p", "sum_p2", "drawn", "drawn_only", "served")

Hour = Mapping[str, Any]
# Answered cases by policy version and day
Answered = Mapping[tuple[int, date], int]


@dataclass(frozen=True)
class Count:
    """What a policy, or one version of it, met on one day or several, counting predictions by when they were received.

    A case that several policies drew is served by the first of them, and counts as answered for that one alone.
    """

    n: int
    matched: int
    expected: float
    drawn: int
    drawn_only: int
    served: int
    answered: int


@dataclass(frozen=True)
class VersionDay:
    """What one version of a policy met on one day."""

    day: date
    policy: SamplingPolicy
    count: Count


@dataclass(frozen=True)
class PolicyResult:
    """What came of a policy in the last weeks, in all its versions."""

    # The newest version in force then
    policy: SamplingPolicy
    # One for each day of the weeks
    days: list[tuple[date, Count]]
    all: Count
    check: DrawCount
    # Whether chance does not explain what it drew, with all policies tested together
    is_failed: bool


class Results:
    """What came of a model's policies in the last 28 days, or in those up to the newest prediction if it is older."""

    def __init__(self, model: MonitoredModel) -> None:
        self.model = model
        last = _last_day(model)
        self.days = [last - timedelta(days=back) for back in reversed(range(DAYS))]
        since = datetime.combine(self.days[0], time(), tzinfo=model.zone)
        self._versions = {each.pk: each for each in SamplingPolicy.objects.filter(model=model).order_by("rank", "id")}
        self._hours = _hours(model, since=since)
        self._answered = _answered(model, since=since, ranked=list(self._versions))

    @property
    def is_empty(self) -> bool:
        """Whether no policy has met a prediction."""
        return not self._hours

    def policies(self) -> list[PolicyResult]:
        """Return the policies in the order of their ranks, those that ended last."""
        by_name: dict[str, list[int]] = defaultdict(list)
        for version in self._hours:
            by_name[self._versions[version].name].append(version)
        checks = [self._check(versions) for versions in by_name.values()]
        adjusted = holm(check.p_value for check in checks)
        found = [
            self._result(versions, check, is_failed=p is not None and p < ALPHA)
            for versions, check, p in zip(by_name.values(), checks, adjusted, strict=True)
        ]
        return sorted(found, key=lambda each: (each.policy.ends_at is not None, each.policy.rank, each.policy.pk))

    def lines(self) -> Iterator[VersionDay]:
        """Yield what each version met on each day on which it met anything, by day and rank."""
        for day in self.days:
            for version, policy in self._versions.items():
                count = self._count([version], [day])
                if count.n:
                    yield VersionDay(day, policy, count)

    def _result(self, versions: Sequence[int], check: DrawCount, *, is_failed: bool) -> PolicyResult:
        newest = max((self._versions[version] for version in versions), key=lambda each: each.version)
        return PolicyResult(
            policy=newest,
            days=[(day, self._count(versions, [day])) for day in self.days],
            all=self._count(versions, self.days),
            check=check,
            is_failed=is_failed,
        )

    def _check(self, versions: Iterable[int]) -> DrawCount:
        hours = [hour for version in versions for of_day in self._hours[version].values() for hour in of_day]
        return check_count(
            sum(hour["drawn"] for hour in hours),
            n=[hour["matched"] for hour in hours],
            sum_p=[hour["sum_p"] for hour in hours],
            sum_p2=[hour["sum_p2"] for hour in hours],
        )

    def _count(self, versions: Sequence[int], days: Sequence[date]) -> Count:
        hours = [hour for each in versions for day in days for hour in self._hours.get(each, {}).get(day, [])]
        total = {name: sum(hour[name] for hour in hours) for name in SUMS}
        return Count(
            n=total["n"],
            matched=total["matched"],
            expected=float(total["sum_p"]),
            drawn=total["drawn"],
            drawn_only=total["drawn_only"],
            served=total["served"],
            answered=sum(self._answered.get((each, day), 0) for each in versions for day in days),
        )


def _last_day(model: MonitoredModel) -> date:
    """Return today, or the day of the newest prediction if that is too old."""
    today = timezone.now().astimezone(model.zone).date()
    newest: datetime | None = PolicyHour.objects.filter(policy__model=model).aggregate(last=Max("hour"))["last"]
    last = today if newest is None else newest.astimezone(model.zone).date()
    return last if last <= today - timedelta(days=DAYS) else today


def _hours(model: MonitoredModel, *, since: datetime) -> dict[int, dict[date, list[Hour]]]:
    """Return the sums of each hour by policy version and day."""
    rows: Iterable[Any] = (
        PolicyHour.objects.filter(policy__model=model, hour__gte=since)
        .values("policy", "hour")
        .annotate(**{f"total_{name}": Sum(name) for name in SUMS})
        .order_by("hour")
    )
    hours: dict[int, dict[date, list[Hour]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        day = row["hour"].astimezone(model.zone).date()
        hours[row["policy"]][day].append({name: row[f"total_{name}"] for name in SUMS})
    return hours


def _answered(model: MonitoredModel, *, since: datetime, ranked: Sequence[int]) -> Answered:
    """Count the answered cases by the policy version that served them and the day received."""
    cases = Draw.objects.filter(model=model, batch__received_at__gte=since, item__label__isnull=False)
    day = TruncDate("batch__received_at", tzinfo=model.zone)
    salt, counted = bytes(model.salt), defaultdict[tuple[int, date], int](int)
    for external_id, probabilities, received in cases.values_list("prediction__external_id", "probabilities", day):
        able = [each for each in ranked if probabilities.get(str(each), 0.0) > 0]
        # As in the draw: the first by rank of those that drew it.
        u = permanent_number(salt, external_id) if len(able) > 1 else 0.0
        served_by = next((each for each in able if u < probabilities[str(each)]), None)
        if served_by is not None:
            counted[served_by, received] += 1
    return counted
