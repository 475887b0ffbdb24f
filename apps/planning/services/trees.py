"""Conditions as nested groups, the way an editor shows them, and back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ROOT = "0"
# How the parts of a group are joined: the words of the editor, and the tree around the parts.
JOINS = {"all": "All", "any": "Any", "none": "None", "not_all": "Not all"}
# Comparisons as the editor names them: the operator and, where there is nothing to type, the value.
KNOWN, MISSING = "known", "missing"
WITHOUT_VALUE = {MISSING: True, KNOWN: False}

Tree = dict[str, Any]


@dataclass
class Leaf:
    """One comparison. `value` is as typed while it cannot be read."""

    path: str
    field: str
    operator: str
    value: Any = None


@dataclass
class Group:
    """Parts joined by `join`; without parts it holds for every prediction."""

    path: str
    join: str = "all"
    parts: "list[Leaf | Group]" = field(default_factory=list)

    def groups(self) -> "Iterator[Group]":
        """Iterate over this group and all inside it."""
        yield self
        for part in self.parts:
            if isinstance(part, Group):
                yield from part.groups()

    def leaves(self) -> Iterator[Leaf]:
        for part in self.parts:
            if isinstance(part, Group):
                yield from part.leaves()
            else:
                yield part


def group_of(tree: Tree | None) -> Group:
    """Return the tree as groups, the outermost first."""
    if not tree:
        return Group(ROOT)
    part = _part(tree, ROOT)
    return part if isinstance(part, Group) else Group(ROOT, parts=[_at(part, f"{ROOT}.0")])


def tree_of(group: Group) -> Tree | None:
    """Return the condition that the groups stand for; None for every prediction. Groups without parts are left out."""
    parts = [part for part in (_tree(each) for each in group.parts) if part is not None]
    if not parts:
        return None
    if group.path == ROOT and group.join == "all" and len(parts) == 1:
        return parts[0]
    if group.join in ("all", "any"):
        return {group.join: parts}
    return {"not": {"any" if group.join == "none" else "all": parts}}


def read(data: Mapping[str, str], lists: Callable[[str], list[str]]) -> Group:
    """Read the groups from the fields of a form: `c.<path>.join`, `.field`, `.op` and `.value`.

    `lists(name)` returns all values of a field of the form.
    """
    paths = sorted({_path_of(name) for name in data if name.startswith("c.")}, key=_order)
    groups = {ROOT: Group(ROOT)}
    for path in paths:
        named = f"c.{path}."
        if f"{named}join" in data:
            group = groups.setdefault(path, Group(path))
            group.join = data[f"{named}join"] if data[f"{named}join"] in JOINS else "all"
            part: Leaf | Group = group
        else:
            operator = data.get(f"{named}op", "eq")
            values = lists(f"{named}value")
            part = Leaf(
                path, data.get(f"{named}field", ""), operator, values if operator == "in" else "".join(values[:1])
            )
        parent = groups.get(path.rpartition(".")[0])
        if parent is not None:
            parent.parts.append(part)
    return groups[ROOT]


def add(group: Group, path: str, part: Leaf | Group) -> None:
    """Put a new part at the end of the group at this path, or of the outermost where there is none."""
    target = next((each for each in group.groups() if each.path == path), group)
    target.parts.append(part)


def remove(group: Group, path: str) -> None:
    """Take out the part at this path, and groups that are empty then."""
    for each in group.groups():
        each.parts = [part for part in each.parts if part.path != path]
    for each in list(group.groups()):
        each.parts = [part for part in each.parts if not isinstance(part, Group) or part.parts]


def _tree(part: Leaf | Group) -> Tree | None:
    if isinstance(part, Group):
        return tree_of(part)
    if part.operator in WITHOUT_VALUE:
        return {"field": part.field, "op": "is_missing", "value": WITHOUT_VALUE[part.operator]}
    return {"field": part.field, "op": part.operator, "value": part.value}


def _part(tree: Tree, path: str) -> Leaf | Group:
    if "field" in tree:
        operator = tree.get("op", "eq")
        if operator == "is_missing":
            return Leaf(path, tree["field"], KNOWN if tree.get("value") is False else MISSING)
        return Leaf(path, tree["field"], operator, tree.get("value"))
    for join in ("all", "any"):
        if join in tree:
            return Group(path, join, [_part(each, f"{path}.{index}") for index, each in enumerate(tree[join])])
    inner = _part(tree["not"], path)
    if isinstance(inner, Group):
        opposite = {"any": "none", "all": "not_all", "none": "any", "not_all": "all"}
        return Group(path, opposite[inner.join], inner.parts)
    return Group(path, "none", [_at(inner, f"{path}.0")])


def _at(leaf: Leaf, path: str) -> Leaf:
    return Leaf(path, leaf.field, leaf.operator, leaf.value)


def _path_of(name: str) -> str:
    return name.removeprefix("c.").rpartition(".")[0]


def _order(path: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in path.split("."))
