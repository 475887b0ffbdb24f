"""Secrets masked in everything that is logged: keys, and addresses that sign in, set up or invite."""

import logging
import re

# A slash as it is written, or percent-encoded any number of times, as inside `?next=`.
SLASH = r"(?:/|%(?:25)*2F)"
SECRET_ADDRESS = re.compile(
    rf"({SLASH}(?:enter|setup|invitation|password{SLASH}reset{SLASH}key){SLASH})[^\s/?&#\"'<>\\]+", re.IGNORECASE
)
KEY = re.compile(r"(?<![A-Za-z0-9])cs_[\w-]{8,}")


def masked(text: str) -> str:
    """Return the text with `***` in place of each secret."""
    return KEY.sub("cs_***", SECRET_ADDRESS.sub(r"\1***", text))


class MaskingFormatter(logging.Formatter):
    """Formats as another formatter does, and masks the result: message, arguments and traceback alike."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self.inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return masked(self.inner.format(record))
