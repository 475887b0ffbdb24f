"""Look at every model by its rules: what stands out often enough fires, is told once, and resolves by itself.

An alert is a row in a state, so that looking again, late or in two workers tells nothing twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from apps.accounts.models import Membership, Role, User
from apps.accounts.services import audit_log
from apps.common.clock import database_now
from apps.common.errors import ConflictError
from apps.common.isolation import one_by_one
from apps.notifications.models import Alert, Looked, NoticeKind, Rule, RuleKind
from apps.notifications.services import notices, signs
from apps.notifications.services.signs import LOOKS, SLOW_LOOKS, Sign
from apps.registry.models import MonitoredModel

LOOK_EVERY = timedelta(minutes=1)
SLOW_EVERY = timedelta(hours=1)
# What comes back so soon is the same alert, and is not told again.
SAME = timedelta(days=1)
LEAST_TOLD = Role.ENGINEER


@dataclass(frozen=True)
class BuiltIn:
    """How a rule works until somebody changes it."""

    # Null: the rule does nothing until somebody sets a level.
    level: float | None
    # It resolves below this share of its level: between the two, nothing changes.
    release: float = 1.0
    looks: int = 1
    unit: str = ""
    # What the level means, on the page of rules.
    meaning: str = ""


BUILT_IN: dict[RuleKind, BuiltIn] = {
    RuleKind.SILENCE: BuiltIn(20, release=0.5, looks=2, unit="predictions", meaning="usually come in the same hours"),
    RuleKind.INCIDENT: BuiltIn(1),
    RuleKind.DRIFT: BuiltIn(
        0.01, release=0.5, unit="points", meaning="of right decisions expected or measured to be lost"
    ),
    RuleKind.RIGHT: BuiltIn(0.02, release=0.5, unit="points", meaning="of right decisions lost"),
    RuleKind.TARGET: BuiltIn(None, unit="in 100", meaning="decisions should be right"),
    RuleKind.RESTATED: BuiltIn(1.0, unit="half-widths", meaning="that a figure moved by"),
    RuleKind.QUEUE_LATE: BuiltIn(10, release=0.5, looks=3, unit="cases", meaning="past their due time"),
    RuleKind.DRAW_CHECK: BuiltIn(1),
    RuleKind.REPORT_FAILED: BuiltIn(1),
}


@dataclass(frozen=True)
class InForce:
    """A rule as it is in force for one model."""

    kind: RuleKind
    is_on: bool
    level: float | None
    muted_until: datetime | None

    @property
    def built_in(self) -> BuiltIn:
        return BUILT_IN[self.kind]


def look_due() -> int:
    """Look at every model that was not looked at for a minute. Returns the alerts that fired."""
    due = Q(looked=None) | Q(looked__looked_at=None) | Q(looked__looked_at__lt=Now() - LOOK_EVERY)
    models = MonitoredModel.objects.active().filter(due).select_related("project")
    return sum(one_by_one(models.order_by("pk"), look, name="look_at_rules"))


@transaction.atomic
def look(model: MonitoredModel) -> int:
    """Look at one model by all of its rules; 0 if another worker does."""
    Looked.objects.get_or_create(model=model)
    state = Looked.objects.select_for_update(skip_locked=True).filter(model=model).first()
    if state is None:
        return 0
    now = database_now()
    is_slow_due = state.slow_at is None or now - state.slow_at >= SLOW_EVERY
    due = [rule for kind, rule in rules_of(model).items() if is_slow_due or kind not in SLOW_LOOKS]
    fired: int = sum(one_by_one(due, lambda rule: _look_by(model, rule, now), name="look_by_rule"))
    state.looked_at, state.slow_at = now, now if is_slow_due else state.slow_at
    state.save()
    return fired


@transaction.atomic
def _look_by(model: MonitoredModel, rule: InForce, now: datetime) -> int:
    """Look by one rule; where it fails, the others still look."""
    # Texts of alerts are kept as they are written.
    with model.project.conventions():
        return _apply(model, rule, _signs(model, rule, now), now=now)


def rules_of(model: MonitoredModel) -> dict[RuleKind, InForce]:
    """Return the rules in force for a model."""
    changed = {rule.kind: rule for rule in Rule.objects.filter(model=model)}
    found = {}
    for kind, built_in in BUILT_IN.items():
        rule = changed.get(kind)
        level = built_in.level if rule is None or rule.level is None else rule.level
        found[kind] = InForce(kind, rule is None or rule.is_on, level, rule.muted_until if rule else None)
    return found


def acknowledge(alert: Alert, *, by: User, days: int) -> None:
    """Take note of an alert until some days from now. Raises ConflictError if it is over."""
    until = database_now() + timedelta(days=days)
    standing = Alert.objects.filter(pk=alert.pk, state__in=(Alert.State.FIRING, Alert.State.ACKNOWLEDGED))
    changed = standing.update(
        state=Alert.State.ACKNOWLEDGED,
        acknowledged_at=Now(),
        acknowledged_by=by,
        acknowledged_until=until,
        is_acted_on=True,
    )
    if not changed:
        raise ConflictError("This alert is over already.", code="alert_is_over")


@transaction.atomic
def mute(alert: Alert, *, by: User, days: int) -> None:
    """Let the alert's rule tell nobody for some days. Its alerts stay listed."""
    until = database_now() + timedelta(days=days)
    Rule.objects.update_or_create(model=alert.model, kind=alert.kind, defaults={"muted_until": until})
    Alert.objects.filter(pk=alert.pk).update(is_acted_on=True)
    details = {"model": alert.model.slug, "rule": alert.kind, "until": until.isoformat()}
    audit_log.record(alert.model.project, "rule.muted", subject=f"model {alert.model.slug}", by=by, details=details)


@transaction.atomic
def change_rule(model: MonitoredModel, kind: RuleKind, *, is_on: bool, level: float | None, by: User) -> None:
    """Turn a rule on or off, or change its level; the change ends a mute."""
    defaults = {"is_on": is_on, "level": level, "muted_until": None}
    Rule.objects.update_or_create(model=model, kind=kind, defaults=defaults)
    details = {"model": model.slug, "rule": kind, "on": is_on, "level": level}
    audit_log.record(model.project, "rule.changed", subject=f"model {model.slug}", by=by, details=details)


def _signs(model: MonitoredModel, rule: InForce, now: datetime) -> list[Sign]:
    if not rule.is_on or rule.level is None:
        return []
    if rule.kind == RuleKind.TARGET:
        return list(signs.target(model, now, rule.level))
    look_at = LOOKS.get(rule.kind) or SLOW_LOOKS[rule.kind]
    return list(look_at(model, now))


def _apply(model: MonitoredModel, rule: InForce, found: Iterable[Sign], *, now: datetime) -> int:
    """Move the rule's alerts to the state that the signs call for. Returns how many fired."""
    standing = {each.subject: each for each in Alert.objects.standing().filter(model=model, kind=rule.kind)}
    # A target is a level of its own figure: its sign says 1 or 0.
    level = 1.0 if rule.kind == RuleKind.TARGET or rule.level is None else rule.level
    fired = 0
    for sign in found:
        alert = standing.pop(sign.subject, None)
        if sign.value >= level:
            fired += _seen(model, rule, sign, alert, now=now)
        elif alert is not None and sign.value < level * rule.built_in.release:
            _over(alert, now=now)
    for alert in standing.values():
        _over(alert, now=now)
    return fired


def _seen(model: MonitoredModel, rule: InForce, sign: Sign, alert: Alert | None, *, now: datetime) -> bool:
    """Note that it stands out; fire it once that was often enough. Returns whether it fired."""
    alert = alert or _come_back(model, rule, sign, now=now) or Alert(model=model, kind=rule.kind, subject=sign.subject)
    alert.looks += 1
    alert.value, alert.title, alert.text, alert.url = sign.value, sign.title, sign.text, sign.url
    is_again = alert.state == Alert.State.ACKNOWLEDGED and (alert.acknowledged_until or now) <= now
    fires = is_again or (alert.state == Alert.State.PENDING and alert.looks >= rule.built_in.looks)
    if fires:
        alert.state = Alert.State.FIRING
        alert.fired_at = alert.fired_at or now
    alert.save()
    if fires and not (rule.muted_until and rule.muted_until > now):
        _tell(alert, sign, again=is_again)
    return fires


def _come_back(model: MonitoredModel, rule: InForce, sign: Sign, *, now: datetime) -> Alert | None:
    """Return the alert that was resolved a short time ago: it goes on, and nobody is told again."""
    resolved = Alert.objects.fired().filter(
        model=model,
        kind=rule.kind,
        subject=sign.subject,
        state=Alert.State.RESOLVED,
        resolved_at__gt=now - SAME,
    )
    alert: Alert | None = resolved.order_by("-pk").first()
    if alert is not None:
        alert.state, alert.resolved_at = Alert.State.FIRING, None
    return alert


def _over(alert: Alert, *, now: datetime) -> None:
    if alert.state == Alert.State.PENDING:
        alert.delete()
        return
    alert.state, alert.resolved_at = Alert.State.RESOLVED, now
    alert.save(update_fields=["state", "resolved_at"])


def _tell(alert: Alert, sign: Sign, *, again: bool) -> None:
    """Tell those who can do something about it; each as they choose."""
    model = alert.model
    roles = [role for role, rank in Membership.RANKS.items() if rank >= Membership.RANKS[LEAST_TOLD]]
    people = User.objects.filter(memberships__project=model.project, memberships__role__in=roles)
    until = f" until {alert.acknowledged_until:%Y-%m-%d}" if again and alert.acknowledged_until else ""
    notices.tell(
        people,
        kind=NoticeKind.ALERT,
        key=f"alert {alert.pk}{until}",
        title=sign.title,
        text=sign.text,
        url=reverse("alert", args=[model.project.slug, alert.pk]),
        project=model.project,
        model=model,
        is_urgent=sign.is_urgent,
    )


def acted_on(model: MonitoredModel, *, since: datetime) -> dict[str, tuple[int, int]]:
    """Return for each rule how many alerts fired since then, and how many of them somebody acted on."""
    fired = Alert.objects.fired().filter(model=model, fired_at__gte=since)
    found: dict[str, tuple[int, int]] = {}
    for kind, is_acted_on in fired.values_list("kind", "is_acted_on"):
        total, acted = found.get(kind, (0, 0))
        found[kind] = total + 1, acted + is_acted_on
    return found
