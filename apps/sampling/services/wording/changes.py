"""What differs between two sampling documents, as sentences for a history or beside a draft."""

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from apps.accounts.models import Role
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.sampling.services.wording.numbers import capitalized, number_as_typed, rate_as_typed
from apps.sampling.services.wording.policies import Policy, policy, short_of

Document = Mapping[str, Any]
AT_MOST = "at most "
# A queue's settings as people call them
SETTINGS = {
    "title": "name",
    "overlap": "reviews per case",
    "lease_seconds": "seconds to answer",
    "prefetch": "cases handed out at once",
    "adjudication_rate_agreed": "adjudicated where reviewers and model agree",
    "adjudication_rate_differs": "adjudicated where reviewers and model differ",
    "adjudication_rate_disagreed": "adjudicated where reviewers disagree",
    "extra_reviewer": "one more reviewer before an adjudicator",
    "four_eyes_amount": "two people from an amount of",
    "order": "order",
    "due_hours": "hours until due",
    "gold_rate": "known answers per case",
    "repeat_rate": "repeats per case",
    "sensitive_role": "sensitive features shown from the role",
}
RATES = {name for name in SETTINGS if "_rate" in name}
CHOICES: dict[str, dict[str, str]] = {
    "order": {str(value): str(label) for value, label in ReviewQueue.Order.choices},
    "sensitive_role": {str(value): str(label) for value, label in Role.choices},
}
# Long texts, of which only that they changed is said
TEXTS = {"guidelines": "the guidelines", "dispute_reasons": "the reasons for disputes"}


def changes_in_words(model: MonitoredModel, before: Document, after: Document) -> list[str]:
    """Say what the second document changes, one sentence each: the floor, the policies by rank, then the queues."""
    return [
        f"{capitalized(each)}."
        for changes in (_floor(before, after), _policies(model, before, after), _queues(before, after))
        for each in changes
    ]


def _floor(before: Document, after: Document) -> Iterator[str]:
    was, now = before.get("floor"), after.get("floor")
    if now is not None and was != now:
        yield f"Floor: {_instead(rate_as_typed(was), rate_as_typed(now))}"


def _policies(model: MonitoredModel, before: Document, after: Document) -> Iterator[str]:
    if "policies" not in after:
        return
    old, new = _by_rank(before), _by_rank(after)
    for name, each in new.items():
        if name not in old:
            yield f"New: {policy(model, each)}"
        elif said := _differences(model, old[name], each):
            yield f"{short_of(model, old[name])}: {'; '.join(said)}"
    yield from (f"Ended: {short_of(model, each)}" for name, each in old.items() if name not in new)
    yield from _moves(model, [name for name in old if name in new], new)


def _differences(model: MonitoredModel, old: Policy, new: Policy) -> list[str]:
    was, now = policy(model, old), policy(model, new)
    said = []
    if was.is_on is not now.is_on:
        said.append("switched on" if now.is_on else "switched off")
    if was.who != now.who:
        said.append(f"now: {now.who}")
    if was.how_often != now.how_often:
        said.append(_instead(was.how_often, now.how_often))
    if old.get("queue", "main") != new.get("queue", "main"):
        said.append(f"to {_instead(was.queue, now.queue)}")
    return said


def _moves(model: MonitoredModel, order: list[str], new: dict[str, Policy]) -> Iterator[str]:
    """Name the policies that others did not simply follow: the fewest whose moves explain the new order."""
    wanted = [name for name in new if name in order]
    blocks = SequenceMatcher(None, order, wanted, autojunk=False).get_matching_blocks()
    kept = {name for block in blocks for name in order[block.a : block.a + block.size]}
    for place, name in enumerate(wanted):
        if name not in kept:
            after = f"before {short_of(model, new[wanted[place + 1]])}" if place + 1 < len(wanted) else "to the end"
            yield f"{short_of(model, new[name])}: moved {after}"


def _by_rank(document: Document) -> dict[str, Policy]:
    ordered = sorted(document.get("policies", []), key=lambda each: each.get("rank", 100))
    return {each["name"]: each for each in ordered}


def _queues(before: Document, after: Document) -> Iterator[str]:
    old = {each["name"]: each for each in before.get("queues", [])}
    for queue in after.get("queues", []):
        was = old.get(queue["name"])
        title = queue.get("title") or (was or {}).get("title") or queue["name"]
        if was is None:
            yield f"New queue: {title}"
            continue
        changed = [name for name in (*SETTINGS, *TEXTS) if name in queue and queue[name] != was.get(name)]
        if changed:
            yield f"{title}: {'; '.join(_setting(name, was.get(name), queue[name]) for name in changed)}"


def _setting(name: str, was: Any, now: Any) -> str:
    if name in TEXTS:
        return f"{TEXTS[name]} changed"
    return f"{SETTINGS[name]}: {_instead(_value(name, was), _value(name, now))}"


def _value(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in RATES:
        return rate_as_typed(value)
    return CHOICES.get(name, {}).get(str(value)) or number_as_typed(value)


def _instead(was: str, now: str) -> str:
    """Say the new one before the old; what both begin with is said once."""
    return f"{now} instead of {was.removeprefix(AT_MOST) if now.startswith(AT_MOST) else was}"
