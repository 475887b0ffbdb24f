"""How precise each figure will be, in rows with marks to compare by eye."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from apps.common.digits import significant
from apps.common.numerals import count, fixed
from apps.planning.pages.numbers import cases, percent
from apps.planning.services.expected import metrics_of
from apps.planning.services.precision import WEEKS, Row
from apps.planning.services.preview import Known, Preview
from apps.registry.models import MonitoredModel
from apps.stats.design.binary_expectation import VALUE
from apps.stats.design.planning import Planned

DAYS_A_MONTH = 365.25 / 12
DRAFT, NOW, RANDOM = range(3)
UNITS = ((1e6, "million "), (1e3, "thousand "))
# The week at which the marks stand, and the sentence of the difference speaks
MIDDLE = 1
NAMES = {
    "accuracy": "Right decisions",
    "precision": "Precision",
    "recall": "Recall",
    "macro_precision": "Precision, over classes",
    "macro_recall": "Recall, over classes",
    VALUE: "Value a month",
    "mae": "Error of a prediction",
    "bias": "Bias",
    "within": "Right within the tolerance",
}
# In the unit of the prediction
ERRORS = ("mae", "bias")
WHY = {
    "no_population": "no predictions yet",
    "not_estimable": "some predictions are never drawn",
    "no_response": "nobody answers",
    "no_score": "needs scores",
    "no_amount": "needs amounts",
    "no_earlier_labels": "needs labels first",
    "no_positives": "no such decisions",
    "out_of_reach": "out of reach",
    "too_few": "needs more labels",
}


def scale_of(known: Known, metric: str) -> float:
    """Return what a figure is multiplied with to be shown: percent, or the value of a month."""
    if metric == VALUE:
        return known.recent.decisions_a_day * DAYS_A_MONTH
    return 1.0 if metric in ERRORS else 100.0


def askable(model: MonitoredModel) -> list[str]:
    """List the figures that a target can be typed for: all in the unit that stands beside it."""
    return [each for each in metrics_of(model) if not model.is_regression or each in ERRORS]


@dataclass(frozen=True)
class Marks:
    """Where draft, present and random draw stand on the row's line, in percent; None without a figure."""

    draft: float | None
    now: float | None
    random: float | None


@dataclass(frozen=True)
class PrecisionRow:
    name: str
    note: str
    # For each week: draft and present; a third for the table, the random draw
    weeks: list[tuple[str, str, str]]
    marks: Marks
    random: str
    is_slice: bool


class PrecisionRows:
    """The planned ± of all figures."""

    weeks = WEEKS

    def __init__(self, preview: Preview, *, is_draft: bool) -> None:
        self._preview = preview
        self._is_draft = is_draft
        self._model = preview.recent.model

    @cached_property
    def rows(self) -> list[PrecisionRow]:
        return [self._row(each) for each in self._preview.precision.rows]

    @property
    def unit(self) -> str:
        return self._model.unit or "units" if self._model.is_regression else "points"

    @property
    def rests_on(self) -> str:
        """What the plan is computed from, in a sentence."""
        labels = self._preview.known.expectations.labels
        days = len(self._preview.recent.days)
        known = f"{count(labels)} earlier labels" if labels else "the scores alone, as there are no labels yet"
        return f"Planned from the decisions of the last {days} days and {known}, before any new label."

    @cached_property
    def difference(self) -> str:
        """The first figure of the draft after two weeks, beside the present one."""
        first = self._preview.precision.rows[0]
        draft, now = (self._text(first, each, MIDDLE) for each in (DRAFT, NOW))
        if draft == now or not first.planned[DRAFT][MIDDLE].half_width:
            return ""
        return (
            f"{NAMES[first.metric].lower()} ± {draft} instead of ± {now} {self._unit_of(first.metric)} after two weeks"
        )

    @property
    def warnings(self) -> Iterator[tuple[str, str]]:
        """Figures that the draft can never tell, each with why."""
        for each in self._preview.precision.rows:
            planned = each.planned[DRAFT][-1]
            if planned.half_width is None and each.part is None and planned.code not in (None, "no_amount"):
                yield f"{NAMES[each.metric]} cannot be estimated.", f"{WHY.get(planned.code or '', '')}.".capitalize()

    def targets(self, metric: str, half_width: float) -> list[tuple[str, str, str]]:
        """Return days and cases until a target, for draft, present and random draw."""
        precision = self._preview.precision
        planned = precision.until(metric, self._on_scale(metric, half_width))
        names = ("draft", "now", "random") if self._is_draft else ("", "now", "random")
        return [(name, *self._until(each)) for name, each in zip(names, planned, strict=True) if name]

    def choices(self) -> list[tuple[str, str]]:
        return [(each, NAMES[each].lower()) for each in askable(self._model)]

    def _until(self, planned: Planned) -> tuple[str, str]:
        days = self._preview.precision.days(planned)
        if days is None or planned.labels is None:
            return "never", WHY.get(planned.code or "", "more than two years")
        return f"{count(max(days, 1))} day{'' if days < 1.5 else 's'}", f"{cases(planned.labels)} answers"

    def _row(self, row: Row) -> PrecisionRow:
        middle = [planned[MIDDLE].half_width for planned in row.planned]
        widest = max((each for each in middle if each is not None), default=0.0) * 1.1
        places = [None if each is None or not widest else round(100 * each / widest, 2) for each in middle]
        return PrecisionRow(
            name=row.part.meaning if row.part else NAMES[row.metric],
            note=f"{row.part.name}, {percent(row.part.share)} of decisions" if row.part else self._note(row),
            weeks=[
                (self._text(row, DRAFT, week), self._text(row, NOW, week), self._text(row, RANDOM, week))
                for week in range(len(WEEKS))
            ],
            marks=Marks(*places),
            random=self._text(row, RANDOM, MIDDLE),
            is_slice=row.part is not None,
        )

    def _note(self, row: Row) -> str:
        planned = row.planned[NOW][MIDDLE]
        if row.metric == VALUE:
            return f"{self._money[1]}{self._unit_of(VALUE)}"
        if planned.value is None:
            return WHY.get(planned.code or "", "")
        if row.metric in ERRORS:
            return f"about {significant(planned.value)} {self._model.unit} now".replace("  ", " ")
        return f"about {fixed(100 * planned.value, 0)} in 100 now"

    def _text(self, row: Row, draw: int, week: int) -> str:
        planned = row.planned[draw][week]
        if planned.half_width is None:
            return "–"
        number = planned.half_width * self._scale(row.metric) / (self._money[0] if row.metric == VALUE else 1.0)
        if row.metric in ERRORS:
            return significant(number)
        if self._model.is_regression:
            return f"{fixed(number, 1)} points"
        return count(number) if number >= 100 else fixed(number, 1)

    @cached_property
    def _money(self) -> tuple[float, str]:
        """The unit in which values are written, so that they have few digits: its size and its name."""
        found = [each.planned[DRAFT][0].half_width for each in self._preview.precision.rows if each.metric == VALUE]
        largest = max((each * self._scale(VALUE) for each in found if each is not None), default=0.0)
        return next((each for each in UNITS if largest >= 10 * each[0]), (1.0, ""))

    def _scale(self, metric: str) -> float:
        return scale_of(self._preview.known, metric)

    def _on_scale(self, metric: str, shown: float) -> float:
        return shown / max(self._scale(metric), 1e-12)

    def _unit_of(self, metric: str) -> str:
        value = self._model.current_value_model
        return value.currency if metric == VALUE and value is not None else self.unit
