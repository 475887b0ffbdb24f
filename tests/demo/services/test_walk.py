"""The demo against the product, with few people and only through the API."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from django.core.wsgi import get_wsgi_application
from django.db.models.functions import Now

from apps.accounts.models import Role, User
from apps.demo.services import participants, reviewing, sending
from apps.demo.services.dataset import load_production
from apps.demo.services.documents import MODEL, MODEL_DOCUMENT, POLICIES_DOCUMENT
from apps.demo.services.rows import chunks, positions_by_id
from apps.demo.services.scoring import Scorer, open_scorer
from apps.demo.services.simulated_answers import Case
from apps.demo.services.state import StateFile
from apps.demo.services.walk import new_steps
from apps.predictions.models import Outcome, Prediction
from apps.review import services as review
from apps.review.models import Decision, ReviewItem, Slot
from apps.sampling.services import drawing as sampling
from countersign import Client, Model, Queue, waiting
from tests.factories import make_key, make_member, make_project

pytestmark = pytest.mark.django_db(transaction=True)

# Long enough ago that every outcome is known today.
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(days=61)
PEOPLE = 60


class World:
    """A registered model that draws everything, and clients for each role."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.project = make_project("employment-demo")
        self.transport = httpx.WSGITransport(app=get_wsgi_application())
        self.model: Model = self.client(Role.ENGINEER).model(MODEL)
        registered = self.model.register(MODEL_DOCUMENT)
        # Everything is drawn, and every case with two answers is adjudicated.
        queue = POLICIES_DOCUMENT["queues"][0] | {"adjudication_rate_agreed": 1.0, "adjudication_rate_differs": 1.0}
        self.model.set_policies({"floor": 1.0, "queues": [queue]})
        self.queue: int = registered["queues"][0]["id"]

    def client(self, role: Role) -> Client:
        user: User = make_member(self.project, role).user
        _, key = make_key(self.project, acts_for=user)
        return Client("http://127.0.0.1:8000", key, transport=self.transport)

    def queue_of(self, role: Role) -> Queue:
        return self.client(role).queue(self.queue)

    def start(self) -> StateFile:
        return StateFile(self.path, steps=new_steps(), now=NOW)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "demo.json")


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    return open_scorer(tmp_path_factory.mktemp("demo"), load_production(limit=PEOPLE))


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_twenty(total: int, *, size: int = 0) -> list[range]:
        return chunks(total, size=20)

    monkeypatch.setattr(sending, "chunks", by_twenty)


def case_of(scorer: Scorer) -> reviewing.CaseOf:
    positions = positions_by_id(scorer.people)

    def case(external_id: str) -> Case:
        position = positions[external_id]
        employed, score = scorer.people.employed[position], scorer.scores[position]
        return Case(external_id, is_employed=bool(employed), score=float(score))

    return case


@pytest.mark.slow
def test_predictions_are_stored_once_even_if_the_demo_starts_twice(world: World, scorer: Scorer):
    sending.send_predictions(world.model, world.start(), scorer)
    again = world.start()
    with again.change() as progress:
        # Pretend it stopped after the server stored the last chunk and before the file said so.
        progress.confirmed["predictions"].remove(2)
        progress.step("predictions").done -= 20
    sending.send_predictions(world.model, again, scorer)
    assert Prediction.objects.count() == PEOPLE
    assert again.progress.step("predictions").done == PEOPLE


def test_outcomes_that_are_not_due_wait_for_a_later_start(world: World, scorer: Scorer):
    state = world.start()
    sending.send_predictions(world.model, state, scorer)
    sending.send_outcomes(world.model, state, scorer.people)
    known = Outcome.objects.count()
    assert 0 < known < PEOPLE
    assert not Outcome.objects.filter(occurred_at__gt=NOW).exists()

    assert sending.send_later_outcomes(world.model, state, scorer.people, today=NOW + timedelta(hours=1)) == 0
    later = sending.send_later_outcomes(world.model, state, scorer.people, today=NOW + timedelta(days=61))
    assert known + later == PEOPLE == Outcome.objects.values("external_id").distinct().count()


@pytest.fixture
def reviewed(world: World, scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> StateFile:
    monkeypatch.setattr(reviewing, "ANSWERS_EACH", 10)
    state = world.start()
    sending.send_predictions(world.model, state, scorer)
    sampling.draw_due()
    review.open_due_items()
    queues = {name: world.queue_of(Role.REVIEWER) for name in ("simulated-a", "simulated-b", "simulated-c")}
    reviewing.review(queues, state, case_of=case_of(scorer))
    return state


@pytest.mark.slow
def test_simulated_reviewers_answer_their_share_and_release_the_rest(reviewed: StateFile):
    assert reviewed.progress.answered == {"simulated-a": 10, "simulated-b": 10, "simulated-c": 10}
    answered = Slot.objects.filter(outcome=Slot.Outcome.ANSWERED)
    assert answered.count() == 30
    assert Decision.objects.filter(is_judgement=True, was_blind=True).count() == 30
    assert ReviewItem.objects.filter(label__isnull=False).count() >= 12
    assert not Slot.objects.unfinished().filter(lease_expires_at__gte=Now()).exists()


@pytest.mark.slow
def test_the_adjudicator_settles_what_waits_and_leaves_the_rest(world: World, scorer: Scorer, reviewed: StateFile):
    waiting = Slot.objects.unfinished().filter(is_adjudication=True).count()
    open_before = Slot.objects.unfinished().reviews().count()
    assert waiting >= 12
    reviewing.adjudicate(world.queue_of(Role.ADJUDICATOR), reviewed, case_of=case_of(scorer))

    assert not Slot.objects.unfinished().filter(is_adjudication=True).exists()
    settled = ReviewItem.objects.filter(adjudicated__isnull=False).select_related("prediction")
    assert settled.count() == waiting
    for item in settled:
        case = case_of(scorer)(item.prediction.external_id)
        assert item.model.decode(item.adjudicated) == case.truth
    assert 0 < sum(item.is_precedent for item in settled) < len(settled)
    assert Slot.objects.unfinished().reviews().count() <= open_before
    assert not Slot.objects.unfinished().filter(lease_expires_at__gte=Now()).exists()


def test_the_walk_waits_until_everything_is_drawn_and_open(world: World, scorer: Scorer, monkeypatch):
    sending.send_predictions(world.model, world.start(), scorer)
    rounds = iter([sampling.draw_due, review.open_due_items])
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: next(rounds)())
    world.model.wait_until_drawn()
    assert ReviewItem.objects.count() == PEOPLE


def test_each_kind_of_reader_has_a_participant_with_a_door():
    doors = {person.role for person in participants.EVERYBODY if person.sees}
    assert doors == {"owner", "engineer", "stakeholder", "reviewer"}


def test_simulated_participants_are_marked():
    simulated = {person.name for person in participants.EVERYBODY if person.is_simulated}
    assert simulated == {"Reviewer A", "Reviewer B", "Reviewer C", "Adjudicator"}
