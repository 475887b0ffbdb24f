"""End to end: a version that sends a number as text makes one incident, and its rows are still drawn and reviewed."""

import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.monitoring.services import inspecting
from apps.review.models import ReviewItem
from apps.review.services import open_due_items
from apps.sampling.services import policies
from tests.factories import (
    draw_all,
    make_key,
    make_member,
    make_model,
    make_project,
    model_document,
    prediction_row,
)
from tests.pages import shown

pytestmark = pytest.mark.django_db
INCOME = {"name": "income", "type": "number"}


@pytest.mark.slow
def test_a_version_that_sends_income_as_text_makes_one_incident():
    project = make_project("credit")
    model = make_model(project, "loans", features=[INCOME], slices=[])
    policies.put_document(model, {"floor": 1.0})
    engineer = make_member(project, Role.ENGINEER).user
    api = Client(headers={"authorization": f"Bearer {make_key(project, acts_for=engineer)[1]}"})
    person = Client()
    person.force_login(engineer)

    def push(start: int, version: str, income: object) -> None:
        rows = [prediction_row(start + n, version=version, features={"income": income}) for n in range(30)]
        answer = api.post("/api/v1/models/loans/predictions", {"predictions": rows}, "application/json")
        assert (answer.status_code, answer.json()["accepted"]) == (200, 30)
        inspecting.inspect_due()

    def open_incidents() -> list:
        return api.get("/api/v1/models/loans/incidents").json()["incidents"]

    push(0, "v6", 1200)
    assert open_incidents() == []
    push(100, "v7", "1200")
    push(200, "v7", "1300")
    (incident,) = open_incidents()
    assert {name: incident[name] for name in ("feature", "version", "change", "rows")} == {
        "feature": "income",
        "version": "v7",
        "change": "number → string",
        "rows": 60,
    }
    page = shown(person.get("/p/credit/models/loans/"))
    assert "number → string in v7" in page
    assert "60 rows" in page

    # The rows of v7 are drawn, and reviewers get them as they were sent.
    draw_all(model)
    open_due_items()
    ReviewItem.objects.filter(prediction__version__name="v6").delete()
    assert ReviewItem.objects.count() == 60
    (slot,) = api.post("/api/v1/queues/loans:main/claim", {"slots": 1}, "application/json").json()["slots"]
    assert "1200" in str(slot["item"]["features"]) or "1300" in str(slot["item"]["features"])

    closed = api.post(f"/api/v1/incidents/{incident['id']}/close", {"note": "Known."}, "application/json")
    assert closed.json()["closed_by"] == engineer.display_name
    assert "number → string" not in shown(person.get("/p/credit/models/loans/"))
    push(300, "v7", "1400")
    assert [each["rows"] for each in open_incidents()] == [30]

    agreed = model_document(features=[INCOME | {"type": "text"}], slices=[])
    assert api.put("/api/v1/models/loans", agreed, "application/json").status_code == 200
    assert open_incidents() == []
    push(400, "v7", "1500")
    assert open_incidents() == []
