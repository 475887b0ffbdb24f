"""What a reader sees of a comparison: engineers and validators all; others no sensitive slices and no single cases."""

from copy import copy
from typing import cast

from apps.accounts.models import Role
from apps.registry.models import MonitoredModel
from apps.reports.engine.comparison_document import Cause, ComparisonDocument, Difference, GroupOfCases, Why
from apps.reports.models import Comparison
from apps.reports.services.small_cases import HIDDEN, NOTHING, figures_of, hidden_with, is_small
from apps.reports.services.visible import sensitive_now

HIDDEN_DIFFERENCE: Difference = {"value": None, "low": None, "high": None, "method": "none", "code": HIDDEN}


def visible_comparison(comparison: Comparison, *, role: Role) -> Comparison:
    """Return the comparison as this role may see it; every reader of its document goes through here."""
    if role.reads(Role.ENGINEER):
        return comparison
    seen = copy(comparison)
    document = cast(ComparisonDocument, comparison.document)
    seen.document = without_single_cases(without_sensitive(document, sensitive_of(document, comparison.model)))
    return seen


def sensitive_of(document: ComparisonDocument, model: MonitoredModel) -> set[str]:
    """Return the slices that were sensitive when the comparison was made, or are now."""
    then = {name for name, names in document["names"]["slices"].items() if names["is_sensitive"]}
    return then | sensitive_now(model)


def without_sensitive(document: ComparisonDocument, hidden: set[str]) -> ComparisonDocument:
    """Explain the difference by a division that is not sensitive, and leave out the names of those that are."""
    names = document["names"]
    left = document | {
        "names": names | {"slices": {name: each for name, each in names["slices"].items() if name not in hidden}}
    }
    explained = [document["why"], document.get("why_open")]
    left["why"] = next((_untold(why, hidden) for why in explained if why and not _is_by(why, hidden)), None)
    left["why_open"] = None
    if document["why"] is not None and left["why"] is None:
        left["code"] = "sensitive_hidden"
    return left


def without_single_cases(document: ComparisonDocument) -> ComparisonDocument:
    """Hide every figure of fewer than ten predictions, and what would give it away."""
    sizes = [side["n"] for side in document["sides"]]
    # Of overlapping windows, the difference tells of the predictions that one of them holds alone.
    alone = [size - document["shared"] for size in sizes] if document["shared"] else []
    is_hidden = any(is_small(n) for n in (*sizes, *alone))
    sides = [side | {"figures": figures_of(side["figures"], hide=is_hidden)} for side in document["sides"]]
    seen = [{metric for metric, figure in side["figures"].items() if figure != NOTHING} for side in sides]
    shown = seen[0] & seen[1]
    left = document | {
        "sides": sides,
        "differences": {
            metric: moved if metric in shown else HIDDEN_DIFFERENCE for metric, moved in document["differences"].items()
        },
    }
    if document["metric"] not in shown:
        return left | {"why": None, "code": HIDDEN}
    why = document["why"]
    return left | {"why": why | {"cause": _cause(why["cause"])} if why else None}


def _is_by(why: Why, hidden: set[str]) -> bool:
    return why["cause"]["kind"] == "slice" and why["cause"]["name"] in hidden


def _untold(why: Why, hidden: set[str]) -> Why:
    return why | {"tried": [each for each in why["tried"] if each["kind"] != "slice" or each["name"] not in hidden]}


def _cause(cause: Cause) -> Cause:
    """Hide small groups on either side, and others until those hidden hold ten predictions together."""
    hidden: set[int] = set()
    for side in (0, 1):
        hidden |= hidden_with([group["n"][side] or 0 for group in cause["groups"]])
    groups = [_hidden(group) if place in hidden else group for place, group in enumerate(cause["groups"])]
    days = cause["days"]
    if days and (is_small(days["inside"]) or is_small(days["n"] - days["inside"]) or is_small(days["n"])):
        days = None
    return cause | {"groups": groups, "days": days}


def _hidden(group: GroupOfCases) -> GroupOfCases:
    nothing: list[None] = [None, None]
    return group | {"n": [*nothing], "share": [*nothing], "mean": [*nothing], "mix": None, "right": None}
