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
    message = f"{_SEPARATOR}{purpose}{_SEPARATOR}{external_id}" if purpose else external_id
    digest = hmac.digest(salt, message.encode(), "sha256")
    return (int.from_bytes(digest[:8], "big") >> 11) * _SCALE


def permanent_numbers(salt: bytes, external_ids: Iterable[str], purpose: str = "") -> NDArray[np.float64]:
    """Return one number per id."""
    return np.array([permanent_number(salt, each, purpose) for each in external_ids], dtype=np.float64)
