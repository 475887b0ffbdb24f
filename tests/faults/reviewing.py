"""People who review over HTTP, each with their own key, and remember which slots they held and what they answered."""

import http.client
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import urlsplit

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 1.0
AWAY_SECONDS = 0.3
# Several leases long: within it, everything that others held must come back.
LONGEST_WAIT_SECONDS = 150.0
RELEASED, SKIPPED, MISTAKEN, CHANGED = 0.02, 0.02, 0.08, 0.1
CLASSES = ["no", "yes"]


class Pause(StrEnum):
    """When a person falls asleep over a case, or goes home from it: once, over the first such case."""

    BEFORE_ANSWER = "asleep before any answer"
    AFTER_JUDGEMENT = "asleep after the judgement"
    LEAVES_UNSEEN = "home before any answer"
    LEAVES_JUDGED = "home after the judgement"

    @property
    def is_after_judgement(self) -> bool:
        return self in (Pause.AFTER_JUDGEMENT, Pause.LEAVES_JUDGED)

    @property
    def is_for_good(self) -> bool:
        return self in (Pause.LEAVES_UNSEEN, Pause.LEAVES_JUDGED)


class Submitted(NamedTuple):
    """A judgement or decision on a slot that the server acknowledged."""

    slot: int
    lease_token: str
    reviewer: str
    is_judgement: bool
    verdict: str
    value: float | None


@dataclass
class Holding:
    """The time in which one person surely holds a slot: from the answer that brought it to its release or expiry."""

    slot: int
    lease_token: str
    since: float
    until: float


class WentHome(Exception):
    """The person left in the middle of a case."""


@dataclass
class Reviewer:
    """One person. Their answer to a case depends on the seed, the person and the case, not on the moment."""

    base_url: str
    email: str
    key: str
    seed: int
    settles: bool = False
    pause: Pause | None = None
    pause_seconds: float = 0.0
    holdings: dict[tuple[int, str], Holding] = field(default_factory=dict)
    submitted: list[Submitted] = field(default_factory=list)
    # Writes that came too late, by error code.
    refused: Counter[str] = field(default_factory=Counter)
    # Calls that had to be repeated because their connection broke.
    interrupted: Counter[str] = field(default_factory=Counter)
    given_at: float = 0.0

    def __post_init__(self) -> None:
        self.http = http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=PATIENCE_SECONDS)
        self.headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        self.rng = random.Random(f"{self.seed} {self.email}")

    def work_through(self, queues: list[str]) -> None:
        """Review one queue after the other, each until it is empty for everyone."""
        self.given_at = time.time()
        try:
            for queue in queues:
                while (slots := self.claim(queue)) is not None:
                    while slots:
                        slots = self.review(slots[0])
        except WentHome:
            return
        finally:
            self.http.close()

    def claim(self, queue: str) -> list[dict[str, Any]] | None:
        """Claim up to two slots. An empty list: others hold what is left. None: everything is done."""
        _, answer = self.call(f"queues/{queue}/claim", {"slots": 2})
        if answer["slots"]:
            return self.take(answer["slots"])
        waiting = answer["waiting"]
        left = waiting["leased_by_others"] + waiting["for_other_reviewers"]
        if left + (waiting["awaiting_adjudication"] if self.settles else 0) == 0:
            return None
        assert time.time() - self.given_at < LONGEST_WAIT_SECONDS, f"no one is given what is left: {waiting}"
        time.sleep(POLL_SECONDS)
        return []

    def take(self, slots: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Note the slots that the server handed out, and until when."""
        self.given_at = time.time()
        for slot in slots:
            until = datetime.fromisoformat(slot["expires_at"]).timestamp()
            held = Holding(slot["slot"], slot["lease_token"], since=self.given_at, until=until)
            self.holdings.setdefault((held.slot, held.lease_token), held)
        return slots

    def review(self, slot: dict[str, Any]) -> list[dict[str, Any]]:
        """Answer the case, skip it or release it; return the next slots."""
        held = self.holdings[slot["slot"], slot["lease_token"]]
        self.nap(is_judged=False)
        chance = self.rng.random()
        if chance < RELEASED:
            self.write(held, "release", {})
            return []
        if chance < RELEASED + SKIPPED and not slot["adjudication"]:
            return self.decide(held, "skip", None)
        own, predicted = self.opinion(slot["item"]["id"]), slot["item"].get("prediction")
        if slot["blind"] and not slot["judged"]:
            reveal = self.write(held, "judgement", {"value": own}, ends=False)
            if reveal is None:
                return []
            self.note(held, is_judgement=True, verdict="", value=own)
            predicted = reveal["prediction"]
            self.nap(is_judged=True)
            if self.rng.random() < CHANGED:
                own = other(own)
        return self.decide(held, "agree" if own == predicted else "correct", own)

    def decide(self, held: Holding, verdict: str, value: str | None) -> list[dict[str, Any]]:
        body = {"verdict": verdict} | ({} if value is None else {"value": value})
        answer = self.write(held, "decision", body)
        if answer is None:
            return []
        self.note(held, is_judgement=False, verdict=verdict, value=value)
        return self.take(answer["next"])

    def write(self, held: Holding, what: str, body: dict[str, Any], *, ends: bool = True) -> dict[str, Any] | None:
        """Send the body under the lease; return None where the server refuses it with 409."""
        began, interrupted = time.time(), self.interrupted[what]
        status, answer = self.call(f"slots/{held.slot}/{what}", {"lease_token": held.lease_token, **body})
        # Refused after a broken connection, the same call may have ended the lease just before its answer was lost.
        if ends and (status != 409 or self.interrupted[what] > interrupted):
            held.until = min(held.until, began)
        if status == 409:
            self.refused[answer["code"]] += 1
            return None
        return answer

    def note(self, held: Holding, *, is_judgement: bool, verdict: str, value: str | None) -> None:
        stored = None if value is None else float(CLASSES.index(value))
        self.submitted.append(Submitted(held.slot, held.lease_token, self.email, is_judgement, verdict, stored))

    def nap(self, *, is_judged: bool) -> None:
        """Sleep or go home, if this person's pause is due at this point. It happens once."""
        if self.pause is None or self.pause.is_after_judgement != is_judged:
            return
        pause, self.pause = self.pause, None
        if pause.is_for_good:
            raise WentHome
        time.sleep(self.pause_seconds)

    def opinion(self, case: str) -> str:
        """Return this person's class for the case, mostly the right one."""
        right = CLASSES[int(case.rpartition("-")[2]) % 2]
        return other(right) if random.Random(f"{self.seed} {self.email} {case}").random() < MISTAKEN else right

    def call(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send the call until it is answered: the server may be down, or die over it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.http.request("POST", f"/api/v1/{path}", json.dumps(body), self.headers)
                response = self.http.getresponse()
                content = response.read()
                break
            except (OSError, http.client.HTTPException) as error:
                assert time.monotonic() < deadline, f"no answer to {path}"
                self.http.close()
                if isinstance(error, ConnectionRefusedError):
                    time.sleep(AWAY_SECONDS)
                else:
                    self.interrupted[path.rpartition("/")[2]] += 1
        assert response.status in (200, 204, 409), (path, body, response.status, content)
        return response.status, json.loads(content or b"{}")


def other(value: str) -> str:
    return CLASSES[1 - CLASSES.index(value)]
