"""Stored pictures as a page needs them: their variants with the size that reserves their place."""

import re
from dataclasses import dataclass

from apps.reports.models import Report

SIZE = re.compile(r'<svg[^>]*?\swidth="(\d+)"[^>]*?\sheight="(\d+)"')


@dataclass(frozen=True)
class Variant:
    """One drawing of a picture, for a colour scheme and a width of the window."""

    theme: str
    media: str
    width: int
    height: int


# In the order in which a browser asks them; the last has no condition.
MEDIA = {
    "dark_narrow": "(max-width: 600px) and (prefers-color-scheme: dark)",
    "light_narrow": "(max-width: 600px)",
    "dark": "(prefers-color-scheme: dark)",
    "light": "",
}


def variants(report: Report) -> dict[str, list[Variant]]:
    """By picture: its variants, the one without condition last."""
    return {
        name: [Variant(theme, media, *size_of(drawings[theme])) for theme, media in MEDIA.items() if theme in drawings]
        for name, drawings in report.charts.items()
    }


def size_of(svg: str) -> tuple[int, int]:
    """Width and height in pixels."""
    found = SIZE.search(svg)
    if found is None:
        raise ValueError("a picture without a size")
    return int(found[1]), int(found[2])
