"""Whatever goes wrong below /api/, the answer is JSON of one shape; pages stay pages."""

import io

import pytest
from django.test import Client

from apps.common.api import whole
from apps.common.errors import IncompleteBodyError
from tests.factories import make_key, make_project

pytestmark = pytest.mark.django_db


def said(answer) -> tuple[int, str]:
    """Status and code of an error answer, which has the shape of all of them."""
    assert answer["Content-Type"] == "application/json", answer.content
    assert set(answer.json()) == {"code", "message", "details"}
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def client() -> Client:
    return Client(headers={"authorization": f"Bearer {make_key(make_project())[1]}"}, raise_request_exception=False)


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/nothing", "/api/v1/models/a/b/c", "/api/v2/limits", "/api/v1/slots/x/claim"]
)
def test_an_address_that_there_is_not(client, path):
    assert said(client.post(path)) == (404, "not_found")


def test_a_method_that_there_is_not(client):
    assert said(client.delete("/api/v1/limits")) == (405, "method_not_allowed")


def test_a_host_that_is_not_served_here(client):
    assert said(client.get("/api/v1/limits", headers={"host": "elsewhere.example"})) == (400, "bad_request")


@pytest.mark.parametrize("accept", ["text/html", "application/xml"])
def test_a_form_of_answer_that_there_is_not(client, accept):
    assert said(client.get("/api/v1/limits", headers={"accept": accept})) == (406, "not_acceptable")


def test_an_error_is_json_whatever_form_was_asked_for(client):
    answer = client.get("/api/v1/models/none/labels", headers={"accept": "application/x-ndjson"})
    assert said(answer) == (404, "not_found")


def test_a_format_that_there_is_not(client):
    assert said(client.get("/api/v1/limits?format=xml")) == (400, "unknown_format")


def test_a_defect_of_ours(client, monkeypatch):
    monkeypatch.setattr("apps.predictions.api.limits.limits", lambda: 1 / 0)
    assert said(client.get("/api/v1/limits")) == (500, "server_error")


def test_pages_answer_with_pages(client):
    answer = client.get("/nothing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
    answer = client.get("/nothing", headers={"host": "elsewhere.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_a_body_without_its_length_is_not_taken_for_empty(client):
    answer = client.generic("POST", "/api/v1/limits", b"", CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert said(answer) == (411, "length_required")


def test_a_body_that_ends_before_its_length():
    assert b"".join(whole(io.BytesIO(b"{}, and more"), length=2)) == b"{}"
    with pytest.raises(IncompleteBodyError) as refused:
        list(whole(io.BytesIO(b"{}"), length=3))
    assert refused.value.details == {"missing": 1}


def test_a_document_that_is_too_large_is_not_read(client):
    answer = client.generic("PUT", "/api/v1/models/m", b"{}", "application/json", CONTENT_LENGTH=str(4 * 1024**2 + 1))
    assert said(answer) == (413, "too_large")
    assert answer.json()["details"] == {"limit": "document_bytes", "value": 4 * 1024**2}


def test_a_call_has_no_options(client):
    assert said(client.options("/api/v1/limits")) == (405, "method_not_allowed")
