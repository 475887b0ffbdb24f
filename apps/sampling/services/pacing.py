"""Keep policies to their budgets: each clock hour a new rate, from what was seen before."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Sum

from apps.common.clock import database_now
from apps.common.isolation import one_by_one
from apps.registry.models import MonitoredModel
from apps.sampling.engine.pacing import Pace, Shapes, pace, replay
from apps.sampling.engine.traffic import Floats, Ints
from apps.sampling.models import PolicyHour, PolicyRate, SamplingPolicy
from apps.sampling.services import kept, moments, probabilities
from apps.sampling.services.history import Traffic
from apps.sampling.services.moments import hour_of
from apps.sampling.services.rates import FIRST_FACTOR, RatedPolicy

# Don't wait for the next hour where more than this many times the forecast came, and drew this share of a day's budget.
SURGE = 2.0
SURGE_SHARE = 0.05


def pace_due() -> int:
    """Give each policy with a budget its rate for this hour. Returns the number of new rates."""
    budgeted = SamplingPolicy.objects.current().with_budget()
    models = MonitoredModel.objects.filter(pk__in=budgeted.order_by().values("model"), archived_at=None)
    return sum(one_by_one(models.select_related("project"), _pace_model, name="pace"))


def set_rates(model: MonitoredModel, policies: list[SamplingPolicy], *, at: datetime) -> None:
    """Write the rates of these policies from now on, with draws held off: every draw of a later batch sees them."""
    traffic = Traffic(model, now=at) if policies else None
    PolicyRate.objects.bulk_create(_rate(each, traffic) for each in policies if traffic is not None)


def replayed(rated: RatedPolicy, hours: Ints, mass: Floats, *, start: int, zone: ZoneInfo) -> Floats:
    """Return the rate of each hour from `hours[start]` on, had this policy's budget been in force since then.

    `mass` is Σ shape of what came in each hour; the hours before `start` are what was known by then.
    """
    assert rated.policy.per_day is not None
    return replay(rated.policy.per_day, hours, mass, start=start, zone=zone, shapes=shapes_of(rated))


def shapes_of(rated: RatedPolicy) -> Shapes:
    """Return the shapes that the policy gives recent predictions."""
    model = rated.policy.model
    sample = kept.sample_of(model)
    (shape,) = probabilities.shapes([rated], sample.table, model=model)
    return Shapes(shape, sample.weight)


def _pace_model(model: MonitoredModel) -> int:
    # Most of the time nothing is due, and then the draws need not wait.
    if not _due(model, at=database_now()):
        return 0
    # Read before the draws wait, and kept for some minutes.
    kept.sample_of(model)
    with transaction.atomic():
        now = moments.hold_off_draws(model)
        due = _due(model, at=now)
        set_rates(model, due, at=now)
    return len(due)


def _due(model: MonitoredModel, *, at: datetime) -> list[SamplingPolicy]:
    """Return the policies without a rate for this hour, or with one that a surge has overtaken."""
    policies = SamplingPolicy.objects.filter(model=model).current().with_budget()
    rates = PolicyRate.objects.filter(policy__in=policies.order_by()).order_by("policy", "-starts_at")
    last = {rate.policy_id: rate for rate in rates.distinct("policy")}
    hour = hour_of(at, model.zone)
    return [each for each in policies if _is_past(last.get(each.pk), each, hour=hour)]


def _is_past(rate: PolicyRate | None, policy: SamplingPolicy, *, hour: datetime) -> bool:
    if rate is None or rate.starts_at < hour:
        return True
    assert policy.per_day is not None
    expected = float(rate.made_from.get("hour", 0.0))
    came = _mass(policy, hour) - float(rate.made_from.get("seen", 0.0))
    return came > SURGE * expected and rate.factor * (came - expected) > SURGE_SHARE * policy.per_day


def _mass(policy: SamplingPolicy, hour: datetime) -> float:
    return float(PolicyHour.objects.filter(policy=policy, hour=hour).aggregate(sum=Sum("sum_shape"))["sum"] or 0)


def _rate(policy: SamplingPolicy, traffic: Traffic) -> PolicyRate:
    assert policy.per_day is not None
    own = PolicyRate.objects.filter(policy__model=policy.model_id, policy__name=policy.name)
    last = own.order_by("-starts_at").first()
    weights = last.weights if last and last.policy_id == policy.pk else None
    if not traffic.is_known:
        return PolicyRate(policy=policy, starts_at=traffic.now, factor=FIRST_FACTOR, weights=weights)
    shapes = shapes_of(RatedPolicy(policy, 1.0, weights))
    spent = traffic.spent(policy, shapes=shapes, rate=min(last.factor, shapes.most) if last else 0.0)
    found = pace(
        policy.per_day,
        traffic.hours,
        traffic.mass(policy, shapes=shapes),
        now=traffic.now,
        zone=traffic.zone,
        spent=spent,
        shapes=shapes,
    )
    made_from = _made_from(found, seen=_mass(policy, traffic.hour), spent=spent)
    return PolicyRate(policy=policy, starts_at=traffic.now, factor=found.factor, weights=weights, made_from=made_from)


def _made_from(found: Pace, *, seen: float, spent: float) -> dict[str, float]:
    return {
        # Σp of today so far, and Σ shape: what was seen this hour, what is expected until its end and until midnight
        "spent": spent,
        "seen": seen,
        "hour": found.forecast.hour,
        "today": found.forecast.today,
        # Cases of the whole day
        "expected": found.today.expected,
        "low": found.today.low,
        "high": found.today.high,
    }
