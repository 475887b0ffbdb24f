"""Fifty people review at once while web processes are killed: no answer is lost, doubled or overtaken."""

import json
import os
import random
import signal
import time
from collections import Counter, defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import httpx
import psycopg
import pytest

from tests.benchmarks.harness import BACKGROUND, Site, running_site
from tests.faults.processes import children, find_leader
from tests.faults.reviewing import CLASSES, Holding, Pause, Reviewer, Submitted

pytestmark = [pytest.mark.faults, pytest.mark.slow]

SEED = 50
PEOPLE = 50
ADJUDICATORS = 5
CASES = 2_580
CALLS = 10_000
# The shortest possible lease, and how much longer a sleeper sleeps.
LEASE_SECONDS = 30
OVERSLEPT = (1.0, 4.0)
PAUSES = [Pause.BEFORE_ANSWER] * 4 + [Pause.AFTER_JUDGEMENT] * 4 + [Pause.LEAVES_UNSEEN, Pause.LEAVES_JUDGED]
# The number of answers between two kills, and of workers killed before one of their leaders.
SUBMITS_BETWEEN = (100, 500)
WORKERS_BEFORE = 7
OVERLAPS = {"main": 1, "double": 2}
KEY_PREFIX = "cs_"
MODEL = {"task": "binary", "classes": CLASSES, "positive_class": "yes", "blind_share": 0.5}
RULES = {"lease_seconds": LEASE_SECONDS, "adjudication_rate_agreed": 0.0, "adjudication_rate_differs": 0.0}
POLICIES = {
    "floor": 1.0,
    "queues": [{"name": name, "overlap": overlap, **RULES} for name, overlap in OVERLAPS.items()],
    "policies": [
        {"name": "sure", "kind": "bands", "bands": [{"low": 0.5, "high": 1.0, "rate": 1.0}], "queue": "double"}
    ],
}
MAKE_KEYS = """
from django.core.management import call_command
for user, role in {people!r}.items():
    call_command("create_key", project="p", user=user, role=role, scopes="all")
"""
OPEN = """
from apps.review import services as review
from apps.sampling.services import drawing as sampling
sampling.draw_due()
review.open_due_items()
"""


class StoredSlot(NamedTuple):
    slot: int
    item: int
    queue: str
    round: int
    position: int
    is_adjudication: bool
    reviewer: str | None
    outcome: str


class StoredItem(NamedTuple):
    item: int
    case: str
    queue: str
    state: str
    label: float | None
    adjudicated: float | None


def test_fifty_people_review_while_web_is_killed_and_every_answer_counts_once() -> None:
    rng = random.Random(SEED)
    # Reviewing needs web alone. Leave the cores to it.
    with running_site(without=BACKGROUND, variables={"COUNTERSIGN_REQUESTS_PER_MINUTE": "0"}) as site:
        people = hire(site, rng)
        open_cases(site, people[0])
        queues = list(OVERLAPS)
        with ThreadPoolExecutor(PEOPLE) as pool:
            work = [
                pool.submit(person.work_through, queues if number % 2 else queues[::-1])
                for number, person in enumerate(people)
            ]
            kills = kill_until_done(people, site, work, rng)
        for done in work:
            done.result()
        # Another pass closes the slots that have expired since the last claim. Nothing else is left.
        people[0].work_through(queues)
        submitted, slots, items = stored(site)
    check_the_load(people, kills)
    check_that_acknowledged_answers_are_stored_once(people, submitted, slots)
    check_that_no_slot_had_two_holders(people)
    check_that_every_item_is_closed(slots, items)
    check_that_labels_are_majorities_of_first_answers(submitted, slots, items)


def check_the_load(people: list[Reviewer], kills: Counter[str]) -> None:
    """Check that calls, kills and refusals were many enough for the other checks to prove something."""
    claims, submits = sum(len(person.holdings) for person in people), sum(len(person.submitted) for person in people)
    refused = sum((person.refused for person in people), Counter())
    interrupted = sum((person.interrupted for person in people), Counter())
    print(f"{claims} claims, {submits} submits, {kills=}, {refused=}, {interrupted=}")
    assert claims + submits >= CALLS
    assert kills["leader"] >= 2
    assert kills["worker"] >= 2 * WORKERS_BEFORE
    assert refused["lease_lost"]
    assert refused["first_answer_stands"]
    assert interrupted["decision"]


def check_that_acknowledged_answers_are_stored_once(
    people: list[Reviewer], submitted: list[Submitted], slots: dict[int, StoredSlot]
) -> None:
    assert Counter(submitted) == Counter(answer for person in people for answer in person.submitted)
    keys = [(slots[each.slot].item, slots[each.slot].round, each.reviewer, each.is_judgement) for each in submitted]
    assert set(Counter(keys).values()) == {1}


def check_that_no_slot_had_two_holders(people: list[Reviewer]) -> None:
    held: dict[int, list[Holding]] = defaultdict(list)
    for person in people:
        for holding in person.holdings.values():
            held[holding.slot].append(holding)
    for holdings in held.values():
        for earlier, later in pairwise(sorted(holdings, key=lambda each: each.since)):
            assert earlier.until <= later.since, (earlier, later)


def check_that_every_item_is_closed(slots: dict[int, StoredSlot], items: list[StoredItem]) -> None:
    """Check that every case is closed, and that as many people answered it as its queue asks for."""
    assert sorted(item.case for item in items) == sorted(f"case-{number}" for number in range(CASES))
    assert {item.state for item in items} == {"closed"}
    assert {slot.outcome for slot in slots.values()} == {"answered", "passed"}
    answered: dict[int, list[StoredSlot]] = defaultdict(list)
    for slot in slots.values():
        if slot.outcome == "answered" and not slot.is_adjudication:
            answered[slot.item].append(slot)
    for item in items:
        overlap = OVERLAPS[item.queue]
        assert sorted(slot.position for slot in answered[item.item]) == list(range(overlap))
        assert len({slot.reviewer for slot in answered[item.item]}) == overlap


def check_that_labels_are_majorities_of_first_answers(
    submitted: list[Submitted], slots: dict[int, StoredSlot], items: list[StoredItem]
) -> None:
    """Check each label: what both answers say, or at a tie the first slot's, until an adjudicator settles it."""
    # A judgement sorts after the decision and so replaces it.
    value = {each.slot: each.value for each in sorted(submitted, key=lambda each: each.is_judgement)}
    first: dict[int, dict[int, float | None]] = defaultdict(dict)
    settled: dict[int, float | None] = {}
    for slot in slots.values():
        if slot.outcome == "answered" and slot.is_adjudication:
            settled[slot.item] = value[slot.slot]
        elif slot.outcome == "answered":
            first[slot.item][slot.position] = value[slot.slot]
    for item in items:
        assert item.label == first[item.item][0]
        assert (item.item in settled) == (len(set(first[item.item].values())) > 1)
        assert item.adjudicated == settled.get(item.item)


def hire(site: Site, rng: random.Random) -> list[Reviewer]:
    """Make people, each with a key: first an engineer, then adjudicators, then reviewers."""
    roles = ["engineer", *["adjudicator"] * ADJUDICATORS, *["reviewer"] * (PEOPLE - ADJUDICATORS - 1)]
    people = {f"person{number}@example.org": role for number, role in enumerate(roles)}
    keys = [line for line in shell(site, MAKE_KEYS.format(people=people)).split() if line.startswith(KEY_PREFIX)]
    pauses = [*PAUSES, *[None] * (PEOPLE - len(PAUSES))]
    rng.shuffle(pauses)
    return [
        Reviewer(
            base_url=site.base_url,
            email=email,
            key=key,
            seed=SEED,
            settles=role != "reviewer",
            pause=pause,
            pause_seconds=LEASE_SECONDS + rng.uniform(*OVERSLEPT),
        )
        for (email, role), key, pause in zip(people.items(), keys, pauses, strict=True)
    ]


def open_cases(site: Site, engineer: Reviewer) -> None:
    """Push cases, draw them and open their items. Cases with a high score need two reviewers."""
    rng = random.Random(SEED)
    rows = [
        {
            "id": f"case-{number}",
            "predicted_at": "2026-11-01T12:00:00Z",
            "features": {"age": 20 + number % 60},
            "prediction": rng.choice(CLASSES),
            "score": rng.random(),
        }
        for number in range(CASES)
    ]
    with httpx.Client(base_url=f"{site.base_url}/api/v1/models/", headers=engineer.headers, timeout=60) as http:
        http.put("m", content=json.dumps(MODEL)).raise_for_status()
        http.put("m/policies", content=json.dumps(POLICIES)).raise_for_status()
        http.post("m/predictions", content=json.dumps({"predictions": rows})).raise_for_status()
    shell(site, OPEN)


def shell(site: Site, code: str) -> str:
    return site.manage("shell", "-v", "0", "-c", code)


def kill_until_done(people: list[Reviewer], site: Site, work: list[Future[None]], rng: random.Random) -> Counter[str]:
    """Kill web workers one by one, and now and then their leader, as the work goes on; count the kills."""
    kills: Counter[str] = Counter()
    due = 0
    while not all(done.done() for done in work):
        time.sleep(0.1)
        if sum(len(person.submitted) for person in people) < due:
            continue
        leader = find_leader(site, "web")
        workers = sorted(children(leader)) if leader else []
        if not leader or not workers:
            continue
        target = "leader" if kills["worker"] >= WORKERS_BEFORE * (kills["leader"] + 1) else "worker"
        os.kill(leader if target == "leader" else rng.choice(workers), signal.SIGKILL)
        kills[target] += 1
        due += rng.randint(*SUBMITS_BETWEEN)
    return kills


def stored(site: Site) -> tuple[list[Submitted], dict[int, StoredSlot], list[StoredItem]]:
    with psycopg.connect(site.database_url) as connection:
        submitted = connection.execute(
            "SELECT slot_id, lease_token::text, email, is_judgement, verdict, value FROM review_decision d"
            " JOIN accounts_user u ON u.id = reviewer_id"
        )
        slots = connection.execute(
            "SELECT s.id, item_id, q.slug, round, position, is_adjudication, email, outcome FROM review_slot s"
            " JOIN registry_reviewqueue q ON q.id = queue_id LEFT JOIN accounts_user u ON u.id = reviewer_id"
        )
        items = connection.execute(
            "SELECT i.id, external_id, q.slug, state, label, adjudicated FROM review_reviewitem i"
            " JOIN registry_reviewqueue q ON q.id = queue_id JOIN predictions_prediction p ON p.id = prediction_id"
        )
        return (
            [Submitted(*row) for row in submitted.fetchall()],
            {row[0]: StoredSlot(*row) for row in slots.fetchall()},
            [StoredItem(*row) for row in items.fetchall()],
        )
