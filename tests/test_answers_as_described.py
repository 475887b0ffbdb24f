"""Calls made up from the description, right ones and wrong ones: no answer that it does not know, and none of 5xx."""

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
HELD_TO = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# Keys are not made up: they would be refused, and nothing else tried.
UNSIGNED = {
    **description(),
    "paths": {
        path: {method: {**said, "security": []} for method, said in methods.items()}
        for path, methods in description()["paths"].items()
    },
}
SCHEMA = schemathesis.openapi.from_dict(UNSIGNED)
SCHEMA.app = application
RIGHT = [(found.ok(), GenerationMode.POSITIVE) for found in SCHEMA.get_all_operations()]
# Where a call takes nothing but a name, whatever it is sent is right.
WRONG = [
    (found, GenerationMode.NEGATIVE)
    for found, _ in RIGHT
    if found.query or found.method != "get" or found.label.endswith("{id}")
]


class World:
    """A model with everything that the calls can be about."""

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
        """Let the call be about what is there, unless its path is meant to be wrong."""
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
    # The application would close the connection that holds the test's transaction.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield World()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def checks(mode: GenerationMode, status: int) -> list[Any]:
    """What an answer is held to. A push with wrong rows is taken, and says so of each."""
    refuses = mode is GenerationMode.NEGATIVE and status != 207
    return CHECKS.get_by_names([*HELD_TO, *(["negative_data_rejection"] if refuses else [])])


@pytest.mark.parametrize(
    ("operation", "mode"), RIGHT + WRONG, ids=[f"{found.label} {mode}" for found, mode in RIGHT + WRONG]
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
        assume(case.headers.get("Content-Encoding") != "")  # says nothing
        world.aim(case)
        case.headers["Authorization"] = f"Bearer {world.key}"
        answer = case.call()
        case.validate_response(answer, checks=checks(mode, answer.status_code))

    call()
