"""Conditions, policies and changes read as sentences."""

import copy

import pytest

from apps.registry.models import MonitoredModel
from apps.sampling.services import policies, wording
from apps.sampling.services.wording.policies import short_of
from tests.factories import make_model


def plain():
    return MonitoredModel(
        classes=["no", "yes"],
        class_labels={"yes": "Employed"},
        features=[
            {"name": "AGEP", "label": "Age", "unit": "years"},
            {
                "name": "REL",
                "type": "category",
                "label": "Relationship",
                "codes": {"0": "householder", "1": "husband or wife"},
            },
            {"name": "CIT", "type": "category", "label": "Citizenship", "codes": {"1": "born in the US"}},
        ],
    )


def leaf(field, op, value=None):
    return {"field": field, "op": op, "value": value}


OLD = leaf("features.AGEP", "ge", 60)
WIFE = leaf("features.REL", "in", [0, "1", 1])
FOREIGN = {"not": leaf("features.CIT", "eq", 1)}


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (None, ""),
        (OLD, "Age at least 60 years"),
        (
            {"all": [OLD, {"any": [WIFE, FOREIGN]}]},
            "Age at least 60 years, and either Relationship is householder or husband or wife, or Citizenship is "
            "anything but born in the US",
        ),
        ({"all": [OLD, leaf("features.AGEP", "lt", 70)]}, "Age at least 60 years and less than 70 years"),
        ({"any": [OLD, leaf("features.AGEP", "is_missing")]}, "Age at least 60 years or is missing"),
        ({"not": leaf("features.AGEP", "is_missing")}, "Age is known"),
        ({"not": OLD}, "Age not at least 60 years"),
        (
            {"not": {"any": [OLD, WIFE]}},
            "None of these: Age at least 60 years; Relationship is householder or husband or wife",
        ),
        (leaf("prediction", "eq", "yes"), "The model’s decision is Employed"),
        (leaf("score", "gt", 0.9), "Score more than 0.9"),
        (leaf("amount", "ge", 50_000), "Amount at least 50,000"),
        (leaf("features.REL", "ne", 0), "Relationship is known and not householder"),
        (
            {"any": [OLD, {"all": [WIFE, FOREIGN]}]},
            "Age at least 60 years, or both Relationship is householder or "
            "husband or wife, and Citizenship is anything but born in the US",
        ),
        # Drafts, before they can be saved
        (leaf("features.AGEP", "ge", ""), "Age at least …"),
        ({"all": [3]}, "Something unfinished"),
        (leaf("features.REL", "in", []), "Relationship is …"),
    ],
)
def test_a_condition_is_a_sentence(tree, text):
    assert wording.condition(plain(), tree) == text


def test_model_and_baseline_differ_by_more_than_the_tolerance():
    tolerant = MonitoredModel(task="regression", unit="kWh", tolerance=0.5, tolerance_share=0.05)
    wanted = "Model and baseline differ by more than 0.5\xa0kWh or 5\xa0%"
    assert short_of(tolerant, {"kind": "disagreement"}) == wanted
    assert short_of(MonitoredModel(task="regression"), {"kind": "disagreement"}) == "Model and baseline differ"


SENTENCES = [
    ({"kind": "uniform", "rate": 0.05}, "Every prediction: 1 in 20, to Main queue"),
    ({"kind": "floor", "rate": 0.002}, "Every prediction: 1 in 500, to Main queue"),
    (
        {"kind": "uniform", "rate": 0.3, "condition": leaf("features.age", "ge", 60)},
        "Age at least 60 years: 30 %, to Main queue",
    ),
    ({"kind": "uncertainty", "rate": 0.02}, "The less sure the model, the more often: at most 1 in 50, to Main queue"),
    ({"kind": "disagreement", "budget": {"per_day": 20}}, "Model and baseline differ: 20 a day, to Main queue"),
    (
        {"kind": "bands", "bands": [{"low": 0, "high": 0.2, "rate": 0.1}, {"low": 0.4, "high": 0.6, "rate": 1.0}]},
        "By score: 1 in 10 from 0 to 0.2 and always from 0.4 to 0.6, to Main queue",
    ),
    (
        {"kind": "slice", "slice": "sex", "rates": [{"value": "1", "rate": 0.1}]},
        "By sex: 1 in 10 for male and never for all others, to Main queue",
    ),
    (
        {"kind": "slice", "slice": "sex", "rates": [], "rate": 0.01, "budget": {"per_day": 5}},
        "By sex: 5 a day, in the proportion of 1 in 100 for all others, to Main queue",
    ),
    (
        {"kind": "amount", "rate": 0.5, "full_at": 50_000},
        "The more at stake, the more often: at most 1 in 2, in full from 50,000, to Main queue",
    ),
    (
        {"kind": "recommended", "metrics": ["accuracy", "recall"], "rate": 0.01},
        "What sharpens accuracy and recall most: 1 in 100 on average, to Main queue",
    ),
    ({"kind": "must_review", "condition": leaf("amount", "ge", 1000)}, "Amount at least 1000: always, to Main queue"),
    ({"kind": "uniform", "rate": 0.5, "is_on": False}, "Every prediction: 1 in 2, to Main queue (off)"),
    ({"kind": "uniform", "rate": "often", "queue": "nowhere"}, "Every prediction: often, to nowhere"),
    ({"kind": "uniform"}, "Every prediction: …, to Main queue"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("document", "text"), SENTENCES)
def test_a_policy_is_a_sentence(document, text):
    model = make_model()
    assert str(wording.policy(model, document)) == text


@pytest.fixture
def model(db):
    return make_model()


BEFORE = {
    "floor": 0.002,
    "policies": [
        {"name": "a", "kind": "uncertainty", "rate": 0.025, "queue": "main", "rank": 10},
        {"name": "b", "kind": "disagreement", "rate": 0.05, "queue": "main", "rank": 20},
        {"name": "c", "kind": "amount", "rate": 0.5, "full_at": 1000, "queue": "main", "rank": 30},
    ],
    "queues": [{"name": "fraud", "title": "Fraud"}],
}


def changed(model, change):
    before = policies.put_document(model, BEFORE)
    after = copy.deepcopy(before)
    change(after)
    return wording.changes_in_words(model, before, after)


def test_the_same_document_changes_nothing(model):
    assert changed(model, lambda document: None) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (lambda d: d.update(floor=0.005), ["Floor: 1 in 200 instead of 1 in 500."]),
        (lambda d: d["policies"][0].update(rate=0.02), ["Less sure: at most 1 in 50 instead of 1 in 40."]),
        (
            lambda d: d["policies"][1].update(queue="fraud"),
            ["Model and baseline differ: to Fraud instead of Main queue."],
        ),
        (lambda d: d["policies"][1].update(is_on=False), ["Model and baseline differ: switched off."]),
        (
            lambda d: d["policies"][1].update(condition={"field": "amount", "op": "ge", "value": 5}),
            ["Model and baseline differ: now: Model and baseline differ, where Amount at least 5."],
        ),
        (lambda d: d["policies"].pop(1), ["Ended: Model and baseline differ."]),
        (
            lambda d: d["policies"].append({"name": "d", "kind": "uniform", "rate": 0.01, "rank": 5}),
            ["New: Every prediction: 1 in 100, to Main queue."],
        ),
        (lambda d: d["policies"][2].update(rank=5), ["More at stake: moved before Less sure."]),
        (lambda d: d["policies"][0].update(rank=50), ["Less sure: moved to the end."]),
        (
            lambda d: d["queues"][0].update(overlap=2, due_hours=48),
            ["Main queue: reviews per case: 2 instead of 1; hours until due: 48 instead of none."],
        ),
        (lambda d: d["queues"][0].update(order="due"), ["Main queue: order: oldest first instead of in random order."]),
        (lambda d: d["queues"][0].update(guidelines="Look twice."), ["Main queue: the guidelines changed."]),
        (
            lambda d: d["queues"][0].update(adjudication_rate_agreed=0.1),
            ["Main queue: adjudicated where reviewers and model agree: 1 in 10 instead of 1 in 20."],
        ),
        (lambda d: d["queues"].append({"name": "new"}), ["New queue: new."]),
        (lambda d: d.pop("policies"), []),
    ],
)
def test_each_change_is_a_sentence(model, change, sentences):
    assert changed(model, change) == sentences


def test_short_names_are_short(model):
    (floor,) = policies.in_force(model, model.created_at)
    assert wording.short(model, floor.policy) == "Floor"
    long = {"any": [{"field": "features.age", "op": "ge", "value": n} for n in range(40)]}
    policies.put_document(
        model,
        {"policies": [{"name": "x", "kind": "uniform", "rate": 0.1, "queue": "main", "rank": 1, "condition": long}]},
    )
    name = wording.short(model, model.policies.get(name="x"))
    assert len(name) <= 70
    assert name.endswith("…")
