"""Changes to a sampling document, one at a time: what the editor's buttons do."""

from collections.abc import Callable
from typing import Any

from apps.common.errors import NotFoundError
from apps.sampling.models import PolicyKind
from apps.sampling.services.policies import LAST_RANK

Document = dict[str, Any]
Policy = dict[str, Any]

STEP = 10
RATE = 0.05
UNSURE_RATE = 0.02
PER_DAY = 20
HIGHEST_RANK = LAST_RANK - 1
# What a new policy of each kind starts with, and the name that a number follows.
STARTS: dict[str, tuple[str, Policy]] = {
    PolicyKind.UNIFORM: ("group", {"rate": RATE}),
    PolicyKind.UNCERTAINTY: ("unsure", {"rate": UNSURE_RATE}),
    PolicyKind.DISAGREEMENT: ("baseline-differs", {"rate": RATE}),
    PolicyKind.BANDS: ("by-score", {"bands": [{"low": 0.4, "high": 0.6, "rate": RATE}]}),
    PolicyKind.SLICE: ("by-slice", {"rates": [], "rate": RATE}),
    PolicyKind.AMOUNT: ("by-amount", {"rate": RATE, "full_at": 1_000}),
    PolicyKind.RECOMMENDED: ("sharper-figures", {"budget": {"per_day": PER_DAY}}),
    PolicyKind.MUST_REVIEW: ("always", {}),
}


def find(document: Document, name: str) -> Policy:
    """Return the policy of this name. Raises NotFoundError."""
    for policy in document["policies"]:
        if policy["name"] == name:
            found: Policy = policy
            return found
    raise NotFoundError(f"This draft has no policy {name!r}.")


def add(document: Document, policy: Policy) -> tuple[Document, str]:
    """Put a policy at the end, under a name that is still free. Returns the document and that name."""
    taken = {each["name"] for each in document["policies"]}
    wanted = str(policy.get("name") or STARTS[policy["kind"]][0])
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3)))
    name = next(each for each in names if each not in taken)
    last = max((each["rank"] for each in document["policies"]), default=0)
    added = {**policy, "name": name, "rank": min(last + STEP, HIGHEST_RANK)}
    return {**document, "policies": [*document["policies"], added]}, name


def started(kind: str, *, queue: str) -> Policy:
    """Return a new policy of this kind. Raises NotFoundError."""
    if kind not in STARTS:
        raise NotFoundError(f"There is no kind of policy {kind!r}.")
    return {"kind": kind, **STARTS[kind][1], "queue": queue}


def replace(document: Document, name: str, policy: Policy) -> Document:
    """Put this policy in place of the one of this name."""
    find(document, name)
    return _each(document, lambda each: policy if each["name"] == name else each)


def switch(document: Document, name: str) -> Document:
    """Switch the policy off if it is on, and on if it is off."""
    policy = find(document, name)
    return replace(document, name, {**policy, "is_on": not policy.get("is_on", True)})


def remove(document: Document, name: str) -> Document:
    find(document, name)
    return {**document, "policies": [each for each in document["policies"] if each["name"] != name]}


def move(document: Document, name: str, *, by: int) -> Document:
    """Let the policy change places with its neighbor above (−1) or below (1); at an end it stays where it is."""
    ordered = in_order(document)
    at = ordered.index(find(document, name))
    to = at + (1 if by > 0 else -1)
    if not 0 <= to < len(ordered):
        return document
    ordered[at], ordered[to] = ordered[to], ordered[at]
    ranks = sorted(each["rank"] for each in ordered)
    if len(set(ranks)) < len(ranks):
        # Equal ranks have no order that could be changed.
        ranks = [STEP * (place + 1) for place in range(len(ranks))]
    return {
        **document,
        "policies": [{**each, "rank": rank} for each, rank in zip(ordered, ranks, strict=True)],
    }


def in_order(document: Document) -> list[Policy]:
    """Return the policies by rank: the first that takes a case chooses its queue."""
    return sorted(document["policies"], key=lambda each: int(each["rank"]))


def with_floor(document: Document, floor: Any) -> Document:
    return {**document, "floor": floor}


def _each(document: Document, change: Callable[[Policy], Policy]) -> Document:
    return {**document, "policies": [change(each) for each in document["policies"]]}
