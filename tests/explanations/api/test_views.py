"""Model files over the API: registered, asked about, checked again."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import Role
from apps.explanations.models import Artifact, ParityCheck
from apps.explanations.services import storing
from tests.explanations.factories import make_scored_model
from tests.factories import make_key, make_member

pytestmark = pytest.mark.django_db


class Sender:
    """A client with a key that registers files of one model."""

    def __init__(self, **key: Any) -> None:
        self.model = make_scored_model()
        _, text = make_key(self.model.project, **key)
        self.client = Client(headers={"Authorization": f"Bearer {text}"})

    def path(self, version: str = "v1", rest: str = "") -> str:
        return f"/api/v1/models/{self.model.slug}/versions/{version}/artifact{rest}"

    def send(self, content: bytes = b"{}", *, name: str = "model.json", document: Any = None, **more: Any) -> Any:
        parts = {"file": SimpleUploadedFile(name, content), **more}
        if document is not None:
            parts["document"] = document if isinstance(document, str) else json.dumps(document)
        return self.client.post(self.path(), parts)


def test_a_file_is_registered_and_can_be_asked_about() -> None:
    sender = Sender()
    answer = sender.send(document={"features": ["age"], "output": {"decimals": 6}})
    assert answer.status_code == 201
    made = answer.json()
    # sha256sum of the two bytes {}
    assert made["sha256"] == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert (made["version"], made["format"], made["size"], made["state"]) == ("v1", "xgboost", 2, "checking")
    assert (made["parity"]["rows"], made["parity"]["finished_at"]) == (0, None)
    assert sender.client.get(sender.path()).json() == made


def test_the_same_file_again_changes_nothing() -> None:
    sender = Sender()
    assert [sender.send().status_code for _ in range(2)] == [201, 200]
    assert Artifact.objects.count() == 1


def test_a_version_without_a_file_is_not_found() -> None:
    sender = Sender()
    for call in (sender.client.get(sender.path()), sender.client.post(sender.path(rest="/check"))):
        assert call.status_code == 404
        assert call.json()["message"] == "No file is registered for this version."


def test_a_file_is_checked_again_on_request() -> None:
    sender = Sender()
    sender.send()
    ParityCheck.objects.update(finished_at="2026-01-01T00:00:00Z")
    Artifact.objects.update(state="quarantined", deaths=3)
    answer = sender.client.post(sender.path(rest="/check"))
    assert (answer.status_code, answer.json()["state"]) == (202, "checking")
    assert ParityCheck.objects.unfinished().count() == 1


@pytest.mark.parametrize(
    ("parts", "status", "code"),
    [
        ({"document": "[1]"}, 400, "invalid"),
        ({"document": "{"}, 400, "invalid_json"),
        ({"document": {"features": ["nobody"]}}, 422, "invalid_spec"),
        ({"name": "model.pkl"}, 422, "format_holds_code"),
        ({"name": "model"}, 422, "unknown_format"),
        ({"content": b""}, 422, "empty_file"),
        ({"color": "red"}, 400, "invalid"),
    ],
)
def test_bad_input_gets_its_reason_and_stores_nothing(parts: dict[str, Any], status: int, code: str) -> None:
    answer = Sender().send(**parts)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Artifact.objects.exists()


def test_a_form_without_a_file_is_refused() -> None:
    sender = Sender()
    answer = sender.client.post(sender.path(), {"document": "{}"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "MOST_BYTES", -1_100_000)
    answer = Sender().send()
    assert (answer.status_code, answer.json()["details"]["limit"]) == (413, "artifact_bytes")


def test_the_file_is_recorded_in_the_name_of_the_keys_person() -> None:
    sender = Sender()
    member = make_member(sender.model.project, Role.ENGINEER)
    _, text = make_key(sender.model.project, acts_for=member.user)
    sender.client = Client(headers={"Authorization": f"Bearer {text}"})
    sender.send()
    assert Artifact.objects.get().registered_by == member.user
