"""What a replay shows beside its sentence: a bar for each day, and the cases of its two lists in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.common import dates
from apps.common.numerals import count, fixed
from apps.planning.services.replayed_cases import Case
from apps.registry.models import MonitoredModel

# The longest bar, in percent of the room there is
LONGEST = 92
FACTS = 3


@dataclass(frozen=True)
class Day:
    """A day: what came in any case, what the draft adds, and what it leaves out, with their places in percent."""

    weekday: str
    date: str
    kept: int
    added: int
    gone: int
    scale: float

    @property
    def before(self) -> int:
        return self.kept + self.gone

    @property
    def after(self) -> int:
        return self.kept + self.added

    @property
    def kept_width(self) -> float:
        return round(self.kept * self.scale, 1)

    @property
    def added_width(self) -> float:
        return round(self.added * self.scale, 1)

    @property
    def gone_width(self) -> float:
        return round(self.gone * self.scale, 1)

    @property
    def gone_at(self) -> float:
        return round(self.kept_width + self.added_width, 1)

    @property
    def words(self) -> str:
        kept, added, gone = (count(number) for number in (self.kept, self.added, self.gone))
        return f"{self.weekday} {self.date}: {kept} as before, {added} more, {gone} no longer"


def days(result: Mapping[str, Any]) -> list[Day]:
    """Return the days on which anything was or would have been drawn."""
    longest = max((sum(parts.values()) for parts in result["days"].values()), default=0)
    scale = LONGEST / longest if longest else 0.0
    return [_day(date.fromisoformat(key), parts, scale) for key, parts in sorted(result["days"].items())]


def _day(day: date, parts: Mapping[str, int], scale: float) -> Day:
    kept, added, gone = (parts.get(name, 0) for name in ("kept", "added", "gone"))
    return Day(f"{day:%a}", dates.short(day), kept, added, gone, scale)


@dataclass(frozen=True)
class Row:
    """A case in a list."""

    key: int
    external_id: str
    when: str
    about: str
    says: str
    is_known: bool
    is_wrong: bool


def row(model: MonitoredModel, case: Case, *, by_prediction: bool) -> Row:
    """Put a case in words."""
    each, outcome = case.found.prediction, case.found.outcome
    moment = (each.predicted_at if by_prediction else each.received_at).astimezone(model.zone)
    return Row(
        key=each.pk,
        external_id=each.external_id,
        when=f"{moment:%a %H:%M}",
        about=_about(model, case),
        says=_says(model, each.predicted, each.score),
        is_known=outcome is not None,
        is_wrong=outcome is not None and not model.agrees(outcome, each.predicted),
    )


def _about(model: MonitoredModel, case: Case) -> str:
    """Return the first features that are known and that the person may see."""
    visible = [each for each in model.feature_list if each.name not in case.hidden]
    known = [each for each in visible if case.features.get(each.name) is not None]
    return ", ".join(each.meaning(case.features[each.name]) for each in known[:FACTS])


def _says(model: MonitoredModel, predicted: float, score: float | None) -> str:
    """Return what the model says, with the probability of that answer."""
    label = model.label(predicted)
    if score is None or model.is_regression:
        return label
    is_other = len(model.classes) == 2 and predicted != model.positive_index
    return f"{label}, {fixed(100 * (1 - score if is_other else score), 0)}%"
