"""Caveats, and the reasons of a restatement, as sentences."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from apps.common import numerals
from apps.reports.engine.document import Caveat, Restatement
from apps.reports.engine.rounding import percent, step_of, stepped
from apps.reports.pages.figures import IF_ALIKE
from apps.reports.pages.numbers import count, day, listed, period, plural

# More runs of days than this are named by number.
MOST_RUNS = 3
# Numbers that read better as words, and how far one may be off a whole number that it is taken for.
WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NEARLY = 1e-3


def _predictions(number: float) -> str:
    return plural(number, "prediction", "predictions")


def _open_days(d: dict[str, Any]) -> str:
    return (
        f"The outcomes of {plural(d['days'], 'day', 'days')} are not all known yet: "
        f"{_predictions(d['n'])}, {percent(d['share'])} of all. "
        "Their figures are estimated from reviewed cases and may still change."
    )


def logged(d: dict[str, Any]) -> str:
    """Say which fraction of their traffic senders log, and what each prediction stands for."""
    lowest, highest = (percent(share, decimals=0) for share in (d["lowest"], d["highest"]))
    most = times(1 / d["lowest"])
    if d["lowest"] == d["highest"]:
        return f"{lowest} of traffic; each prediction stands for {most}"
    return f"between {lowest} and {highest} of traffic; a prediction stands for up to {most}"


def times(number: float) -> str:
    """Write how many predictions one stands for.

    >>> times(5.0), times(1 / 0.3), times(12.0)
    ('five', 'about 3.3', '12')
    """
    whole = round(number)
    if abs(number - whole) > NEARLY * number:
        return f"about {numerals.fixed(number, 1)}"
    return WORDS[whole] if whole < len(WORDS) else count(whole)


def _logged_in_part(d: dict[str, Any]) -> str:
    return (
        f"The client logs {logged(d)}. The {_predictions(d['n'])} of this report stand for about "
        f"{stepped(d['traffic'], step_of(d['traffic'], None, None))}. Ranges include what is left to chance by that, "
        "so no figure is counted, even where every outcome is known."
    )


def _waiting(d: dict[str, Any]) -> str:
    if d["n"] == d["drawn"]:
        return f"{plural(d['n'], 'drawn case waits', 'drawn cases wait')} for review, and none is reviewed yet."
    wait = plural(d["drawn"], "drawn case", "drawn cases")
    return (
        f"{count(d['n'])} of {wait} still {'waits' if d['n'] == 1 else 'wait'} for review. The reviewed ones stand in "
        "for them."
    )


def _few(labels: float) -> str:
    return f"Only about {plural(labels, 'reviewed case comes', 'reviewed cases come')}" if labels else "No label comes"


def _not_drained(d: dict[str, Any]) -> str:
    return (
        f"{plural(d['n'], 'answer', 'answers')} came from a queue that serves cases by amount or due time. They count "
        f"once the {plural(d['waiting'], 'case that waits', 'cases that wait')} in it are reviewed too: the first "
        "cases served are not a random part."
    )


def _days_left_out(d: dict[str, Any]) -> str:
    days, n = _days(d["received"]), f"{_predictions(d['n'])} ({percent(d['share'])} of all)"
    if d["part"] == "closed":
        return f"The figures leave out {n} received on {days}: none has an outcome."
    through = (
        f"The figures run through {day(date.fromisoformat(d['through']))}" if d["through"] else "Not all days count"
    )
    cases = plural(d["cases"], "drawn case", "drawn cases")
    are = "is" if d["cases"] == 1 else "are"
    return f"{through}: {cases} received on {days} {are} not started, so the figures leave out {n}."


def _days(days: list[str]) -> str:
    """Name days by their runs, or by number and span where these are many."""
    runs: list[tuple[date, date]] = []
    for one in map(date.fromisoformat, days):
        if runs and runs[-1][1] == one:
            runs[-1] = (runs[-1][0], one + timedelta(days=1))
        else:
            runs.append((one, one + timedelta(days=1)))
    if len(runs) > MOST_RUNS:
        return f"{len(days)} days from {period(runs[0][0], runs[-1][1])}"
    return listed([period(first, end) for first, end in runs])


def _draw_unsound(d: dict[str, Any]) -> str:
    found, share = plural(d["found"], "case was drawn", "cases were drawn"), d["share"]
    where = "" if share is None else f" among the predictions drawn with a probability of about {percent(share)}"
    return (
        f"The draw does not follow its recorded probabilities: {found}{where}, {count(d['expected'])} were expected. "
        "Chance does not explain it, so the figures of the open days may be wrong."
    )


CAVEATS: dict[str, Callable[[dict[str, Any]], str]] = {
    "logged_in_part": _logged_in_part,
    "no_population": lambda _: "There were no predictions in this period.",
    "open_days": _open_days,
    "outcomes_missing": lambda d: (
        f"The outcomes of {_predictions(d['n'])} ({percent(d['share'])}) never arrived. "
        "If these predictions differ from the others, the figures do not show it."
    ),
    "days_left_out": _days_left_out,
    "low_response": lambda d: (
        f"Only {percent(d['rate'])} of the drawn cases are reviewed. The figures of the open days hold {IF_ALIKE}."
    ),
    "waiting": _waiting,
    "not_drained": _not_drained,
    "skipped": lambda d: (
        f"{plural(d['n'], 'drawn case was', 'drawn cases were')} skipped. The reviewed ones stand in for "
        f"{'it' if d['n'] == 1 else 'them'}."
    ),
    "not_drawn": lambda d: (
        f"{_predictions(d['n'])} ({percent(d['share'])}) had no chance to be drawn. The report says nothing about them."
    ),
    "not_blind": lambda d: (
        f"{plural(d['n'], 'answer does', 'answers do')} not count, because the model’s answer was in sight."
    ),
    "reviews_for_hidden": lambda d: (
        f"For {_predictions(d['n'])}, {percent(d['share'])} of all, the decision leaves no outcome to observe. "
        f"What the figures say of these is what a reviewer would say, from "
        f"{plural(d['reviews'], 'reviewed case', 'reviewed cases')}; of the others, what happened."
    ),
    "let_through": lambda d: (
        f"For {_predictions(d['n'])}, {percent(d['share'])} of all, the decision leaves no outcome to observe, but "
        f"chance let some through with a recorded probability: their "
        f"{plural(d['outcomes'], 'outcome stands', 'outcomes stand')} for all of these."
    ),
    "not_observable": lambda d: (
        f"For {_predictions(d['n'])}, {percent(d['share'])} of all, the decision leaves no outcome to observe, and "
        "nobody has reviewed any that was drawn. Bounds are all that can be said: draw some of them for review, or let "
        "chance accept a small share."
    ),
    "rule_for_absent": lambda d: (
        f"No outcome ever arrived for {_predictions(d['n'])}; by the model’s rule they count as “{d['value']}”."
    ),
    "adjudication_open": lambda d: (
        f"{plural(d['n'], 'case still waits', 'cases still wait')} for a second opinion."
    ),
    "few_floor_labels": lambda d: (
        f"{_few(d['labels'])} from the random floor. A failure that the score does not show could be missed."
    ),
    "missed_errors": lambda d: (
        "Among the cases that chance alone picked, none was wrong. With 95 % confidence, at most "
        f"{percent(d['share'])} of predictions are wrong where no policy looks."
    ),
    "slices_left_out": lambda d: (
        f"{plural(d['n'], 'rare slice is', 'rare slices are')} left out of the figures by slice."
    ),
    "classes_left_out": lambda d: (
        f"Over time and by slice, only the {d['shown']} classes with most predictions are followed; the whole window "
        f"has the other {count(d['n'])} as well."
    ),
    "slice_unfilled": lambda d: (
        f"{count(d['n'])} of {_predictions(d['of'])} {'is' if d['n'] == 1 else 'are'} not in the slice “{d['slice']}” "
        "yet: it was declared after they came."
    ),
    "slice_lost": lambda d: (
        f"{count(d['n'])} of {_predictions(d['of'])} {'is' if d['n'] == 1 else 'are'} in no value of the slice "
        f"“{d['slice']}”: it was declared after they came, and their features are no longer kept."
    ),
    "undrawn_batches": lambda d: (
        f"{plural(d['n'], 'batch has', 'batches have')} arrived but not been drawn from yet, and "
        f"{'is' if d['n'] == 1 else 'are'} not counted here."
    ),
    "draw_unsound": _draw_unsound,
    "no_value_model": lambda _: "Nobody has stated what a right or a wrong decision is worth.",
    "no_baseline": lambda d: (
        f"{_predictions(d['n'])} came without a baseline and {'is' if d['n'] == 1 else 'are'} left out of the "
        "comparison."
    ),
    "no_amount": lambda d: (
        f"{plural(d['n'], 'prediction', 'predictions')} came without an amount and "
        f"{'counts as 1' if d['n'] == 1 else 'count as 1 each'}."
    ),
    "sensitive_hidden": lambda _: "Slices of sensitive features are hidden for your role.",
    "small_hidden": lambda _: (
        "Figures of fewer than ten predictions, and figures that would give them away, are hidden for your role."
    ),
}  # fmt: skip


def caveat(entry: Caveat) -> str:
    """Write the caveat as a sentence."""
    sentence = CAVEATS.get(entry["code"])
    if sentence is None:
        return f"{entry['code'].replace('_', ' ').capitalize()}."
    return sentence(entry["details"])


SINCE = {
    "outcomes": ("outcome arrived", "outcomes arrived"),
    "corrections": ("outcome was corrected", "outcomes were corrected"),
    "labels": ("case was reviewed", "cases were reviewed"),
    "adjudications": ("second opinion was given", "second opinions were given"),
    "predictions": ("prediction arrived late", "predictions arrived late"),
    "closed_days": ("day became final", "days became final"),
    "value_model": ("new value model was stated", "new value models were stated"),
}

# Settings of which a report knows only that they changed.
CHANGED = {
    "maturity_days": "the days until a prediction counts as final were changed",
    "outcome_if_absent": "the rule for outcomes that never come was changed",
    "slices": "the slices were changed",
    "actions": "the actions were declared anew",
    "outcome_observed_when": "it was declared anew which decisions leave an outcome",
}


def why_restated(entry: Restatement) -> str:
    """Write what happened between the two reports."""
    counted = {what: number for what, number in entry["why"].items() if number and what not in CHANGED}
    events = [plural(number, *SINCE.get(what, (what, what))) for what, number in counted.items()]
    events += [CHANGED[what] for what in entry["why"] if what in CHANGED]
    return listed(events) if events else "the computation changed"
