"""How precise figures will be, before any label: by a draft, the present sampling, or a random draw of its size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from apps.planning.services.expected import Expectations, metrics_of
from apps.planning.services.outlook import Outlook, same_size
from apps.planning.services.recent import Cells, Recent, SliceValue
from apps.sampling.services.columns import Floats
from apps.stats.design.planning import Plan, Planned
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS, MINIMUM_CHANCE_LABELS_OF_SLICE

WEEKS = (1, 2, 4)
DAYS_A_WEEK = 7
# A target that would take longer is out of reach for people.
MOST_DAYS = 730


@dataclass(frozen=True)
class Draw:
    """One way to draw: its π by sampled prediction, what chance alone gives each, and the share that is answered."""

    pi: Floats
    chance: float
    response: float

    @classmethod
    def of(cls, outlook: Outlook, *, response: float) -> "Draw":
        share = outlook.recent.model.blind_share
        return cls(outlook.pi * share, outlook.chance * share, response)

    @classmethod
    def at_random(cls, outlook: Outlook, *, response: float) -> "Draw":
        """Return the random draw of as many cases."""
        pi = same_size(outlook) * outlook.recent.model.blind_share
        return cls(pi, float(pi[0]) if len(pi) else 0.0, response)


@dataclass(frozen=True)
class Row:
    """One figure, for everybody or for a slice: its plan after each of `WEEKS`, for each draw."""

    metric: str
    part: SliceValue | None
    # By draw, then by week
    planned: list[list[Planned]]


class Precision:
    """The plans of a model's figures for several draws from the same recent predictions."""

    def __init__(self, recent: Recent, draws: Sequence[Draw], expectations: Expectations) -> None:
        self._recent = recent
        self._draws = draws
        self._expectations = expectations

    @cached_property
    def rows(self) -> list[Row]:
        """Every metric for all predictions, then the first metric in each slice."""
        metrics = metrics_of(self._recent.model)
        whole = [self._row(metric, None) for metric in metrics]
        return whole + [self._row(metrics[0], part) for part in self._recent.slices]

    def after(self, metric: str, weeks: int, *, part: SliceValue | None = None) -> list[Planned]:
        """Return the plan of a figure after one of `WEEKS`, for each draw."""
        return [plans[WEEKS.index(weeks)].half_width(metric) for plans in self._plans(part)]

    def until(self, metric: str, half_width: float, *, part: SliceValue | None = None) -> list[Planned]:
        """Return the labels and the days that a target takes, for each draw."""
        return [weeks[0].labels_for(metric, half_width) for weeks in self._plans(part)]

    def days(self, planned: Planned) -> float | None:
        """Return the days that a plan takes; None where it takes too many."""
        if planned.times is None or planned.code == "out_of_reach":
            return None
        days = planned.times * len(self._recent.days)
        return days if days <= MOST_DAYS else None

    def _row(self, metric: str, part: SliceValue | None) -> Row:
        return Row(metric, part, [[plan.half_width(metric) for plan in weeks] for weeks in self._plans(part)])

    @property
    def _times(self) -> list[float]:
        return [week * DAYS_A_WEEK / max(len(self._recent.days), 1) for week in WEEKS]

    def _plans(self, part: SliceValue | None) -> list[list[Plan]]:
        """Return the plans by draw, each for every one of `WEEKS`."""
        key = (part.name, part.value) if part else None
        if key not in self._known:
            self._known[key] = self._made(part)
        return self._known[key]

    @cached_property
    def _known(self) -> dict[tuple[str, str] | None, list[list[Plan]]]:
        return {}

    def _made(self, part: SliceValue | None) -> list[list[Plan]]:
        cells = self._recent.cells if part is None else Cells(self._recent, part.rows)
        least = MINIMUM_CHANCE_LABELS if part is None else MINIMUM_CHANCE_LABELS_OF_SLICE
        populations = [cells.drawn(draw.pi, chance=draw.chance) for draw in self._draws]
        expectation = self._expectations.of(populations[0])
        plans = [
            Plan(expectation, population, response=draw.response, least_by_chance=least)
            for draw, population in zip(self._draws, populations, strict=True)
        ]
        return [[replace(plan, times=times) for times in self._times] for plan in plans]
