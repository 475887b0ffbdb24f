"""Generates valid and invalid calls from the API's description: every answer is described, and none is a 5xx."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.parameters import ParameterLocation

from apps.accounts.models import Role
from apps.predictions.models import Upload
from apps.reports.models import ReportJob
from apps.review.models import Slot
from apps.review.services import open_due_items
from apps.sampling.services import policies
from config.wsgi import application
from tests.described import description
from tests.factories import (
    draw_all,
    make_key,
    make_member,
    make_model,
    make_project,
    prediction_row,
    push_outcomes,
    push_predictions,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CASES = 30
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# Keys are not generated: a wrong one would be refused before anything else is tried.
UNSIGNED = {
    **description(),
    "paths": {
        path: {method: {**operation, "security": []} for method, operation in methods.items()}
        for path, methods in description()["paths"].items()
    },
}
SCHEMA = schemathesis.openapi.from_dict(UNSIGNED)
SCHEMA.app = application
VALID = [(result.ok(), GenerationMode.POSITIVE) for result in SCHEMA.get_all_operations()]
# A call that takes nothing but a name has no invalid form.
INVALID = [
    (operation, GenerationMode.NEGATIVE)
    for operation, _ in VALID
    if operation.query or operation.body or operation.label.endswith("{id}")
]


class World:
    """A model with one of every object that a call can name."""

    def __init__(self) -> None:
        project = make_project()
        self.person = make_member(project, Role.OWNER).user
        self.key = make_key(project, acts_for=self.person)[1]
        self.model = make_model(project, "employment")
        policies.put_document(self.model, {"floor": 1.0})
        push_predictions(self.model, [prediction_row(number) for number in range(5)])
        push_outcomes(self.model, [{"id": "case-1", "outcome": "maybe", "occurred_at": "2026-03-05T00:00:00Z"}])
        draw_all(self.model)
        open_due_items()
        self.job = ReportJob.objects.create(model=self.model, kind="value", start="2026-03-01", end="2026-04-01")
        self.upload = Upload.objects.create(model=self.model, kind="outcomes", form="csv", name="rows.csv", size=9)

    def aim(self, case: Case) -> None:
        """Point the call at objects that exist, unless its path is meant to be invalid."""
        known: dict[str, Any] = {
            "model": self.model.slug,
            "queue": "main",
            "slot": Slot.objects.order_by("pk").values_list("pk", flat=True)[0],
            "id": self.job.pk,
            "upload": self.upload.pk,
        }
        path = case.meta and case.meta.components.get(ParameterLocation.PATH)
        if path and path.mode is GenerationMode.NEGATIVE:
            return
        case.path_parameters = {name: known.get(name, value) for name, value in (case.path_parameters or {}).items()}
        if isinstance(case.body, dict) and "lease_token" in case.body:
            case.body["lease_token"] = str(Slot.objects.get(pk=known["slot"]).lease_token)


@pytest.fixture
def world() -> Iterator[World]:
    # Otherwise the application closes the connection that holds the test's transaction.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield World()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def checks(mode: GenerationMode, status: int) -> list[Any]:
    """Choose the checks for an answer. A push with invalid rows gets 207 and names each of them."""
    refuses = mode is GenerationMode.NEGATIVE and status != 207
    return CHECKS.get_by_names([*CHECKED, *(["negative_data_rejection"] if refuses else [])])


@pytest.mark.parametrize(
    ("operation", "mode"), VALID + INVALID, ids=[f"{operation.label} {mode}" for operation, mode in VALID + INVALID]
)
def test_every_answer_is_described(world, operation, mode):
    @settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def call(case: Case) -> None:
        assume(case.headers.get("Content-Encoding") != "")  # an empty header means nothing
        world.aim(case)
        case.headers["Authorization"] = f"Bearer {world.key}"
        answer = case.call()
        case.validate_response(answer, checks=checks(mode, answer.status_code))

    call()
