"""What rows say beside the prediction: holds, observability, and what was really done."""

import json
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Role
from apps.predictions.models import Action, BatchKind, Hold, Prediction
from apps.predictions.reading.rows import PredictionReader
from apps.predictions.services import loading, uploads
from apps.registry.models import MonitoredModel
from tests.factories import make_key, make_member, make_model, prediction_row, push_predictions
from tests.predictions.actions import push_actions

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> MonitoredModel:
    return make_model()


def moment(**ahead: float) -> str:
    return (timezone.now() + timedelta(**ahead)).isoformat()


def act(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {"id": f"case-{number}", "action": "yes", "taken_at": "2026-03-20T00:00:00Z", **changes}


def test_a_hold_is_kept_with_its_default(model: MonitoredModel) -> None:
    until = moment(hours=1)
    push_predictions(model, [prediction_row(1, hold_until=until, hold_default="no"), prediction_row(2)])
    hold = Hold.objects.get()
    assert (hold.prediction.external_id, hold.default, hold.until.isoformat()) == ("case-1", 0.0, until)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"hold_until": "2999-01-01T00:00:00Z"}, "time_range", "hold_until"),
        ({"hold_until": "2026-01-01T00:00:00"}, "time_without_zone", "hold_until"),
        ({"hold_default": "no"}, "missing_field", "hold_until"),
        ({"hold_until": "2026-01-01T00:00:00Z", "hold_default": "perhaps"}, "unknown_class", "hold_default"),
        ({"explore_share": 0}, "probability_range", "explore_share"),
        ({"explore_share": 1.5}, "probability_range", "explore_share"),
        ({"explore_share": "much"}, "invalid_type", "explore_share"),
        ({"observable": "no"}, "invalid_type", "observable"),
    ],
)
def test_a_row_that_makes_no_sense_is_rejected(
    model: MonitoredModel, changes: dict[str, Any], code: str, field: str
) -> None:
    (rejected,) = push_predictions(model, [prediction_row(1, **changes)]).rejected
    assert (rejected.code, rejected.field) == (code, field)
    assert not Hold.objects.exists()


def test_observability_is_part_of_what_a_row_says_and_a_hold_is_not(model: MonitoredModel) -> None:
    row = prediction_row(1, observable=False, explore_share=0.02)
    push_predictions(model, [row])
    stored = Prediction.objects.get()
    assert (stored.observable, stored.explore_share) == (False, 0.02)
    assert push_predictions(model, [row | {"hold_until": moment(hours=1)}]).duplicates == 1
    (conflict,) = push_predictions(model, [row | {"observable": True}]).rejected
    assert (conflict.code, conflict.field) == ("conflict", "observable")
    assert push_predictions(model, [row | {"observable": None, "explore_share": None}]).rejected[0].code == "conflict"


def test_rows_without_the_later_fields_keep_their_hash(model: MonitoredModel) -> None:
    """As it was stored by the version before: a row sent again after an upgrade is a duplicate."""
    reader = PredictionReader(model, now=timezone.now())
    row = reader.read(json.dumps(prediction_row(1)).encode())
    assert row.content_hash.hex() == "7a946f095727b340a1a1b8fd6fbe0cbbf56625f8a96ae5ed25ac3b204e875063"
    row = reader.read(json.dumps(prediction_row(1, observable=False, explore_share=0.02)).encode())
    assert row.content_hash.hex() == "075aa73677cc1969b54af622bab925bdb85b17ea56a69f2a51c801425dd1d73b"
    row = reader.read(json.dumps(prediction_row(1, processed={"age": 1.5})).encode())
    assert row.content_hash.hex() == "fd9d7341ff764d441e19a5e3a99891dfff3414677b67d85f903f6465b2cce290"


def test_actions_come_early_repeat_and_are_append_only(model: MonitoredModel) -> None:
    rows = [act(1), act(1, by="desk"), act(2, action="no"), act(2, action="perhaps"), act(3, taken_at="soon")]
    result = push_actions(model, [*rows, act(1)])
    assert (result.accepted, result.duplicates) == (3, 1)
    assert [(each.code, each.field) for each in result.rejected] == [
        ("unknown_action", "action"),
        ("invalid_time", "taken_at"),
    ]
    assert push_actions(model, rows[:3]).duplicates == 3
    with pytest.raises(Exception, match="append-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE predictions_action SET action = 'no'")


def test_actions_are_pushed_over_the_api_and_from_a_file(model: MonitoredModel) -> None:
    _, text = make_key(model.project, ["outcomes:write"])
    client = Client(headers={"Authorization": f"Bearer {text}"})
    where = f"/api/v1/models/{model.slug}/actions"
    pushed = client.post(where, {"actions": [act(1), act(2)]}, content_type="application/json")
    assert (pushed.status_code, pushed.json()["accepted"]) == (200, 2)
    file = BytesIO(b"case,decision,when,who\ncase-3,yes,2026-03-20T00:00:00Z,desk\ncase-1,yes,2026-03-20T00:00:00Z,\n")
    boss = make_member(model.project, Role.ENGINEER).user
    # Its columns are known by their usual names.
    upload = uploads.draft(model, BatchKind.ACTIONS, file, name="actions.csv", content_type="text/csv", by=boss)
    uploads.confirm(upload)
    loading.load_due()
    upload.refresh_from_db()
    assert (upload.accepted, upload.duplicates, upload.rejected) == (1, 1, {})
    assert Action.objects.get(external_id="case-3").by == "desk"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"actions": {"granted": "perhaps"}}, "actions"),
        ({"actions": {"": "yes"}}, "actions"),
        ({"outcome_observed_when": {"action": ["granted"]}}, "outcome_observed_when"),
        ({"outcome_observed_when": {"prediction": ["perhaps"]}}, "outcome_observed_when"),
        ({"outcome_observed_when": {"prediction": ["yes"], "action": ["yes"]}}, "outcome_observed_when"),
        ({"outcome_observed_when": {}}, "outcome_observed_when"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(
    model: MonitoredModel, changes: dict[str, Any], field: str
) -> None:
    _, text = make_key(model.project, ["registry:write"])
    client = Client(headers={"Authorization": f"Bearer {text}"})
    answer = client.put(f"/api/v1/models/{model.slug}", changes, content_type="application/json")
    assert answer.status_code == 400
    assert field in answer.json()["details"]["fields"]
