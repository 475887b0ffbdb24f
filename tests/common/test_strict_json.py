"""The quick reading and the careful one say the same of every body."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.common import strict_json
from apps.common.strict_json import StrictJSONError

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def said(read, body):
    try:
        return read(body)
    except StrictJSONError as error:
        return error.code


@settings(derandomize=True, max_examples=400, deadline=None)
@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_whatever_a_value_it_is_read_alike(value, ascii_only, indent):
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    assert repr(said(strict_json.loads, body)) == repr(said(strict_json._careful, body))


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.binary(max_size=40) | st.text(alphabet='{}[]":,\\0123456789eE+-.truefalsn \n', max_size=40).map(str.encode))
def test_whatever_the_bytes_they_are_read_alike(body):
    assert repr(said(strict_json.loads, body)) == repr(said(strict_json._careful, body))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"a": 1, "a": 2}', "duplicate_name"),
        (b'{"a": {"b": 1, "c": [{"d": 1, "d": 2}]}}', "duplicate_name"),
        (b'{"a" : 1, "a" : 2}', "duplicate_name"),
        (b'{"a": 1, "\\u0061": 2}', "duplicate_name"),
        (b'["\\u0000"]', "nul_character"),
        (b'["\\ud800"]', "invalid_unicode"),
        (b'["\xff"]', "invalid_unicode"),
        (b"\xef\xbb\xbf[]", "invalid_unicode"),
        (b"[1e400]", "number_range"),
        (b"[" + b"9" * 21 + b"]", "number_range"),
        (b"[NaN]", "number_range"),
        (b"[" * 65 + b"]" * 65, "too_deep"),
        (b"{", "invalid_json"),
    ],
)
def test_what_is_not_json_as_it_is_read_here_says_why(body, code):
    assert said(strict_json.loads, body) == code


@pytest.mark.parametrize("body", [b'{"a\\"": 1, "b": "x\\":"}', b'{"a" : 1}', b'["\\"a\\":"]', b'{"": 0}'])
def test_quotes_and_colons_within_texts_mislead_nobody(body):
    assert strict_json.loads(body) == json.loads(body)
