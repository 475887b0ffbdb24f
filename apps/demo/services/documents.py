"""The documents that the demo sends: the model, its value model, its policies and its queue."""

from typing import Any

from apps.demo.services.codebook import DECLARED, FEATURES

PROJECT = "employment-demo"
MODEL = "employment"

OFFER_COST = 250
OFFER_WORTH = 900

VALUE_MODEL: dict[str, Any] = {
    "currency": "USD",
    # [predicted][true]
    "matrix": {
        "not_employed": {"not_employed": str(OFFER_WORTH - OFFER_COST), "employed": str(-OFFER_COST)},
        "employed": {"not_employed": "0", "employed": "0"},
    },
    "review_cost": "2.50",
    "statement": (
        "Invented for this example: a support program makes an offer to everyone predicted not employed. "
        f"An offer costs {OFFER_COST} USD and is worth {OFFER_WORTH} USD if the person is in fact not employed."
    ),
}

MODEL_DOCUMENT: dict[str, Any] = {
    "name": "Employment",
    "question": "Is this person employed?",
    "task": "binary",
    "classes": ["not_employed", "employed"],
    "class_labels": {"not_employed": "Not employed", "employed": "Employed"},
    "positive_class": "employed",
    "features": DECLARED,
    "slices": [
        {"name": "Age", "feature": "AGEP", "edges": [16, 25, 45, 65]},
        {"name": "Sex", "feature": "SEX"},
        {"name": "Citizenship", "feature": "CIT"},
        {"name": "Home", "feature": "RELP"},
    ],
    "maturity_days": 60,
    "outcome_if_absent": None,
    "blind_share": 1.0,
    "value_model": VALUE_MODEL,
}

MODEL_FILE = "demo-model.json"
# In the order of the file; the scores are sent with six decimals.
FILE_DOCUMENT: dict[str, Any] = {"features": list(FEATURES), "output": {"decimals": 6}}

GUIDELINES = """
## What counts as employed

A person is **employed** if they worked for pay or profit in the week before the interview, even for one hour, or were
temporarily away from such work: ill, on leave, on strike.

## What does not

- Work in one's own household, and unpaid volunteer work.
- Looking for work, or waiting for a new job to start.
- Military reserve without active duty.

## When the facts point both ways

1. Retirement age says less than it seems: many people keep working a few hours.
2. A disability alone decides nothing.
3. If two facts contradict each other, answer *Data is wrong* and mark them.
"""

# Draws about 2,150 of 208,892 predictions; the floor alone would draw 1,044.
POLICIES_DOCUMENT: dict[str, Any] = {
    "floor": 0.005,
    "policies": [
        {"name": "uncertain", "kind": "uncertainty", "rate": 0.016, "queue": "main", "rank": 20},
        {
            "name": "borderline",
            "kind": "bands",
            "bands": [{"low": 0.35, "high": 0.65, "rate": 0.02}],
            "queue": "main",
            "rank": 30,
        },
        {"name": "differs-from-rule", "kind": "disagreement", "rate": 0.02, "queue": "main", "rank": 40},
    ],
    "queues": [
        {
            "name": "main",
            "title": "Employment cases",
            "overlap": 2,
            # With few adjudications among a few hundred agreed cases, possible missed errors would widen every range.
            "adjudication_rate_agreed": 0.3,
            "adjudication_rate_differs": 0.5,
            "due_hours": 72,
            "repeat_rate": 0.02,
            "guidelines": GUIDELINES,
            "dispute_reasons": [
                "The age points the other way",
                "The education points the other way",
                "Household and family point the other way",
                "The input data looks wrong",
            ],
        }
    ],
}
