"""Policies as sentences: who, how often, and to which queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.common.tolerances import allowance
from apps.registry.models import MonitoredModel
from apps.sampling.models import PolicyKind, SamplingPolicy
from apps.sampling.services.wording.conditions import condition
from apps.sampling.services.wording.numbers import listed, number_as_typed, rate_as_typed

Policy = Mapping[str, Any]
EVERYONE = "Every prediction"
# Whom a kind draws, before its condition; the others draw whoever meets it.
WHO = {
    PolicyKind.UNCERTAINTY: "The less sure the model, the more often",
    PolicyKind.DISAGREEMENT: "Model and baseline differ",
    PolicyKind.BANDS: "By score",
    PolicyKind.AMOUNT: "The more at stake, the more often",
}
SHORT = {
    PolicyKind.FLOOR: "Floor",
    PolicyKind.UNCERTAINTY: "Less sure",
    PolicyKind.AMOUNT: "More at stake",
    PolicyKind.RECOMMENDED: "What sharpens figures most",
}
LONGEST_SHORT = 70


@dataclass(frozen=True)
class Said:
    """A policy in words, in parts so that each can be linked."""

    who: str
    how_often: str
    queue: str
    is_on: bool = True

    def __str__(self) -> str:
        return f"{self.who}: {self.how_often}, to {self.queue}{'' if self.is_on else ' (off)'}"


def policy(model: MonitoredModel, document: Policy) -> Said:
    """Return a policy of a sampling document in words. Prefetch the model's queues to say many."""
    titles = {each.slug: each.name for each in model.queues.all()}
    slug = document.get("queue", "main")
    return Said(
        who=_where(model, document, _who(model, document)),
        how_often=_how_often(model, document),
        queue=titles.get(slug, str(slug)),
        is_on=document.get("is_on", True) is not False,
    )


def short(model: MonitoredModel, stored: SamplingPolicy) -> str:
    """Name a policy in a few words."""
    return short_of(model, {**stored.settings, "kind": stored.kind, "condition": stored.condition})


def short_of(model: MonitoredModel, document: Policy) -> str:
    text = _where(model, document, SHORT.get(_kind(document), "") or _who(model, document))
    return text if len(text) <= LONGEST_SHORT else f"{text[: LONGEST_SHORT - 1].rstrip(' ,')}…"


def _where(model: MonitoredModel, document: Policy, who: str) -> str:
    said = condition(model, document.get("condition"))
    if not said or not who:
        return said or who or EVERYONE
    # Names of features keep their capital, as they are names.
    return f"{who}, where {said}"


def _who(model: MonitoredModel, document: Policy) -> str:
    kind = _kind(document)
    allowed = allowance(model.tolerance, model.tolerance_share, unit=model.unit)
    if kind == PolicyKind.DISAGREEMENT and allowed:
        return f"{WHO[kind]} by more than {allowed}"
    if kind == PolicyKind.SLICE:
        return f"By {document.get('slice') or '…'}"
    if kind == PolicyKind.RECOMMENDED:
        return f"What sharpens {listed(list(map(str, document.get('metrics') or ['…'])))} most"
    return WHO.get(kind, "")


def _kind(document: Policy) -> PolicyKind:
    kind = document.get("kind")
    return PolicyKind(kind) if kind in PolicyKind.values else PolicyKind.UNIFORM


def _how_often(model: MonitoredModel, document: Policy) -> str:
    kind, budget = _kind(document), document.get("budget")
    rows = _rows(model, document)
    if budget:
        per_day = f"{number_as_typed(budget.get('per_day'))} a day"
        # A budget scales the rates of the rows.
        return f"{per_day}, in the proportion of {rows}" if rows else per_day
    said = rate_as_typed(document.get("rate", 1.0 if kind == PolicyKind.MUST_REVIEW else None))
    if kind == PolicyKind.AMOUNT:
        return f"at most {said}, in full from {number_as_typed(document.get('full_at'))}"
    if kind == PolicyKind.RECOMMENDED:
        return f"{said} on average"
    return rows or (f"at most {said}" if kind == PolicyKind.UNCERTAINTY else said)


def _rows(model: MonitoredModel, document: Policy) -> str:
    """Return the rates of bands or of a slice's values."""
    kind = _kind(document)
    if kind == PolicyKind.BANDS:
        return listed([_band(each) for each in document.get("bands") or []]) or "…"
    if kind == PolicyKind.SLICE:
        rates = [
            (_slice_value(model, document, each.get("value")), each.get("rate")) for each in document.get("rates") or []
        ]
        return listed(
            [f"{rate_as_typed(rate)} for {who}" for who, rate in [*rates, ("all others", document.get("rate", 0))]]
        )
    return ""


def _slice_value(model: MonitoredModel, document: Policy, value: Any) -> str:
    """Return a slice's value by the meaning of its code."""
    declared = next((each for each in model.slice_list if each.name == document.get("slice")), None)
    return str(model.feature(declared.feature).codes.get(value, value) if declared else value)


def _band(band: Mapping[str, Any]) -> str:
    low, high = number_as_typed(band.get("low")), number_as_typed(band.get("high"))
    return f"{rate_as_typed(band.get('rate'))} from {low} to {high}"
