"""Sensitive features at the desk: their values leave the server only for people who may see them."""

from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from apps.accounts.models import Role
from apps.audit.models import Entry
from apps.common.errors import ForbiddenError
from apps.registry.models import ReviewQueue
from apps.registry.services import registering
from apps.review.pages.usual import FEWEST
from apps.review.services.masking import hidden_features
from apps.sampling.services import policies
from tests.factories import make_member, make_model
from tests.review.factories import answer, claim, make_items, reviewers
from tests.review.people import Desk, Person

pytestmark = pytest.mark.django_db

# Neither is found by chance in a page or an answer.
PLANTED, ELSEWHERE = 7_654_321, "zweitwohnsitz"
WORDS = (str(PLANTED), f"{PLANTED:,}", ELSEWHERE)


def make_secret(*, blind: bool = True, role: Role = Role.ADJUDICATOR) -> ReviewQueue:
    """Return a queue whose model has income and residence as sensitive, shown from this role on."""
    features = [
        {"name": "age", "type": "number", "label": "Age", "group": "Person"},
        {"name": "income", "type": "number", "label": "Income", "group": "Person", "sensitive": True},
        {"name": "home", "type": "text", "label": "Residence", "group": "Person", "sensitive": True},
    ]
    model = make_model(features=features, slices=[], blind_share=1.0 if blind else 0.0)
    policies.put_document(model, {"floor": 1.0})
    ReviewQueue.objects.filter(model=model).update(
        sensitive_role=role, adjudication_rate_agreed=0.0, adjudication_rate_differs=0.0
    )
    return ReviewQueue.objects.select_related("model__project").get(model=model)


def fill(queue: ReviewQueue, n: int = 1, **changes: Any) -> None:
    secret = {"age": 40, "income": PLANTED, "home": ELSEWHERE} | changes
    explained = {"attributions": {"income": 0.5, "age": 0.2}, "attribution_base": 0.1317}
    processed = {"income": PLANTED, "age": -0.25, "home": ELSEWHERE}
    make_items(queue, n, features=secret, subject="anna", processed=processed, **explained)


def found(content: bytes) -> list[str]:
    return [word for word in WORDS if word.encode() in content]


def test_sensitive_values_are_hidden_below_the_queues_role() -> None:
    queue = make_secret()
    fill(queue)
    item = queue.items.get()
    for role, hidden in ((Role.REVIEWER, {"income", "home"}), (Role.ADJUDICATOR, set()), (Role.OWNER, set())):
        assert hidden_features(item, by=make_member(queue.model.project, role)) == hidden


def test_a_new_queue_hides_sensitive_values_below_engineer() -> None:
    queue = make_secret(role=make_model().queues.get().sensitive_role)
    fill(queue)
    item = queue.items.get()
    hidden = {role: hidden_features(item, by=make_member(queue.model.project, role)) for role in Role}
    assert [bool(hidden[role]) for role in Role] == [True, False, True, True, False, False]


def test_an_owner_can_show_sensitive_values_to_reviewers() -> None:
    queue = make_secret(role=Role.REVIEWER)
    fill(queue)
    assert found(Person(queue).look().content) == [f"{PLANTED:,}", ELSEWHERE]


@pytest.mark.slow
@pytest.mark.parametrize("script", [True, False])
def test_no_page_of_a_case_shows_a_hidden_value(script: bool) -> None:
    queue = make_secret()
    fill(queue, 2)
    anna = Person(queue)
    page = anna.look().content
    assert found(page) == []
    assert page.count(b">hidden<") >= 2
    revealed = anna.say("class:1", script=script)
    revealed = revealed if script else anna.look()
    pushes = revealed.content[revealed.content.index(b"What pushed") :].partition(b"<details")[0]
    assert b"Age" in pushes
    assert b"Income" not in pushes
    assert b"Usual answer" not in pushes
    assert b"1 sensitive feature is left out." in b" ".join(pushes.split())
    assert found(revealed.content) == []
    saw = revealed.content.partition(b"As the model saw it")[2].partition(b"</details>")[0]
    assert (b"-0.25" in saw, saw.count(b">hidden<")) == (True, 2)
    again = anna.client.post(anna.url("slot_back", anna.slot), headers={"X-Fragment": "1"})
    assert found(again.content) == []


def test_an_adjudicator_sees_all_values() -> None:
    queue = make_secret(blind=False)
    fill(queue)
    page = Person(queue, Role.ADJUDICATOR).look().content
    assert found(page) == [f"{PLANTED:,}", ELSEWHERE]
    assert page.count(f"{PLANTED:,}".encode()) >= 2  # the fact, and what pushed


@pytest.mark.slow
def test_a_hidden_value_is_neither_odd_nor_usual_nor_missing() -> None:
    caches["process"].clear()
    queue = make_secret()
    fill(queue, FEWEST, income=1_000)
    fill(queue, income=PLANTED, home=None)
    anna = Person(queue)
    pages = [anna.look().content.decode() for _ in range(1)]
    while slots := [slot for slot in [anna.slot] if slot.item.features["income"] != PLANTED]:
        anna.say("skip", slot=slots[0])
    pages.append(anna.look().content.decode())
    for page in pages:
        facts = page[page.index('id="panel-case"') : page.index('id="panel-beside"')]
        assert "odd" not in facts
        assert "1000" not in facts
        assert ">missing<" not in facts


def test_a_hidden_feature_is_not_offered_as_wrong() -> None:
    queue = make_secret()
    fill(queue)
    page = Person(queue).look().content
    assert b'name="wrong:age"' in page
    assert b'name="wrong:income"' not in page


@pytest.mark.slow
@pytest.mark.parametrize("what", ["history", "similar", "precedents"])
def test_no_tab_shows_a_hidden_value(what: str) -> None:
    queue = make_secret()
    fill(queue, 2, age=41)
    (ben,) = reviewers(queue, 1)
    for _ in range(2):
        answer(queue, ben)
    fill(queue, income=5, home="here")
    anna = Person(queue)
    anna.look()
    page = anna.look_beside(what)
    assert page.status_code == 200
    assert found(page.content) == []


def test_a_hidden_feature_adds_no_distance() -> None:
    queue = make_secret()
    fill(queue)
    (ben,) = reviewers(queue, 1)
    answer(queue, ben)
    fill(queue, income=5)
    anna = Person(queue)
    anna.look()
    page = anna.look_beside("similar").content.decode()
    assert "distance 0.0" in page
    assert "Every described feature shown to you is the same." in page
    settler = Person(queue, Role.ADJUDICATOR)
    anna.say("skip")
    settler.look()
    assert f"{PLANTED:,}" in settler.look_beside("similar").content.decode()


def test_the_api_leaves_hidden_values_out_and_names_them() -> None:
    queue = make_secret()
    fill(queue, 2)
    desk = Desk(queue)
    claimed = desk.post(f"queues/{queue.pk}/claim", {"slots": 2})
    assert found(claimed.content) == []
    slot = claimed.json()["slots"][0]
    assert (slot["item"]["features"], slot["item"]["hidden"]) == ({"age": 40}, ["home", "income"])
    held = {"lease_token": slot["lease_token"]}
    judged = desk.post(f"slots/{slot['slot']}/judgement", held | {"value": "yes"})
    assert (judged.json()["attributions"], judged.json()["attribution_base"]) == ({"age": 0.2}, None)
    assert judged.json()["processed"] == {"age": -0.25}
    decided = desk.post(f"slots/{slot['slot']}/decision", held | {"verdict": "agree"})
    assert decided.json()["next"][0]["item"]["hidden"] == ["home", "income"]
    assert found(judged.content) + found(decided.content) == []


def test_the_api_shows_values_by_the_role_of_the_keys_person() -> None:
    queue = make_secret()
    fill(queue)
    item = Desk(queue, Role.ADJUDICATOR).claim()["item"]
    assert (item["features"]["income"], item["hidden"]) == (PLANTED, [])


def test_a_case_that_was_revealed_in_another_tab_stays_masked() -> None:
    queue = make_secret(blind=False)
    fill(queue)
    desk = Desk(queue)
    slot = desk.claim()
    assert (slot["item"]["attributions"], slot["item"]["attribution_base"]) == ({"age": 0.2}, None)
    assert slot["item"]["features"] == {"age": 40}
    assert claim(queue, desk.member).pk == slot["slot"]


def test_marks_of_wrong_data_on_hidden_features_are_left_out_for_adjudicators() -> None:
    queue = make_secret(blind=False, role=Role.ENGINEER)
    fill(queue)
    owner, settler = Person(queue, Role.OWNER), Desk(queue, Role.ADJUDICATOR)
    owner.say("wrong_data", **{"wrong:income": "missing", "wrong:age": "stale"})
    slot = settler.claim()
    assert [answer["wrong_features"] for answer in slot["answers"]] == [[{"feature": "age", "problem": "stale"}]]
    client = Client()
    client.force_login(settler.member.user)
    desk = client.get(owner.url_of_queue).content.decode()
    assert "Age: out of date" in desk
    assert "Income: missing" not in desk


def test_only_an_owner_declares_that_a_feature_is_no_longer_sensitive() -> None:
    queue = make_secret()
    model = queue.model
    engineer, owner = (make_member(model.project, role).user for role in (Role.ENGINEER, Role.OWNER))
    plain = [feature | {"sensitive": feature["name"] == "home"} for feature in model.features]
    for features in (plain, [feature for feature in model.features if feature["name"] != "income"]):
        for by in (engineer, None):
            with pytest.raises(ForbiddenError, match="income"):
                registering.put_model(model.project, slug=model.slug, document={"features": features}, by=by)
    registering.put_model(model.project, slug=model.slug, document={"features": plain}, by=owner)
    details = Entry.objects.filter(act="model.changed").latest("id").details
    assert details == {"changed": ["features"], "no_longer_sensitive": ["income"]}
