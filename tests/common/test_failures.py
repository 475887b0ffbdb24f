"""Every error below /api/ is JSON of one shape. Elsewhere, errors are pages."""

import errno
import io

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.test import Client

from apps.common.api import body_pieces
from apps.common.errors import IncompleteBodyError
from apps.common.outages import is_outage
from config import logs
from tests.factories import make_key, make_project

pytestmark = pytest.mark.django_db


def refusal(answer) -> tuple[int, str]:
    """Return the status and code of an error answer; check that it has the one shape."""
    assert answer["Content-Type"] == "application/json", answer.content
    assert set(answer.json()) == {"code", "message", "details"}
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def client() -> Client:
    return Client(headers={"authorization": f"Bearer {make_key(make_project())[1]}"}, raise_request_exception=False)


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/nothing", "/api/v1/models/a/b/c", "/api/v2/limits", "/api/v1/slots/x/claim"]
)
def test_an_unknown_address_is_not_found(client, path):
    assert refusal(client.post(path)) == (404, "not_found")


def test_an_unsupported_method_is_refused(client):
    assert refusal(client.delete("/api/v1/limits")) == (405, "method_not_allowed")


def test_a_host_that_is_not_served_here_is_refused(client):
    assert refusal(client.get("/api/v1/limits", headers={"host": "elsewhere.example"})) == (400, "bad_request")


@pytest.mark.parametrize("accept", ["text/html", "application/xml"])
def test_an_unavailable_media_type_is_refused(client, accept):
    assert refusal(client.get("/api/v1/limits", headers={"accept": accept})) == (406, "not_acceptable")


def test_an_error_is_json_whatever_the_accept_header(client):
    answer = client.get("/api/v1/models/none/labels", headers={"accept": "application/x-ndjson"})
    assert refusal(answer) == (404, "not_found")


def test_an_unknown_format_is_refused(client):
    assert refusal(client.get("/api/v1/limits?format=xml")) == (400, "unknown_format")


def test_a_failing_view_answers_500(client, monkeypatch):
    monkeypatch.setattr("apps.predictions.api.limits.limits", lambda: 1 / 0)
    assert refusal(client.get("/api/v1/limits")) == (500, "server_error")


def failing(error: Exception):
    def fail(*_arguments, **_options):
        raise error

    return fail


OUTAGES = [OperationalError("gone"), InterfaceError("closed"), OSError(errno.ENOSPC, "No space left on device")]


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: type(error).__name__)
def test_an_outage_answers_503_and_when_to_come_back(client, monkeypatch, error):
    monkeypatch.setattr("apps.predictions.api.limits.limits", failing(error))
    answer = client.get("/api/v1/limits")
    assert refusal(answer) == (503, "unavailable")
    assert answer["Retry-After"] == "2"


def test_an_outage_of_a_page_is_a_page_without_database_or_session(client, monkeypatch, django_assert_num_queries):
    client.cookies["sessionid"] = "x" * 32
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", failing(OperationalError("gone")))
    with django_assert_num_queries(0):
        answer = client.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert b"Not available at the moment" in answer.content


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SET LOCAL statement_timeout = 10; SELECT pg_sleep(1)", True),
        ("DO $$ BEGIN RAISE disk_full; END $$", True),
        ("DO $$ BEGIN RAISE lock_not_available; END $$", True),
        ("DO $$ BEGIN RAISE read_only_sql_transaction; END $$", True),
        ("SELECT 1 / 0", False),
        ("SELECT nothing", False),
    ],
)
def test_what_passes_is_told_from_what_is_wrong(sql, expected):
    with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert is_outage(error.value) is expected


def test_an_outage_is_logged_without_its_traceback():
    try:
        raise OperationalError("gone\n")
    except OperationalError:
        event = logs.shorten_outages(None, "error", {"event": "request_failed", "exc_info": True})
    assert event == {"event": "request_failed", "error": "gone"}


def test_errors_of_pages_are_pages(client):
    answer = client.get("/nothing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
    answer = client.get("/nothing", headers={"host": "elsewhere.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_a_body_without_its_length_is_refused_and_not_read_as_empty(client):
    answer = client.generic("POST", "/api/v1/limits", b"", CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert refusal(answer) == (411, "length_required")


def test_a_body_shorter_than_its_length_is_refused():
    assert b"".join(body_pieces(io.BytesIO(b"{}, and more"), length=2)) == b"{}"
    with pytest.raises(IncompleteBodyError) as error:
        list(body_pieces(io.BytesIO(b"{}"), length=3))
    assert error.value.details == {"missing": 1}


def test_a_document_that_is_too_large_is_refused(client):
    answer = client.generic("PUT", "/api/v1/models/m", b"{}", "application/json", CONTENT_LENGTH=str(4 * 1024**2 + 1))
    assert refusal(answer) == (413, "too_large")
    assert answer.json()["details"] == {"limit": "document_bytes", "value": 4 * 1024**2}


def test_the_options_method_is_refused(client):
    assert refusal(client.options("/api/v1/limits")) == (405, "method_not_allowed")
