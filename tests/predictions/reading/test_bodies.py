"""Compressed bodies: decompressed piece by piece, never without end, or refused with a reason."""

import gzip
import json

import pyarrow as pa
import pytest

from apps.common.errors import DomainError
from apps.predictions.reading.bodies import unfold
from tests.predictions.reading.samples import ROWS


@pytest.mark.slow
@pytest.mark.parametrize("levels", [1, 2])
def test_a_gzip_bomb_is_refused_in_bounded_memory(limited_memory, levels):
    body = gzip.compress(b"0" * 1_000_000_000, 9)
    if levels == 2:
        body = gzip.compress(b"", 9) * 3 + body  # members before it hide nothing
    output = limited_memory(
        "from apps.predictions.reading.bodies import Body\n"
        "def read(body): return Body.receive([body], content_type='application/json', encoding='gzip')",
        body,
    )
    assert output == "413 too_large"


@pytest.mark.slow
def test_a_zstd_bomb_is_refused_in_bounded_memory(limited_memory):
    body = pa.Codec("zstd").compress(b"0" * 500_000_000, asbytes=True)
    output = limited_memory(
        "from apps.predictions.reading.bodies import Body\n"
        "def read(body): return Body.receive([body], content_type='application/json', encoding='zstd')",
        body,
    )
    assert output == "413 too_large"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "zstd", "identity", ""])
def test_decompressing_gives_back_the_original(encoding):
    text = json.dumps(ROWS).encode() * 1_000
    body = {"gzip": gzip.compress, "x-gzip": gzip.compress}.get(encoding, bytes)(text)
    if encoding == "zstd":
        body = pa.Codec("zstd").compress(text, asbytes=True)
    assert b"".join(unfold([body], encoding=encoding)) == text
    pieces = [body[at : at + 100] for at in range(0, len(body), 100)]
    assert b"".join(unfold(pieces, encoding=encoding)) == text


def test_consecutive_gzip_members_are_one_body():
    assert b"".join(unfold([gzip.compress(b"a") + gzip.compress(b"b")], encoding="gzip")) == b"ab"


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (b"not gzip", "gzip", 400, "invalid_encoding"),
        (gzip.compress(b"a" * 1_000)[:-9], "gzip", 400, "invalid_encoding"),
        (gzip.compress(b"a") + b"tail", "gzip", 400, "invalid_encoding"),
        (b"not zstd", "zstd", 400, "invalid_encoding"),
        (b"", "br", 415, "unsupported_media_type"),
        (b"", "gzip, gzip", 415, "unsupported_media_type"),
    ],
    # Compressed bytes hold the time of compression, so two test processes would collect different names.
    ids=["not gzip", "cut off", "with a tail", "not zstd", "unknown", "twice"],
)
def test_a_body_that_does_not_match_its_encoding_is_refused(body, encoding, status, code):
    with pytest.raises(DomainError) as refused:
        list(unfold([body], encoding=encoding))
    assert (refused.value.status, refused.value.code) == (status, code)
