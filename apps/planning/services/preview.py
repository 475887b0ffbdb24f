"""What the editor says of a draft, computed from recent predictions that a process keeps for some minutes."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from threading import Lock
from time import monotonic
from typing import Any

from apps.planning.services.expected import Expectations
from apps.planning.services.outlook import Outlook
from apps.planning.services.precision import Draw, Precision
from apps.planning.services.recent import Recent
from apps.planning.services.recommending import with_priorities
from apps.registry.models import MonitoredModel
from apps.review.services.workload import Effort, efforts
from apps.sampling.services import policies
from apps.sampling.services.rates import RatedPolicy

# So long a process looks at the same recent predictions; they change little within minutes.
KEPT_SECONDS = 300.0
MOST_KEPT = 3
OVERLOAD = 2.0


@dataclass(frozen=True)
class Known:
    """What a model's drafts are judged by: recent predictions, earlier labels, and how long reviews take."""

    recent: Recent
    expectations: Expectations
    efforts: Mapping[int, Effort]

    @classmethod
    def of(cls, model: MonitoredModel) -> "Known":
        return cls(Recent(model), Expectations(model), efforts(model))

    @cached_property
    def now(self) -> Outlook:
        """The sampling in force."""
        model = self.recent.model
        return outlook_of(self, policies.rated_document(model, policies.current_document(model)))

    def minutes(self, outlook: Outlook) -> float | None:
        """Return people's minutes a day; None where nobody knows yet how long a case of some queue takes."""
        return self._a_day(outlook, lambda effort: effort.minutes_per_case)

    def cost(self, outlook: Outlook) -> float | None:
        """Return the money a day; None where some queue's cases have no price."""
        return self._a_day(outlook, lambda effort: effort.cost_per_case)

    def _a_day(self, outlook: Outlook, price: Callable[[Effort], Decimal | float | None]) -> float | None:
        total = 0.0
        for queue, days in outlook.by_queue.items():
            mean = float(days.mean()) if len(days) else 0.0
            effort = self.efforts.get(queue)
            each = price(effort) if effort is not None else None
            if mean and each is None:
                return None
            total += mean * float(each or 0.0)
        return total


class Preview:
    """A draft beside what is in force."""

    def __init__(self, model: MonitoredModel, document: Mapping[str, Any]) -> None:
        self.known = known(model)
        self.recent = self.known.recent
        self.now = self.known.now
        self.draft = outlook_of(self.known, policies.rated_document(model, document))

    @cached_property
    def precision(self) -> Precision:
        """Plans of the draft, of what is in force, and of a random draw as large as the draft."""
        response = answered_share(self.known, self.draft)
        draws = [
            Draw.of(self.draft, response=response),
            Draw.of(self.now, response=answered_share(self.known, self.now)),
            Draw.at_random(self.draft, response=response),
        ]
        return Precision(self.recent, draws, self.known.expectations)


def answered_share(known: Known, outlook: Outlook) -> float:
    """Return the share of the cases that will be answered, if people go on as before."""
    cases = {queue: float(days.mean()) for queue, days in outlook.by_queue.items()}
    answered = sum(number * _share_of(known.efforts.get(queue), number) for queue, number in cases.items())
    together = sum(cases.values())
    return answered / together if together and answered else 1.0


def _share_of(effort: Effort | None, cases: float) -> float:
    """Return the share of a queue's cases a day that people will answer, and no more than they have managed."""
    if effort is None or effort.answered is None or not effort.cases_a_day or not cases:
        return 1.0
    brought = effort.answered.cases / max(effort.days, 1)
    # When far more came than people managed, as when months were sent at once, the share does not describe a usual day.
    usual = 1.0 if brought > OVERLOAD * effort.cases_a_day else effort.answered_share or 1.0
    return min(usual, effort.cases_a_day / cases)


def outlook_of(known: Known, rated: Sequence[RatedPolicy]) -> Outlook:
    return Outlook(known.recent, with_priorities(known.recent, known.expectations, rated))


class _Kept:
    """The newest few models that a process looked at."""

    def __init__(self) -> None:
        self._found: OrderedDict[int, tuple[float, tuple[Any, ...], Known]] = OrderedDict()
        self._lock = Lock()

    def get(self, model: MonitoredModel) -> Known:
        state = (policies.current_number(model), model.updated_at)
        with self._lock:
            found = self._found.get(model.pk)
        if found is not None and found[1] == state and monotonic() - found[0] < KEPT_SECONDS:
            return found[2]
        known = Known.of(model)
        with self._lock:
            self._found[model.pk] = (monotonic(), state, known)
            self._found.move_to_end(model.pk)
            while len(self._found) > MOST_KEPT:
                self._found.popitem(last=False)
        return known

    def forget(self) -> None:
        with self._lock:
            self._found.clear()


_KEPT = _Kept()
known = _KEPT.get
forget = _KEPT.forget
