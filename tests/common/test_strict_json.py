"""The fast reader and the careful one agree on every body."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.common import strict_json
from apps.common.strict_json import StrictJSONError
from tests.stats.soundness import holds, quick_and_many

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def outcome(read, body):
    """Return the value that is read, or the code of the error."""
    try:
        return read(body)
    except StrictJSONError as error:
        return error.code


@pytest.mark.slow
@quick_and_many(30, times=12)
def test_both_readers_agree_on_any_value(examples):
    def agree(value, ascii_only, indent):
        body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
        assert repr(outcome(strict_json.loads, body)) == repr(outcome(strict_json._careful, body))

    holds(agree, VALUES, st.booleans(), st.sampled_from([None, 1]), examples=examples)


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.binary(max_size=40) | st.text(alphabet='{}[]":,\\0123456789eE+-.truefalsn \n', max_size=40).map(str.encode))
def test_both_readers_agree_on_any_bytes(body):
    assert repr(outcome(strict_json.loads, body)) == repr(outcome(strict_json._careful, body))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"a": 1, "a": 2}', "duplicate_name"),
        (b'{"a": {"b": 1, "c": [{"d": 1, "d": 2}]}}', "duplicate_name"),
        (b'{"a" : 1, "a" : 2}', "duplicate_name"),
        (b'{"a":1,"a":2,"b" :3,"c":":"}', "duplicate_name"),
        (b'{"a":1,"a":2,"b"\n:3}', "duplicate_name"),
        (b'{"a":1,"a":2,"b":":"}', "duplicate_name"),
        (b'{"a": 1, "\\u0061": 2}', "duplicate_name"),
        (b'["\\u0000"]', "nul_character"),
        (b'["\\ud800"]', "invalid_unicode"),
        (b'["\xff"]', "invalid_unicode"),
        (b"\xef\xbb\xbf[]", "invalid_unicode"),
        (b"[1e400]", "number_range"),
        (b"[" + b"9" * 21 + b"]", "number_range"),
        (b"[18446744073709551616]", "number_range"),
        (b'{"a": -9223372036854775809}', "number_range"),
        (b"[NaN]", "number_range"),
        (b"[" * 65 + b"]" * 65, "too_deep"),
        (b"{", "invalid_json"),
    ],
)
def test_refused_json_says_why(body, code):
    assert outcome(strict_json.loads, body) == code


@pytest.mark.parametrize("number", [-(2**63), -5 * 10**18, 2**63, 2**64 - 1])
def test_integers_of_64_bits_are_read_exactly(number):
    assert strict_json.loads(b'{"a": %d}' % number) == {"a": number}
    assert strict_json.plain_objects([b'{"a": %d}' % number]) in (None, [{"a": number}])


@pytest.mark.parametrize("body", [b'{"a\\"": 1, "b": "x\\":"}', b'{"a" : 1}', b'["\\"a\\":"]', b'{"": 0}'])
def test_quotes_and_colons_inside_texts_are_harmless(body):
    assert strict_json.loads(body) == json.loads(body)


FLAT = st.dictionaries(
    st.text(max_size=5), SCALARS | st.dictionaries(st.text(max_size=5), SCALARS, max_size=3), max_size=4
)


SEPARATORS = [(",", ":"), (", ", ": "), (" , ", " : ")]
SPOILS = [b"", b'"a":1,', b"{", b"}", b'"', b":", b" ", b"[", b"\x00", b"1e999", b"9" * 20, b"-" + b"9" * 19]


@quick_and_many(40, times=12)
def test_many_bodies_are_read_together_as_each_alone_or_not_at_all(examples):
    def agree(values, separators, data):
        bodies = [
            json.dumps(value, ensure_ascii=False, separators=separators).encode("utf-8", "replace") for value in values
        ]
        if bodies:
            spoiled = data.draw(st.integers(0, len(bodies) - 1))
            position = data.draw(st.integers(0, len(bodies[spoiled])))
            extra = data.draw(st.sampled_from(SPOILS))
            bodies[spoiled] = bodies[spoiled][:position] + extra + bodies[spoiled][position:]
        read = strict_json.plain_objects(bodies)
        if read is not None:
            assert repr(read) == repr([outcome(strict_json._careful, body) for body in bodies])

    holds(agree, st.lists(FLAT | VALUES, max_size=4), st.sampled_from(SEPARATORS), st.data(), examples=examples)


def test_only_flat_objects_are_read_together():
    assert strict_json.plain_objects([b'{"a": {"b": 1}}', b"{}"]) == [{"a": {"b": 1}}, {}]
    for other in (b'{"a": [1]}', b'{"a": {"b": {}}}', b'{"a": 1, "a": 2}', b'{"a": "\\n"}', b"7", b""):
        assert strict_json.plain_objects([b'{"a": 1}', other]) is None


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 400_000 + b"[" * 70, b'{"a": ' + b'"' * 400_000 + b"[" * 70])
def test_unterminated_texts_take_no_longer_than_others(body):
    """Searching for the end from each quote again would take hours."""
    started = time.monotonic()
    assert outcome(strict_json.loads, body) in {"invalid_json", "too_deep"}
    assert time.monotonic() - started < 5
