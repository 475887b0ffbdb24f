"""Hostile values in every part of a document, in headers, cookies and files: an answer below 500, on every call."""

import json
from collections.abc import Iterator
from itertools import cycle, islice, product
from random import Random
from typing import Any

import pytest

from tests import hostile
from tests.described import operations
from tests.odd.conftest import filled
from tests.odd_values import ODD, REFUSED, SCALARS, one_of_each

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
JSON = "application/json"
NESTED = ([], {}, [None], {"": []}, [[]], "\ud800")
# Names that the product, the framework or its libraries read.
HEADERS = (
    "accept", "accept-encoding", "accept-language", "authorization", "content-encoding", "content-type", "cookie",
    "host", "hx-current-url", "hx-request", "hx-target", "hx-trigger", "idempotency-key", "if-modified-since",
    "if-none-match", "origin", "range", "referer", "transfer-encoding", "user-agent", "x-correlation-id",
    "x-csrftoken", "x-forwarded-for", "x-forwarded-proto", "x-http-method-override", "x-request-id",
)  # fmt: skip
COOKIES = ("sessionid", "csrftoken", "messages")
PLACES = (("GET", "/"), ("GET", "/p/office/"), ("POST", "/accounts/login/"), ("GET", "/healthz"))
CALLS = (("GET", "/api/v1/models"), ("POST", "/api/v1/models/office-model/predictions"))


def examples() -> list[tuple[str, str, Any]]:
    """Return the method, the path and the example document of each call that takes one."""
    found = []
    for path, method, operation in operations():
        body = operation.get("requestBody", {"content": {}})["content"].get(JSON, {})
        found += [(method.upper(), path, example["value"]) for example in body.get("examples", {}).values()]
    return found


def changed(document: Any, value: Any) -> Iterator[Any]:
    """Yield the document with the value in the place of each of its parts."""
    yield value
    if isinstance(document, dict):
        for name, part in document.items():
            yield from ({**document, name: inner} for inner in changed(part, value))
        yield {**document, "unheard of": value}
    elif isinstance(document, list):
        for at, part in enumerate(document):
            yield from ([*document[:at], inner, *document[at + 1 :]] for inner in changed(part, value))


def filled_with(document: Any, value: Any) -> Any:
    """Return the document with the value in the place of all its parts that hold no others."""
    if isinstance(document, dict):
        return {name: filled_with(part, value) for name, part in document.items()}
    return [filled_with(part, value) for part in document] if isinstance(document, list) else value


@pytest.mark.parametrize(("method", "path", "document"), examples())
def test_no_value_in_a_document_is_an_error_of_ours(visitor, values, method, path, document):
    """Every value comes up in all parts at once; one of each kind also alone in each part."""
    address = filled(path.lstrip("/").replace("{", "<").replace("}", ">"), {**values, "queue": "main"})
    rng = Random(path)
    texts = [value.decode(errors="replace") for value in (*REFUSED, *ODD)]
    for value in (*SCALARS, *texts, *NESTED):
        visitor.send(method, address, json.dumps(filled_with(document, value)), content_type=JSON)
    for part in range(len(list(changed(document, None)))):
        for value in drawn(rng):
            odd = next(islice(changed(document, value), part, None))
            visitor.send(method, address, json.dumps(odd), content_type=JSON)
    marked = [json.dumps(odd).encode() for odd in changed(document, "@")]
    for raw, body in zip(hostile.VALUES, cycle(marked), strict=False):
        visitor.send(method, address, body.replace(b'"@"', raw), content_type=JSON)
    assert visitor.failed == []


def drawn(rng: Random) -> list[Any]:
    """Draw the values of one part: a third of the scalars, one text of each kind, and something nested."""
    texts = [value.decode(errors="replace") for value in one_of_each(rng)]
    return [*rng.sample(SCALARS, len(SCALARS) // 3), *texts, *rng.sample(NESTED, 2)]


def test_no_header_and_no_cookie_is_an_error_of_ours(visitor):
    """One value of each kind in each header at each place: some forty a header, nearly all of which read it alike."""
    rng = Random("headers")
    for (method, place), name in product((*PLACES, *CALLS), (*HEADERS, *COOKIES)):
        for value in one_of_each(rng):
            text = value.decode("latin-1")
            headers = {"cookie": f"{name}={text}"} if name in COOKIES else {name: text}
            visitor.send(method, place, b"{}", headers=headers, content_type=JSON)
    assert visitor.failed == []


def parts(name: str, file: bytes, kind: str) -> bytes:
    fields = (
        b'Content-Disposition: form-data; name="kind"\r\n\r\n' + kind.encode("latin-1"),
        b'Content-Disposition: form-data; name="file"; filename="' + name.encode("latin-1") + b'"\r\n\r\n' + file,
    )
    return b"".join(b"--x\r\n" + field + b"\r\n" for field in fields) + b"--x--\r\n"


def test_no_name_and_no_content_of_a_file_is_an_error_of_ours(visitor):
    form = "multipart/form-data; boundary=x"
    for address in ("/p/office/models/office-model/uploads/", "/api/v1/models/office-model/uploads"):
        for value in (*REFUSED, *ODD):
            text = value.decode("latin-1")
            for body in (
                parts(text, b"id,outcome,occurred_at\n1,yes,2026-03-01T00:00:00Z\n", "outcomes"),
                parts("rows.csv", value, "predictions"),
                parts("rows.csv", b"id," + value + b"\n" + value + b"," + value, "predictions"),
                parts("rows.csv", b"id\n1\n", text),
                value,
            ):
                visitor.send("POST", address, body, content_type=form)
            visitor.send("POST", address, parts("rows.csv", b"id\n1\n", "outcomes"), content_type=form[:-1] + text)
    assert visitor.failed == []
