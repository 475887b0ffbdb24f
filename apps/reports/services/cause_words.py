"""Who came more, or less, often: the groups of cases behind a difference, in words."""

from datetime import date

from apps.common.numerals import count, localized
from apps.common.shares import hundredths
from apps.reports.engine.comparison_document import Cause, ComparisonDocument
from apps.reports.services.periods import in_period
from apps.reports.services.side_words import names_of_sides

# Metrics that are the share of right decisions.
SHARES_RIGHT = ("accuracy", "within")


def cause_sentences(document: ComparisonDocument) -> list[str]:
    """Say which cases came more, or less, often, when, and how good the model is on them."""
    why = document["why"]
    if why is None or not why["cause"]["moved"]:
        return []
    cause, (first, _) = why["cause"], names_of_sides(document)
    who = named_groups(document, cause)
    days = cause["days"]
    if days is None:
        now, before = (hundredths(share, decimals=0) for share in reversed(cause["share"]))
        second = names_of_sides(document)[1]
        return [f"{who} made up {now} in 100 cases in {second}, and {before} in {first}."]
    usual = hundredths(cause["share"][1 - days["side"]], decimals=0)
    other = names_of_sides(document)[1 - days["side"]]
    when = in_period(date.fromisoformat(days["start"]), date.fromisoformat(days["end"])).rstrip(",")
    share = f"{hundredths(days['inside'] / days['n'], decimals=0)} in 100 of the {count(days['n'])} cases were"
    if days["inside"] == days["n"]:
        share = f"all {count(days['n'])} cases were"
    elif not days["inside"]:
        share = f"none of the {count(days['n'])} cases were"
    sentences = [f"{when}, {share} {who}; in {other} it was {usual} in 100."]
    if days["mean"] is not None and document["metric"] in SHARES_RIGHT:
        sentences.append(f"The model is right in {hundredths(days['mean'], decimals=0)} of 100 of them.")
    return sentences


def named_groups(document: ComparisonDocument, cause: Cause) -> str:
    """Name the groups that moved: the values of a slice, classes, or bands of the score."""
    names = [group_name(document, cause, value) for value in cause["moved"]]
    text = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    label = division_name(document, cause)
    return f"{text} ({label})" if label else text


def group_name(document: ComparisonDocument, cause: Cause, value: str) -> str:
    """Return the name of one group, in quotes where it is a value."""
    if cause["kind"] == "slice":
        names = document["names"]["slices"].get(cause["name"])
        return f"“{names['values'].get(value, value) if names else value}”"
    if cause["kind"] == "class":
        return f"predicted “{document['names']['classes'].get(value, value)}”"
    low, high = next(group.get("bounds") or [None, None] for group in cause["groups"] if group["value"] == value)
    if cause["kind"] == "score":
        ends = [hundredths(end or 0.0, decimals=0) for end in (low, high)]
        return f"scored {ends[0]} to {ends[1]} %"
    if low is None or high is None:
        return f"below {_edge(high)}" if high is not None else f"from {_edge(low or 0.0)} on"
    return f"between {_edge(low)} and {_edge(high)}"


def division_name(document: ComparisonDocument, cause: Cause) -> str:
    """Return by what the cases are divided; empty where the names of the groups say it."""
    if cause["kind"] != "slice":
        return ""
    names = document["names"]["slices"].get(cause["name"])
    return names["label"] if names else cause["name"]


def _edge(number: float) -> str:
    return localized(f"{number:,.6g}")
