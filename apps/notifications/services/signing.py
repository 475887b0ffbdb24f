"""Signatures of what is sent, by Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks."""

import base64
import hashlib
import hmac
import secrets
from uuid import UUID

PREFIX = "whsec_"
BYTES = 24


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def headers(secret: str, *, key: UUID, at: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message with this key, sent at this moment (seconds since 1970)."""
    signed = hmac.new(base64.b64decode(secret.removeprefix(PREFIX)), f"{key}.{at}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": str(key),
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(signed.digest()).decode()}",
    }
