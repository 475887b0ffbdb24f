"""A study in words."""

from apps.common.digits import at_place, place_of
from apps.common.numerals import count
from apps.common.shares import hundredths
from apps.registry.models import MonitoredModel
from apps.retraining.engine.document import Figure, Money, StudyDocument
from apps.retraining.services.sentence import NO_BREAK, about, direction, place_for, scale, unit_of

NOTHING = "–"
RULES = {
    "likelier": "the likelier class",
    "as_many": "as many positives as this model gives",
    "number": "the predicted number",
}


def basis(document: StudyDocument) -> str:
    """What the sentence rests on."""
    labels, learner = document["labels"], document["learner"]
    used, subjects = labels["used"], labels["subjects"]
    features = f"{len(learner['features'])} feature{'s' if len(learner['features']) != 1 else ''}"
    about_whom = f"about {count(subjects)} subjects, " if subjects < used else ""
    others = (
        "the other fifth, which is about other subjects"
        if subjects < used
        else "the other fifth. No two labels share a subject; cases that belong together should be sent with one"
    )
    return (
        f"{count(used)} labels, {about_whom}each weighted by its chance to be drawn. New models ({learner['package']},"
        f" {features}) learn from four fifths of them and are judged on {others}. ± is the 95\u00a0% range."
    )


def group_text(model: MonitoredModel, name: str, value: str) -> str:
    """Write a slice and its value with the words of its feature: “Home: New York”."""
    piece = next((each for each in model.slice_list if each.name == name), None)
    codes = model.feature(piece.feature).codes if piece else {}
    return f"{name}: {codes.get(value, value)}"


def range_text(document: StudyDocument, figure: Figure) -> str:
    """Write a gain with both ends of its range: “+1.4 (+0.6 to +2.2)”."""
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None or low is None or high is None:
        return NOTHING
    place = place_for(document, (high - low) / 2)
    told = [signed(scale(document) * end, place) for end in (value, low, high)]
    return f"{told[0]} ({told[1]} to {told[2]})"


def signed(value: float, place: int) -> str:
    text = at_place(value, place)
    return text if text.startswith("−") or not round(value, -place) else f"+{text}"


def live_text(document: StudyDocument, live: float) -> str:
    """How good the live model is: right of 100, or its mean error."""
    if document["metric"] == "accuracy":
        return f"{hundredths(live, decimals=1)} right of 100"
    return f"off by {at_place(live, place_of(live))}{unit_of(document)} on average"


def more_labels(document: StudyDocument) -> str:
    """How many further labels would tell, since only four fifths of them train."""
    advice, used = document["advice"], document["labels"]["used"]
    if advice["enough"] is None:
        return ""
    return about(max(advice["enough"] * used / advice["size"] - used, 0.0))


def money_text(money: Money) -> tuple[str, str]:
    """What the change would be worth per 1,000 predictions, and its range."""
    gain = money["gain"]
    if gain["value"] is None or gain["low"] is None or gain["high"] is None:
        return "not known", ""
    place = max(place_of(gain["high"] - gain["low"], digits=2), -2)
    value, low, high = (signed(gain[end] or 0.0, place) for end in ("value", "low", "high"))
    return f"{value}{NO_BREAK}{money['currency']}", f"{low} to {high}; above 0 it would earn more"


def next_text(money: Money) -> tuple[str, str]:
    """What the next labels are worth, and their price."""
    if money["worth"] is None or money["cost"] is None:
        return "not known", ""
    place = max(place_of(max(money["worth"], money["cost"]), digits=2), -2)
    worth, cost = (at_place(each, place) for each in (money["worth"], money["cost"]))
    best = f"{count(money['best_k'])} labels pay best" if money["best_k"] else "no further labels pay before deciding"
    return f"{worth}{NO_BREAK}{money['currency']}", f"they cost {cost}; {best}"


def ends_text(document: StudyDocument, figure: Figure) -> str:
    """Write the ends of a range: “−0.4 to +0.6”."""
    return range_text(document, figure).rpartition("(")[2].rstrip(")")


def size_text(document: StudyDocument, figure: Figure) -> str:
    """Write a gain with its direction, without its range: “0.4 points better”."""
    half = ((figure["high"] or 0.0) - (figure["low"] or 0.0)) / 2
    value = figure["value"] or 0.0
    text = at_place(scale(document) * abs(value), place_for(document, half))
    return f"{text}{unit_of(document)} {direction(document, value)}"
