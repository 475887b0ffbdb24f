"""Training set and model card by API."""

import io

import pyarrow.parquet as pq
import pytest

from apps.accounts.models import Role, Scope
from apps.audit.models import Entry
from tests.factories import make_key, make_member, make_model
from tests.reports.stored import make_report
from tests.retraining.stored import make_study
from tests.retraining.worlds import make_learning_world

pytestmark = pytest.mark.django_db


def get(client, model, path, *, scope, role=Role.ENGINEER, **query):
    user = make_member(model.project, role).user
    _, secret = make_key(model.project, [str(scope)], acts_for=user)
    address = f"/api/v1/models/{model.slug}/{path}"
    return client.get(address, query, headers={"Authorization": f"Bearer {secret}"})


def test_the_training_set_comes_in_pages_with_the_features_as_sent(client):
    model = make_learning_world(20)
    answer = get(client, model, "training-set", scope=Scope.LABELS_READ, limit=5)
    assert answer.status_code == 200
    found = answer.json()
    assert len(found["rows"]) == 5
    assert found["next"] is not None
    assert set(found["rows"][0]["features"]) == {"income", "region", "age"}
    assert Entry.objects.get(act="training_set.exported").details["format"] == "json"


def test_the_training_set_comes_as_parquet(client):
    model = make_learning_world(20)
    answer = get(client, model, "training-set", scope=Scope.LABELS_READ, format="parquet")
    table = pq.read_table(io.BytesIO(b"".join(answer.streaming_content)))
    assert table.num_rows == 20
    assert str(table.schema.field("features.income").type) == "double"


def test_a_stakeholders_key_gets_no_training_set(client):
    answer = get(client, make_model(), "training-set", scope=Scope.LABELS_READ, role=Role.STAKEHOLDER)
    assert answer.status_code == 403


def test_the_card_names_the_report_of_every_figure(client):
    model = make_model()
    report = make_report(model, kind="performance")
    make_study(model)
    card = get(client, model, "card", scope=Scope.REPORTS_READ).json()
    assert card["performance"]
    assert {each["source"]["report"] for each in card["performance"]} == {report.pk}
    assert card["retraining"]["advice"]["verdict"] == "not_yet"
    assert card["model"]["task"] == "binary"
