"""From what somebody wants to know to policies that would tell, and what they cost beside the present ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from apps.planning.services import editing
from apps.planning.services.expected import metrics_of
from apps.planning.services.outlook import Outlook
from apps.planning.services.precision import DAYS_A_WEEK, Draw, Precision
from apps.planning.services.preview import Known, answered_share, outlook_of
from apps.planning.services.recent import SliceValue
from apps.sampling.models import PolicyKind
from apps.sampling.services import policies
from apps.stats.design.planning import Planned
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS

NAME = "what-you-asked"
# The search ends when the budget is known to a twentieth.
CLOSE = 1.05
FEWEST = 1.0
# Floors that are easy to say: 1 in 1, 2, 5, 10, …
ROUND = (1, 2, 5)


@dataclass(frozen=True)
class Wish:
    """What somebody wants to know: the first metric to within ± `half_width` after so many weeks."""

    metrics: tuple[str, ...]
    part: SliceValue | None
    half_width: float
    weeks: int
    # Of people's time a day; None: as much as it takes
    minutes: float | None = None


@dataclass(frozen=True)
class Proposal:
    """Policies, and what they bring. `reached` is the ± after the wished time; the others are cases a day."""

    document: Mapping[str, Any]
    outlook: Outlook
    minutes: float | None
    reached: Planned
    present: Planned
    at_random: float | None
    # Whether people's time was the limit
    is_capped: bool


def propose(known: Known, wish: Wish, document: Mapping[str, Any]) -> Proposal:
    """Find the smallest draw that meets the wish, within the time that people have.

    What must be reviewed stays, and so do the queues; the floor is as low as it may be.
    """
    search = _Search(known, wish, document)
    wanted = search.smallest(lambda per_day: search.width(per_day) <= wish.half_width)
    limit = search.most_within_time()
    per_day = wanted if limit is None else min(wanted, limit)
    outlook, reached = search.outlook(per_day), search.planned(per_day)
    return Proposal(
        document=search.document(per_day),
        outlook=outlook,
        minutes=known.minutes(outlook),
        reached=reached,
        present=_planned(known, wish, known.now),
        at_random=_at_random(known, wish, outlook, reached),
        is_capped=per_day < wanted,
    )


class _Search:
    def __init__(self, known: Known, wish: Wish, document: Mapping[str, Any]) -> None:
        self._known, self._wish = known, wish
        self._kept = [each for each in document["policies"] if each["kind"] == PolicyKind.MUST_REVIEW]
        self._queues = document["queues"]
        self._floor = _floor(known)
        # By whole cases a day
        self._found: dict[int, Outlook] = {}

    def document(self, per_day: float) -> Mapping[str, Any]:
        model, wish = self._known.recent.model, self._wish
        policy: dict[str, Any] = {"name": NAME, "queue": policies.main_queue(model).slug}
        if wish.part is not None:
            rates = [{"value": wish.part.value, "rate": 1.0}]
            policy |= {"kind": PolicyKind.SLICE, "slice": wish.part.name, "rates": rates, "rate": 0.0}
        elif model.is_regression:
            policy |= {"kind": PolicyKind.UNIFORM}
        else:
            policy |= {"kind": PolicyKind.RECOMMENDED, "metrics": list(wish.metrics)}
        kept = {"floor": self._floor, "policies": self._kept, "queues": self._queues}
        if not per_day:
            return kept
        # Whole cases a day are easier to talk about.
        return editing.add(kept, policy | {"budget": {"per_day": float(ceil(per_day))}})[0]

    def outlook(self, per_day: float) -> Outlook:
        whole = ceil(per_day)
        if whole not in self._found:
            rated = policies.rated_document(self._known.recent.model, self.document(whole))
            self._found[whole] = outlook_of(self._known, rated)
        return self._found[whole]

    def planned(self, per_day: float) -> Planned:
        return _planned(self._known, self._wish, self.outlook(per_day))

    def width(self, per_day: float) -> float:
        half_width = self.planned(per_day).half_width
        return float("inf") if half_width is None else half_width

    def smallest(self, is_enough: Callable[[float], bool]) -> float:
        """Return the smallest budget that is enough: 0 where the floor does it, all predictions where nothing does."""
        if is_enough(0.0):
            return 0.0
        low, high = FEWEST, FEWEST
        most = max(self._known.recent.decisions_a_day, FEWEST)
        while not is_enough(high):
            if high >= most:
                return most
            low, high = high, min(high * 4, most)
        while high > low * CLOSE:
            middle = (low * high) ** 0.5
            low, high = (low, middle) if is_enough(middle) else (middle, high)
        return high

    def most_within_time(self) -> float | None:
        """Return the largest budget that fits into people's time; None where there is no limit, or none is known."""
        limit = self._wish.minutes
        if limit is None or self._known.minutes(self.outlook(FEWEST)) is None:
            return None
        return self.smallest(lambda per_day: (self._known.minutes(self.outlook(per_day)) or 0.0) >= limit)


def wished(
    known: Known, *, metrics: list[str], half_width: float, weeks: int, part: str, minutes: float | None
) -> Wish:
    """Return a wish with the metrics and the part that this model has."""
    allowed = metrics_of(known.recent.model)
    chosen = tuple(each for each in allowed if each in metrics) or tuple(allowed[:1])
    found = next((each for each in known.recent.slices if f"{each.name}={each.value}" == part), None)
    return Wish(chosen if found is None else tuple(allowed[:1]), found, half_width, weeks, minutes)


def _planned(known: Known, wish: Wish, outlook: Outlook) -> Planned:
    draw = Draw.of(outlook, response=answered_share(known, outlook))
    return Precision(known.recent, [draw], known.expectations).after(wish.metrics[0], wish.weeks, part=wish.part)[0]


def _at_random(known: Known, wish: Wish, outlook: Outlook, reached: Planned) -> float | None:
    """Return the cases a day that random sampling takes for the same."""
    if reached.half_width is None:
        return None
    draw = Draw.at_random(outlook, response=answered_share(known, outlook))
    [planned] = Precision(known.recent, [draw], known.expectations).until(
        wish.metrics[0], max(reached.half_width, wish.half_width), part=wish.part
    )
    if planned.times is None or planned.code == "out_of_reach":
        return None
    days = planned.times * len(known.recent.days)
    return outlook.all.mean * days / (wish.weeks * DAYS_A_WEEK)


def _floor(known: Known) -> float:
    """Return the lowest floor that is easy to say and gives 50 answers by chance in a week."""
    answered = answered_share(known, known.now) * known.recent.model.blind_share
    needed = MINIMUM_CHANCE_LABELS / max(7 * known.recent.decisions_a_day * answered, 1.0)
    scale = 1
    best = 1.0
    while True:
        for each in ROUND:
            if 1 / (each * scale) < needed:
                return best
            best = 1 / (each * scale)
        if scale > 1e6:
            return best
        scale *= 10
