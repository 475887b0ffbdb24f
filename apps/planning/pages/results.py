"""What came of each policy, in words and as a small chart by day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from apps.common import numerals
from apps.common.charts import Line, Mark, Path, Plot, Rect, Scale
from apps.planning.pages.numbers import cases, percent
from apps.planning.services.results import Count, PolicyResult, Results
from apps.registry.models import MonitoredModel
from apps.sampling.models import PolicyKind
from apps.stats.design.draw_counts import DrawCount

WIDTH, HEIGHT = 168, 32
GAP = 0.3  # of a column
# Half of the range in which 95 of 100 draws lie, in standard deviations
RANGE = 1.96
KINDS = {
    "day": "text",
    "policy": "text",
    "version": "integer",
    "kind": "text",
    "queue": "text",
    "decisions": "integer",
    "matched": "integer",
    "expected": "number",
    "drawn": "integer",
    "drawn_by_no_other": "integer",
    "served": "integer",
    "answered": "integer",
}


@dataclass(frozen=True)
class DayRow:
    day: date
    matched: int
    expected: str
    drawn: int
    served: int
    answered: int


@dataclass(frozen=True)
class PolicyLine:
    """One policy: what it drew in a sentence, whether that is as expected, and its days."""

    name: str
    is_ended: bool
    said: str
    verdict: str
    is_failed: bool
    answered: str
    plot: Plot
    described: str
    # Those on which it met anything, the newest first
    rows: list[DayRow]


class ResultsSection:
    """The section of the page Sampling that says what came of the policies."""

    def __init__(self, model: MonitoredModel) -> None:
        self._results = Results(model)

    @property
    def is_empty(self) -> bool:
        return self._results.is_empty

    @property
    def first(self) -> date:
        return self._results.days[0]

    @property
    def last(self) -> date:
        return self._results.days[-1]

    @cached_property
    def lines(self) -> list[PolicyLine]:
        return [_line(each) for each in self._results.policies()]

    @property
    def is_failed(self) -> bool:
        return any(each.is_failed for each in self.lines)


def file_rows(model: MonitoredModel) -> Iterator[list[dict[str, Any]]]:
    """Yield a row for each day and version of a policy that met a prediction."""
    queues = dict(model.queues.values_list("pk", "slug"))
    yield [
        {
            "day": each.day.isoformat(),
            "policy": each.policy.name,
            "version": each.policy.version,
            "kind": each.policy.kind,
            "queue": queues[each.policy.queue_id],
            "decisions": each.count.n,
            "matched": each.count.matched,
            "expected": each.count.expected,
            "drawn": each.count.drawn,
            "drawn_by_no_other": each.count.drawn_only,
            "served": each.count.served,
            "answered": each.count.answered,
        }
        for each in Results(model).lines()
    ]


def _line(result: PolicyResult) -> PolicyLine:
    policy = result.policy
    return PolicyLine(
        name="The floor" if policy.kind == PolicyKind.FLOOR else policy.name,
        is_ended=policy.ends_at is not None,
        said=_said(result),
        verdict=_verdict(result),
        is_failed=result.is_failed,
        answered=_answered(result.all),
        plot=_plot(result.days),
        described=f"Drawn by day, {numerals.count(result.all.drawn)} in all; the line is what was expected.",
        rows=[_row(day, count) for day, count in reversed(result.days) if count.n],
    )


def _said(result: PolicyResult) -> str:
    check = result.check
    if not result.all.matched:
        return f"Met none of {numerals.count(result.all.n)} decisions."
    half = RANGE * check.sd
    around = f"{cases(check.expected)} ± {cases(half)}" if half else cases(check.expected)
    return f"Drew {numerals.count(check.drawn)} of {numerals.count(result.all.matched)} where {around} were expected."


def _verdict(result: PolicyResult) -> str:
    if not result.all.matched:
        return ""
    if result.is_failed:
        return "not as expected"
    return "as expected" if _is_within(result.check) else "within chance"


def _is_within(check: DrawCount) -> bool:
    # A draw is a whole number: half a case on either side is still within.
    return abs(check.drawn - check.expected) <= RANGE * check.sd + 0.5


def _answered(count: Count) -> str:
    if not count.served:
        return "Nothing came to people by it alone or first." if count.drawn else ""
    share = percent(count.answered / count.served)
    answered, served = numerals.count(count.answered), numerals.count(count.served)
    return f"{answered} of the {served} that came to people by it are answered ({share})."


def _row(day: date, count: Count) -> DayRow:
    return DayRow(day, count.matched, cases(count.expected), count.drawn, count.served, count.answered)


def _plot(days: Sequence[tuple[date, Count]]) -> Plot:
    """Draw a column for what was drawn each day, and a line for what was expected."""
    highest = max(max(count.drawn, count.expected) for _, count in days) or 1.0
    scale, step = Scale(0.0, highest, HEIGHT - 1, 2), WIDTH / len(days)
    marks: list[Mark] = []
    for index, (_, count) in enumerate(days):
        if count.drawn:
            top = scale.place(count.drawn)
            x, width = round((index + GAP / 2) * step, 1), round((1 - GAP) * step, 1)
            marks.append(Rect("drawn", x, top, width, round(scale.start - top, 1)))
    marks.append(Line("base", 0, HEIGHT - 0.5, WIDTH, HEIGHT - 0.5))
    points = [
        (x, scale.place(count.expected))
        for index, (_, count) in enumerate(days)
        for x in (round(index * step, 1), round((index + 1) * step, 1))
    ]
    marks.append(Path("expected", tuple(points)))
    return Plot(WIDTH, HEIGHT, tuple(marks))
