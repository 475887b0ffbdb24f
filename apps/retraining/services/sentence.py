"""The advice of a study in one sentence, for pages and programs alike."""

import math

from apps.common.digits import at_place, place_of
from apps.common.numerals import count
from apps.retraining.engine.document import Figure, StudyDocument

NO_BREAK = "\u00a0"


def headline(document: StudyDocument) -> str:
    """The advice in one sentence, with its range."""
    advice = document["advice"]
    size, gain = about(advice["size"], exact=True), advice["gain"]
    begins = f"with {size} labels a new model would be"
    far = about(advice["farthest"]["size"])
    if advice["disagrees"]:
        rather = "better, and yet worth less" if (gain["value"] or 0.0) > 0 else "worse, and yet worth more"
        return f"Cannot tell: {begins} {amount(document, gain)} {rather}."
    if advice["verdict"] == "yes":
        return f"Yes: {begins} {compared(document, gain)}."
    if advice["verdict"] == "no_gain":
        reach = max(abs(gain["low"] or 0.0), abs(gain["high"] or 0.0))
        return f"No gain in sight: {begins} as good as this one, give or take {plain(document, reach)}."
    if advice["verdict"] == "cannot_tell":
        return f"Cannot tell: {begins} {compared(document, gain)}, and even {far} labels would hardly tell."
    if advice["enough"] is not None:
        return f"Not yet: {begins} {compared(document, gain)}; about {about(advice['enough'])} labels would tell."
    return f"Not yet: {begins} {compared(document, gain)}."


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
