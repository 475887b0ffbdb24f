"""Values of any JSON shape on declared features: stored, drawn, inspected and shown; never a 5xx."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Role
from apps.monitoring.services import inspecting
from apps.predictions.models import Prediction
from apps.registry.models import Incident, IncidentKind
from apps.review.models import ReviewItem
from apps.review.pages import neighbors
from apps.review.services import open_due_items
from apps.sampling.services import policies
from tests.factories import draw_all, make_key, make_member, make_model, make_project, prediction_row

pytestmark = pytest.mark.django_db
ODD: list[Any] = [
    [], [1], [[1, {"a": [None]}]], {}, {"a": {"b": 1}}, True, False, None, "", "x" * 5_000, "<b>", 0, -1, 1e300,
    2**53, 1e-300,
]  # fmt: skip
FEATURES = ("number", "integer", "category", "boolean", "text")
MODEL = {
    "features": [
        {"name": kind, "type": kind, "codes": {"1": "one"} if kind == "category" else {}} for kind in FEATURES
    ],
    "slices": [
        {"name": "band", "feature": "number", "edges": [18, 65]},
        *({"name": kind, "feature": kind, "edges": []} for kind in FEATURES),
    ],
}


@pytest.mark.slow
def test_every_shape_on_every_feature_goes_all_the_way(client: Client) -> None:
    member = make_member(make_project("office"), Role.OWNER)
    model = make_model(member.project, "odd", **MODEL)
    leaf = {"any": [{"field": f"features.{kind}", "op": "ne", "value": 1} for kind in FEATURES]}
    condition = {"any": [leaf, {"field": "features.number", "op": "gt", "value": 1}]}
    policy = {"name": "all", "kind": "uniform", "rate": 1.0, "condition": condition, "queue": "main", "rank": 1}
    policies.put_document(model, {"floor": 1.0, "policies": [policy]})
    rows = [prediction_row(n, features=dict.fromkeys(FEATURES, value)) for n, value in enumerate(ODD)]
    keyed = {"authorization": f"Bearer {make_key(member.project, acts_for=member.user)[1]}"}
    sent = client.post(
        "/api/v1/models/odd/predictions", {"predictions": rows}, content_type="application/json", headers=keyed
    )
    assert (sent.status_code, sent.json()["accepted"]) == (200, len(ODD))
    bands = {row.external_id: row.slices[model.slice_list[0].key] for row in Prediction.objects.all()}
    assert [bands[f"case-{n}"] for n in range(len(ODD))] == (
        ["(other)"] * 7 + ["(missing)"] + ["(other)"] * 3 + ["under 18"] * 2 + ["65 and over"] * 2 + ["under 18"]
    )
    draw_all(model)
    open_due_items()
    inspecting.inspect_due()
    assert Incident.objects.filter(model=model, kind=IncidentKind.TYPE_CHANGED).exists()
    items = list(ReviewItem.objects.all())
    assert len(items) == len(ODD)
    ReviewItem.objects.update(state=ReviewItem.State.CLOSED, label=1, labelled_at=timezone.now())
    for item in items:
        assert neighbors.nearest(item, by=member)
    ReviewItem.objects.update(state=ReviewItem.State.OPEN, label=None, labelled_at=None)
    queue = model.queues.get()
    client.force_login(member.user)
    claimed = client.post("/api/v1/queues/main/claim", {"slots": 2}, content_type="application/json", headers=keyed)
    assert claimed.status_code == 200
    assert claimed.json()["slots"]
    for page in ("", "sampling/", "intake/", "incidents/"):
        assert client.get(f"/p/office/models/odd/{page}").status_code == 200, page
    assert client.get(f"/p/office/queues/{queue.pk}/").status_code == 200
    # Nobody sees the page of a case in hand.
    client.force_login(make_member(member.project, Role.OWNER).user)
    for item in items:
        assert client.get(f"/p/office/items/{item.pk}/").status_code == 200, item.features
