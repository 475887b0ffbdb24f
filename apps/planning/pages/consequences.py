"""What a draft costs and buys, for the right side of the editor."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from apps.planning.pages.numbers import between, cases, hours, money, percent
from apps.planning.pages.precision_rows import PrecisionRows
from apps.planning.services.outlook import Daily, Outlook
from apps.planning.services.preview import Preview
from apps.registry.models import ReviewQueue
from apps.review.services.workload import Effort
from apps.sampling.models import PolicyKind
from apps.sampling.services import wording
from apps.sampling.services.columns import Floats
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS

# Room beyond the longest bar
AIR = 1.15
# Cases a day that nobody would notice
SMALL = 0.05


@dataclass(frozen=True)
class Bar:
    """A bar and its marks, each in percent of the room there is; None: no mark."""

    value: float
    low: float
    high: float
    now: float | None = None
    limit: float | None = None
    part: float = 0.0


@dataclass(frozen=True)
class QueueLine:
    queue: ReviewQueue
    a_day: str
    between: str
    effort: str
    limit: str
    now: str
    bar: Bar
    is_over: bool


@dataclass(frozen=True)
class PolicyLine:
    place: str
    name: str
    a_day: str
    only: str
    bar: Bar


@dataclass(frozen=True)
class Warned:
    title: str
    text: str


@dataclass(frozen=True)
class Target:
    """Until when a target is reached, for the draft, what is in force, and a random draw."""

    metric: str
    half_width: float
    lines: list[tuple[str, str, str]] = field(default_factory=list)


class Consequences:
    """A draft's cost and precision in words, beside what is in force."""

    def __init__(self, preview: Preview, *, is_draft: bool) -> None:
        self._preview = preview
        self.is_draft = is_draft
        self.model = preview.recent.model

    @cached_property
    def precision(self) -> PrecisionRows:
        return PrecisionRows(self._preview, is_draft=self.is_draft)

    @cached_property
    def cost(self) -> str:
        """Cases, hours and money a day in one line."""
        minutes, cost = self._effort(self._preview.draft)
        parts = [f"{cases(self._preview.draft.all.mean)} cases"]
        if minutes is not None:
            parts.append(hours(minutes))
        if cost is not None:
            parts.append(money(cost, self._currency))
        return ", ".join(parts)

    @cached_property
    def intro(self) -> str:
        drawn, all_ = self._preview.draft.all.mean, self._preview.recent.decisions_a_day
        return f"{cases(drawn)} of about {cases(all_)} decisions a day."

    @cached_property
    def queues(self) -> list[QueueLine]:
        drafted, present = self._preview.draft.by_queue, self._preview.now.by_queue
        queues = [each for each in self.model.queues.order_by("id") if each.pk in drafted or each.pk in present]
        none = self._preview.recent.per_day * 0
        highest = max(
            (
                max(
                    Daily.of(self._preview.recent, drafted.get(each.pk, none)).high,
                    self._limit(each.pk) or 0.0,
                    present.get(each.pk, none).mean(),
                )
                for each in queues
            ),
            default=1.0,
        )
        return [
            self._queue(each, drafted.get(each.pk, none), present.get(each.pk, none), scale=AIR * max(highest, 1.0))
            for each in queues
        ]

    @cached_property
    def policies(self) -> list[PolicyLine]:
        lines = [each for each in self._preview.draft.by_policy if each.rated.policy.is_on]
        highest = AIR * max((each.all.high for each in lines), default=1.0)
        place, found = 0, []
        for each in lines:
            policy = each.rated.policy
            is_floor = policy.kind == PolicyKind.FLOOR
            place += not is_floor
            found.append(
                PolicyLine(
                    place="–" if is_floor else str(place),
                    name=wording.short(self.model, policy),
                    a_day=cases(each.all.mean),
                    only=cases(each.only),
                    bar=Bar(
                        *_percents((each.all.mean, each.all.low, each.all.high), highest),
                        part=100 * each.only / highest,
                    ),
                )
            )
        return found

    @cached_property
    def shared(self) -> str:
        """How many cases a day come by more than one policy."""
        outlook = self._preview.draft
        return cases(max(outlook.all.mean - sum(each.only for each in outlook.by_policy), 0.0))

    @cached_property
    def by_name(self) -> dict[str, str]:
        """Cases a day of each policy."""
        return {each.rated.policy.name: cases(each.all.mean) for each in self._preview.draft.by_policy}

    @cached_property
    def added(self) -> dict[str, str]:
        """What each policy adds beyond the others, in a sentence."""
        found = {}
        for each in self._preview.draft.by_policy:
            rest = each.others_too
            beyond = f"; the other {cases(rest)} would come anyway" if rest >= SMALL else ""
            found[each.rated.policy.name] = f"Adds {cases(each.only)} a day{beyond}."
        return found

    @cached_property
    def floor_only(self) -> dict[str, str]:
        """Who can only be reached by the floor, in decisions and in money."""
        share, of_money = self._preview.draft.only_by_floor
        decisions = self._preview.recent.decisions_a_day
        said = {"share": percent(share), "a_day": cases(share * decisions)}
        if of_money is not None:
            said["money"] = percent(of_money)
        return said

    @cached_property
    def warnings(self) -> list[Warned]:
        unmet = (Warned(title, text) for title, text in self.precision.warnings)
        return [*self._floor_warning(), *self._queue_warnings(), *unmet]

    @cached_property
    def difference(self) -> tuple[str, str]:
        """The draft in one sentence, and what it costs beside what is in force."""
        draft, now = self._preview.draft, self._preview.now
        more = draft.all.mean - now.all.mean
        size = (
            "as many cases a day as now"
            if abs(more) < SMALL
            else f"{cases(abs(more))} {'more' if more > 0 else 'fewer'} cases a day"
        )
        first = self.precision.difference
        cost = self._more(draft, now)
        return f"Draft: {size}{', ' + first if first else ''}.", cost

    def _more(self, draft: Outlook, now: Outlook) -> str:
        (minutes, cost), (minutes_now, cost_now) = self._effort(draft), self._effort(now)
        if minutes is None or minutes_now is None:
            return "It applies to predictions received from when you save it."
        direction = "more" if minutes >= minutes_now else "less"
        said = hours(abs(minutes - minutes_now))
        if cost is not None and cost_now is not None:
            said += f" and {money(abs(cost - cost_now), self._currency)}"
        return f"{said} {direction} a day. It applies to predictions received from when you save it."

    def _effort(self, outlook: Outlook) -> tuple[float | None, float | None]:
        known = self._preview.known
        return known.minutes(outlook), known.cost(outlook)

    def _queue(self, queue: ReviewQueue, days: Floats, now: Floats, *, scale: float) -> QueueLine:
        daily, limit = Daily.of(self._preview.recent, days), self._limit(queue.pk)
        present = float(now.mean()) if len(now) else 0.0
        return QueueLine(
            queue=queue,
            a_day=cases(daily.mean),
            between=between(daily.low, daily.high),
            effort=self._effort_text(queue.pk, daily),
            limit="" if limit is None else cases(limit),
            now="" if abs(present - daily.mean) < SMALL else cases(present),
            bar=Bar(
                *_percents((daily.mean, daily.low, daily.high), scale),
                now=100 * present / scale,
                limit=None if limit is None else 100 * limit / scale,
            ),
            is_over=limit is not None and daily.high > limit,
        )

    def _effort_text(self, queue: int, daily: Daily) -> str:
        effort = self._known(queue)
        if effort is None or effort.minutes_per_case is None:
            return "nobody has answered here yet, so how long it takes is not known"
        text = hours(daily.mean * effort.minutes_per_case)
        if effort.hours_a_day:
            text += f" of {hours(60 * effort.hours_a_day)}"
        if effort.cost_per_case is not None:
            text += f", {money(daily.mean * float(effort.cost_per_case), self._currency)}"
        return text

    def _limit(self, queue: int) -> float | None:
        effort = self._known(queue)
        return effort.cases_a_day if effort is not None else None

    def _known(self, queue: int) -> Effort | None:
        return self._preview.known.efforts.get(queue)

    @property
    def _currency(self) -> str:
        value = self.model.current_value_model
        return value.currency if value is not None else ""

    def _floor_warning(self) -> Iterator[Warned]:
        labels = self._preview.draft.floor_labels_a_week
        if labels < MINIMUM_CHANCE_LABELS:
            yield Warned(
                "The floor is too low.",
                f"By chance alone, {cases(labels)} cases come in a week. Below {MINIMUM_CHANCE_LABELS:.0f}, no figure "
                "of a week stands, and an error that the scores do not show stays unseen.",
            )

    def _queue_warnings(self) -> Iterator[Warned]:
        for queue, days in self._preview.draft.by_queue.items():
            limit = self._limit(queue)
            over = int((days > limit).sum()) if limit is not None else 0
            if limit is not None and over:
                name = next((each.queue.name for each in self.queues if each.queue.pk == queue), "")
                yield Warned(
                    f"{name} gets more than people can do.",
                    f"On {over} of the last {len(days)} days it would have had up to {cases(float(days.max()))} cases "
                    f"for the {cases(limit)} that people did on their busier days.",
                )


def _percents(values: tuple[float, float, float], scale: float) -> tuple[float, float, float]:
    value, low, high = (round(min(100 * each / scale, 100.0), 2) if scale else 0.0 for each in values)
    return value, low, high
