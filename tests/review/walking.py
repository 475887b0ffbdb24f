"""Random walks of a whole team through the product, watched for anybody who judges blind what they have seen.

Every prediction, every outcome and every answer is a number of its own that appears nowhere else. So a number found in
an answer of the server says what its reader saw, whichever route showed it.
"""

import io
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.explanations.models import Artifact, Attribution, Trial
from apps.explanations.services import storing
from apps.predictions.models import Prediction
from apps.registry.models import ModelVersion, ReviewQueue
from apps.review import services
from apps.review.models import Decision, Question, ReviewItem, Slot, Verdict
from apps.sampling.services import policies
from apps.truth.services import resolving
from tests.explanations.computed import make_attribution
from tests.factories import draw_all, make_key, make_member, make_model, prediction_row, push_outcomes, push_predictions
from tests.world import Route, routes

CASES = 8
# The others may be sent to review.
FLOOR = 0.8
# Not those that sign people out or end their sessions.
ROUTES = [route for route in routes() if "accounts/" not in route.pattern]
PREDICTED, OUTCOME, ANSWERED, STEP = 7_310_000, 6_420_000, 1_000_000, 37
# The desk shows a case to the person who works on it; a hidden repeat is a case that its reviewer saw there.
DESK = {"queue", "slot_answer", "slot_back", "api_claim", "api_judgement", "api_decision"}
# What these show, a person may see who has still to judge the case; their judgement is then not blind.
LATE = {"api_labels", "api_predictions"}
TEAM = (Role.REVIEWER, Role.REVIEWER, Role.REVIEWER, Role.ADJUDICATOR, Role.ADJUDICATOR, Role.ENGINEER, Role.OWNER)
RULES = {
    "overlap": 2,
    "prefetch": 2,
    "gold_rate": 0.5,
    "repeat_rate": 0.5,
    "adjudication_rate_agreed": 0.5,
    "adjudication_rate_differs": 0.5,
}


def answer_trials(asked: Iterable[Trial], **_: Any) -> list[Trial]:
    """Answer for a loaded model: any input has the score that was sent."""
    found = list(Trial.objects.filter(pk__in=[each.pk for each in asked]).select_related("artifact__version"))
    for each in found:
        number = each.prediction.predicted
        curve = {"values": [1, 2], "scores": [number, number], "predicted": [number, number]}
        said = {"score": number, "predicted": number, "stored": number, "reproduced": True, "milliseconds": 1.0}
        parts = {"base": 0.0, "contributions": {"age": number}, "curves": {"age": curve}, "input": {"age": 1}}
        each.answer, each.finished_at = said | parts | {"flip": None, "code": "", "error": ""}, timezone.now()
        each.save()
    return found


@dataclass
class Walker:
    """One member of the team, at pages and with a key, and the leases they remember."""

    member: Membership
    pages: Client
    calls: Client
    tokens: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sight:
    """A number that somebody saw, of which prediction, and on which route."""

    person: int
    prediction: int
    route: str


class Walk:
    """A team, a queue of planted cases, and all that was seen so far."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.sights: list[Sight] = []
        self.violations: list[str] = []
        self.acts: Counter[str] = Counter()
        self.answers = 0
        self.last_decision = 0
        self.queue = self._plant()
        project = self.queue.model.project
        self.team = [self._walker(make_member(project, role)) for role in TEAM]
        self.stakeholder = self._walker(make_member(project, Role.STAKEHOLDER))
        self._more_cases()

    def _plant(self) -> ReviewQueue:
        number = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}, "unit": "USD"}
        model = make_model(**number, slices=[], prediction_range=[0, 10_000_000])
        spec = {"features": [{"name": "age"}], "task": "regression"}
        self.file = Artifact.objects.create(
            version=ModelVersion.objects.create(model=model, name="v1"),
            format="xgboost",
            sha256=b"0" * 32,
            size=2,
            spec=spec,
            state="ready",
            method="tree",
            space="value",
        )
        storing.keep(self.file, io.BytesIO(b"{}"))
        policies.put_document(model, {"floor": FLOOR, "queues": [{"name": "main", **RULES}]})
        return ReviewQueue.objects.select_related("model__project").get(model=model)

    def _walker(self, member: Membership) -> Walker:
        pages = Client()
        pages.force_login(member.user)
        _, text = make_key(member.project, acts_for=member.user)
        return Walker(member, pages, Client(headers={"Authorization": f"Bearer {text}"}))

    def _more_cases(self) -> None:
        before = Prediction.objects.count()
        rows = [
            prediction_row(
                number,
                prediction=PREDICTED + STEP * number,
                score=None,
                baseline=None,
                subject=f"person-{number % 3}",
            )
            for number in range(before, before + CASES)
        ]
        push_predictions(self.queue.model, rows)
        # Contributions computed here lead to the same number: whoever sees them has seen the prediction.
        new = Prediction.objects.filter(model=self.queue.model, external_id__in=[each["id"] for each in rows])
        for each in new.select_related("model", "version"):
            pushes = {"age": 1.5, "sex": -1.5}
            make_attribution(each, values=pushes, base=each.predicted, method="tree", space="value")
        draw_all(self.queue.model)
        services.open_due_items()
        # The contributions of a number are the number.
        explained = [
            Attribution(
                prediction=each,
                model=self.queue.model,
                artifact=self.file,
                method="tree",
                space="value",
                values={"age": each.predicted},
                base=0.0,
                score=each.predicted,
            )
            for each in Prediction.objects.filter(draw__isnull=False)
        ]
        Attribution.objects.bulk_create(explained, ignore_conflicts=True)

    def go(self, steps: int) -> "Walk":
        """Take so many random steps."""
        acts = [getattr(self, name) for name in dir(self) if name.startswith("do_")]
        weights = [3 if act.__name__ in BUSY else 1 for act in acts]
        for _ in range(steps):
            (act,) = self.random.choices(acts, weights)
            who = self.random.choice([*self.team, self.stakeholder] if act.__name__ in READING else self.team)
            self.acts[act.__name__] += 1
            act(who)
        return self

    # What people do

    def do_claim(self, who: Walker) -> None:
        answer = self.call(who, "api_claim", f"queues/{self.queue.pk}/claim", {"slots": 2})
        self._remember(who, answer.json().get("slots", []))

    def do_judge(self, who: Walker) -> None:
        if token := self._token(who):
            slot, lease = token
            self.call(who, "api_judgement", f"slots/{slot}/judgement", {"lease_token": lease, "value": self._number()})

    def do_decide(self, who: Walker) -> None:
        if token := self._token(who):
            slot, lease = token
            verdict = self.random.choice(list(Verdict))
            body: dict[str, Any] = {"lease_token": lease, "verdict": verdict, "note": "as I see it"}
            if verdict in (Verdict.CORRECT, Verdict.DISPUTE):
                body["value"] = self._number()
            if verdict == Verdict.ESCALATE and self.random.random() < 0.5:
                body["ask"] = self.random.choice(self.team).member.user.email
            answer = self.call(who, "api_decision", f"slots/{slot}/decision", body).json()
            self._remember(who, answer.get("next", []))

    def do_finish(self, who: Walker) -> None:
        """Claim, judge and keep, as most people do most of the time."""
        self.do_claim(who)
        for slot, lease in list(who.tokens.items())[-2:]:
            body = {"lease_token": lease, "value": self._number()}
            self.call(who, "api_judgement", f"slots/{slot}/judgement", body)
            self.call(who, "api_decision", f"slots/{slot}/decision", {"lease_token": lease, "verdict": "agree"})

    def do_look_at_desk(self, who: Walker) -> None:
        self.page(who, "queue", self.queue.pk)
        held = Slot.objects.filter(reviewer=who.member.user, lease_token__isnull=False)
        who.tokens.update({slot.pk: str(slot.lease_token) for slot in held})

    def do_answer_at_desk(self, who: Walker) -> None:
        if token := self._token(who):
            slot, lease = token
            choice = self.random.choice(["number", "keep", "skip", "recuse", "cannot_tell", "escalate", "wrong_data"])
            body = {"lease_token": lease, "choice": choice, "number": self._number(), "note": "look again"}
            leave = {"leave": "on"} if self.random.random() < 0.2 else {}
            self.page(who, "slot_answer", slot, body=body | leave, fragment=True)

    def do_go_back(self, who: Walker) -> None:
        self.page(who, "slot_back", self._some(Slot.objects.filter(reviewer=who.member.user)), body={}, fragment=True)

    def do_release(self, who: Walker) -> None:
        if token := self._token(who):
            slot, lease = token
            self.call(who, "api_release", f"slots/{slot}/release", {"lease_token": lease})

    def do_open_case(self, who: Walker) -> None:
        self.page(who, "case", self._some(ReviewItem.objects.all()))

    def do_open_own_case(self, who: Walker) -> None:
        own = ReviewItem.objects.filter(slots__reviewer=who.member.user)
        self.page(who, "case", self._some(own))

    def do_comment(self, who: Walker) -> None:
        names = " ".join(f"@{each.member.user.email}" for each in self.team)
        self.page(who, "case_comment", self._some(ReviewItem.objects.all()), body={"text": f"See this, {names}"})

    def do_look_beside(self, who: Walker) -> None:
        tab = self.random.choice(["slot_history", "slot_similar", "slot_precedents"])
        self.page(who, tab, self._some(Slot.objects.filter(reviewer=who.member.user)))

    def do_answer_question(self, who: Walker) -> None:
        question = self._some(Question.objects.filter(answered_at=None))
        self.page(who, "question", question)
        if self.random.random() < 0.5:
            self.page(who, "question", question, body={"text": "Look at the second page."})

    def do_reassign(self, who: Walker) -> None:
        to = self.random.choice(self.team).member.user_id
        self._act_on_live_work(who, act="hand_over", to=to)

    def do_take_back(self, who: Walker) -> None:
        self._act_on_live_work(who, act="take_back")

    def _act_on_live_work(self, who: Walker, **fields: Any) -> None:
        if (slot := self._some(Slot.objects.unfinished())) is None:
            return
        fields["slot"] = slot
        self.page(who, "queue_live_act", self.queue.pk, body=fields)

    def do_look_at_own_list(self, who: Walker) -> None:
        name = self.random.choice(["own_list", "own_list_csv"])
        address = reverse(name, args=[self.queue.model.project.slug])
        self._saw(who, name, who.pages.get(address, {"kind": self.random.choice(list(services.OwnWork))}))

    def do_judge_again(self, who: Walker) -> None:
        if self.random.random() < 0.3:
            closed = ReviewItem.objects.reviews().filter(state=ReviewItem.State.CLOSED)
            self.page(who, "case_reopen", self._some(closed), body={"text": "The guideline has changed."})

    def do_keep_as_known(self, who: Walker) -> None:
        closed = ReviewItem.objects.reviews().filter(state=ReviewItem.State.CLOSED)
        self.page(who, "case_gold", self._some(closed), body={})

    def do_read_anything(self, who: Walker) -> None:
        self.get(who, self.random.choice(ROUTES))

    def do_export(self, who: Walker) -> None:
        form = self.random.choice(["json", "ndjson", "csv"])
        self._saw(who, "api_labels", who.calls.get(self._api(f"labels?format={form}")))

    def do_find(self, who: Walker) -> None:
        """Look a case up: in the list, in a file, on its page, by search, or over the API."""
        prediction = Prediction.objects.get(pk=self._some(Prediction.objects.all()))
        model = [self.queue.model.project.slug, self.queue.model.slug]
        pages = [
            ("search", model[:1], {"q": prediction.external_id}),
            ("cases", model, {"subject": prediction.subject}),
            ("cases_file", [*model, "csv"], {"subject": prediction.subject}),
            ("prediction", [*model, prediction.pk], {}),
            ("debug_window", [*model, prediction.pk], {}),
            ("case_bundle", [*model, prediction.pk], {}),
        ]
        name, arguments, query = self.random.choice(pages)
        self._saw(who, name, who.pages.get(reverse(name, args=arguments), query))
        form = self.random.choice(["json", "ndjson", "csv"])
        path = self.random.choice([f"/{prediction.external_id}", f"?subject={prediction.subject}&format={form}"])
        self._saw(who, "api_prediction", who.calls.get(self._api(f"predictions{path}")))

    def do_send(self, who: Walker) -> None:
        """Send a prediction that was not drawn to review."""
        where = [self.queue.model.project.slug, self.queue.model.slug]
        undrawn = self._some(Prediction.objects.filter(draw=None))
        body = {"case": [] if undrawn is None else [undrawn], "queue": self.queue.pk}
        self._saw(who, "cases_send", who.pages.post(reverse("cases_send", args=where), body))

    def do_guess(self, who: Walker) -> None:
        """Push a case again with a guess, to learn from the answer whether it was right."""
        prediction = Prediction.objects.get(pk=self._some(Prediction.objects.all()))
        number = int(prediction.external_id.removeprefix("case-"))
        guess = PREDICTED + STEP * number + self.random.choice([0, 1])
        row = prediction_row(number, prediction=guess, score=None, baseline=None, subject=f"person-{number % 3}")
        answer = who.calls.post(self._api("predictions"), json.dumps({"predictions": [row]}), "application/json")
        self._check_decisions()
        if answer.status_code < 300:
            self._note(who, "api_predictions", prediction.pk)

    # What time and others do

    def do_let_time_pass(self, _: Walker) -> None:
        past = Now() - timedelta(seconds=1)
        Slot.objects.filter(lease_expires_at__isnull=False).update(lease_expires_at=past)
        Slot.objects.filter(snoozed_until__isnull=False).update(snoozed_until=past)
        services.close_lapsed()

    def do_learn_the_truth(self, _: Walker) -> None:
        number = self.random.randrange(CASES)
        row = {"id": f"case-{number}", "outcome": OUTCOME + STEP * number, "occurred_at": "2026-04-01T00:00:00Z"}
        push_outcomes(self.queue.model, [row])
        resolving.resolve_due()

    def do_bring_more(self, _: Walker) -> None:
        if self.random.random() < 0.1 and Prediction.objects.count() < 5 * CASES:
            self._more_cases()

    # Requests

    def page(self, who: Walker, name: str, key: Any, *, body: Any = None, fragment: bool = False) -> None:
        if key is None:
            return
        address = reverse(name, args=[self.queue.model.project.slug, key])
        headers = {"X-Fragment": "1"} if fragment else {}
        answer = who.pages.get(address) if body is None else who.pages.post(address, body, headers=headers)
        self._saw(who, name, answer)

    def call(self, who: Walker, name: str, path: str, body: Any) -> Any:
        answer = who.calls.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")
        self._saw(who, name, answer)
        return answer

    def get(self, who: Walker, route: Route) -> None:
        project = self.queue.model.project
        values: dict[str, Any] = defaultdict(lambda: self.random.randrange(1, 30))
        values |= {"project": project.slug, "model": self.queue.model.slug, "queue": self.queue.pk, "kind": "value"}
        values |= {"slot": self._some(Slot.objects.all()), "item": self._some(ReviewItem.objects.all())}
        found = Prediction.objects.get(pk=self._some(Prediction.objects.all()))
        values |= {"case": found.pk, "prediction": found.external_id, "form": "ndjson", "version": "v1"}
        values["artifact"] = self.file.pk
        values["user"] = who.member.user_id
        client = who.calls if route.is_api else who.pages
        self._saw(who, route.name, client.get(route.path(values)))

    # What is watched

    def _saw(self, who: Walker, route: str, answer: Any) -> None:
        if answer.status_code >= 500:
            self.violations.append(f"{route}: {answer.status_code}")
        # What the request stored was stored before its answer was read.
        self._check_decisions()
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        text = (
            body.decode(errors="replace").replace(",", "").replace(" ", "").replace("\u2009", "").replace("\u00a0", "")
        )
        for prediction, case in Prediction.objects.values_list("pk", "external_id"):
            number = int(case.removeprefix("case-"))
            shown = (PREDICTED + STEP * number, OUTCOME + STEP * number)
            if any(str(each) in text for each in shown):
                self._note(who, route, prediction)
        self._check_answers_of_others(who, route, text)

    def _note(self, who: Walker, route: str, prediction: int) -> None:
        self.sights.append(Sight(who.member.user_id, prediction, route))
        unjudged = Slot.objects.filter(
            item__prediction=prediction,
            item__is_blind=True,
            is_adjudication=False,
            reviewer=who.member.user,
            closed_at=None,
            judged_at=None,
        )
        if route not in LATE and unjudged.exists():
            self.violations.append(f"{route} shows a case to {who.member.role}, who has still to judge it")

    def _check_answers_of_others(self, who: Walker, route: str, text: str) -> None:
        """Nobody with a part of their own to finish sees what another said."""
        mine = Slot.objects.filter(reviewer=who.member.user, is_adjudication=False, closed_at=None, judged_at=None)
        others = Decision.objects.filter(item__prediction__in=mine.values("item__prediction"), value__lt=OUTCOME)
        for value in others.exclude(reviewer=who.member.user).values_list("value", flat=True):
            if str(int(value)) in text:
                self.violations.append(f"{route} shows {who.member.role} the answer of another before the own one")

    def _check_decisions(self) -> None:
        new = Decision.objects.filter(pk__gt=self.last_decision).select_related("item", "slot").order_by("pk")
        for decision in new:
            self.last_decision = decision.pk
            if decision.is_judgement and decision.was_blind and (seen := self._seen_before(decision)):
                person = f"{decision.reviewer_id} ({decision.item.purpose})"
                self.violations.append(f"{person} judged blind what {seen.route} had shown")

    def _seen_before(self, decision: Decision) -> Sight | None:
        is_repeat = decision.item.purpose == ReviewItem.Purpose.REPEAT
        for sight in self.sights:
            is_of_it = (sight.person, sight.prediction) == (decision.reviewer_id, decision.item.prediction_id)
            if is_of_it and not (is_repeat and sight.route in DESK):
                return sight
        return None

    def counted_unblind(self) -> list[str]:
        """The blind cases whose label rests on an answer that was not blind."""
        wrong = []
        for item in ReviewItem.objects.filter(is_blind=True, label__isnull=False):
            blind = Decision.objects.filter(item=item, slot__round=item.round, is_judgement=True, was_blind=True)
            if item.label not in set(blind.values_list("value", flat=True)):
                wrong.append(f"{item} is labeled {item.label}")
        return wrong

    # Choices

    def _number(self) -> int:
        self.answers += 1
        return ANSWERED + STEP * self.answers

    def _token(self, who: Walker) -> tuple[int, str] | None:
        return self.random.choice(list(who.tokens.items())) if who.tokens else None

    def _remember(self, who: Walker, slots: list[dict[str, Any]]) -> None:
        who.tokens.update({slot["slot"]: str(UUID(slot["lease_token"])) for slot in slots})

    def _some(self, rows: Any) -> Any:
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        return self.random.choice(keys) if keys else None

    def _api(self, path: str) -> str:
        return f"/api/v1/models/{self.queue.model.slug}/{path}"


# Most of the time people work; the rest are exceptions.
BUSY = {"do_claim", "do_judge", "do_decide", "do_finish", "do_look_at_desk", "do_answer_at_desk", "do_open_own_case"}
READING = {"do_read_anything", "do_find", "do_open_case", "do_export", "do_guess"}
