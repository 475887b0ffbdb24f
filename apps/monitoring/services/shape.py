"""The shape of sent features against the registered schema: column by column, counted, never changed.

Plain values in, counts out. Rows are turned into columns first, so that the work on a single value is one step
of a comprehension.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from apps.monitoring.querysets import COUNTS
from apps.monitoring.services.seen_values import Memory
from apps.registry.models import IncidentKind
from apps.registry.models.features import KINDS, Feature
from apps.registry.services.incidents import Sighting

# Features that are told apart beyond the declared ones; without a schema, all of them.
MAX_UNDECLARED = 200
MAX_UNDECLARED_ALONE = 2_000
MAX_NAME = 200
# The name under which the others are counted.
OTHERS = ""

NUMERIC = frozenset({"number", "integer"})

Document = Mapping[str, Any]


class _Absent:
    """Stands where a row has no value of that name."""


ABSENT = _Absent()
NOTHING = type(None)


@dataclass(slots=True)
class Counts:
    """How one feature looked in some rows."""

    rows: int = 0
    missing: int = 0
    nulls: int = 0
    unexpected_type: int = 0
    out_of_range: int = 0
    unseen_category: int = 0

    @property
    def amounts(self) -> list[int]:
        """In the order of `COUNTS`."""
        return [getattr(self, name) for name in COUNTS]

    def add(self, other: "Counts") -> None:
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class Rows:
    """Rows of one version that arrived at one moment."""

    documents: list[Document]
    version: int
    day: date
    at: datetime


class Inspector:
    """Looks at the rows of one model and keeps count until somebody writes it down."""

    def __init__(self, schema: list[Feature], memories: dict[str, Memory]) -> None:
        self.schema = {feature.name: feature for feature in schema}
        self.memories = memories
        self.counts: dict[tuple[int, date, str], Counts] = defaultdict(Counts)
        self.sightings: dict[tuple[int, str, str], Sighting] = {}

    def look_at(self, rows: Rows) -> None:
        sent: set[str] = set().union(*rows.documents)
        for feature in self.schema.values():
            self._look_at_declared(rows, feature)
        undeclared = sent.difference(self.schema)
        if not undeclared:
            return
        told_apart = self._told_apart(undeclared)
        for name in told_apart:
            self._look_at_undeclared(rows, name)
        if others := undeclared.difference(told_apart):
            count = sum(not others.isdisjoint(document) for document in rows.documents)
            self.counts[rows.version, rows.day, OTHERS].rows += count
            if self.schema:
                self._saw(rows, OTHERS, IncidentKind.FEATURE_NEW, count)

    def _told_apart(self, undeclared: set[str]) -> list[str]:
        """Those known already, and of the others as many as there is room for: names are the sender's to invent."""
        room = MAX_UNDECLARED if self.schema else MAX_UNDECLARED_ALONE
        room -= sum(name not in self.schema for name in self.memories)
        known = [name for name in undeclared if name in self.memories]
        new = sorted(name for name in undeclared if name not in self.memories and 0 < len(name) <= MAX_NAME)
        return known + new[: max(room, 0)]

    def _look_at_declared(self, rows: Rows, feature: Feature) -> None:
        counts, values_of = self._column(rows, feature.name)
        if counts.missing:
            self._saw(rows, feature.name, IncidentKind.FEATURE_MISSING, counts.missing, expected=feature.type)
        for kind, values in values_of.items():
            if wrong := _unexpected(feature, kind, values):
                counts.unexpected_type += wrong
                self._saw(rows, feature.name, IncidentKind.TYPE_CHANGED, wrong, expected=feature.type, found=kind)
            elif feature.type in NUMERIC:
                counts.out_of_range += self._memory(rows, feature.name).numbers(values)
            elif feature.type != "text":
                counts.unseen_category += self._memory(rows, feature.name).categories(values)
        self.counts[rows.version, rows.day, feature.name].add(counts)

    def _look_at_undeclared(self, rows: Rows, name: str) -> None:
        counts, values_of = self._column(rows, name)
        memory = self._memory(rows, name)
        if self.schema:
            found = max(values_of, key=lambda kind: len(values_of[kind]), default="null")
            self._saw(rows, name, IncidentKind.FEATURE_NEW, counts.rows - counts.missing, found=found)
        for kind, values in values_of.items():
            if kind in NUMERIC:
                counts.out_of_range += memory.numbers(values)
            elif kind in {"string", "boolean"}:
                counts.unseen_category += memory.categories(values)
        self.counts[rows.version, rows.day, name].add(counts)

    def _column(self, rows: Rows, name: str) -> tuple[Counts, dict[str, list[Any]]]:
        """One feature's column: what is not there, and the values by kind."""
        column = [document.get(name, ABSENT) for document in rows.documents]
        types = Counter(map(type, column))
        counts = Counts(rows=len(column), missing=types.pop(_Absent, 0), nulls=types.pop(NOTHING, 0))
        if len(types) == 1 and len(column) == types.total():
            return counts, {KINDS[next(iter(types))]: column}
        return counts, {KINDS[each]: [value for value in column if type(value) is each] for each in types}

    def _memory(self, rows: Rows, name: str) -> Memory:
        memory = self.memories.get(name)
        if memory is None:
            memory = self.memories[name] = Memory(rows.day)
        memory.turn_to(rows.day)
        return memory

    def _saw(
        self, rows: Rows, feature: str, kind: IncidentKind, count: int, *, expected: str = "", found: str = ""
    ) -> None:
        seen = self.sightings.get((rows.version, feature, kind))
        if seen is None:
            seen = Sighting(rows.version, feature, kind, expected, found, rows.at, rows.at, 0)
            self.sightings[rows.version, feature, kind] = seen
        seen.rows += count
        seen.first_at, seen.last_at = min(seen.first_at, rows.at), max(seen.last_at, rows.at)


def _unexpected(feature: Feature, kind: str, values: list[Any]) -> int:
    """How many of these values of one kind are not what the schema says."""
    if feature.allows(kind):
        return 0
    if feature.type == "integer" and kind == "number":
        # 3.0 is a whole number: some senders write every number with a point.
        return int(np.count_nonzero(np.array(values) % 1))
    return len(values)
