"""Conditions as sentences, with features, units and codes by the names that people know them by."""

from dataclasses import dataclass
from typing import Any

from apps.registry.models import MonitoredModel
from apps.sampling.services.conditions import FEATURE
from apps.sampling.services.wording.numbers import capitalized, listed, number_as_typed

OWN = {
    "prediction": "the model’s decision",
    "baseline": "the baseline’s decision",
    "score": "score",
    "amount": "amount",
    "version": "version",
}
ORDERS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
UNFINISHED = "something unfinished"


@dataclass(frozen=True)
class Phrase:
    """A part of a sentence. A comparison has a subject, which need not be said twice in a row."""

    says: str
    subject: str = ""
    is_list: bool = False

    def after(self, before: "Phrase | None") -> str:
        said_already = before is not None and bool(self.subject) and before.subject == self.subject
        return self.says if said_already or not self.subject else f"{self.subject} {self.says}"


def condition(model: MonitoredModel, tree: Any) -> str:
    """Return a condition as a sentence without its full stop; empty where it holds for every prediction."""
    return capitalized(_phrase(model, tree, is_inside=False).after(None)) if tree else ""


def _phrase(model: MonitoredModel, node: Any, *, is_inside: bool) -> Phrase:
    if not isinstance(node, dict):
        return Phrase(UNFINISHED)
    if "field" in node:
        return _comparison(model, node)
    if "not" in node:
        return _negation(model, node["not"])
    for name, word, several in (("all", "and", "both"), ("any", "or", "either")):
        if isinstance(parts := node.get(name), list) and parts:
            joined = _joined([_phrase(model, each, is_inside=True) for each in parts], word)
            if len(parts) == 1 or not is_inside:
                return joined
            opening = several if len(parts) == 2 or name == "any" else "all of"
            return Phrase(f"{opening} {joined.after(None)}", is_list=True)
    return Phrase(UNFINISHED)


def _joined(phrases: list[Phrase], word: str) -> Phrase:
    if len(phrases) == 1:
        return phrases[0]
    said = [each.after(before) for before, each in zip([None, *phrases], phrases, strict=False)]
    # Where a part is itself a list, commas keep the parts apart.
    if any(each.is_list for each in phrases):
        return Phrase(f", {word} ".join(said), is_list=True)
    return Phrase(listed(said, word), is_list=True)


def _negation(model: MonitoredModel, node: Any) -> Phrase:
    if isinstance(node, dict) and "field" in node:
        return _comparison(model, node, is_negated=True)
    if isinstance(node, dict) and "not" in node:
        return _phrase(model, node["not"], is_inside=True)
    for name, opening in (("any", "none of"), ("all", "not all of")):
        if isinstance(node, dict) and isinstance(parts := node.get(name), list) and parts:
            if len(parts) == 1:
                return _negation(model, parts[0])
            said = [_phrase(model, each, is_inside=True) for each in parts]
            return Phrase(f"{opening} these: {'; '.join(each.after(None) for each in said)}", is_list=True)
    return Phrase(UNFINISHED)


def _comparison(model: MonitoredModel, leaf: dict[str, Any], *, is_negated: bool = False) -> Phrase:
    field, operator, value = str(leaf["field"]), str(leaf.get("op")), leaf.get("value")
    subject = model.feature(field.removeprefix(FEATURE)).label if field.startswith(FEATURE) else OWN.get(field, field)
    if operator == "is_missing":
        return Phrase("is missing" if (value is not False) is not is_negated else "is known", subject)
    if operator in ORDERS:
        return Phrase(f"{'not ' if is_negated else ''}{ORDERS[operator]} {_meaning(model, field, value)}", subject)
    wanted = value if operator == "in" and isinstance(value, list) else [value]
    # The code 1 and the text "1" read the same.
    meanings = list(dict.fromkeys(_meaning(model, field, each) for each in wanted)) or ["…"]
    # A missing value fails its comparison, and so meets the opposite.
    form = {
        ("ne", False): "is known and not {}",
        ("ne", True): "is {} or missing",
    }.get((operator, is_negated), "is anything but {}" if is_negated else "is {}")
    return Phrase(form.format(listed(meanings, "or")), subject, is_list=len(meanings) > 1)


def _meaning(model: MonitoredModel, field: str, value: Any) -> str:
    if value is None or value == "" or isinstance(value, list | dict):
        return "…"
    if field in ("prediction", "baseline"):
        return str(model.class_labels.get(value, value)) if isinstance(value, str) else number_as_typed(value)
    if field.startswith(FEATURE):
        return model.feature(field.removeprefix(FEATURE)).meaning(value)
    return number_as_typed(value)
