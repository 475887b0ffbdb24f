"""A replay in words: the sentence, whether it is exact, four figures, and what chance has to do with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from apps.common import dates
from apps.common.numerals import count, fixed
from apps.planning.models import Replay
from apps.sampling.models import SamplingPolicy
from apps.sampling.services import wording

MOST_POLICIES = 2
LUCK = "One week is partly luck. With other random numbers, the same predictions would likely have brought"
Result = Mapping[str, Any]
Names = Mapping[str, str]


@dataclass(frozen=True)
class Figure:
    """A figure with its name above it, and what it rests on below."""

    name: str
    value: str
    note: str
    is_known: bool = True


def period(replay: Replay) -> str:
    """Write the days of a replay, the last one included: 'Friday 13 November to Thursday 19 November 2026'."""
    zone = replay.model.zone
    first = replay.start.astimezone(zone).date()
    last = replay.end.astimezone(zone).date() - timedelta(days=1)
    start = dates.of_year(first) if first.year == last.year else dates.full(first)
    return f"{first:%A} {start} to {last:%A} {dates.full(last)}"


def totals(result: Result) -> dict[str, int]:
    """Return how many cases come in any case, with the draft alone, and without it alone."""
    return {part: sum(day.get(part, 0) for day in result["days"].values()) for part in ("kept", "added", "gone")}


def sentence(result: Result) -> str:
    """Say what the draft changes."""
    parts = totals(result)
    added, gone, before = parts["added"], parts["gone"], parts["kept"] + parts["gone"]
    after = parts["kept"] + added
    if not (before or after):
        return "Nothing was drawn that week, and the draft would have drawn nothing either."
    if not (added or gone):
        return f"The draft would have drawn the same {cases(before)}."
    if not gone:
        return f"With the draft, {more(added)} would have come that week: {count(after)} instead of {count(before)}."
    if not added:
        return (
            f"With the draft, {cases(gone)} would not have come that week: {count(after)} instead of {count(before)}."
        )
    return (
        f"With the draft, {more(added)} would have come that week and {count(gone)} would not: "
        f"{count(after)} instead of {count(before)}."
    )


def is_exact(result: Result) -> bool:
    """Whether the sampling of that week, replayed, draws what was drawn, and nothing is left out."""
    return not (result["unlike"] or result["left_out"])


def proof(result: Result) -> list[str]:
    """Say on what the replay rests, and whether it gives back what was really drawn."""
    drawn, same, rows = result["drawn"], result["given_back"], result["rows"]
    said = [f"Replayed on {counted(rows, 'prediction')} with the same random numbers as then."]
    if not result["unlike"]:
        given = f"gives back all {count(drawn)} cases that were really drawn" if drawn else "draws nothing either"
        said.append(f"The sampling of that week, replayed the same way, {given}.")
    else:
        others = result["unlike"] - (drawn - same)
        said.append(
            f"The sampling of that week, replayed the same way, gives back {count(same)} of the {count(drawn)} cases "
            f"that were really drawn, and {count(others)} that were not. Something that it looks at has changed since: "
            "the model’s classes, or predictions that were erased. Read the lists as a rough picture."
        )
    if result["left_out"]:
        said.append(
            f"{counted(result['left_out'], 'prediction')} left out: a condition looks at features that are not kept "
            "any more."
        )
    if result["waiting"]:
        said.append(f"{counted(result['waiting'], 'prediction')} still waiting for the draw left out.")
    return said


def figures(result: Result, *, names: Names, time: tuple[str, str, bool]) -> list[Figure]:
    """Return the four figures under the sentence. `time` is people's time, what it costs, and whether it is known."""
    parts = totals(result)
    return [
        Figure("Would have come", count(parts["added"]), _through(result["policies"]["added"], names)),
        Figure("Would not", count(parts["gone"]), _through(result["policies"]["gone"], names)),
        _wrong(result, parts["added"]),
        Figure("People’s time", *time),
    ]


def policy_names(replay: Replay) -> Names:
    """Return the policies in a few words, by name: as they are saved, or else as the draft has them."""
    model = replay.model
    saved = SamplingPolicy.objects.filter(model=model).order_by("name", "-version").distinct("name")
    drafted = (SamplingPolicy(name=each["name"], **_of(each)) for each in replay.document["policies"])
    return {each.name: wording.short(model, each) for each in (*drafted, *saved)}


def _of(policy: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": policy["kind"], "settings": policy, "condition": policy.get("condition")}


def _through(policies: Mapping[str, int], names: Names) -> str:
    """Name the policies that make the difference, the most frequent first."""
    named = [(f"“{names.get(name, name)}”" if name else "a policy that is gone", n) for name, n in policies.items()]
    if not named:
        return "none"
    if len(named) == 1:
        return f"all through {named[0][0]}"
    told = [f"{count(n)} through {name}" for name, n in named[:MOST_POLICIES]]
    others = sum(n for _, n in named[MOST_POLICIES:])
    return ", ".join([*told, f"{count(others)} through others"] if others else told)


def _wrong(result: Result, added: int) -> Figure:
    known, wrong = result["added_known"], result["added_wrong"]
    name = f"Model wrong among the {count(added)}" if added else "Model wrong among them"
    if not known:
        return Figure(name, "not known yet", "no outcome has come in for any of them", is_known=False)
    low, high = result["wrong_range"]
    overall = f"; overall {fixed(100 * result['wrong'] / result['known'], 0)} in 100" if result["known"] else ""
    note = f"with a known outcome: likely between {fixed(100 * low, 0)} and {fixed(100 * high, 0)} in 100{overall}"
    return Figure(name, f"{count(wrong)} of {count(known)}", note)


def chance(result: Result) -> str:
    """Say how far another week could differ by luck alone."""
    gain = result["gain"]
    expected, low, high = round(gain["expected"]), round(gain["low"]), round(gain["high"])
    if low == high == 0:
        return "For these predictions, the draft and the sampling of that week draw alike."
    if low >= 0:
        return f"{LUCK} about {count(expected)} more: likely between {count(low)} and {count(high)}."
    if high <= 0:
        return f"{LUCK} about {count(-expected)} fewer: likely between {count(-high)} and {count(-low)}."
    return f"{LUCK} between {count(-low)} fewer and {count(high)} more."


def cases(number: int) -> str:
    return counted(number, "case")


def more(number: int) -> str:
    return "1 more case" if number == 1 else f"{count(number)} more cases"


def counted(number: int, noun: str) -> str:
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"
