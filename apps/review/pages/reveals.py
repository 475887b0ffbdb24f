"""The prediction of a case and what pushed the model to it, in words for people who don't know attributions."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise

from apps.explanations.services.shown import Contributions
from apps.explanations.services.specs import Space
from apps.registry.models import MonitoredModel
from apps.review.models import ReviewItem
from apps.review.pages.cases import FactGroup, processed_facts
from apps.review.services.masking import NOTHING, Hidden

MOST_PUSHES = 6
# The width of the picture.
WIDTH = 100.0
# Larger log-odds are clamped to this.
STEEPEST = 700.0


@dataclass(frozen=True)
class Push:
    """How far a feature moved the prediction: a bar from `start` to `end`, to the right if toward it."""

    label: str
    meaning: str
    is_towards: bool
    start: float
    end: float
    # For screen readers; the largest push is strong.
    strength: str

    @property
    def left(self) -> float:
        return min(self.start, self.end)

    @property
    def width(self) -> float:
        return round(abs(self.end - self.start), 2)


@dataclass(frozen=True)
class Stop:
    """Where the pushes begin or end, and the prediction there in words, if known."""

    at: float
    words: str


@dataclass(frozen=True)
class Reveal:
    """The prediction, and its reasons if there are any."""

    label: str
    sure: float | None
    towards: str
    away: str
    pushes: list[Push] = field(default_factory=list)
    # The pushes lead from the model's usual answer to this one. Without the usual answer, all begin at the same line.
    usual: Stop | None = None
    final: Stop | None = None
    # How the pushes came about, or why they are not shown.
    reasons: Contributions | None = None
    # Features whose push this person may not see.
    hidden: int = 0
    # The model's own input, where it differs from the features. It may give the score away.
    processed: list[FactGroup] = field(default_factory=list)

    @property
    def percent(self) -> int | None:
        """How sure the model was, in percent."""
        return None if self.sure is None else in_percent(self.sure)


def in_percent(share: float) -> int:
    """Return whole percent; 0 and 100 only for certainty."""
    return round(100 * share) if share in (0, 1) else min(99, max(1, round(100 * share)))


def reveal(item: ReviewItem, found: Contributions | None, *, hidden: Hidden = NOTHING) -> Reveal:
    """Return what may be shown once the first answer is stored; `found` are the contributions to the prediction.

    What a hidden feature pushed tells about its value: it is left out, and so are the stops, which give the sum away.
    """
    model, predicted = item.model, item.prediction.predicted
    towards, away = _directions(model, predicted)
    answer = (model.label(predicted), _sureness(item), towards, away)
    sizes = found.values if found else {}
    moved, left_out = _moved(item, sizes, hidden), len(hidden & sizes.keys())
    said = Reveal(*answer, hidden=left_out, processed=processed_facts(item, hidden=hidden), reasons=found)
    if found is None or not moved:
        return said
    shifts = [size for *_, size in moved]
    if found.base is None or left_out:
        return replace(said, pushes=_bars(moved, [(0.0, size) for size in shifts]))
    stops = list(accumulate(shifts, initial=found.base))
    place, reads = _scale(stops), _reading(item, found)
    usual, final = (Stop(place(stop), reads(stop)) for stop in (found.base, stops[-1]))
    return replace(said, pushes=_bars(moved, list(pairwise(stops))), usual=usual, final=final)


def _sureness(item: ReviewItem) -> float | None:
    """Return the probability the model gave its own answer."""
    model, prediction = item.model, item.prediction
    if model.is_regression:
        return None
    if item.probabilities and (own := item.probabilities.get(model.decode(prediction.predicted))) is not None:
        return float(own)
    if prediction.score is None or len(model.classes) != 2:
        return prediction.score
    is_positive = int(prediction.predicted) == model.positive_index
    return prediction.score if is_positive else 1 - prediction.score


def _directions(model: MonitoredModel, predicted: float) -> tuple[str, str]:
    """Return where contributions above and below zero push. Binary ones refer to the positive class."""
    if model.is_regression:
        return "higher", "lower"
    if len(model.classes) == 2:
        return f"toward {model.label(model.positive_index)}", f"toward {model.label(1 - model.positive_index)}"
    return f"toward {model.label(predicted)}", "toward another answer"


def _moved(item: ReviewItem, values: Mapping[str, float], hidden: Hidden) -> list[tuple[str, str, float]]:
    """Return label, value and size of the largest contributions, then the sum of the rest."""
    sizes = {name: float(size) for name, size in values.items() if size and name not in hidden}
    names = sorted(sizes, key=lambda name: -abs(sizes[name]))
    # A rest of one takes a line anyway.
    most = MOST_PUSHES + 1 if len(names) == MOST_PUSHES + 1 else MOST_PUSHES
    shown = [(item.model.feature(name), sizes[name]) for name in names[:most]]
    moved = [(each.label, each.meaning(item.features.get(each.name)), size) for each, size in shown]
    rest = names[most:]
    return [*moved, (f"{len(rest)} others", "together", sum(sizes[name] for name in rest))] if rest else moved


def _bars(moved: list[tuple[str, str, float]], spans: Sequence[tuple[float, float]]) -> list[Push]:
    place = _scale([stop for span in spans for stop in span])
    largest = max(abs(size) for *_, size in moved)
    return [
        Push(label, meaning, size >= 0, place(start), place(end), _strength(abs(size) / largest))
        for (label, meaning, size), (start, end) in zip(moved, spans, strict=True)
    ]


def _strength(share: float) -> str:
    return "strongly" if share > 2 / 3 else "clearly" if share > 1 / 3 else "a little"


def _scale(stops: Iterable[float]) -> Callable[[float], float]:
    """Return the function from sums to places in the picture."""
    stops = list(stops)
    low, high = min(stops), max(stops)
    return lambda stop: round(WIDTH * (stop - low) / (high - low), 2) if high > low else WIDTH / 2


def _reading(item: ReviewItem, found: Contributions) -> Callable[[float], str]:
    """Return how a sum reads: as the predicted number, or as the probability of the class the pushes refer to."""
    model, predicted = item.model, item.prediction.predicted
    if not found.reads:
        return lambda _: ""
    if model.is_regression:
        return model.label
    spoken_of = model.label(model.positive_index if len(model.classes) == 2 else predicted)
    kind = _from_log_odds if found.space == Space.MARGIN else _as_it_is
    return lambda stop: f"{in_percent(min(1.0, max(0.0, kind(stop))))} % {spoken_of}"


def _as_it_is(stop: float) -> float:
    return stop


def _from_log_odds(stop: float) -> float:
    return 1 / (1 + math.exp(-min(STEEPEST, max(-STEEPEST, stop))))
