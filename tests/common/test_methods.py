"""Methods: HEAD wherever GET is, nothing for methods that no view knows."""

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory

from apps.accounts.models import Role
from tests.factories import make_key, make_member, make_model

pytestmark = pytest.mark.django_db
HANDLER = WSGIHandler()


@pytest.fixture
def member():
    return make_member(make_model(slug="loans").project, Role.OWNER)


def answered(method: str, path: str, **headers: str):
    """Ask the application itself: the test client would take the body off HEAD."""
    answer = HANDLER.get_response(RequestFactory(headers=headers).generic(method, path))
    return answer.status_code, dict(answer.headers), answer.getvalue()


@pytest.mark.parametrize("path", ["/healthz", "/glossary/", "/p/{0}/", "/p/{0}/audit/entries.csv"])
def test_head_of_a_page_is_its_get_without_the_body(member, path):
    client = Client()
    client.force_login(member.user)
    cookie = {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}
    path = path.format(member.project.slug)
    (status, headers, body), (head_status, head_headers, head_body) = (
        answered(method, path, **cookie) for method in ("GET", "HEAD")
    )
    assert (head_status, head_body) == (status, b"")
    assert status == 200
    assert body
    assert head_headers.keys() == headers.keys()
    assert head_headers["Content-Type"] == headers["Content-Type"]


@pytest.mark.parametrize("path", ["limits", "models/loans", "models/loans/policies", "models/loans/labels?format=csv"])
def test_head_of_a_call_is_its_get_without_the_body(member, path):
    key = {"Authorization": f"Bearer {make_key(member.project)[1]}"}
    asked = [answered(method, f"/api/v1/{path}", **key) for method in ("GET", "HEAD")]
    (status, headers, body), (head_status, head_headers, head_body) = asked
    assert (status, bool(body), head_status, head_body) == (200, True, 200, b"")
    assert head_headers == headers


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/healthz", "/accounts/login/", "/api/v1/limits", "/api/v1/schema", "/none"])
def test_unknown_methods_are_refused(method, path):
    assert answered(method, path)[0] == 405
