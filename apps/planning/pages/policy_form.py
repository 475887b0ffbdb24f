"""The controls of one policy, and what is read from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.planning.pages.condition_form import ConditionForm, GroupRow
from apps.planning.pages.typed import Sent, choice, number, rate, sent_value
from apps.planning.services import trees
from apps.planning.services.editing import PER_DAY, RATE, Policy
from apps.registry.models import MonitoredModel
from apps.sampling.models import PolicyKind

KINDS = {
    PolicyKind.UNIFORM: "All alike",
    PolicyKind.UNCERTAINTY: "The less sure, the more often",
    PolicyKind.BANDS: "By score",
    PolicyKind.DISAGREEMENT: "Where model and baseline differ",
    PolicyKind.SLICE: "By slice",
    PolicyKind.AMOUNT: "The more at stake, the more often",
    PolicyKind.RECOMMENDED: "What sharpens figures most",
    PolicyKind.MUST_REVIEW: "Always",
}
NEED_SCORES = (PolicyKind.BANDS, PolicyKind.UNCERTAINTY)
# These have a rate of their own in each row, and the budget only scales them.
IN_ROWS = (PolicyKind.BANDS, PolicyKind.SLICE)
RATE_LABELS = {
    PolicyKind.SLICE: "all others",
    PolicyKind.UNCERTAINTY: "at most",
    PolicyKind.AMOUNT: "at most",
    PolicyKind.RECOMMENDED: "on average",
}
METRICS = {"accuracy": "right decisions", "precision": "precision", "recall": "recall", "value": "value"}


@dataclass(frozen=True)
class BandRow:
    number: int
    low: Any
    high: Any
    rate: Any

    @property
    def field(self) -> str:
        """Where the problems of this band are told."""
        return f"bands.{self.number}"


@dataclass(frozen=True)
class SliceRow:
    number: int
    value: Any
    sent: str
    rate: Any


@dataclass(frozen=True)
class PolicyForm:
    """A policy as controls: `conditions` for whom, then how often, then to which queue."""

    policy: Policy
    conditions: GroupRow
    kinds: list[tuple[str, str, bool]]
    queues: list[tuple[str, str, bool]]
    bands: list[BandRow]
    slices: list[tuple[str, str, bool]]
    slice_rows: list[SliceRow]
    metrics: list[tuple[str, str, bool]]

    @property
    def name(self) -> str:
        return str(self.policy["name"])

    @property
    def has_budget(self) -> bool:
        return "budget" in self.policy

    @property
    def per_day(self) -> Any:
        return (self.policy.get("budget") or {}).get("per_day", PER_DAY)

    @property
    def rate(self) -> Any:
        return self.policy.get("rate", RATE)

    @property
    def rate_label(self) -> str:
        """The words before the rate."""
        return RATE_LABELS.get(self.policy["kind"], "")

    @property
    def has_frequency(self) -> bool:
        """Whether a rate or a budget can be chosen."""
        return bool(self.policy["kind"] != PolicyKind.MUST_REVIEW)

    @property
    def has_rate(self) -> bool:
        """Whether one rate says how often."""
        return bool(self.policy["kind"] != PolicyKind.BANDS)


def form_of(
    model: MonitoredModel, policy: Policy, conditions: ConditionForm, *, slice_values: Mapping[str, list[str]]
) -> PolicyForm:
    """Return the controls for a policy of this model. `slice_values` are those seen lately, by slice."""
    kind = policy["kind"]
    allowed = [key for key in KINDS if not (model.is_regression and key in NEED_SCORES)]
    if not model.slice_list:
        allowed.remove(PolicyKind.SLICE)
    rates = {choice(each.get("value")): each.get("rate") for each in policy.get("rates", [])}
    wanted = policy.get("slice")
    values = [choice(each) for each in slice_values.get(str(wanted), [])]
    values += [each for each in rates if each not in values]
    return PolicyForm(
        policy=policy,
        conditions=conditions.rows(trees.group_of(policy.get("condition"))),
        kinds=[(key, KINDS[key], key == kind) for key in allowed],
        queues=[(each.slug, each.name, each.slug == policy.get("queue")) for each in model.queues.order_by("id")],
        bands=[
            BandRow(index, each.get("low", ""), each.get("high", ""), each.get("rate", ""))
            for index, each in enumerate(policy.get("bands", []))
        ],
        slices=[(each.name, each.name, each.name == wanted) for each in model.slice_list],
        slice_rows=[SliceRow(index, sent_value(each), each, rates.get(each, "")) for index, each in enumerate(values)],
        metrics=[(key, words, key in policy.get("metrics", [])) for key, words in METRICS.items()],
    )


def read_policy(data: Sent, before: Policy, conditions: ConditionForm, model: MonitoredModel) -> Policy:
    """Return the policy as typed. What cannot be read stays as typed, to be corrected at its field."""
    kind = data.get("kind", before["kind"])
    policy: Policy = {
        "name": data.get("name", before["name"]).strip(),
        "kind": kind,
        "queue": data.get("queue", before.get("queue", "main")),
        "rank": before["rank"],
    }
    for kept in ("is_on", "origin", "version"):
        if kept in before:
            policy[kept] = before[kept]
    group = trees.read(data, data.all)
    for leaf in group.leaves():
        conditions.fit(leaf)
    if tree := trees.tree_of(group):
        policy["condition"] = tree
    return {**policy, **_frequency(data, kind), **_of_kind(data, kind, model)}


def _frequency(data: Sent, kind: str) -> dict[str, Any]:
    """Return the rate or the budget. Rows with rates of their own keep the rate of all others beside a budget."""
    if kind == PolicyKind.MUST_REVIEW:
        return {}
    said: dict[str, Any] = {}
    if data.get("how") == "budget":
        said["budget"] = {"per_day": number(data.get("per_day", str(PER_DAY)))}
    if kind == PolicyKind.BANDS or ("budget" in said and kind != PolicyKind.SLICE):
        return said
    return {**said, "rate": rate(data.get("rate", str(RATE)))}


def _of_kind(data: Sent, kind: str, model: MonitoredModel) -> dict[str, Any]:
    if kind == PolicyKind.BANDS:
        return {"bands": _bands(data) or [{"low": 0.4, "high": 0.6, "rate": RATE}]}
    if kind == PolicyKind.AMOUNT:
        return {"full_at": number(data.get("full_at", "1000"))}
    if kind == PolicyKind.RECOMMENDED:
        return {"metrics": data.all("metrics") or ["accuracy"]}
    if kind == PolicyKind.SLICE:
        first = model.slice_list[0].name if model.slice_list else ""
        rows = [
            {"value": sent_value(data[f"slice.{index}.value"]), "rate": rate(data[f"slice.{index}.rate"])}
            for index in _numbers(data, "slice")
            if data.get(f"slice.{index}.rate", "").strip()
        ]
        is_other = data.get("slice", first) != data.get("slice_was", data.get("slice", first))
        return {"slice": data.get("slice", first), "rates": [] if is_other else rows}
    return {}


def _bands(data: Sent) -> list[dict[str, Any]]:
    return [
        {
            "low": number(data.get(f"band.{index}.low", "")),
            "high": number(data.get(f"band.{index}.high", "")),
            "rate": rate(data.get(f"band.{index}.rate", "")),
        }
        for index in _numbers(data, "band")
    ]


def _numbers(data: Sent, prefix: str) -> list[int]:
    """Return the numbers of the rows sent under this prefix."""
    parts = (name.split(".") for name in data if name.startswith(f"{prefix}."))
    return sorted({int(each[1]) for each in parts if len(each) == 3 and each[1].isdecimal()})
