"""The colours of the pages, read from their tokens, so that pictures never differ from the page around them."""

import re
from functools import cache

from django.conf import settings

TOKENS = settings.BASE_DIR / "static" / "css" / "tokens.css"
COLOUR = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-fA-F]{6})\s*;")
DARK_BLOCK = "prefers-color-scheme: dark"


@cache
def palette(theme: str) -> dict[str, str]:
    """The colours of "light" or "dark" by the names of the tokens; dark ones overlay the light."""
    light, _, dark = TOKENS.read_text(encoding="utf-8").partition(DARK_BLOCK)
    colours = dict(COLOUR.findall(light))
    return colours | dict(COLOUR.findall(dark)) if theme == "dark" else colours
