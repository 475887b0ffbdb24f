"""The debug window of a prediction, answered by a real model in its sealed process."""

import json
from collections.abc import Iterable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Role
from apps.explanations.models import Artifact, Trial
from apps.explanations.services import trials
from apps.predictions.models import CaseView, Payload, Prediction
from apps.registry.models import MonitoredModel
from apps.review import services
from apps.sampling.services import policies
from tests.explanations.factories import features_of, make_scored_model, push_scored, ready_file
from tests.explanations.models import scores
from tests.factories import draw_all, make_member
from tests.pages import shown

pytestmark = pytest.mark.django_db

wait = trials.wait


@pytest.fixture(autouse=True)
def a_worker_that_answers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(asked: Iterable[Trial], **options: Any) -> list[Trial]:
        trials.answer_due()
        return wait(asked, **options)

    monkeypatch.setattr(trials, "wait", answered)


@pytest.fixture
def model() -> MonitoredModel:
    made = make_scored_model()
    push_scored(made, 60)
    return made


@pytest.fixture
def client(model: MonitoredModel) -> Client:
    visitor = Client()
    visitor.force_login(make_member(model.project, Role.ENGINEER).user)
    return visitor


def prediction(number: int = 7) -> Prediction:
    return Prediction.objects.get(external_id=f"case-{number}")


def address(model: MonitoredModel, name: str = "prediction", number: int = 7) -> str:
    return reverse(name, args=[model.project.slug, model.slug, prediction(number).pk])


def opened(client: Client, model: MonitoredModel, number: int = 7) -> tuple[str, str]:
    """Open the page; return it and the address for changes."""
    page = shown(client.get(address(model, number=number)))
    at = page.index('data-url="') + len('data-url="')
    return page, page[at : page.index('"', at)]


def change(client: Client, url: str, changes: dict[str, Any]) -> Any:
    return client.post(url, json.dumps(changes), content_type="application/json")


def test_the_page_reproduces_the_score_and_shows_every_input(client: Client, model: MonitoredModel) -> None:
    artifact = ready_file(model)
    page, _ = opened(client, model)
    score = f"{prediction().score:.6f}"
    assert f"Reproduced: {score} = {score}" in page
    assert artifact.fingerprint in page
    assert artifact.library in page
    assert "50 of 50 reproduced" in page
    for words in ("Hours a week", "Age", "float32", "Smallest change that flips it", 'type="range"', "<select"):
        assert words in page


def test_every_curve_comes_with_the_page(client: Client, model: MonitoredModel) -> None:
    ready_file(model)
    answer = client.get(address(model)).content.decode()
    at = answer.index('data-debug="') + len('data-debug="')
    data = json.loads(unescape(answer[at : answer.index('"', at)]))
    ages = data["features"]["age"]
    assert ages["scores"] == pytest.approx(scores([features_of(7) | {"age": age} for age in ages["values"]]), abs=1e-6)
    assert ages["values"][ages["own"]] == features_of(7)["age"]


def test_changed_values_are_answered_by_the_model_itself(client: Client, model: MonitoredModel) -> None:
    ready_file(model)
    _, url = opened(client, model)
    answer = change(client, url, {"age": 80, "hours": 1})
    assert answer.status_code == 200
    (score,) = scores([features_of(7) | {"age": 80, "hours": 1}])
    assert answer.json()["score"] == pytest.approx(score, abs=1e-6)
    html = " ".join(answer.json()["html"].split())
    assert "With 2 changed values" in html
    assert f"{score:.6f}" in html
    # What the value was stands struck through beside what it is now.
    assert f"<s>{features_of(7)['age']} years</s> 80 years" in html


def test_other_versions_answer_beside_it(client: Client, model: MonitoredModel) -> None:
    push_scored(model, 60, start=100, version="v2")
    ready_file(model)
    ready_file(model, version="v2")
    page, url = opened(client, model)
    assert "Other versions, same input" in page
    html = change(client, url, {"age": 80}).json()["html"]
    assert html.count(f"{scores([features_of(7) | {'age': 80}])[0]:.6f}") >= 2


def test_without_a_file_the_page_shows_what_was_sent_and_says_what_to_do(client: Client, model: MonitoredModel) -> None:
    page = shown(client.get(address(model)))
    assert "What was sent" in page
    assert "file of this version" in page
    assert not Trial.objects.exists()


def test_a_file_that_differs_answers_nothing(client: Client, model: MonitoredModel) -> None:
    ready_file(model)
    Artifact.objects.update(state="differs")
    assert "What was sent" in shown(client.get(address(model)))


def test_features_that_are_not_kept_are_not_asked_about(client: Client, model: MonitoredModel) -> None:
    ready_file(model)
    Payload.objects.all().delete()
    assert "older than the time for which they are kept" in shown(client.get(address(model)))


def test_a_model_that_is_still_being_loaded_is_waited_for(
    client: Client, model: MonitoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready_file(model)
    monkeypatch.setattr(trials, "wait", lambda asked, **_: wait(asked, seconds=0))
    page = shown(client.get(address(model)))
    assert "The model is being loaded" in page
    at = page.index('hx-get="') + len('hx-get="')
    url = page[at : page.index('"', at)].replace("&amp;", "&")
    assert "The model is being loaded" in shown(client.get(url))
    trials.answer_due()
    assert "Reproduced" in shown(client.get(url))


def test_a_changed_row_that_takes_long_is_asked_about_again(
    client: Client, model: MonitoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready_file(model)
    _, url = opened(client, model)
    monkeypatch.setattr(trials, "wait", lambda asked, **_: wait(asked, seconds=0))
    answer = change(client, url, {"age": 80})
    assert answer.status_code == 202
    trials.answer_due()
    later = client.get(f"{url}&now={answer.json()['waits']}")
    assert later.json()["score"] == pytest.approx(scores([features_of(7) | {"age": 80}])[0], abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "status"), [("{}", 400), ("[1]", 400), ("{", 400), ('{"nobody": 1}', 422), ('{"age": [1]}', 422)]
)
def test_changes_that_make_no_sense_are_refused(client: Client, model: MonitoredModel, body: str, status: int) -> None:
    ready_file(model)
    _, url = opened(client, model)
    answer = client.post(url, body, content_type="application/json")
    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_value_that_cannot_be_encoded_is_answered_with_its_reason(client: Client, model: MonitoredModel) -> None:
    ready_file(model)
    _, url = opened(client, model)
    assert "age" in change(client, url, {"age": "old"}).json()["error"]


def test_answers_of_others_and_forgotten_ones_are_not_shown(client: Client, model: MonitoredModel) -> None:
    ready_file(model)
    _, url = opened(client, model)
    stranger = Client()
    stranger.force_login(make_member(model.project, Role.ENGINEER).user)
    answer = change(stranger, url, {"age": 80})
    assert (answer.status_code, "Load the page again" in answer.json()["error"]) == (409, True)


def test_whoever_opens_the_window_has_seen_the_case(client: Client, model: MonitoredModel) -> None:
    ready_file(model)
    opened(client, model)
    assert CaseView.objects.get().place == CaseView.Place.CASE


def test_nobody_opens_the_window_of_a_case_that_they_have_yet_to_judge(model: MonitoredModel) -> None:
    policies.put_document(model, {"floor": 1.0})
    push_scored(model, 1, start=200)
    draw_all(model)
    services.open_due_items()
    ready_file(model)
    member = make_member(model.project, Role.ENGINEER)
    (slot,) = services.claim_slots(model.queues.get(), by=member)
    visitor = Client()
    visitor.force_login(member.user)
    names = [model.project.slug, model.slug, slot.item.prediction_id]
    for name in ("prediction", "debug_window"):
        assert visitor.get(reverse(name, args=names)).status_code == 409
    window = reverse("debug_window", args=names)
    assert visitor.post(window, "{}", content_type="application/json").status_code == 409
    assert not Trial.objects.filter(asked_by=member.user).exists()


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_the_window_opens_to_engineers_alone(model: MonitoredModel, role: Role) -> None:
    ready_file(model)
    visitor = Client()
    visitor.force_login(make_member(model.project, role).user)
    assert visitor.get(address(model, "debug_window")).status_code == 403
