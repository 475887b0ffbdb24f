"""The advice of a study in one sentence, for pages and programs alike."""

import math

from apps.common.digits import at_place, place_of
from apps.common.numerals import count
from apps.retraining.engine.document import Figure, StudyDocument

NO_BREAK = "\u00a0"


BEGINS = {"yes": "Yes", "not_yet": "Not yet", "no_gain": "No gain in sight", "cannot_tell": "Cannot tell"}


def headline(document: StudyDocument) -> str:
    """The advice in one sentence, with its range."""
    advice = document["advice"]
    begins = f"{BEGINS[advice['verdict']]}: with {about(advice['size'], exact=True)} labels a new model would be"
    return f"{begins} {_how(document)}{_what_more(document)}."


def _how(document: StudyDocument) -> str:
    """How good a new model would be, with the range."""
    advice, gain = document["advice"], document["advice"]["gain"]
    if advice["disagrees"]:
        rather = "better, and yet worth less" if (gain["value"] or 0.0) > 0 else "worse, and yet worth more"
        return f"{amount(document, gain)} {rather}"
    if _is_as_good(document):
        return f"as good as this one, give or take {plain(document, _reach(gain))}"
    return compared(document, gain)


def _what_more(document: StudyDocument) -> str:
    """What more labels would tell, where the range includes 0."""
    advice = document["advice"]
    if advice["disagrees"] or _is_as_good(document):
        return ""
    if advice["verdict"] in ("no_gain", "cannot_tell"):
        return f", and even {about(advice['farthest']['size'])} labels would hardly tell"
    return f"; about {about(advice['enough'])} labels would tell" if advice["enough"] is not None else ""


def _is_as_good(document: StudyDocument) -> bool:
    advice = document["advice"]
    return advice["verdict"] == "no_gain" and _reach(advice["gain"]) <= advice["margin"]


def _reach(gain: Figure) -> float:
    """How far the range reaches from 0, on either side."""
    return max(abs(gain["low"] or 0.0), abs(gain["high"] or 0.0))


def compared(document: StudyDocument, gain: Figure) -> str:
    """Write a gain with its range and its direction: “0.2 ± 0.4 points worse”."""
    return f"{amount(document, gain)} {direction(document, gain['value'] or 0.0)}"


def amount(document: StudyDocument, gain: Figure) -> str:
    half = ((gain["high"] or 0.0) - (gain["low"] or 0.0)) / 2
    value, place = abs(gain["value"] or 0.0), place_for(document, half)
    unit = unit_of(document)
    return f"{at_place(scale(document) * value, place)} ± {at_place(scale(document) * half, place)}{unit}"


def plain(document: StudyDocument, value: float) -> str:
    return f"{at_place(scale(document) * abs(value), place_for(document, value))}{unit_of(document)}"


def direction(document: StudyDocument, value: float) -> str:
    if document["metric"] == "accuracy":
        return "worse" if value < 0 else "better"
    return "further off" if value < 0 else "closer"


def scale(document: StudyDocument) -> float:
    """Right answers are told in points."""
    return 100.0 if document["metric"] == "accuracy" else 1.0


def unit_of(document: StudyDocument) -> str:
    unit = "points" if document["metric"] == "accuracy" else document["unit"]
    return f"{NO_BREAK}{unit}" if unit else ""


def place_for(document: StudyDocument, half: float) -> int:
    """The power of ten of the last digit that a range of this half-width supports."""
    half = abs(scale(document) * half)
    return min(place_of(half, digits=1 if half and half / 10 ** math.floor(math.log10(half)) >= 2 else 2), 0)


def about(labels: float, *, exact: bool = False) -> str:
    """
    >>> about(10_950.0), about(6_273.4, exact=True)
    ('11,000', '6,273')
    """
    return count(round(labels)) if exact else at_place(labels, place_of(labels, digits=2))
