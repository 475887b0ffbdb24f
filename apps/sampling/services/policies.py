"""A model's sampling configuration: floor, policies and queues, read and written as one document."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from apps.accounts.models import ApiKey, User
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.registry.services import registering
from apps.registry.services.documents import QueueSerializer
from apps.sampling.models import FLOOR, PolicyKind, SamplingConfiguration, SamplingPolicy
from apps.sampling.services import moments, pacing, validation
from apps.sampling.services.documents import SETTINGS, SMALLEST_FLOOR
from apps.sampling.services.rates import RatedPolicy, Timeline, named_factor

FLOOR_RATE = 0.002
LAST_RANK = 1_000_000
DISAGREEMENTS = "disagreements"
SLICE_KEY = "key"
# What a policy is; where its draft came from makes no new version.
COMPARED = ("kind", "settings", "condition", "queue_id", "rank", "is_on")
# The first floor covers every prediction, however old.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def in_force(model: MonitoredModel, at: datetime) -> list[RatedPolicy]:
    """Return the policy versions that draw predictions received at this moment, by rank, each with its rate."""
    return in_force_between(model, at, at).at(at)


def in_force_between(model: MonitoredModel, since: datetime, until: datetime) -> Timeline:
    """Load the policies that draw predictions received between two moments."""
    ensure_floor(model)
    return Timeline(model, since=since, until=until)


def ensure_floor(model: MonitoredModel) -> None:
    """Create the model's random floor if it has none; for a shadow, also what draws its disagreements."""
    if SamplingPolicy.objects.filter(model=model, name=FLOOR).exists():
        return
    rate = FLOOR_RATE
    if model.shadow_of_id is not None:
        _begin(model, DISAGREEMENTS, PolicyKind.DISAGREEMENT, rate=1.0, rank=1)
        # Where a shadow and the model in use say the same, their difference is zero without any label. Numbers within
        # the tolerance are not drawn as disagreements either, but differ: the usual floor says by how much.
        rate = FLOOR_RATE if model.allowed.is_declared else SMALLEST_FLOOR
    _begin(model, FLOOR, PolicyKind.FLOOR, rate=rate, rank=LAST_RANK)


def _begin(model: MonitoredModel, name: str, kind: PolicyKind, *, rate: float, rank: int) -> None:
    """Create the first version of a policy, in force from the beginning."""
    SamplingPolicy.objects.get_or_create(
        model=model,
        name=name,
        version=1,
        defaults={
            "kind": kind,
            "settings": {"rate": rate},
            "queue": main_queue(model),
            "rank": rank,
            "starts_at": BEGINNING,
        },
    )


def main_queue(model: MonitoredModel) -> ReviewQueue:
    queue: ReviewQueue = model.queues.get(slug="main")
    return queue


def current_document(model: MonitoredModel) -> dict[str, Any]:
    """Return the configuration in force, as `put_document` accepts it."""
    ensure_floor(model)
    current = SamplingPolicy.objects.filter(model=model).current().select_related("queue")
    floor = next(policy for policy in current if policy.kind == PolicyKind.FLOOR)
    return {
        "floor": floor.settings["rate"],
        "policies": [document_of(policy) for policy in current if policy.kind != PolicyKind.FLOOR],
        "queues": QueueSerializer(model.queues.order_by("id"), many=True).data,
    }


def rated_document(model: MonitoredModel, document: Mapping[str, Any]) -> list[RatedPolicy]:
    """Return the policies of a valid document by rank, each with the rate that it names. Nothing is stored."""
    wanted = sorted((_policy_of(model, entry) for entry in document["policies"]), key=lambda each: each.rank)
    return [RatedPolicy(each, named_factor(each)) for each in (*wanted, _floor_of(model, document))]


def document_of(policy: SamplingPolicy) -> dict[str, Any]:
    """Return one policy as the document has it."""
    document = {
        "name": policy.name,
        "kind": policy.kind,
        **{name: value for name, value in policy.settings.items() if name != SLICE_KEY},
        "queue": policy.queue.slug,
        "rank": policy.rank,
    }
    if policy.condition:
        document["condition"] = policy.condition
    if not policy.is_on:
        document["is_on"] = False
    if policy.origin:
        document["origin"] = policy.origin
    return {**document, "version": policy.version}


def put_document(
    model: MonitoredModel,
    document: dict[str, Any],
    *,
    by: User | None = None,
    key: ApiKey | None = None,
    approved_by: User | None = None,
    reason: str = "",
    based_on: int | None = None,
) -> dict[str, Any]:
    """Make policies and queues match the document. Each changed policy starts a new version now.

    Raises InvalidDocumentError with everything that does not fit the model, and ConflictError where the document rests
    on an earlier configuration than the present one, or somebody else still has to agree.
    """
    with transaction.atomic():
        locked = MonitoredModel.objects.select_for_update(no_key=True).get(pk=model.pk)
        if locked.is_sampling_agreed_by_two and approved_by is None:
            raise ConflictError("A second person has to agree: propose the change on the page.", code="needs_agreement")
        ensure_floor(model)
        earlier = current_document(model)
        if based_on is not None and based_on != current_number(model):
            raise ConflictError("Somebody changed the sampling meanwhile.", code="changed_meanwhile")
        validation.check(document, model=model)
        before = _versions_and_queues(model)
        for queue in document.get("queues", []):
            registering.put_queue(model.champion, queue, by=by)
        wanted = [_floor_of(model, document)] if "floor" in document else []
        # Of the model as just read: another instance may not know the new queues yet.
        wanted += [_policy_of(locked, entry) for entry in document.get("policies", [])]
        # A batch received from now on is drawn once the new versions can be seen.
        now = moments.hold_off_draws(model)
        if "policies" in document:
            _end_absent(model, {policy.name for policy in wanted}, at=now)
        started = [policy for policy in wanted if _put_policy(policy, at=now)]
        pacing.set_rates(model, [each for each in started if each.is_on and each.per_day is not None], at=now)
        after = _versions_and_queues(model)
        changed = _changed_names(before, after)
        if any(changed.values()):
            details = {**changed, "sensitive_role": _sensitive_roles_changed(before["queues"], after["queues"])}
            subject = f"model {model.slug}"
            audit_log.record(model.project, "sampling.changed", subject=subject, by=by, key=key, details=details)
            _note_configuration(
                model, earlier, starts_at=now, saved_by=by, key=key, approved_by=approved_by, reason=reason
            )
    return current_document(model)


def current_number(model: MonitoredModel) -> int:
    """Return the number of the configuration in force; 1 before the first change."""
    return int(model.configurations.aggregate(last=Max("number"))["last"] or 1)


def _note_configuration(model: MonitoredModel, earlier: dict[str, Any], **said: Any) -> None:
    """Keep the document that is now in force; before the first change, also the one until then."""
    if not model.configurations.exists():
        SamplingConfiguration.objects.create(model=model, number=1, document=earlier)
    number = current_number(model) + 1
    SamplingConfiguration.objects.create(model=model, number=number, document=current_document(model), **said)


def _versions_and_queues(model: MonitoredModel) -> dict[str, dict[str, Any]]:
    """Return the current version of each policy and the fields of each queue, by name."""
    current = SamplingPolicy.objects.filter(model=model).current()
    return {
        "policies": dict(current.values_list("name", "version")),
        "queues": {queue["slug"]: queue for queue in model.queues.values()},
    }


def _changed_names(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Name everything that was added, changed or removed."""
    return {
        kind: sorted(name for name in old.keys() | after[kind].keys() if old.get(name) != after[kind].get(name))
        for kind, old in before.items()
    }


def _sensitive_roles_changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return, by queue, from which role on sensitive features were shown, and now are."""
    default = ReviewQueue().sensitive_role
    roles = {
        name: (before.get(name, {}).get("sensitive_role", default), after[name]["sensitive_role"]) for name in after
    }
    return {name: {"was": was, "is": now} for name, (was, now) in roles.items() if was != now}


def _floor_of(model: MonitoredModel, document: Mapping[str, Any]) -> SamplingPolicy:
    return SamplingPolicy(
        model=model,
        name=FLOOR,
        kind=PolicyKind.FLOOR,
        settings={"rate": document["floor"]},
        queue=main_queue(model),
        rank=LAST_RANK,
    )


def _policy_of(model: MonitoredModel, entry: Mapping[str, Any]) -> SamplingPolicy:
    kind = PolicyKind(entry["kind"])
    settings = {name: entry[name] for name in SETTINGS if name in entry}
    if kind == PolicyKind.SLICE:
        # The key changes with the slice's definition: a version reads the values that it was saved for.
        declared = validation.declared_slice(model, entry["slice"])
        assert declared is not None
        settings[SLICE_KEY] = declared.key
    return SamplingPolicy(
        model=model,
        name=entry["name"],
        kind=kind,
        settings=settings,
        condition=entry.get("condition") or None,
        queue=_queue_of(model, entry["queue"]),
        rank=entry["rank"],
        is_on=entry.get("is_on", True),
        origin=entry.get("origin", ""),
    )


def _queue_of(model: MonitoredModel, slug: str) -> ReviewQueue:
    """Return a queue of the model, or one that a document adds and that is not stored yet."""
    found = next((each for each in model.queues.all() if each.slug == slug), None)
    return found or ReviewQueue(model=model, slug=slug, name=slug.replace("-", " ").capitalize())


def _end_absent(model: MonitoredModel, names: set[str], *, at: datetime) -> None:
    """End the policies that the document no longer names. The floor never ends."""
    current = SamplingPolicy.objects.filter(model=model, ends_at=None).exclude(kind=PolicyKind.FLOOR)
    current.exclude(name__in=names).update(ends_at=at)


def _put_policy(policy: SamplingPolicy, *, at: datetime) -> bool:
    """Start a new version if the policy differs from the current one. Returns whether it does."""
    versions = SamplingPolicy.objects.filter(model=policy.model, name=policy.name).order_by("-version")
    last = versions.first()
    current = last if last is not None and last.ends_at is None else None
    if current and all(getattr(current, name) == getattr(policy, name) for name in COMPARED):
        return False
    if current:
        versions.filter(pk=current.pk).update(ends_at=at)
    policy.version = last.version + 1 if last else 1
    policy.starts_at = at
    policy.save()
    return True
