"""Strict JSON: valid UTF-8, no duplicate names, no NaN, and no depth that would exhaust a stack."""

import json
import re
from typing import Any, NoReturn

import msgspec

from apps.common.errors import DomainError

MAX_DEPTH = 64
# Integers have 64 bits, with a sign or without.
LOWEST, HIGHEST, LONGEST_INTEGER = -(2**63), 2**64 - 1, 20
_NUL = "\x00"
_SURROGATE = re.compile("[\ud800-\udfff]")
# Matches unterminated strings too, and never backtracks: the time grows with the body, not with its square.
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|([\[{])|([\]}])', re.DOTALL)


class StrictJSONError(DomainError):
    """The text is not strict JSON; `code` names the rule that it breaks."""

    code = "invalid_json"


def check_depth(body: bytes, *, limit: int = MAX_DEPTH) -> None:
    """Refuse deep nesting before any parser sees it."""
    if body.count(b"[") + body.count(b"{") <= limit:
        return
    depth = 0
    for match in _BRACKETS.finditer(body):
        if match.group(1):
            depth += 1
            if depth > limit:
                raise StrictJSONError(f"Nested deeper than {limit} levels.", code="too_deep")
        elif match.group(2):
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise StrictJSONError(f"The name {twice!r} occurs twice in one object.", code="duplicate_name")
    return unique


def check_text(text: str) -> None:
    """Refuse a text that PostgreSQL or UTF-8 cannot hold."""
    if _NUL in text:
        raise StrictJSONError("A text contains the NUL character.", code="nul_character")
    if _SURROGATE.search(text):
        raise StrictJSONError("A text contains half of a surrogate pair.", code="invalid_unicode")


def _constant(name: str) -> NoReturn:
    raise StrictJSONError(f"{name} is not a JSON number.", code="number_range")


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise StrictJSONError(f"{digits[:40]} is out of range.", code="number_range")
    return value


def _int(digits: str) -> int:
    value = int(digits) if len(digits) <= LONGEST_INTEGER else HIGHEST + 1
    if not LOWEST <= value <= HIGHEST:
        raise StrictJSONError(f"{digits[:20]}… is out of range.", code="number_range")
    return value


# Only an escape can bring NUL or half a surrogate pair into valid UTF-8, and only a long number or a large exponent is
# out of range. Without them, checking each value is needless, which saves a third of the time (measured).
_SUSPECT = re.compile(rb"\\u|[eE]\+?\d{3}|\d{20}|-\d{19}")
_DOUBTFUL = object()
_SHAPES = bytes.maketrans(b"123456789\t\n\r", b"0" * 9 + b" " * 3)
_LONG, _LONG_NEGATIVE = b"0" * 20, b"-" + b"0" * 19
_decode = msgspec.json.Decoder().decode
_QUICK = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_constant)
_CAREFUL = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_constant, parse_float=_float, parse_int=_int)


def _check_texts(value: Any) -> None:
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_text(name)
            _check_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_texts(inner)


def _names_in(value: Any) -> int:
    """Count the names of all objects in a value, at every level."""
    names, inside = 0, value
    if value.__class__ is dict:
        names, inside = len(value), value.values()
    elif value.__class__ is not list:
        return 0
    for inner in inside:
        if inner.__class__ is dict or inner.__class__ is list:
            names += _names_in(inner)
    return names


def _is_doubtful(body: bytes) -> bool:
    """Whether the quick reading could miss something in a body.

    Without a backslash, every quote opens or closes a string. If no colon has white space before it either, `":`
    follows every name, and otherwise only occurs where a string begins with a colon. So its count is at least the
    number of names, and if it equals the number of names kept, no name occurred twice. The decoder itself refuses
    numbers out of range, except long integers.
    """
    if b"\\" in body:
        return True
    shapes = body.translate(_SHAPES)
    return b" :" in shapes or _LONG in shapes or _LONG_NEGATIVE in shapes


def _plain(body: bytes) -> Any:
    """Read a body eight times as fast; `_DOUBTFUL` if the quick reading could miss something."""
    if _is_doubtful(body):
        return _DOUBTFUL
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _DOUBTFUL  # the careful reading will say what is wrong
    return value if body.count(b'":') == _names_in(value) else _DOUBTFUL


def plain_objects(bodies: list[bytes]) -> list[dict[str, Any]] | None:
    """Read many bodies, checking them together: each one an object of values and of objects of values.

    None if one of them is anything else, or doubtful: read each by itself then.
    """
    joined = b"\n".join(bodies)
    if b"[" in joined or _is_doubtful(joined):
        return None
    try:
        values = [_decode(body) for body in bodies]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    names = objects = 0
    for value in values:
        if value.__class__ is not dict:
            return None
        names += len(value)
        objects += 1
        for inner in value.values():
            if inner.__class__ is dict:
                names += len(inner)
                objects += 1
    # As many braces as objects counted: none is nested deeper.
    is_plain = joined.count(b"{") == objects and joined.count(b'":') == names
    return values if is_plain else None


def loads(body: bytes) -> Any:
    """Read a body. Raises StrictJSONError."""
    check_depth(body)
    value = _plain(body)
    return _careful(body) if value is _DOUBTFUL else value


def _careful(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJSONError("The body is not valid UTF-8.", code="invalid_unicode") from error
    if text.startswith("\ufeff"):
        raise StrictJSONError("The body starts with a byte order mark; send plain UTF-8.", code="invalid_unicode")
    is_suspect = _SUSPECT.search(body) is not None
    try:
        value = (_CAREFUL if is_suspect else _QUICK).decode(text)
    except json.JSONDecodeError as error:
        raise StrictJSONError(f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from error
    if is_suspect:
        _check_texts(value)
    return value
