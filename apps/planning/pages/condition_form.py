"""Controls for the conditions of a policy: fields of the registry, comparisons in words, and values to choose from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.planning.pages.typed import choice, number, sent_value
from apps.planning.services.trees import JOINS, KNOWN, MISSING, WITHOUT_VALUE, Group, Leaf
from apps.registry.models import MonitoredModel
from apps.sampling.services.conditions import FEATURE

Values = Mapping[str, Sequence[Any]]
Choice = tuple[str, str, bool]

NUMBERS = {"number", "integer"}
OWN = {
    "prediction": "Model’s decision",
    "baseline": "Baseline’s decision",
    "score": "Score",
    "amount": "Amount",
    "version": "Version",
}
OF_NUMBERS = {
    "ge": "is at least",
    "gt": "is more than",
    "le": "is at most",
    "lt": "is less than",
    "eq": "is",
    "ne": "is not",
    MISSING: "is missing",
    KNOWN: "is known",
}
OF_NAMES = {"eq": "is", "ne": "is not", "in": "is one of", MISSING: "is missing", KNOWN: "is known"}
MOST_CHOICES = 60


@dataclass(frozen=True)
class LeafRow:
    """One comparison as controls. `share` is what part of recent predictions meets it."""

    path: str
    fields: list[tuple[str, list[Choice]]]
    operators: list[Choice]
    # none, number, text, choice or choices
    control: str
    options: list[Choice]
    value: str
    unit: str
    name: str
    is_group: bool = False

    @property
    def chosen(self) -> str:
        """The values chosen of a list, in words."""
        return ", ".join(label for _, label, is_chosen in self.options if is_chosen) or "nothing yet"


@dataclass(frozen=True)
class GroupRow:
    """Comparisons joined to a group."""

    path: str
    joins: list[Choice]
    parts: "list[LeafRow | GroupRow]" = field(default_factory=list)
    is_group: bool = True


class ConditionForm:
    """The controls of one policy's conditions. `values` are those that recent predictions have, by field."""

    def __init__(self, model: MonitoredModel, values: Values) -> None:
        self._model = model
        self._values = values
        self._labels = OWN | {FEATURE + each.name: each.label for each in model.feature_list}

    def rows(self, group: Group) -> GroupRow:
        joins = [(key, f"{words} of these", key == group.join) for key, words in JOINS.items()]
        parts = [self.rows(each) if isinstance(each, Group) else self._row(each) for each in group.parts]
        return GroupRow(group.path, joins, parts)

    def blank(self, path: str) -> Leaf:
        """Return a comparison to start with: the first feature, or the score."""
        first = next((FEATURE + each.name for each in self._model.feature_list), "score")
        leaf = Leaf(path, first, "ge" if self._is_number(first) else "eq", "")
        self.fit(leaf)
        return leaf

    def fit(self, leaf: Leaf) -> None:
        """Give the comparison an operator and a value that its field has, in place of ones from another field."""
        if leaf.field not in self._labels:
            leaf.field = next(iter(self._labels))
        allowed = self._operators(leaf.field, leaf.operator)
        if leaf.operator not in allowed:
            leaf.operator = next(iter(allowed))
        control = self._control(leaf)
        if control == "none":
            leaf.value = None
        elif control == "choices":
            leaf.value = [sent_value(each) if isinstance(each, str) else each for each in _listed(leaf.value)]
        elif control == "choice":
            options = self._options(leaf.field, [])
            value = sent_value(leaf.value) if isinstance(leaf.value, str) else leaf.value
            known = [each for each, _ in options]
            leaf.value = value if _is_among(value, known) or not known else known[0]
        elif control == "number":
            leaf.value = number(leaf.value) if isinstance(leaf.value, str) else leaf.value
        elif not isinstance(leaf.value, str):
            leaf.value = "" if leaf.value is None or isinstance(leaf.value, list) else str(leaf.value)

    def _row(self, leaf: Leaf) -> LeafRow:
        control = self._control(leaf)
        chosen = _listed(leaf.value)
        options = self._options(leaf.field, chosen) if control in ("choice", "choices") else []
        feature = self._model.feature(leaf.field.removeprefix(FEATURE))
        return LeafRow(
            path=leaf.path,
            fields=self._fields(leaf.field),
            operators=[
                (key, words, key == leaf.operator) for key, words in self._operators(leaf.field, leaf.operator).items()
            ],
            control=control,
            options=[(choice(value), label, _is_among(value, chosen)) for value, label in options],
            value="" if leaf.value is None or control in ("none", "choice", "choices") else str(leaf.value),
            unit=feature.unit if control == "number" else "",
            name=self._labels.get(leaf.field, leaf.field),
        )

    def _fields(self, chosen: str) -> list[tuple[str, list[Choice]]]:
        groups: dict[str, list[Choice]] = {}
        for each in self._model.feature_list:
            key = FEATURE + each.name
            groups.setdefault(each.group or "Features", []).append((key, each.label, key == chosen))
        groups["The decision"] = [(key, words, key == chosen) for key, words in OWN.items()]
        return list(groups.items())

    def _operators(self, name: str, present: str) -> dict[str, str]:
        allowed = dict(OF_NUMBERS if self._is_number(name) else OF_NAMES)
        if present in OF_NUMBERS:
            # A code can be compared as a number, if somebody wrote it so.
            allowed.setdefault(present, OF_NUMBERS[present])
        elif present == "in":
            allowed["in"] = OF_NAMES["in"]
        return allowed

    def _control(self, leaf: Leaf) -> str:
        if leaf.operator in WITHOUT_VALUE:
            return "none"
        if leaf.operator == "in":
            return "choices"
        if self._is_number(leaf.field) or leaf.operator in ("lt", "le", "gt", "ge"):
            return "number"
        return "choice" if self._options(leaf.field, []) else "text"

    def _is_number(self, name: str) -> bool:
        if name in ("prediction", "baseline"):
            return self._model.is_regression
        if name in OWN:
            return name != "version"
        return self._model.feature(name.removeprefix(FEATURE)).type in NUMBERS

    def _options(self, name: str, chosen: Sequence[Any]) -> list[tuple[Any, str]]:
        """Return the values to choose from with their meanings; those already chosen are always among them."""
        if name in ("prediction", "baseline") and not self._model.is_regression:
            known: list[Any] = list(self._model.classes)
        elif name == "version":
            known = list(self._model.versions.order_by("-id").values_list("name", flat=True)[:MOST_CHOICES])
        else:
            known = list(self._values.get(name, ()))
        if len(known) > MOST_CHOICES:
            known = []
        known += [each for each in chosen if each not in ("", None) and not _is_among(each, known)]
        return [(value, self._meaning(name, value)) for value in known]

    def _meaning(self, name: str, value: Any) -> str:
        if name in ("prediction", "baseline"):
            return str(self._model.class_labels.get(value, value))
        return (
            self._model.feature(name.removeprefix(FEATURE)).meaning(value) if name.startswith(FEATURE) else str(value)
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_among(value: Any, known: Sequence[Any]) -> bool:
    """Compare as conditions do: true is not 1."""
    return any(isinstance(each, bool) is isinstance(value, bool) and each == value for each in known)
