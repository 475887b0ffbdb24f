"""Outcomes arrive late, early, again, changed or wrong; the answer counts each kind."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from apps.predictions.models import Outcome, RejectedRow
from tests.pushes import JSON, NDJSON, Api, lined, listed, raw

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return Api()


def outcome(number: int, value: object = "yes", **changes: Any) -> bytes:
    return json.dumps(
        {"id": f"case-{number}", "outcome": value, "occurred_at": "2026-03-09T00:00:00Z", **changes}
    ).encode()


BAD_OUTCOMES: dict[str, tuple[bytes, str, str | None]] = {
    "another class": (outcome(7, "maybe"), "unknown_class", "outcome"),
    "a number": (outcome(7, 1), "unknown_class", "outcome"),
    "nothing": (outcome(7, None), "missing_field", "outcome"),
    "true": (outcome(7, True), "invalid_type", "outcome"),
    "no zone": (outcome(7, occurred_at="2026-03-09T00:00:00"), "time_without_zone", "occurred_at"),
    "far ahead": (outcome(7, occurred_at="9998-03-09T00:00:00Z"), "time_range", "occurred_at"),
    "a further field": (outcome(7, score=1), "unknown_field", "score"),
    "NUL": (outcome(7, "y\x00"), "nul_character", "outcome"),
    "a field missing": (b'{"id": "case-7", "outcome": "yes"}', "missing_field", "occurred_at"),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", [listed, lined], ids=["json", "ndjson"])
@pytest.mark.parametrize(("bad", "code", "field"), BAD_OUTCOMES.values(), ids=list(BAD_OUTCOMES))
def test_a_bad_outcome_comes_back_and_the_good_ones_are_stored(api, form, bad, code, field):
    body = form([outcome(1), bad, outcome(2)]).replace(b'"predictions"', b'"outcomes"')
    answer = api.send(body, JSON if form is listed else NDJSON, kind="outcomes")
    assert (answer.status_code, answer.json()["accepted"], answer.json()["parked"]) == (207, 2, 2)
    (rejected,) = answer.json()["rejected"]
    assert (rejected["index"], rejected["id"], rejected["code"], rejected["field"]) == (1, "case-7", code, field)
    assert Outcome.objects.count() == 2
    assert RejectedRow.objects.get().kind == "outcomes"


@pytest.fixture
def told() -> Callable[..., dict[str, Any]]:
    """Send outcomes, and return the counts of the answer."""

    def send(api: Api, *rows: bytes) -> dict[str, Any]:
        body = b'{"outcomes": [' + b", ".join(rows) + b"]}"
        answer = api.send(body, kind="outcomes").json()
        return {name: answer[name] for name in ("accepted", "duplicates", "parked")} | {
            "rejected": len(answer["rejected"])
        }

    return send


def counts(accepted: int = 0, duplicates: int = 0, parked: int = 0, rejected: int = 0) -> dict[str, int]:
    return {"accepted": accepted, "duplicates": duplicates, "parked": parked, "rejected": rejected}


def test_the_answer_counts_late_early_repeated_changed_and_wrong_outcomes_separately(api, told):
    api.send(listed([raw(1), raw(2)]))
    assert told(api, outcome(1), outcome(3), outcome(1), outcome(4, "maybe")) == counts(2, 1, 1, 1)
    assert told(api, outcome(1), outcome(1, "no"), outcome(3, "no")) == counts(2, 1, 1)
    assert list(Outcome.objects.filter(external_id="case-1").order_by("id").values_list("outcome", flat=True)) == [1, 0]
    api.send(listed([raw(3)]))
    assert told(api, outcome(3, "yes")) == counts(0, 1)


def test_outcomes_of_a_regression_are_numbers(told):
    api = Api(task="regression", classes=[], positive_class="", class_labels={}, prediction_range=[0, 100])
    assert told(api, outcome(1, 12.5), outcome(2, 7), outcome(3, "7"), outcome(4, True)) == counts(2, 0, 2, 2)
    assert (
        api.send(b'{"outcomes": [' + outcome(5, 0).replace(b": 0,", b": 1e400,") + b"]}", kind="outcomes").json()[
            "rejected"
        ][0]["code"]
        == "number_range"
    )


def test_outcomes_of_a_multiclass_model_are_its_classes(told):
    api = Api(task="multiclass", classes=["low", "middle", "high"], positive_class="", class_labels={})
    assert told(api, outcome(1, "low"), outcome(2, "high"), outcome(3, "yes"), outcome(4, 1)) == counts(2, 0, 2, 2)
    assert set(Outcome.objects.values_list("outcome", flat=True)) == {0, 2}


def test_outcomes_of_an_unknown_model_are_refused(api):
    answer = api.client.post("/api/v1/models/other/outcomes", b'{"outcomes": []}', JSON)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
