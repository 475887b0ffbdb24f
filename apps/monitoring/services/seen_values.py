"""The values each feature has had, and how many of a day's values are new compared with earlier days."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

# A feature with more distinct values, or longer ones, is free text and has no categories.
MAX_CATEGORIES = 200
MAX_CATEGORY_LENGTH = 100


@dataclass
class Seen:
    """The range of a feature's numbers and the set of its categories; `categories` is None for free text."""

    low: float | None = None
    high: float | None = None
    categories: set[str] | None = field(default_factory=set)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Seen":
        categories = document["categories"]
        return cls(document["low"], document["high"], None if categories is None else set(categories))

    @property
    def document(self) -> dict[str, Any]:
        categories = None if self.categories is None else sorted(self.categories)
        return {"low": self.low, "high": self.high, "categories": categories}

    def holds_range(self, low: float, high: float) -> bool:
        return self.low is not None and self.high is not None and self.low <= low and high <= self.high

    def add_range(self, low: float, high: float) -> None:
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)

    def add_categories(self, names: Iterable[str] | None) -> None:
        if self.categories is None or names is None:
            self.categories = None
            return
        self.categories.update(names)
        if len(self.categories) > MAX_CATEGORIES or any(len(name) > MAX_CATEGORY_LENGTH for name in names):
            self.categories = None

    def add(self, other: "Seen") -> None:
        if other.low is not None and other.high is not None:
            self.add_range(other.low, other.high)
        self.add_categories(other.categories)


@dataclass
class Memory:
    """One feature's values on its newest day, and on all days before, with which the newest is compared.

    A day's counts therefore do not depend on the order of its batches, and a shift is counted all day long. The first
    day is compared with nothing.
    """

    day: date
    before: Seen = field(default_factory=Seen)
    on_day: Seen = field(default_factory=Seen)
    is_changed: bool = True

    def turn_to(self, day: date) -> None:
        """Begin a new day. Rows of an earlier day that arrive late count as the newest day's."""
        if day > self.day:
            self.before.add(self.on_day)
            self.day, self.on_day, self.is_changed = day, Seen(), True

    def count_out_of_range(self, values: list[Any]) -> int:
        """Record these numbers and count those outside the range of the earlier days."""
        array = np.array(values, dtype=np.float64)
        low, high = float(array.min()), float(array.max())
        if not self.on_day.holds_range(low, high):
            self.on_day.add_range(low, high)
            self.is_changed = True
        before = self.before
        if before.low is None or before.high is None or before.holds_range(low, high):
            return 0
        return int(np.count_nonzero((array < before.low) | (array > before.high)))

    def count_unseen(self, values: list[Any]) -> int:
        """Record these categories and count the values whose category is new compared with the earlier days."""
        distinct = set(values)
        if len(distinct) > MAX_CATEGORIES:
            self._remember(None)
            return 0
        names = {value: category(value) for value in distinct}
        self._remember(set(names.values()))
        if not self.before.categories:
            return 0
        unseen = {value for value, name in names.items() if name not in self.before.categories}
        if not unseen:
            return 0
        counts = Counter(values)
        return sum(counts[value] for value in unseen)

    def _remember(self, names: set[str] | None) -> None:
        known = self.on_day.categories
        if known is None or (names is not None and names <= known):
            return
        self.on_day.add_categories(names)
        self.is_changed = True


def category(value: Any) -> str:
    """Name a code the same whether it is sent as 1, 1.0 or "1"."""
    return f"{value:g}" if isinstance(value, float) else str(value)
