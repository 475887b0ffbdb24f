"""The page Sampling: a draft that is changed in place, and what it costs and buys."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Role
from apps.planning.models import Draft
from apps.planning.services import preview
from apps.sampling.models import SamplingConfiguration, SamplingPolicy
from apps.sampling.services import kept, policies
from tests.factories import draw_all, make_member, make_model, make_project, prediction_row, push_predictions

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_kept():
    """Look at each test's own predictions."""
    yield
    preview.forget()
    kept.forget()


@pytest.fixture
def model():
    monitored = make_model(make_project())
    policies.put_document(monitored, {"floor": 0.5})
    scores = [0.02 + 0.96 * (number % 50) / 50 for number in range(400)]
    rows = [
        prediction_row(number, score=scores[number], prediction="yes" if scores[number] > 0.5 else "no", amount=number)
        for number in range(400)
    ]
    push_predictions(monitored, rows)
    draw_all(monitored)
    return monitored


@pytest.fixture
def engineer(model):
    return make_member(model.project, Role.ENGINEER).user


@pytest.fixture
def desk(model, engineer):
    client = Client()
    client.force_login(engineer)
    return Desk(client, model)


class Desk:
    def __init__(self, client, model):
        self.client, self.model = client, model

    def url(self, name, *more):
        return reverse(name, args=[self.model.project.slug, self.model.slug, *more])

    def get(self, name="sampling", **query):
        answer = self.client.get(self.url(name), query)
        assert answer.status_code == 200, answer.content.decode()
        return words(answer)

    def edit(self, **data):
        answer = self.client.post(self.url("sampling_edit"), data, headers={"HX-Request": "true"})
        assert answer.status_code == 200, answer.content.decode()
        return words(answer)

    def put(self, name, **data):
        return self.edit(act="put", name_was=name, name=name, **data)

    @property
    def draft(self):
        return Draft.objects.get(model=self.model)


def words(answer):
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", text)


def test_the_page_says_what_is_drawn_and_what_it_costs(desk):
    said = desk.get()
    assert "200 of about 400 decisions a day." in said
    assert "What it costs 200 cases" in said
    assert "nobody has answered here yet" in said
    assert "How precise figures will be" in said
    assert "This is what is in force." in said
    assert not Draft.objects.exists()


def test_a_policy_is_added_changed_and_saved_with_a_reason(desk, engineer):
    said = desk.edit(act="add", kind="uncertainty")
    assert "Draft:" in said
    assert desk.draft.document["policies"][0]["name"] == "unsure"
    desk.put("unsure", kind="uncertainty", how="rate", rate="1 in 4", queue="main")
    assert desk.draft.document["policies"][0]["rate"] == 0.25
    assert not SamplingPolicy.objects.filter(name="unsure").exists()
    desk.client.post(desk.url("sampling_save"), {"reason": "More where it hesitates"})
    assert SamplingPolicy.objects.get(name="unsure").settings == {"rate": 0.25}
    last = SamplingConfiguration.objects.latest("number")
    assert (last.number, last.reason, last.saved_by) == (3, "More where it hesitates", engineer)
    assert not Draft.objects.exists()


def test_a_condition_is_built_from_fields_of_the_registry(desk):
    desk.edit(act="add", kind="uniform")
    desk.put("group", kind="uniform", how="rate", rate="0.5", queue="main", do="condition:0")
    assert desk.draft.document["policies"][0]["condition"] == {"field": "features.age", "op": "ge", "value": ""}
    typed = {"c.0.join": "all", "c.0.0.field": "features.age", "c.0.0.op": "ge", "c.0.0.value": "60"}
    said = desk.put("group", kind="uniform", how="rate", rate="0.5", queue="main", **typed)
    assert desk.draft.document["policies"][0]["condition"] == {"field": "features.age", "op": "ge", "value": 60}
    # Ages are 20 + number % 60, so of 400 numbers 20 in 60 are at least 60: 120 and 0 of the last 40.
    assert "30 % of decisions match" in said


def test_a_code_is_compared_as_it_was_sent(desk):
    desk.edit(act="add", kind="uniform")
    typed = {"c.0.join": "all", "c.0.0.field": "features.sex", "c.0.0.op": "eq", "c.0.0.value": "2"}
    said = desk.put("group", kind="uniform", how="rate", rate="0.5", queue="main", **typed)
    assert desk.draft.document["policies"][0]["condition"]["value"] == 2
    assert "50 % of decisions match" in said


def test_mistakes_are_said_at_their_field_and_nothing_is_saved(desk):
    desk.edit(act="add", kind="uniform")
    said = desk.put("group", kind="uniform", how="rate", rate="often", queue="main")
    assert "Something is missing" in said
    assert desk.draft.document["policies"][0]["rate"] == "often"
    desk.client.post(desk.url("sampling_save"))
    assert not SamplingPolicy.objects.filter(name="group").exists()
    assert Draft.objects.exists()


def test_policies_move_switch_off_and_go(desk):
    desk.edit(act="add", kind="uniform")
    desk.edit(act="add", kind="disagreement")
    assert [each["name"] for each in desk.draft.document["policies"]] == ["group", "baseline-differs"]
    desk.edit(act="up", name="baseline-differs")
    ranks = {each["name"]: each["rank"] for each in desk.draft.document["policies"]}
    assert ranks["baseline-differs"] < ranks["group"]
    desk.edit(act="switch", name="group")
    assert not next(each for each in desk.draft.document["policies"] if each["name"] == "group")["is_on"]
    desk.edit(act="remove", name="group")
    desk.edit(act="remove", name="baseline-differs")
    assert not Draft.objects.exists()


def test_a_second_admin_sees_what_the_first_has_changed(desk, model):
    desk.edit(act="add", kind="uniform")
    policies.put_document(model, {"floor": 0.4})
    assert "Somebody else changed the sampling" in desk.get()
    desk.client.post(desk.url("sampling_save"))
    assert policies.current_document(model)["policies"] == []
    desk.client.post(desk.url("sampling_rebase"))
    desk.client.post(desk.url("sampling_save"))
    assert [each["name"] for each in policies.current_document(model)["policies"]] == ["group"]


def test_where_two_have_to_agree_a_draft_is_proposed(desk, model):
    owner = make_member(model.project, Role.OWNER).user
    other = Desk(Client(), model)
    other.client.force_login(owner)
    other.client.post(other.url("sampling_agreement"), {"is_asked": "on"})
    desk.edit(act="add", kind="uniform")
    desk.client.post(desk.url("sampling_save"), {"reason": "Look at more"})
    assert policies.current_document(model)["policies"] == []
    assert "“Look at more”" in other.get()
    own = desk.client.post(desk.url("sampling_answer", desk.draft.pk), {"agree": ""})
    assert own.status_code == 403
    other.client.post(other.url("sampling_answer", desk.draft.pk), {"agree": ""})
    assert [each["name"] for each in policies.current_document(model)["policies"]] == ["group"]
    assert SamplingConfiguration.objects.latest("number").approved_by == owner


def test_a_wish_becomes_policies(desk):
    query = {"metrics": "accuracy", "width": "5", "weeks": "2", "hours": "8"}
    said = desk.get("sampling_proposal", **query)
    assert "One policy and the floor would tell it to within ±" in said
    document = re.search(
        r'name="document" value="([^"]+)"', desk.client.get(desk.url("sampling_proposal"), query).content.decode()
    )
    desk.client.post(desk.url("sampling_edit"), {"act": "propose", "document": document[1].replace("&quot;", '"')})
    assert [each["kind"] for each in desk.draft.document["policies"]] == ["recommended"]


def test_days_until_a_target_are_said_for_each_draw(desk):
    assert re.search(r"\d+ days? now, \d+ answers", desk.get("sampling_target", metric="accuracy", width="3"))
    assert "Type a number above 0." in desk.get("sampling_target", metric="accuracy", width="ten")


def test_the_document_is_a_second_view_of_the_draft(desk):
    desk.edit(act="add", kind="uniform")
    assert "&quot;group&quot;" in desk.client.get(desk.url("sampling_json")).content.decode()
    wrong = desk.client.post(desk.url("sampling_json"), {"document": '{"floor": 2}'})
    assert wrong.status_code == 400
    desk.client.post(desk.url("sampling_json"), {"document": '{"floor": 0.3}'})
    assert desk.draft.document["floor"] == 0.3


def test_a_policy_drafted_elsewhere_is_offered(desk):
    drafted = '{"name": "what-is-new", "kind": "uniform", "rate": 0.1, "queue": "main", "rank": 10}'
    assert "Another page drafted a policy" in desk.get(draft=drafted)
    desk.edit(act="take", policy=drafted)
    assert desk.draft.document["policies"][0]["name"] == "what-is-new"
    assert "Another page" not in desk.get(draft="{")


def test_without_predictions_the_page_says_what_to_do(engineer, model):
    fresh = make_model(model.project, "fresh")
    client = Client()
    client.force_login(engineer)
    assert "No predictions yet" in Desk(client, fresh).get()


def test_a_change_asks_the_database_little_however_many_policies_there_are(desk, django_assert_max_num_queries):
    for kind in ("uniform", "uncertainty", "disagreement", "amount", "recommended", "must_review"):
        desk.edit(act="add", kind=kind)
    with django_assert_max_num_queries(40):
        desk.put("group", kind="uniform", how="rate", rate="1 in 5", queue="main")
