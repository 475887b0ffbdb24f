"""Permanent random numbers: a prediction always gets the same one, unpredictable without the model's salt."""

import hmac
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

_SCALE = 2.0**-53
# A control character: an ordinary id cannot start with it and so look like a purpose.
_SEPARATOR = "\x1f"


def permanent_number(salt: bytes, external_id: str, purpose: str = "") -> float:
    """Return the first 53 bits of HMAC-SHA256(salt, id) as a number in [0, 1).

    Draws use no purpose; blind share, order and adjudication each use their own, so that all are independent.
    """
    return (int.from_bytes(_digest(salt, external_id, purpose)[:8], "big") >> 11) * _SCALE


def permanent_numbers(salt: bytes, external_ids: Iterable[str], purpose: str = "") -> NDArray[np.float64]:
    """Return one number per id."""
    return _words(salt, external_ids, purpose)[:, 0]


def draw_and_keep_numbers(salt: bytes, external_ids: Iterable[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each id the number of the draw, and one independent of it that decides whether it is kept.

    The second is the next part of the same digest: a purpose of its own would cost as much again for every prediction.
    """
    words = _words(salt, external_ids, "")
    return words[:, 0], words[:, 1]


def _words(salt: bytes, external_ids: Iterable[str], purpose: str) -> NDArray[np.float64]:
    digests = b"".join([_digest(salt, each, purpose) for each in external_ids])
    return (np.frombuffer(digests, dtype=">u8").reshape(-1, 4) >> np.uint64(11)).astype(np.float64) * _SCALE


def _digest(salt: bytes, external_id: str, purpose: str) -> bytes:
    message = f"{_SEPARATOR}{purpose}{_SEPARATOR}{external_id}" if purpose else external_id
    return hmac.digest(salt, message.encode(), "sha256")
