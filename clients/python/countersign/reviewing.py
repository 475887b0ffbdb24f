"""Reviewing by program: claim slots, judge blind cases, decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from countersign.connection import Connection
from countersign.documents import part, read


@dataclass(frozen=True)
class Slot:
    """A claimed case, held until `expires_at`. `item` contains the model's answer once it may be shown."""

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
        """True while a blind case has no first answer yet."""
        return "prediction" not in self.item


@dataclass(frozen=True)
class Claimed:
    """The slots that are held now. Without any, `waiting` counts the reasons why none is left."""

    slots: list[Slot]
    waiting: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Decided:
    """A stored decision, and the slots that come next."""

    decision: int
    next: list[Slot]


class Queue:
    """One review queue, for a key that acts for a reviewer."""

    def __init__(self, connection: Connection, name: str | int) -> None:
        self.name = name
        self._connection = connection

    def claim(self, slots: int = 1, *, only: str | None = None) -> Claimed:
        """Claim slots up to the queue's prefetch, held ones first. `only` is "review" or "adjudication"."""
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
        """Store the first answer to a blind case and return the model's. Raises ConflictError."""
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
        """Decide, and hold the slots that come next. `until` is a day, or a moment with its time zone.

        With "escalate", the note is the question and `ask` the e-mail address of the person to ask; without it, any
        adjudicator. With "wrong_data", `wrong_features` maps features to "stale", "missing" or "misread". `precedent`
        marks the settled case as an example. Raises ConflictError if somebody else holds the slot, or it is settled.
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
            "wrong_features": [
                {"feature": name, "problem": problem} for name, problem in (wrong_features or {}).items()
            ],
            "precedent": precedent,
        }
        answer = self._post(slot, "decision", body)
        following = [read(Slot, each) for each in answer["next"]]
        return Decided(answer["decision"], following)

    def heartbeat(self, slot: Slot) -> str:
        """Extend the lease of a slot and return its new end."""
        return str(self._post(slot, "heartbeat", {})["expires_at"])

    def release(self, slot: Slot) -> None:
        """Give a slot back, so that others can claim it."""
        self._post(slot, "release", {})

    def _post(self, slot: Slot, act: str, body: dict[str, Any]) -> Any:
        return self._connection.post(f"slots/{slot.slot}/{act}", {"lease_token": slot.lease_token} | body)
