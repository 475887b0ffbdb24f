"""What became of a push."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from apps.predictions.reading.rows import Rejection


@dataclass
class Answer:
    """The counts and the rejected rows of a push, as its sender is told."""

    batch: int | None = None
    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    parked: int | None = None

    @property
    def document(self) -> dict[str, Any]:
        body = {"batch": self.batch, "accepted": self.accepted, "duplicates": self.duplicates}
        if self.parked is not None:
            body["parked"] = self.parked
        return {
            **body,
            "rejected": [msgspec.to_builtins(each) for each in sorted(self.rejected, key=lambda r: r.index)],
        }

    @property
    def status(self) -> int:
        return 207 if self.rejected else 200
