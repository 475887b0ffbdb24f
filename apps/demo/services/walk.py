"""The demo, step by step. Each step continues where an earlier start stopped."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from httpx import HTTPTransport

from apps.demo.services import generated, participants, reviewing, sending
from apps.demo.services.dataset import People, load_production
from apps.demo.services.documents import FILE_DOCUMENT, MODEL, MODEL_DOCUMENT, MODEL_FILE, POLICIES_DOCUMENT, PROJECT
from apps.demo.services.rows import VERSION, positions_by_id
from apps.demo.services.simulated_answers import Case
from apps.demo.services.state import SPAN, Link, ReportLink, StateFile, Step
from countersign import Client, Model, Queue

if TYPE_CHECKING:
    from apps.demo.services.scoring import Scorer

QUIET_SECONDS = 3.0
# Long enough for any machine: the progress page shows that the demo is not stuck.
PATIENCE_SECONDS = 6 * 3_600.0
RESTART_SECONDS = 180.0
REPORTS = {"performance": "Performance", "baseline": "Baseline", "value": "Value"}
REPORT_SECONDS = 3_600.0


def new_steps() -> list[Step]:
    """Return the steps as the progress page lists them."""
    return [
        Step("people", "Create people and keys, register the model"),
        Step("training", "Train a model on the people of 2015"),
        Step("predictions", "Send its predictions for 2016 to 2018, spread over six months"),
        Step("outcomes", "Send the outcomes known so far"),
        Step("drawing", "Wait until every prediction is drawn or left out"),
        Step("file", "Register the model's file and compare it with the scores that were sent"),
        Step("reviews", "Three simulated reviewers answer cases"),
        Step("adjudication", "A simulated adjudicator settles disagreements"),
        Step("others", "Two generated models beside it: energy demand, and the routing of tickets"),
        Step("reports", "Make the reports"),
    ]


class Walk:
    """One start of the demo."""

    def __init__(self, state: StateFile, *, base_url: str, say: Callable[[str], None]) -> None:
        self.state = state
        self.base_url = base_url
        self.say = say
        self._open = ExitStack()

    def run(self) -> None:
        """Run the steps that are not done yet, in order."""
        with self._open:
            self._step("people", self._introduce)
            self._say_links()
            self._step("training", self._train)
            self._step("predictions", lambda: sending.send_predictions(self.model, self.state, self.scorer))
            self._step("outcomes", lambda: sending.send_outcomes(self.model, self.state, self.production))
            self._step("drawing", self._wait_for_draws)
            self._step("file", self._register_file)
            self._step("reviews", self._review)
            self._step("adjudication", self._adjudicate)
            self._step("others", self._add_others)
            self._step("reports", self._report)
            self._catch_up()
            self._end()

    def _step(self, key: str, act: Callable[[], None]) -> None:
        if self.state.is_finished(key):
            return
        self.say(self.state.progress.step(key).label)
        act()
        self.say(f"  done in {self.state.progress.step(key).seconds:.1f} s")

    def _introduce(self) -> None:
        """Create people and keys by command; register the model, its value and its policies by API."""
        self.state.begin("people", total=len(participants.EVERYBODY) + 1)
        participants.prepare()
        for person in participants.EVERYBODY:
            if person.key not in self.state.progress.keys:
                key = participants.make_key(person)
                with self.state.change() as progress:
                    progress.keys[person.key] = key
                    progress.step("people").done += 1
        registered = self.model.register(MODEL_DOCUMENT)
        self.model.set_policies(POLICIES_DOCUMENT)
        queue: int = registered["queues"][0]["id"]
        home = f"/p/{PROJECT}/models/{MODEL}"
        pages = (
            (participants.REVIEWER, f"/p/{PROJECT}/queues/{queue}/"),
            (participants.ENGINEER, f"{home}/sampling/"),
            (participants.STAKEHOLDER, f"{home}/reports/value/"),
            (participants.OWNER, f"/p/{PROJECT}/members/"),
        )
        links = [Link(person.role, person.sees, participants.make_link(person, then=page)) for person, page in pages]
        participants.close()
        with self.state.change() as progress:
            progress.queue, progress.links = queue, links
        self.state.finish("people")

    def _say_links(self) -> None:
        self.say(f"Progress: {self.base_url}/demo/")
        for link in self.state.progress.links:
            self.say(f"  as {link.role + ':':<13}{link.url}")

    def _train(self) -> None:
        self.state.begin("training", total=1)
        self.scorer.score(range(1))
        self.state.finish("training")

    def _wait_for_draws(self) -> None:
        self.state.begin("drawing", total=1)
        self.model.wait_until_drawn(timeout=PATIENCE_SECONDS)
        self.state.finish("drawing")

    def _register_file(self) -> None:
        self.state.begin("file", total=1)
        self.model.register_file(VERSION, self.state.path.parent / MODEL_FILE, document=FILE_DOCUMENT)
        self.model.wait_until_checked(VERSION, timeout=PATIENCE_SECONDS)
        self.state.finish("file")

    def _review(self) -> None:
        queues = {person.key: self._queue_of(person.key) for person in participants.SIMULATED}
        reviewing.review(queues, self.state, case_of=self._case)

    def _adjudicate(self) -> None:
        reviewing.adjudicate(self._queue_of(participants.ADJUDICATOR.key), self.state, case_of=self._case)

    def _report(self) -> None:
        self.model.wait_until_resolved(timeout=PATIENCE_SECONDS)
        self._wait_until_quiet()
        reader = next(link for link in self.state.progress.links if link.role == participants.STAKEHOLDER.role)
        request_reports(self.model, self.state, door=reader.url.partition("?")[0])
        # A worker makes it while people look around.
        self.model.request_study()

    def _add_others(self) -> None:
        """Register two generated models, and send what is known of them. What was sent before is a duplicate."""
        now, client = self.state.progress.now, self._client(participants.ENGINEER.key)
        self.state.begin("others", total=len(generated.DOCUMENTS), unit="models")
        for name, source in ((generated.ENERGY, generated.Energy(now)), (generated.TICKETS, generated.Tickets(now))):
            model = client.model(name)
            model.register(generated.DOCUMENTS[name])
            model.set_policies(generated.POLICIES[name])
            model.push_predictions(source.predictions(), run=f"demo-{name}-predictions").raise_for_rejected()
            model.push_outcomes(source.outcomes(), run=f"demo-{name}-outcomes").raise_for_rejected()
            model.wait_until_drawn(timeout=PATIENCE_SECONDS)
            model.wait_until_resolved(timeout=PATIENCE_SECONDS)
            for kind in REPORTS:
                model.request_report(kind, *reported_days(self.state)).wait(REPORT_SECONDS)
            with self.state.change() as progress:
                step = progress.step("others")
                step.done = min(step.done + 1, step.total)
        self.state.finish("others")

    def _wait_until_quiet(self) -> None:
        """Wait until no new resolutions appear, so that the last answers are in."""
        seq, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS:
            newest = self.model.last_seq()
            if newest != seq:
                seq, since = newest, time.monotonic()
            time.sleep(0.5)

    def _catch_up(self) -> None:
        sent = sending.send_later_outcomes(self.model, self.state, self.production, today=datetime.now(UTC))
        if sent:
            self.say(f"Sent {sent:,} outcomes that became known since the last start. The reports will be updated.")

    def _end(self) -> None:
        with self.state.change() as progress:
            progress.finished_at = progress.finished_at or datetime.now(UTC)
        self.say("The demo is ready.")
        self._say_links()
        for report in self.state.progress.reports:
            self.say(f"  {report.label}: {report.url}")

    def _case(self, external_id: str) -> Case:
        position = self._positions[external_id]
        return Case(
            external_id,
            is_employed=bool(self.production.employed[position]),
            score=float(self.scorer.scores[position]),
        )

    def _client(self, person: str) -> Client:
        key = self.state.progress.keys[person]
        # Its own transport ignores proxies of the environment: the server is on this machine.
        return self._open.enter_context(Client(self.base_url, key, patience=RESTART_SECONDS, transport=HTTPTransport()))

    def _queue_of(self, person: str) -> Queue:
        """Return the queue with that person's key."""
        assert self.state.progress.queue is not None
        return self._client(person).queue(self.state.progress.queue)

    @cached_property
    def model(self) -> Model:
        """The model with the engineer's key."""
        return self._client(participants.ENGINEER.key).model(MODEL)

    @cached_property
    def production(self) -> People:
        return load_production()

    @cached_property
    def _positions(self) -> dict[str, int]:
        return positions_by_id(self.production)

    @cached_property
    def scorer(self) -> "Scorer":
        """The scorer: trained at the first start, loaded afterwards."""
        from apps.demo.services.scoring import open_scorer  # noqa: PLC0415  # slow to import; show the links first

        return open_scorer(self.state.path.parent, self.production)


def reported_days(state: StateFile) -> tuple[date, date]:
    """Return the first day and the day after the last, around the 26 weeks."""
    now = state.progress.now
    return (now - SPAN).date(), now.date() + timedelta(days=1)


def request_reports(model: Model, state: StateFile, *, door: str) -> None:
    """Request the reports that no earlier start requested, then wait for all three. `door` signs their reader in."""
    state.begin("reports", total=len(REPORTS), unit="reports")
    start, end = reported_days(state)
    requested = {report.kind for report in state.progress.reports}
    for kind, label in REPORTS.items():
        if kind in requested:
            continue
        request = model.request_report(kind, start, end)
        with state.change() as progress:
            progress.reports.append(ReportLink(kind=kind, label=label, request=request.id))
    for report in state.progress.reports:
        model.report(report.request).wait(REPORT_SECONDS)
        with state.change() as progress:
            report.url = door + f"?next=/p/{PROJECT}/models/{MODEL}/reports/{report.kind}/"
            progress.step("reports").done += 1
    state.finish("reports")
