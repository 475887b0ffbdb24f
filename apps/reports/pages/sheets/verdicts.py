"""Whether a shadow may take the place of the model in use, in words."""

from apps.reports.engine.document import Document, Figure, VerdictSection
from apps.reports.engine.rounding import Unit
from apps.reports.pages import contents
from apps.reports.pages.figures import more_labels, reason
from apps.reports.pages.sheets.layout import Section

HOW = "The range holds at every look together, so the test may end as soon as it excludes zero."


def section(document: Document, judged: VerdictSection) -> Section:
    """Say what may be said by now, and whether the test may stop."""
    figure = judged["figure"]
    of = contents.unit(document, judged["metric"])
    value, low, high = (_text(figure, end, of) for end in (figure["value"], figure["low"], figure["high"]))
    needed = more_labels(figure.get("labels_needed") or 1)
    said = {
        "better": f"Better by {value}, at least {low}. You may stop, and put it in use.",
        "worse": f"Worse than the model in use: {value}, at best {high}. You may stop.",
        "open": f"Not told apart yet: so far {value}, between {low} and {high}.",
        "too_early": f"Too early to say: {needed} before the first look.",
        "unknown": f"Nothing can be said yet: {reason(figure) or 'no disagreement has a label'}.",
    }
    return Section("verdict", "May it take over?", said[judged["says"]], sentences=[HOW])


def _text(figure: Figure, number: float | None, of: Unit) -> str:
    return "–" if number is None else of.text(number, of.step(figure)).removeprefix("+")
