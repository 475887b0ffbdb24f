"""Values that are hostile in an address, a parameter, a form, a header or a document, and calls that have them."""

from dataclasses import dataclass, field
from random import Random
from re import sub
from typing import Any
from urllib.parse import quote

# PostgreSQL, headers or logs cannot hold these.
REFUSED = (b"\0", b"a\0b", b"a\nb", b"a\rb", b"a\r\nSet-Cookie: a=b")
# What one reader stumbles over: nothing, signs, lengths, numbers, syntax, dates.
KINDS = (
    (b"", b" "),
    (b"\xff", b"\xed\xa0\x80", "\ufffe\u202e".encode(), b"\x01"),
    (b"x" * 3_000,),
    (b"-1", b"0", b"1e400", b"NaN", b"9" * 18, b"9" * 19, b"9" * 40, b"9" * 5_000, "٣".encode(), b"1_0"),
    (b"null", b"[]", b"{}", b"'\"`;--", b"%s%n", b"..", b"//x", b"<b>"),
    (
        b"2026-02-30", b"0000-00-00", b"0001-01-01", b"9999-12-31", b"99999-01-01",
        b"9999-12-31T23:59:59-14:00", b"0001-01-01T00:00:00+14:00",
    ),
)  # fmt: skip
ODD = tuple(value for kind in KINDS for value in kind)
# Pages that open to everybody, or to nobody who is not signed in. Not /readyz: without workers it rightly says 503.
PAGES = (
    "/", "/healthz", "/{page}", "/setup/{token}/", "/enter/{token}/", "/invitation/{token}/",
    "/accounts/login/", "/accounts/password/reset/", "/p/{project}/", "/p/bench/models/{model}/", "/static/{file}",
)  # fmt: skip
NAMES = ("next", "page", "cursor", "limit", "format", "state", "seq", "atomic", "kind", "code", "x")
HEADERS = ("Idempotency-Key", "Accept", "Content-Encoding", "Cookie", "Referer", "X-Forwarded-For", "If-None-Match")

SCALARS = (
    None, True, False, 0, -1, 1.5, -0.0, 1e308, 5e-324, 2**53 + 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**300, "",
    "1", "1e999", "NaN", "(other)", "(missing)", "\u202e", "𝕏", "a" * 5_000,
)  # fmt: skip


def encoded(value: bytes) -> str:
    return quote(value, safe="")


def one_of_each(rng: Random) -> list[bytes]:
    """Draw one value of each kind."""
    return [rng.choice(kind) for kind in (REFUSED, *KINDS)]


@dataclass
class Call:
    """A request whose address, or one header, has odd values. One with `must_be_refused` has NUL or line breaks."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    must_be_refused: bool = False


def call(rng: Random, paths: list[str]) -> Call:
    """Fill in one of the paths, whose variable parts are in braces, with odd and with valid values.

    The valid ones name another model than that of the pushes, which a call could archive.
    """
    values: list[bytes] = []

    def odd(*valid: bytes) -> str:
        values.append(rng.choice((*REFUSED, *ODD, *valid)))
        return encoded(values[-1])

    path = sub(r"\{\w+\}", lambda _: odd(*[b"other", b"main", b"1"] * 6), rng.choice((*paths, *PAGES)))
    names = rng.sample(NAMES, rng.choice((0, 1, 1, 2)))
    query = "&".join(f"{name}={odd()}" for name in [*names, *names[: rng.randrange(2)]])
    made = Call(rng.choice(("GET", "GET", "POST", "PUT", "DELETE", "HEAD")), f"{path}?{query}" if query else path)
    made.must_be_refused = any(value in REFUSED for value in values)
    if rng.random() < 0.3:
        made.headers[rng.choice(HEADERS)] = rng.choice(ODD).decode("latin-1")
    return made


def shape(rng: Random, depth: int = 3) -> Any:
    """Return any JSON value: a scalar, or a list or object of such."""
    kind = rng.randrange(10)
    if depth and kind < 2:
        return [shape(rng, depth - 1) for _ in range(rng.choice((0, 1, 3)))]
    if depth and kind < 4:
        return {rng.choice(("", "a", "é", "0")): shape(rng, depth - 1) for _ in range(rng.choice((0, 1, 3)))}
    return rng.choice(SCALARS)
