"""Reviewing by program: claim slots of a queue, judge what is blind, decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from countersign.connection import Connection
from countersign.documents import part, read


@dataclass(frozen=True)
class Slot:
    """A case in one's hands until `expires_at`. What the model said is in `item` once it may be seen."""

    slot: int
    queue: int
    lease_token: str
    expires_at: str
    blind: bool
    judged: bool
    adjudication: bool
    item: dict[str, Any]
    answers: list[dict[str, Any]]

    @property
    def must_be_judged(self) -> bool:
        """Whether the first answer comes before the model's is shown."""
        return "prediction" not in self.item


@dataclass(frozen=True)
class Claimed:
    """The slots one holds now; where there are none, `waiting` counts why nothing is left."""

    slots: list[Slot]
    waiting: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Decided:
    """A decision that is stored, what became of its item, and the slots that come next."""

    decision: int
    item_state: str
    next: list[Slot]


class Queue:
    """One review queue, for a key that acts for a reviewer."""

    def __init__(self, connection: Connection, name: str | int) -> None:
        self.name = name
        self._connection = connection

    def claim(self, slots: int = 1, *, only: str | None = None) -> Claimed:
        """Slots held already, then fresh ones, up to the queue's prefetch; `only` "review" or "adjudication"."""
        body: dict[str, Any] = {"slots": slots} | ({} if only is None else {"only": only})
        answer = self._connection.post(f"queues/{part(self.name)}/claim", body)
        return Claimed([read(Slot, each) for each in answer["slots"]], answer.get("waiting", {}))

    def judge(
        self,
        slot: Slot,
        value: str | float,
        *,
        certainty: int | None = None,
        note: str = "",
        active_ms: int | None = None,
    ) -> dict[str, Any]:
        """Store the first answer to a blind case; what the model said comes back. Raises ConflictError."""
        body = {"value": value, "certainty": certainty, "note": note, "active_ms": active_ms}
        answer: dict[str, Any] = self._post(slot, "judgement", body)
        return answer

    def decide(
        self,
        slot: Slot,
        verdict: str,
        value: str | float | None = None,
        *,
        certainty: int | None = None,
        reasons: list[str] | None = None,
        note: str = "",
        until: date | str | None = None,
        active_ms: int | None = None,
        ask: str | None = None,
        wrong_features: Mapping[str, str] | None = None,
        precedent: bool = False,
    ) -> Decided:
        """Decide, and hold what comes next; `until` is a day, or a moment with its time zone.

        With "escalate" the note is the question, and `ask` the address of whom it is for (any adjudicator without).
        With "wrong_data", `wrong_features` says of features "stale", "missing" or "misread". `precedent`: what settles
        a case is held up as an example. Raises ConflictError where somebody else holds the slot, or it is settled.
        """
        body = {
            "verdict": verdict,
            "value": value,
            "certainty": certainty,
            "reasons": reasons or [],
            "note": note,
            "until": until.isoformat() if isinstance(until, date) else until,
            "active_ms": active_ms,
            "ask": ask,
            "wrong_features": [{"feature": name, "problem": of} for name, of in (wrong_features or {}).items()],
            "precedent": precedent,
        }
        answer = self._post(slot, "decision", body)
        following = [read(Slot, each) for each in answer["next"]]
        return Decided(answer["decision"], answer["item_state"], following)

    def heartbeat(self, slot: Slot) -> str:
        """Hold on to a slot; until when it is held now."""
        return str(self._post(slot, "heartbeat", {})["expires_at"])

    def release(self, slot: Slot) -> None:
        """Give a slot back for others."""
        self._post(slot, "release", {})

    def _post(self, slot: Slot, act: str, body: dict[str, Any]) -> Any:
        return self._connection.post(f"slots/{slot.slot}/{act}", {"lease_token": slot.lease_token} | body)
