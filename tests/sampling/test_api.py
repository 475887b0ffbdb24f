"""The sampling document over HTTP."""

import pytest
from django.test import Client

from apps.accounts.models import Project, Role
from apps.audit.models import Entry
from tests.factories import make_key, make_member, make_model, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def call():
    project = make_project()
    make_model(project, "employment")
    owner = make_member(project, Role.OWNER).user

    def send(document=None, *, by=owner):
        client = Client(headers={"authorization": f"Bearer {make_key(project, acts_for=by)[1]}"})
        url = "/api/v1/models/employment/policies"
        return client.get(url) if document is None else client.put(url, document, "application/json")

    return send


def policy(**changes):
    return {"name": "half", "kind": "uniform", "rate": 0.5, **changes}


def test_a_new_model_has_its_floor_and_its_main_queue(call):
    document = call().json()
    assert document["floor"] == 0.002
    assert document["policies"] == []
    assert [queue["name"] for queue in document["queues"]] == ["main"]


def test_the_document_from_get_can_be_put_back_unchanged(call):
    condition = {
        "any": [
            {"field": "features.age", "op": "gt", "value": 60},
            {"not": {"field": "version", "op": "eq", "value": "v1"}},
        ]
    }
    first = call({"floor": 0.01, "policies": [policy(condition=condition)], "queues": [{"name": "main", "overlap": 2}]})
    assert first.status_code == 200, first.content
    again = call(first.json())
    assert again.json() == first.json()
    assert again.json()["policies"][0]["version"] == 1


RULES = {
    "adjudication_rate_disagreed": 0.5,
    "extra_reviewer": True,
    "four_eyes_amount": 10_000.0,
    "order": "stakes",
    "due_hours": 48,
    "gold_rate": 0.05,
    "repeat_rate": 0.02,
    "sensitive_role": "adjudicator",
}


def test_a_queue_keeps_the_rules_that_the_document_omits(call):
    assert call({"queues": [{"name": "main", **RULES}]}).status_code == 200
    (queue,) = call({"queues": [{"name": "main", "overlap": 3}]}).json()["queues"]
    assert {name: queue[name] for name in RULES} == RULES
    assert queue["overlap"] == 3


@pytest.mark.slow
def test_only_an_owner_changes_who_sees_sensitive_features(call):
    """An engineer's key, or one for nobody, changes the rest and may send back what it read."""
    engineer = make_member(Project.objects.get(), Role.ENGINEER).user
    for by in (engineer, None):
        assert call(call().json(), by=by).status_code == 200
        for name in ("main", "another"):
            refused = call({"queues": [{"name": name, "sensitive_role": "reviewer", "overlap": 3}]}, by=by)
            assert (refused.status_code, refused.json()["code"]) == (403, "owners_choice")
    (queue,) = call().json()["queues"]
    assert (queue["sensitive_role"], queue["overlap"]) == ("engineer", 1)
    shown = call({"queues": [{"name": "main", "sensitive_role": "reviewer"}]})
    assert shown.json()["queues"][0]["sensitive_role"] == "reviewer"
    entry = Entry.objects.filter(act="sampling.changed").latest("id")
    assert entry.details["sensitive_role"] == {"main": {"was": "engineer", "is": "reviewer"}}


def test_null_removes_the_rules_for_amounts_and_due_times(call):
    call({"queues": [{"name": "main", **RULES}]})
    (queue,) = call({"queues": [{"name": "main", "four_eyes_amount": None, "due_hours": None}]}).json()["queues"]
    assert (queue["four_eyes_amount"], queue["due_hours"]) == (None, None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("adjudication_rate_disagreed", 1.5),
        ("extra_reviewer", "yes"),
        ("four_eyes_amount", -1),
        ("four_eyes_amount", "10"),
        ("order", "newest"),
        ("due_hours", 0),
        ("due_hours", 2.5),
        ("gold_rate", 0.51),
        ("repeat_rate", -0.1),
        ("sensitive_role", "stakeholder"),
        ("sensitive_role", "owner"),
        ("is_extra_reviewer_asked", True),
    ],
)
def test_a_rule_out_of_its_range_changes_nothing(call, name, value):
    before = call().json()
    refusal = call({"queues": [{"name": "main", name: value}]})
    assert refusal.status_code == 400
    assert f'"{name}"' in refusal.content.decode()
    assert call().json() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "document",
    [
        {"floor": 0},
        {"floor": 1.5},
        {"nonsense": 1},
        {"policies": [policy(name="floor")]},
        {"policies": [policy(), policy()]},
        {"policies": [policy(rate=2)]},
        {"policies": [policy(kind="bands")]},
        {
            "policies": [
                {
                    "name": "b",
                    "kind": "bands",
                    "bands": [{"low": 0, "high": 0.5, "rate": 1}, {"low": 0.4, "high": 1, "rate": 1}],
                }
            ]
        },
        {"policies": [policy(queue="nowhere")]},
        {"policies": [policy(condition={"field": "user__password", "op": "eq", "value": "x"})]},
        {"policies": [policy(condition={"field": "features.age", "op": "regex", "value": "x"})]},
        {"policies": [policy(condition="__import__('os')")]},
        {"policies": [policy(condition={"all": []})]},
        {"policies": [policy(condition={"field": "features.age", "op": "lt", "value": "40"})]},
        {"queues": [{"name": "main", "overlap": 0}]},
    ],
)
def test_a_document_outside_the_grammar_changes_nothing(call, document):
    before = call().json()
    assert call(document).status_code == 400
    assert call().json() == before


def budgeted(per_day=20, **changes):
    return {"name": "some", "kind": "uniform", "budget": {"per_day": per_day}, **changes}


def test_a_budget_takes_the_place_of_the_rate(call):
    bands = [{"low": 0, "high": 0.5, "rate": 0.1}, {"low": 0.5, "high": 1, "rate": 0.4}]
    kinds = [
        budgeted(),
        budgeted(0.5, name="few", kind="disagreement"),
        budgeted(name="banded", kind="bands", bands=bands),
        budgeted(name="by-sex", kind="slice", slice="sex", rates=[{"value": "1", "rate": 1.0}], rate=0.1),
    ]
    first = call({"policies": kinds})
    assert first.status_code == 200, first.content
    assert {policy["name"]: policy["budget"]["per_day"] for policy in first.json()["policies"]} == {
        "some": 20,
        "few": 0.5,
        "banded": 20,
        "by-sex": 20,
    }
    assert call(first.json()).json() == first.json()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "field", "message"),
    [
        (budgeted(rate=0.1), "rate", "A policy has a rate or a budget, not both."),
        (budgeted(0), "per_day", "A budget is more than 0 and at most 1,000,000 cases a day."),
        (budgeted(-5), "per_day", "A budget is more than 0"),
        (budgeted(1e300), "per_day", "A budget is more than 0"),
        (budgeted("20"), "per_day", "A valid number is required."),
        (budgeted(None), "per_day", "This field may not be null."),
        ({"name": "some", "kind": "uniform", "budget": {}}, "per_day", "This field is required."),
        ({"name": "some", "kind": "uniform", "budget": 20}, "budget", "Invalid data."),
        ({"name": "some", "kind": "uniform"}, "rate", "The kind uniform needs a rate or a budget."),
        (budgeted(kind="must_review"), "budget", "What must be reviewed has no budget; leave it out."),
        (budgeted(kind="bands"), "bands", "The kind bands needs bands."),
        (
            budgeted(kind="bands", bands=[{"low": 0, "high": 1, "rate": 0}]),
            "bands",
            "With a budget, at least one rate must be above 0.",
        ),
    ],
)
def test_a_wrong_budget_is_told_in_words_at_its_field(call, policy, field, message):
    before = call().json()
    refusal = call({"policies": [policy]})
    assert refusal.status_code == 400
    text = refusal.content.decode()
    assert f'"{field}"' in text or f"{field}" in text
    assert message in text
    assert call().json() == before


def test_a_budget_that_is_no_number_is_refused(call):
    """Strict JSON has no NaN; as text, Python's does."""
    refusal = call('{"policies": [{"name": "some", "kind": "uniform", "budget": {"per_day": NaN}}]}')
    assert refusal.status_code == 400


def test_what_does_not_fit_the_model_is_told_with_its_place(call):
    condition = {"all": [{"field": "features.age", "op": "lt", "value": "40"}]}
    answer = call({"policies": [policy(condition=condition)]}).json()
    assert answer["code"] == "invalid_condition"
    assert answer["details"]["problems"] == [
        {"path": ["policies", 0, "condition", "all", 0, "value"], "message": "Must be a number."}
    ]
    assert answer["message"] == "policies 1, condition, all 1, value: Must be a number."
