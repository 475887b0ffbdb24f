"""People who review over HTTP, each with a key of their own, and remember what they were given and what they said."""

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
# Several leases long: by then everything that others held must have come back.
LONGEST_WAIT_SECONDS = 150.0
RELEASED, SKIPPED, MISTAKEN, CHANGED = 0.02, 0.02, 0.08, 0.1
CLASSES = ["no", "yes"]


class Pause(StrEnum):
    """When somebody falls asleep over a case, or goes home from it: once, over the first that there is."""

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


class Said(NamedTuple):
    """What was sent of a slot, and acknowledged."""

    slot: int
    lease_token: str
    reviewer: str
    is_judgement: bool
    verdict: str
    value: float | None


@dataclass
class Holding:
    """A slot in somebody's hands, surely: from the answer that brought it until it is given up, or the lease ends."""

    slot: int
    lease_token: str
    since: float
    until: float


class WentHome(Exception):
    """Left in the middle of a case."""


@dataclass
class Reviewer:
    """One person. What they answer depends on the seed, on who they are and on the case, not on the moment."""

    base_url: str
    email: str
    key: str
    seed: int
    settles: bool = False
    pause: Pause | None = None
    pause_seconds: float = 0.0
    holdings: dict[tuple[int, str], Holding] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    # What came too late, by the reason that was given.
    refused: Counter[str] = field(default_factory=Counter)
    # Calls whose connection broke, so that they had to be made again.
    interrupted: Counter[str] = field(default_factory=Counter)
    given_at: float = 0.0

    def __post_init__(self) -> None:
        self.http = http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=PATIENCE_SECONDS)
        self.headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        self.rng = random.Random(f"{self.seed} {self.email}")

    def work_through(self, queues: list[str]) -> None:
        """One queue after the other, each until it is empty for everybody."""
        self.given_at = time.time()
        try:
            for queue in queues:
                while (given := self.claim(queue)) is not None:
                    while given:
                        given = self.review(given[0])
        except WentHome:
            return
        finally:
            self.http.close()

    def claim(self, queue: str) -> list[dict[str, Any]] | None:
        """A case or two; none for the moment, while others hold what is left; `None` when all is done."""
        _, answer = self.call(f"queues/{queue}/claim", {"slots": 2})
        if answer["slots"]:
            return self.take(answer["slots"])
        waiting = answer["waiting"]
        left = waiting["leased_by_others"] + waiting["for_other_reviewers"]
        if left + (waiting["awaiting_adjudication"] if self.settles else 0) == 0:
            return None
        assert time.time() - self.given_at < LONGEST_WAIT_SECONDS, f"nobody is given what is left: {waiting}"
        time.sleep(POLL_SECONDS)
        return []

    def take(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Note what one was given, and until when."""
        self.given_at = time.time()
        for slot in given:
            until = datetime.fromisoformat(slot["expires_at"]).timestamp()
            held = Holding(slot["slot"], slot["lease_token"], since=self.given_at, until=until)
            self.holdings.setdefault((held.slot, held.lease_token), held)
        return given

    def review(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """Answer the case, skip it or give it back; what comes next."""
        held = self.holdings[given["slot"], given["lease_token"]]
        self.nap(is_judged=False)
        chance = self.rng.random()
        if chance < RELEASED:
            self.write(held, "release", {})
            return []
        if chance < RELEASED + SKIPPED and not given["adjudication"]:
            return self.decide(held, "skip", None)
        own, predicted = self.opinion(given["item"]["id"]), given["item"].get("prediction")
        if given["blind"] and not given["judged"]:
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
        said = {"verdict": verdict} | ({} if value is None else {"value": value})
        answer = self.write(held, "decision", said)
        if answer is None:
            return []
        self.note(held, is_judgement=False, verdict=verdict, value=value)
        return self.take(answer["next"])

    def write(self, held: Holding, what: str, body: dict[str, Any], *, ends: bool = True) -> dict[str, Any] | None:
        """Send it under the lease; nothing comes back where the lease is lost."""
        began = time.time()
        status, answer = self.call(f"slots/{held.slot}/{what}", {"lease_token": held.lease_token, **body})
        if status == 409:
            self.refused[answer["code"]] += 1
            return None
        if ends:
            held.until = min(held.until, began)
        return answer

    def note(self, held: Holding, *, is_judgement: bool, verdict: str, value: str | None) -> None:
        stored = None if value is None else float(CLASSES.index(value))
        self.said.append(Said(held.slot, held.lease_token, self.email, is_judgement, verdict, stored))

    def nap(self, *, is_judged: bool) -> None:
        """Once, if it is time to."""
        if self.pause is None or self.pause.is_after_judgement != is_judged:
            return
        pause, self.pause = self.pause, None
        if pause.is_for_good:
            raise WentHome
        time.sleep(self.pause_seconds)

    def opinion(self, case: str) -> str:
        """Mostly what is right."""
        right = CLASSES[int(case.rpartition("-")[2]) % 2]
        return other(right) if random.Random(f"{self.seed} {self.email} {case}").random() < MISTAKEN else right

    def call(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Sent until it is answered: the server may be away, or die over it."""
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
