"""Figures, months and what happened, in words."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from apps.common import dates
from apps.common.amounts import money, step_of, stepped
from apps.common.numerals import count
from apps.common.shares import hundredths
from apps.home.services.explained import Explained
from apps.home.services.lately import Restated
from apps.home.services.months import Month
from apps.home.services.portfolio import Portfolio, Row, Total, ranged
from apps.registry.models import MonitoredModel
from apps.reports.models import Headline
from apps.reports.services.standing import days_before
from apps.stats.independent import Ranged

MONEY = "value_difference"
# What a report knows more than the one before: one, and several.
SINCE = {
    "outcomes": ("outcome came in", "outcomes came in"),
    "corrections": ("outcome was corrected", "outcomes were corrected"),
    "labels": ("case was reviewed", "cases were reviewed"),
    "adjudications": ("dispute was settled", "disputes were settled"),
    "predictions": ("prediction came in", "predictions came in"),
    "closed_days": ("day became final", "days became final"),
    "value_model": ("new value model was stated", "new value models were stated"),
}
# From this share of a change on, one model makes it; in words.
SHARES = ((0.95, "Nearly all of"), (0.7, "Three quarters of"), (0.58, "Two thirds of"), (0.45, "Half of"))
# A change in the number of decisions that is worth a word.
NOTED = 0.1


def plural(number: float, one: str, many: str) -> str:
    """
    >>> plural(1, "case", "cases"), plural(1200, "case", "cases")
    ('1 case', '1,200 cases')
    """
    return f"{count(number)} {one if round(number) == 1 else many}"


def listed(parts: Sequence[str]) -> str:
    """
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def amount(figure: Ranged, currency: str, *, of: float | None = None) -> str:
    """Write the value, or another amount, rounded to what the range of the figure supports."""
    step = step_of(figure.value, figure.low, figure.high)
    return money(figure.value if of is None else of, currency=currency, step=step)


def between(figure: Ranged, currency: str) -> str:
    """Write the ends of the range; empty where there is none."""
    if figure.low >= figure.high:
        return ""
    return " to ".join(amount(figure, currency, of=end) for end in (figure.low, figure.high))


def in_100(figure: Ranged) -> str:
    """Write a share in 100, with the decimals that its range supports.

    >>> in_100(Ranged(0.8412, 0.79, 0.88)), in_100(Ranged(0.8412, 0.838, 0.8445))
    ('84', '84.1')
    """
    return hundredths(figure.value, decimals=_decimals(figure))


def between_in_100(figure: Ranged) -> str:
    if figure.low >= figure.high:
        return ""
    return " to ".join(hundredths(end, decimals=_decimals(figure)) for end in (figure.low, figure.high))


def _decimals(figure: Ranged) -> int:
    width = figure.high - figure.low
    return 0 if width >= 0.02 else 1 if width >= 0.002 or width <= 0 else 2


def plain(figure: Ranged, unit: str, *, of: float | None = None) -> str:
    """Write a number in the unit of the prediction."""
    step = step_of(figure.value, figure.low, figure.high)
    return f"{stepped(figure.value if of is None else of, step)} {unit}".strip()


def day(of: date) -> str:
    return dates.short(of)


def name(first: date, *, today: date) -> str:
    """Name a month; with its year where that is another one."""
    return f"{first:%B}" if first.year == today.year else f"{first:%B %Y}"


def window(headline: Headline, *, today: date) -> str:
    """Name the days of a figure.

    >>> headline = Headline(start=date(2026, 9, 1), end=date(2026, 10, 1))
    >>> window(headline, today=date(2026, 12, 1)), window(headline, today=date(2027, 1, 1))
    ('September', 'September 2026')
    """
    start, last = headline.start, headline.end - timedelta(days=1)
    is_month = start.day == 1 and last == start.replace(day=monthrange(start.year, start.month)[1])
    if is_month:
        return name(start, today=today)
    return dates.span(start, last, has_year=last.year != today.year)


def sentence(shown: Portfolio) -> str:
    """Write the first sentence: what the models earned, beside the month before."""
    month = shown.month
    if month is None or not shown.has_figures:
        return "The first figures are being made."
    when = f"In {name(month.start, today=month.today)}" + (" so far" if month.is_running else "")
    if not shown.totals:
        return f"{when} {_rightness(shown.rows)}"
    subject = shown.rows[0].model.name if len(shown.rows) == 1 else "your models"
    if len(shown.totals) == 1:
        (only,) = shown.totals
        replaced = "what it replaced" if len(shown.rows) == 1 else "what they replaced"
        return f"{when} {_earned(only, subject, replaced)}{_against(only, month)}."
    amounts = [amount(each.worth, each.currency) for each in shown.totals]
    return f"{when} {subject} earned about {listed(amounts)} more than what they replaced."


def _earned(total: Total, subject: str, replaced: str) -> str:
    worth, about = total.worth, "about " if total.worth.low < total.worth.high else ""
    size = amount(worth, total.currency, of=abs(worth.value))
    comparison = "more" if worth.value >= 0 else "less"
    if worth.low < 0 < worth.high:
        return f"it is not clear whether {subject} earned more than {replaced}: {about}{size} {comparison}"
    return f"{subject} earned {about}{size} {comparison} than {replaced}"


def _against(total: Total, month: Month) -> str:
    """Compare with the month before; empty where it has no figure."""
    change = total.change
    if change is None:
        return ""
    before = name(month.earlier[0], today=month.today)
    when = f"as many days of {before}" if month.is_running else before
    # The change reads at the step of its own range.
    size = amount(change, total.currency, of=abs(change.value))
    if size == amount(change, total.currency, of=0.0):
        return f", as much as in {when}"
    return f", {size} {'less' if change.value < 0 else 'more'} than in {when}"


def _rightness(rows: Sequence[Row]) -> str:
    known = [(row, figure) for row in rows if (figure := share_of(row.right))]
    if not known:
        return "nothing can be said of your models yet."
    row, figure = min(known, key=lambda each: each[1].value)
    if len(known) == 1:
        return f"{in_100(figure)} of 100 decisions of {row.model.name} were right."
    most = max((figure for _, figure in known), key=lambda each: each.value)
    return f"between {in_100(figure)} and {in_100(most)} of 100 decisions of each model were right."


def share_of(headline: Headline | None) -> Ranged | None:
    """Return the share of right decisions; None for figures of another kind."""
    return ranged(headline) if headline and headline.metric != "mae" else None


def notes(shown: Portfolio, reasons: Mapping[int, Explained]) -> list[str]:
    """Write what stands below the first sentence: ranges, and which model made the change and why."""
    if shown.month is None:
        return []
    return [note for total in shown.totals for note in _notes(total, reasons, is_only=len(shown.totals) == 1)]


def _notes(total: Total, reasons: Mapping[int, Explained], *, is_only: bool) -> list[str]:
    if total.worth.low >= total.worth.high:
        return []
    ends = [amount(total.worth, total.currency, of=end) for end in (total.worth.low, total.worth.high)]
    text = f"Likely between {ends[0]} and {ends[1]}"
    change = total.change if is_only else None
    if change is None:
        return [f"{text}."]
    verb = "fall" if change.value < 0 else "rise"
    if change.low < 0 < change.high:
        low, high = (amount(change, total.currency, of=abs(end)) for end in (change.low, change.high))
        return [f"{text}; the change, between {low} less and {high} more.", *_leader(total, "change", reasons)]
    low, high = (amount(change, total.currency, of=end) for end in sorted((abs(change.low), abs(change.high))))
    return [f"{text}; the {verb}, between {low} and {high}.", *_leader(total, verb, reasons)]


def _leader(total: Total, verb: str, reasons: Mapping[int, Explained]) -> list[str]:
    """Name the model that made most of the change, and say why; else if it decided more or less."""
    found = total.leader()
    if found is None:
        return []
    row, share = found
    part = next((words for least, words in SHARES if share >= least), "")
    if not part:
        return []
    lead = f"{part} the {verb} is {row.model.name}" if share <= 1.05 else f"{row.model.name} alone made more than that"
    if row.value and (reason := reasons.get(row.value.pk)):
        return [f"{lead}: {reason.subject} {reason.text}."]
    now, before = row.value.n if row.value else 0, row.n_before or 0.0
    is_noted = before and abs(now - before) > NOTED * before
    return [f"{lead}, which decided {count(now)} cases instead of {count(before)}." if is_noted else f"{lead}."]


def state(shown: Portfolio) -> str:
    """Say whether the month may still change; empty where it cannot."""
    if shown.month is None:
        return ""
    if shown.month.is_running:
        return "under way"
    figures = [each for row in shown.rows for each in (row.value, row.right) if each]
    if all(each.is_final for each in figures):
        return ""
    through = [each.final_through for each in figures]
    return "partly open" if any(end and end >= shown.month.start for end in through) else "open"


def moved(headline: Headline, reasons: Mapping[int, Explained], *, today: date) -> str:
    """Write by how much a figure moved and why, as a sentence that follows it; empty where it is not known."""
    reason = reasons.get(headline.pk)
    if reason is None:
        return ""
    start, end = days_before(headline.start, headline.end)
    before = window(Headline(start=start, end=end), today=today)
    return f" Against {before}, {reason.subject} {reason.text}."


def figure_text(headline: Headline, model: MonitoredModel) -> tuple[str, str]:
    """Return a figure and its range as they stand in a sentence."""
    found = ranged(headline)
    if found is None:
        return "no figure", ""
    if headline.currency:
        return amount(found, headline.currency), between(found, headline.currency)
    if headline.metric == "mae":
        ends = (found.low, found.high) if found.low < found.high else ()
        return f"off by {plain(found, model.unit)}", " to ".join(plain(found, "", of=end) for end in ends)
    return f"{in_100(found)} right of 100", between_in_100(found)


def restated(entry: Restated) -> str:
    """Write what a figure was and is, and what became known."""
    headline, model = entry.headline, entry.headline.model
    now = ranged(headline)
    assert now is not None
    if headline.currency:
        was, text = (amount(now, headline.currency, of=each) for each in (entry.was, now.value))
        said = f"{was} became {text}."
    elif headline.metric == "mae":
        was, text = (plain(now, model.unit, of=each) for each in (entry.was, now.value))
        said = f"the average error went from {was} to {text}."
    else:
        # One decimal more than the figure has: a restatement is small.
        was, text = (hundredths(each, decimals=_decimals(now) + 1) for each in (entry.was, now.value))
        said = f"right decisions went from {was} to {text} in 100."
    events = [plural(number, *SINCE[what]) for what, number in entry.why.items() if number and what in SINCE]
    return f"{said} {listed(events)[0].upper()}{listed(events)[1:]}." if events else said
