"""Figures about reviewers as text: value, likely range and count, or the reason why there is no figure."""

from collections.abc import Callable
from dataclasses import dataclass

from apps.common import numerals
from apps.common.durations import seconds
from apps.common.shares import hundredths
from apps.registry.models import MonitoredModel
from apps.stats.estimate import Estimate
from apps.truth.services.quality import Quality, Reveals
from apps.truth.services.team import Agreement, Confusion, Team

NO_BREAK = "\u00a0"
REASONS = {
    "no_labels": "nothing to compare yet",
    "too_few": "too few for a figure",
    "too_few_changes": "too few changed to tell",
    "no_overlap": "fewer than two settled cases have two answers",
    "no_variation": "every answer was the same",
}
REMARKS = {
    "preliminary": "preliminary",
    "boundary": "at the edge of the scale",
}
# Shares with a range wider than this are rounded to whole percent.
WIDE = 0.1

Unit = Callable[[float, Estimate], str]


@dataclass(frozen=True)
class FigureText:
    """One figure, ready to show; `why` gives the reason where `value` is empty."""

    name: str
    value: str
    low: str
    high: str
    note: str
    why: str

    @property
    def range(self) -> str:
        """Return the likely range for a table cell."""
        return f"{self.low} to {self.high}" if self.value else ""


def figure_text(name: str, estimate: Estimate, *, unit: Unit, of: str, why: str = "") -> FigureText:
    """Format an estimate. `of` names what was counted; `why` replaces the usual text where there is no data yet."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        reason = why if why and estimate.code == "no_labels" else REASONS.get(str(estimate.code), "no figure")
        return FigureText(name, "", "", "", f"of {numerals.count(estimate.n)} {of}" if estimate.n else "", reason)
    remark = f"; {REMARKS[estimate.code]}" if estimate.code in REMARKS else ""
    low, value, high = (unit(each, estimate) for each in (estimate.low, estimate.value, estimate.high))
    return FigureText(name, value, low, high, f"of {numerals.count(estimate.n)} {of}{remark}", "")


def share(value: float, estimate: Estimate) -> str:
    """Format a share in percent, with a decimal where the range is narrow or rounding would give 0 or 100.

    >>> share(0.824, Estimate(0.824, 0.71, 0.9, "wilson", 50)), share(0.9997, Estimate(0.9997, 0.99, 1.0, "wilson", 9))
    ('82\\xa0%', '99.97\\xa0%')
    """
    width = (estimate.high or 0.0) - (estimate.low or 0.0)
    return f"{hundredths(value, decimals=0 if width > WIDE else 1)}{NO_BREAK}%"


def points(value: float, estimate: Estimate) -> str:
    """Format a difference of shares in points, with its sign.

    >>> points(0.024, Estimate(0.024, 0.0, 0.05, "hajek", 50)), points(-0.2, Estimate(-0.2, -0.5, 0.1, "hajek", 9))
    ('+2.4\\xa0points', '−20\\xa0points')
    """
    return f"{'+' if value > 0 else ''}{share(value, estimate)}".replace("%", "points")


def coefficient(value: float, _: Estimate) -> str:
    """Format a coefficient with two decimals and a true minus sign.

    >>> coefficient(-0.104, Estimate(-0.104, -0.3, 0.1, "bootstrap", 50))
    '−0.10'
    """
    return numerals.fixed(value, 2).replace("-", "−")


def duration(value: float, _: Estimate) -> str:
    return seconds(value).replace(" ", NO_BREAK)


def distance(model: MonitoredModel) -> Unit:
    """Return the unit of a comparison: a share of equal answers or, without a tolerance, a median difference."""
    return share if model.tells_right_from_wrong else (lambda value, _: model.label(value))


# A person's figures: the name of a share of equal answers, and of a median difference.
NAMES = {
    "gold": ("Correct on known answers", "Difference from known answers"),
    "later": ("Correct by the later truth", "Difference from the later truth"),
    "others": ("Agrees with the others", "Difference from the others"),
    "consistency": ("Same answer on repeats", "Difference from the earlier answer"),
}
# What is counted, and why there is none.
OF = {
    "gold": ("cases with a known answer", "none answered before today"),
    "later": ("blind cases with a known truth", "no truth is known yet"),
    "others": ("settled cases that others answered too", "no settled case was answered by others too before today"),
    "consistency": ("cases seen twice", "no case was seen twice before today"),
}


def person_figures(model: MonitoredModel, quality: Quality) -> list[FigureText]:
    """List a person's figures, which are the columns of the team's table."""
    unit, variant = distance(model), int(not model.tells_right_from_wrong)
    estimates = {name: getattr(quality, name) for name in NAMES}
    figures = [
        figure_text(NAMES[name][variant], estimate, unit=unit, of=OF[name][0], why=OF[name][1])
        for name, estimate in estimates.items()
    ]
    why = "no answer was timed"
    time = figure_text("Active time per case", quality.seconds, unit=duration, of="timed answers", why=why)
    return [*figures, time]


def reveal_figures(reveals: Reveals) -> list[FigureText]:
    """List how often a first answer changed once the prediction was shown."""
    changes = (
        ("Changed after the reveal", reveals.changed),
        ("Changed toward the model", reveals.toward),
        ("Changed away from it", reveals.away),
    )
    why = "no blind case was completed"
    return [figure_text(name, each, unit=share, of="blind cases", why=why) for name, each in changes]


@dataclass(frozen=True)
class FigureRow:
    """One row of a table of figures, named for a person, a class or the team."""

    name: str
    figures: list[FigureText]
    user: int | None = None
    answers: int = 0
    streaks: int = 0


def team_rows(model: MonitoredModel, team: Team) -> list[FigureRow]:
    """Make one row per person."""
    return [
        FigureRow(
            member.user.display_name,
            person_figures(model, member.quality),
            member.user.pk,
            member.quality.answers,
            len(member.quality.streaks),
        )
        for member in team.members
    ]


def rate_rows(model: MonitoredModel, team: Team) -> list[FigureRow]:
    """Make one row of recognition rates per person, the team first."""
    rows = [("The team", None, team.rates), *((m.user.display_name, m.user.pk, m.rates) for m in team.members)]
    return [FigureRow(name, _rates(model, rates), user) for name, user, rates in rows if rates]


def confusion_rows(model: MonitoredModel, confusion: list[Confusion]) -> list[FigureRow]:
    return [FigureRow(each.label, _rates(model, each.rates), answers=each.n) for each in confusion]


def _rates(model: MonitoredModel, rates: list[Estimate]) -> list[FigureText]:
    names = [model.label(index) for index in range(len(model.classes))]
    why = "no case had this truth"
    return [figure_text(name, rate, unit=share, of="answers", why=why) for name, rate in zip(names, rates, strict=True)]


def agreement_figures(model: MonitoredModel, agreement: Agreement) -> list[FigureText]:
    """List agreement on each class, then the two coefficients."""
    of, why = "cases with two answers", "no settled case was answered by two people"
    classes = [
        figure_text(
            f"Agree on “{label}”",
            estimate,
            unit=share,
            of=f"{of}, one of them this class",
            why="no settled case has two answers, one of them this class",
        )
        for label, estimate in agreement.classes
    ]
    newest = "newest cases with two answers" if model.is_regression else of
    pairs = (("Agree within the tolerance", agreement.within, share), ("Gwet’s AC1", agreement.ac1, coefficient))
    return [
        *classes,
        *(figure_text(name, each, unit=unit, of=of, why=why) for name, each, unit in pairs if each),
        figure_text("Krippendorff’s α", agreement.alpha, unit=coefficient, of=newest, why=why),
    ]
