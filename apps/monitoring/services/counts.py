"""What is counted of a feature, in rows of predictions."""

from dataclasses import dataclass

from apps.monitoring.querysets import COUNTS


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
