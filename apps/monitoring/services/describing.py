"""An event in one sentence: when, what is new, what scores let one expect, and what outcomes say."""

from datetime import date

from apps.common import dates
from apps.common.numerals import fixed
from apps.common.shares import hundredths
from apps.monitoring.models import DataEvent, Series, Stage
from apps.monitoring.services.naming import Names

NONE = 0.0005
# With fewer outcomes, more are to come: sentences say “so far”, and dots are hollow.
NEARLY_ALL = 0.95
# The weeks before are mentioned where they differ from the reference by a point and by a quarter.
LEAST_APART = 0.01


def sentence(event: DataEvent, names: Names, series: dict[tuple[str, str], Series]) -> str:
    """Say what happened, and what it does to the decisions."""
    return " ".join(filter(None, [what(event, names, series), effect(event)]))


def what(event: DataEvent, names: Names, series: dict[tuple[str, str], Series]) -> str:
    """Say when, and what is new: “From 24 to 29 September, 98 % have …, against 8 % in the reference.”"""
    span = when(event)
    if event.kind == DataEvent.Kind.RIGHT:
        figures = event.figures
        now, before = figures.get("measured"), figures.get("measured_before")
        if not now or now["value"] is None or not before or before["value"] is None:
            return f"{span}, decisions are not as right as in the weeks before."
        among = _among(event, names, series)
        return (
            f"{span}{among}, {in_100(now['value'])} in 100 decisions were right, against {in_100(before['value'])} "
            f"in the weeks before."
        )
    cause = event.cause
    parts = [(series.get((part["stage"], part["name"])), part["bins"]) for part in cause["parts"]] if cause else []
    known = [(each, bins) for each, bins in parts if each is not None]
    if not cause or not known or len(known) < len(parts):
        return f"{span}, {_moved(event, names)} not as in the weeks before."
    text = " and ".join(f"{names.label(each.stage, each.name)}: {names.bins(each, bins)}" for each, bins in known)
    compared = f"against {percent(cause['then'])} in the reference"
    before = cause.get("before")
    if before is not None and abs(before - cause["then"]) > max(LEAST_APART, cause["then"] / 4):
        compared += f" and {percent(cause['before'])} in the weeks before"
    return f"{span}, {_have(cause['now'])} {text}; {compared}."


def _among(event: DataEvent, names: Names, series: dict[tuple[str, str], Series]) -> str:
    """Name the slice whose decisions moved; empty for all decisions."""
    for change in event.changes:
        found = series.get((Stage.SLICE, change["name"]))
        if change["stage"] == Stage.SLICE_LOSS and found is not None:
            return f", where {names.label(found.stage, found.name)} is {names.bin(found, change['bin'])}"
    return ""


def _have(share: float) -> str:
    """
    >>> _have(0.95), _have(1.0), _have(0.0)
    ('95 % of predictions have', 'all predictions have', 'no predictions have')
    """
    told = percent(share)
    return {"all": "all predictions have", "none": "no predictions have"}.get(told, f"{told} of predictions have")


def effect(event: DataEvent) -> str:
    """Say what scores let one expect of the decisions, and what outcomes say."""
    figures = event.figures
    expected, before = figures.get("expected") or {}, figures.get("expected_before") or {}
    measured = figures.get("measured") or {}
    told = ""
    if expected.get("value") is not None and before.get("value") is not None:
        moved = expected["value"] - before["value"]
        verb = "fall" if moved < 0 else "rise"
        told = (
            f"By the model’s own scores, right decisions should {verb} from {in_100(before['value'])} to "
            f"{in_100(expected['value'])} in 100"
            if in_100(before["value"]) != in_100(expected["value"])
            else f"By the model’s own scores, right decisions should stay at {in_100(before['value'])} in 100"
        )
    if measured.get("value") is None or event.kind == DataEvent.Kind.RIGHT:
        return f"{told}." if told else ""
    share = figures.get("known_share") or 0.0
    source = "outcomes say" if share >= NEARLY_ALL else f"outcomes so far ({percent(share)} of them) say"
    return (
        f"{told}; {source} {in_100(measured['value'])}."
        if told
        else f"{_capital(source)} {in_100(measured['value'])} in 100 decisions were right."
    )


def when(event: DataEvent) -> str:
    """Name the days: “From 24 to 29 September”, “Since 24 September”, “On 24 September”."""
    first, last = event.first_day, event.last_day
    if last is None or event.ended == "stayed":
        return f"Since {day_text(first)}"
    if first == last:
        return f"On {day_text(first)}"
    return f"From {dates.span(first, last, has_year=False)}"


def day_text(day: date) -> str:
    return dates.of_year(day)


def percent(share: float) -> str:
    """Write a share of rows; hardly any reads as none.

    >>> percent(0.0), percent(0.004), percent(0.078), percent(0.979), percent(1.0)
    ('none', '0.4 %', '8 %', '98 %', 'all')
    """
    if share < NONE:
        return "none"
    if share > 1 - NONE:
        return "all"
    return f"{hundredths(share, decimals=1 if share < 0.01 or share > 0.99 else 0)} %"


def in_100(share: float) -> str:
    return fixed(100 * share, 0)


def _moved(event: DataEvent, names: Names) -> str:
    labels = list(dict.fromkeys(names.label(each["stage"], each["name"]) for each in event.changes))
    if len(labels) == 1:
        return f"{labels[0]} is"
    shown = labels[:3]
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return f"{', '.join(shown)}{more} are"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
