"""Figures about reviewers as people say them: each with its likely range and what it is of, or why there is none."""

from collections.abc import Callable
from dataclasses import dataclass

from apps.common.durations import seconds
from apps.registry.models import MonitoredModel
from apps.stats.estimate import Estimate
from apps.truth.services.quality import Quality, Reveals
from apps.truth.services.team import Agreement, Confusion, Team

NO_BREAK = "\u00a0"
REASONS = {
    "no_labels": "nothing to compare yet",
    "too_few": "too few for a figure",
    "no_overlap": "fewer than two settled cases have two answers",
    "no_variation": "everybody said the same thing of every case",
    "unsupported_task": "for models of classes only",
}
BESIDE = {
    "preliminary": "preliminary",
    "boundary": "at the edge of what so few can show",
}
# The range of a share is said in whole percent where it is wider than this.
WIDE = 0.1

Unit = Callable[[float, Estimate], str]


@dataclass(frozen=True)
class Figure:
    """What a figure's component shows."""

    name: str
    value: str
    low: str
    high: str
    note: str
    why: str

    @property
    def range(self) -> str:
        """The likely range in a table."""
        return f"{self.low} to {self.high}" if self.value else ""


def figure(name: str, found: Estimate, *, unit: Unit, of: str, why: str = "") -> Figure:
    """`of`: what the figure is of, behind its number; `why`: what to say where there is nothing yet."""
    if found.value is None or found.low is None or found.high is None:
        reason = why if why and found.code == "no_labels" else REASONS.get(str(found.code), "no figure")
        return Figure(name, "", "", "", f"of {found.n:,} {of}" if found.n else "", reason)
    beside = f"; {BESIDE[found.code]}" if found.code in BESIDE else ""
    low, value, high = (unit(each, found) for each in (found.low, found.value, found.high))
    return Figure(name, value, low, high, f"of {found.n:,} {of}{beside}", "")


def share(value: float, found: Estimate) -> str:
    """A share in percent, with a decimal where the range is narrow or rounding would say none or all.

    >>> share(0.824, Estimate(0.824, 0.71, 0.9, "wilson", 50)), share(0.999, Estimate(0.999, 0.99, 1.0, "wilson", 900))
    ('82\\xa0%', '99.9\\xa0%')
    """
    width = (found.high or 0.0) - (found.low or 0.0)
    is_near_the_edge = 0 < value < 0.005 or 0.995 <= value < 1
    return f"{100 * value:.{0 if width > WIDE and not is_near_the_edge else 1}f}{NO_BREAK}%"


def coefficient(value: float, _: Estimate) -> str:
    """
    >>> coefficient(-0.104, Estimate(-0.104, -0.3, 0.1, "bootstrap", 50))
    '−0.10'
    """
    return f"{value:.2f}".replace("-", "−")


def duration(value: float, _: Estimate) -> str:
    return seconds(value).replace(" ", NO_BREAK)


def distance(model: MonitoredModel) -> Unit:
    """How answers are told: as shares that are the same or, of numbers, by how far half of them are off at most."""
    return (lambda value, _: model.label(value)) if model.is_regression else share


# The figures of a person, named for classes and for numbers: what they are of, and why there is none yet.
NAMES = {
    "gold": ("Right where the answer was known", "Off where the answer was known"),
    "later": ("Right by what came true", "Off from what came true"),
    "others": ("The same as the others", "Off from the others"),
    "consistency": ("The same answer again", "Off from the answer before"),
}
OF = {
    "gold": ("cases with a known answer", "no such case answered before today"),
    "later": ("blind cases known by now", "none of the cases is known yet"),
    "others": ("settled cases others answered too", "no settled case was answered by others too"),
    "consistency": ("cases seen twice", "no case was seen twice before today"),
}


def person_figures(model: MonitoredModel, found: Quality) -> list[Figure]:
    """Gold, later truth, the others, consistency, active time: the columns of the team, the figures of a person."""
    unit, at = distance(model), int(model.is_regression)
    estimates = {name: getattr(found, name) for name in NAMES}
    figures = [
        figure(NAMES[name][at], estimate, unit=unit, of=OF[name][0], why=OF[name][1])
        for name, estimate in estimates.items()
    ]
    time = figure("Active time for a case", found.seconds, unit=duration, of="timed answers", why="no answer was timed")
    return [*figures, time]


def reveal_figures(found: Reveals) -> list[Figure]:
    """How often an answer was changed once the model's was shown."""
    told = (
        ("Changed after the reveal", found.changed),
        ("Changed towards the model", found.towards),
        ("Changed away from it", found.away),
    )
    why = "no blind case answered to the end"
    return [figure(name, each, unit=share, of="blind cases", why=why) for name, each in told]


@dataclass(frozen=True)
class Line:
    """A row of a table of figures: whom or what it is about."""

    name: str
    figures: list[Figure]
    user: int | None = None
    answers: int = 0
    streaks: int = 0


def team_lines(model: MonitoredModel, found: Team) -> list[Line]:
    """A row a person."""
    return [
        Line(
            each.user.display_name,
            person_figures(model, each.quality),
            each.user.pk,
            each.quality.answers,
            len(each.quality.streaks),
        )
        for each in found.reviewers
    ]


def rate_lines(model: MonitoredModel, found: Team) -> list[Line]:
    """How often each person recognises each class, the team first."""
    rows = [("The team", None, found.rates), *((r.user.display_name, r.user.pk, r.rates) for r in found.reviewers)]
    return [Line(name, _rates(model, rates), user) for name, user, rates in rows if rates]


def confusion_lines(model: MonitoredModel, found: list[Confusion]) -> list[Line]:
    return [Line(each.label, _rates(model, each.rates), answers=each.n) for each in found]


def _rates(model: MonitoredModel, rates: list[Estimate]) -> list[Figure]:
    names = [model.label(at) for at in range(len(model.classes))]
    why = "none turned out so"
    return [figure(name, rate, unit=share, of="answers", why=why) for name, rate in zip(names, rates, strict=True)]


def agreement_figures(model: MonitoredModel, found: Agreement) -> list[Figure]:
    """Class by class, then the two coefficients."""
    of, why = "cases with two answers", "no settled case was answered by two people"
    classes = [
        figure(f"Agree on “{label}”", each, unit=share, of=f"{of} and this one among them", why=f"{why} and so by one")
        for label, each in found.classes
    ]
    newest = "newest cases with two answers" if model.is_regression else of
    return [
        *classes,
        figure("Gwet’s AC1", found.ac1, unit=coefficient, of=of, why=why),
        figure("Krippendorff’s α", found.alpha, unit=coefficient, of=newest, why=why),
    ]
