"""Series and their bins in words."""

from collections.abc import Sequence
from typing import Any

from apps.monitoring.models import Series, Stage
from apps.registry.models import MonitoredModel
from apps.registry.models.features import Feature, in_digits
from apps.stats.drift.bins import CategoryBins, NumberBins

MOST_NAMED = 3
ONE_SERIES = {
    Stage.SCORE: "Score",
    Stage.PREDICTED: "Prediction",
    Stage.BASELINE: "Baseline",
    Stage.AGREEMENT: "Model and baseline",
    Stage.REPEATED: "Repeated rows",
    Stage.OUTCOME: "Outcome",
    Stage.LABEL: "Reviewers’ label",
    Stage.LATENCY: "Latency",
    Stage.LOSS: "Right decisions",
}
REPEATED = {"fresh": "not repeated", "repeated": "the same features as another row"}


class Names:
    """What a model's series and their bins are called."""

    def __init__(self, model: MonitoredModel) -> None:
        self.model = model
        self.features = {feature.name: feature for feature in model.feature_list}
        self.slices = {each.key: each.name for each in model.slice_list}
        # Slices by the values of a feature: their codes mean what the feature's do.
        self.by_values = {each.key: each.feature for each in model.slice_list if not each.edges}

    def label(self, stage: str, name: str) -> str:
        """Return what a series is called."""
        if stage in (Stage.FEATURE, Stage.PROCESSED):
            feature = self.features.get(name)
            return feature.label if feature else name
        if stage == Stage.SLICE:
            return self.slices.get(name, name.rpartition("#")[0])
        return ONE_SERIES.get(Stage(stage), name) if stage != Stage.RESOURCE else name

    def bins(self, series: Series, bins: Sequence[int]) -> str:
        """Name some bins of a series, at most three: “Male or Female”, “18 to 24 years”."""
        frozen = series.frozen
        if isinstance(frozen, NumberBins):
            return self._numbers(series, frozen, list(bins))
        names = [self.bin(series, each) for each in bins]
        if len(names) <= MOST_NAMED:
            return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""
        return f"{', '.join(names[:MOST_NAMED])} or {len(names) - MOST_NAMED} more"

    def bin(self, series: Series, place: int) -> str:
        """Name one bin."""
        frozen = series.frozen
        if isinstance(frozen, NumberBins):
            return self._numbers(series, frozen, [place])
        if place >= len(frozen.names):
            return "another value" if place == len(frozen.names) else "missing"
        return self._category(series, frozen, place)

    def _category(self, series: Series, frozen: CategoryBins, place: int) -> str:
        name = frozen.names[place]
        feature = self._feature(series)
        if feature is not None:
            return feature.meaning(name)
        if series.stage in (Stage.PREDICTED, Stage.BASELINE, Stage.OUTCOME, Stage.LABEL):
            return str(self.model.class_labels.get(name, name))
        return REPEATED.get(name, name) if series.stage == Stage.REPEATED else name

    def _numbers(self, series: Series, frozen: NumberBins, bins: list[int]) -> str:
        missing = frozen.size - 1
        if bins == [missing]:
            return "missing"
        first, last = min(bins), max(each for each in bins if each != missing)
        low = None if first == 0 else frozen.edges[first - 1]
        high = None if last >= len(frozen.edges) else frozen.edges[last]
        text = _range(low, high, is_whole=self._is_whole(series, frozen))
        feature = self._feature(series)
        unit = feature.unit if feature else self.model.unit if series.stage == Stage.SCORE else ""
        text = f"{text} {unit}".strip()
        return f"{text} or missing" if missing in bins else text

    def _is_whole(self, series: Series, frozen: NumberBins) -> bool:
        feature = self._feature(series)
        if feature is not None and feature.type == "integer":
            return True
        return bool(frozen.edges) and all(float(edge).is_integer() or abs(edge % 1 - 1) < 1e-9 for edge in frozen.edges)

    def _feature(self, series: Series) -> Feature | None:
        if series.stage in (Stage.FEATURE, Stage.PROCESSED):
            return self.features.get(series.name)
        by_values = self.by_values.get(series.name) if series.stage == Stage.SLICE else None
        return self.features.get(by_values) if by_values else None


def _range(low: float | None, high: float | None, *, is_whole: bool) -> str:
    """Name the numbers in (low, high].

    >>> _range(17.0, 24.0, is_whole=True), _range(None, 0.5, is_whole=False), _range(64.0, None, is_whole=True)
    ('18 to 24', 'up to 0.5', '65 and over')
    >>> _range(0.0, 1.0, is_whole=True), _range(0.2, 0.4, is_whole=False)
    ('1', '0.2 to 0.4')
    """
    if is_whole:
        bottom = None if low is None else int(round(low, 9) // 1) + 1
        top = None if high is None else int(round(high, 9) // 1)
        if bottom is None or top is None:
            return "any number" if bottom == top else f"up to {top}" if bottom is None else f"{bottom} and over"
        return _digits(bottom) if top <= bottom else f"{_digits(bottom)} to {_digits(top)}"
    if low is None or high is None:
        return "any number" if low == high else f"up to {_digits(high)}" if low is None else f"over {_digits(low)}"
    return _digits(high) if high - low < 1e-9 * abs(high) else f"{_digits(low)} to {_digits(high)}"


def _digits(number: Any) -> str:
    if isinstance(number, int):
        return in_digits(number)
    return in_digits(float(f"{number:.4g}"))
