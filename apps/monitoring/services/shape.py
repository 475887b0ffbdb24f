"""Compare the shape of sent features with the registered schema, column by column. Values are counted, never changed.

Rows are turned into columns first: the work per value is then one step of a comprehension.
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

# How many undeclared features are counted separately: beside a schema, and without one.
MAX_UNDECLARED = 200
MAX_WITHOUT_SCHEMA = 2_000
MAX_NAME = 200
# The name under which all further features are counted together.
OTHERS = ""

NUMERIC = frozenset({"number", "integer"})

Document = Mapping[str, Any]


class _Absent:
    """Stands for a value that a row does not have."""


ABSENT = _Absent()
NOTHING = type(None)


@dataclass(slots=True)
class Counts:
    """Counts of one feature over some rows."""

    rows: int = 0
    missing: int = 0
    nulls: int = 0
    unexpected_type: int = 0
    out_of_range: int = 0
    unseen_category: int = 0

    @property
    def amounts(self) -> list[int]:
        """Return the counts in the order of `COUNTS`."""
        return [getattr(self, name) for name in COUNTS]

    def add(self, other: "Counts") -> None:
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class Rows:
    """Rows of one version received at one moment."""

    documents: list[Document]
    version: int
    day: date
    received_at: datetime


class Inspector:
    """Inspects the rows of one model; `counts` and `sightings` hold the results until they are saved."""

    def __init__(self, schema: list[Feature], memories: dict[str, Memory]) -> None:
        self.schema = {feature.name: feature for feature in schema}
        self.memories = memories
        self.counts: dict[tuple[int, date, str], Counts] = defaultdict(Counts)
        self.sightings: dict[tuple[int, str, str], Sighting] = {}

    def inspect(self, rows: Rows) -> None:
        sent: set[str] = set().union(*rows.documents)
        for feature in self.schema.values():
            self._inspect_declared(rows, feature)
        undeclared = sent.difference(self.schema)
        if not undeclared:
            return
        separate = self._counted_separately(undeclared)
        for name in separate:
            self._inspect_undeclared(rows, name)
        if others := undeclared.difference(separate):
            count = sum(not others.isdisjoint(document) for document in rows.documents)
            self.counts[rows.version, rows.day, OTHERS].rows += count
            if self.schema:
                self._note_sighting(rows, OTHERS, IncidentKind.FEATURE_NEW, count)

    def _counted_separately(self, undeclared: set[str]) -> list[str]:
        """Choose all known names and new ones up to the limit: a sender can invent any number of names."""
        room = MAX_UNDECLARED if self.schema else MAX_WITHOUT_SCHEMA
        room -= sum(name not in self.schema for name in self.memories)
        known = [name for name in undeclared if name in self.memories]
        new = sorted(name for name in undeclared if name not in self.memories and 0 < len(name) <= MAX_NAME)
        return known + new[: max(room, 0)]

    def _inspect_declared(self, rows: Rows, feature: Feature) -> None:
        counts, values_of = self._column(rows, feature.name)
        if counts.missing:
            self._note_sighting(rows, feature.name, IncidentKind.FEATURE_MISSING, counts.missing, expected=feature.type)
        for kind, values in values_of.items():
            if wrong := _unexpected(feature, kind, values):
                counts.unexpected_type += wrong
                self._note_sighting(
                    rows, feature.name, IncidentKind.TYPE_CHANGED, wrong, expected=feature.type, found=kind
                )
            elif feature.type in NUMERIC:
                counts.out_of_range += self._memory(rows, feature.name).count_out_of_range(values)
            elif feature.type != "text":
                counts.unseen_category += self._memory(rows, feature.name).count_unseen(values)
        self.counts[rows.version, rows.day, feature.name].add(counts)

    def _inspect_undeclared(self, rows: Rows, name: str) -> None:
        counts, values_of = self._column(rows, name)
        memory = self._memory(rows, name)
        if self.schema:
            main_kind = max(values_of, key=lambda kind: len(values_of[kind]), default="null")
            self._note_sighting(rows, name, IncidentKind.FEATURE_NEW, counts.rows - counts.missing, found=main_kind)
        for kind, values in values_of.items():
            if kind in NUMERIC:
                counts.out_of_range += memory.count_out_of_range(values)
            elif kind in {"string", "boolean"}:
                counts.unseen_category += memory.count_unseen(values)
        self.counts[rows.version, rows.day, name].add(counts)

    def _column(self, rows: Rows, name: str) -> tuple[Counts, dict[str, list[Any]]]:
        """Return one feature's counts of missing values and its other values by kind."""
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

    def _note_sighting(
        self, rows: Rows, feature: str, kind: IncidentKind, count: int, *, expected: str = "", found: str = ""
    ) -> None:
        moment = rows.received_at
        sighting = self.sightings.get((rows.version, feature, kind))
        if sighting is None:
            sighting = Sighting(rows.version, feature, kind, expected, found, moment, moment, 0)
            self.sightings[rows.version, feature, kind] = sighting
        sighting.rows += count
        sighting.first_at, sighting.last_at = min(sighting.first_at, moment), max(sighting.last_at, moment)


def _unexpected(feature: Feature, kind: str, values: list[Any]) -> int:
    """Count the values of one kind that the schema does not allow."""
    if feature.allows(kind):
        return 0
    if feature.type == "integer" and kind == "number":
        # 3.0 is an integer too: some senders write every number with a decimal point.
        return int(np.count_nonzero(np.array(values) % 1))
    return len(values)
