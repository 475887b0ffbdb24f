"""What the page *Explanations* says in words: units, importance and its order, values."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from apps.common.numerals import count, fixed, localized
from apps.explanations.engine.spec import Method, Space
from apps.explanations.models import PushBins
from apps.explanations.services.day_tables import VALUE_BINS
from apps.explanations.services.moves import Change, Mean, change
from apps.registry.models import Feature, MonitoredModel
from apps.registry.models.features import in_digits

METHODS: dict[str, str] = {
    Method.SENT: "sent with predictions",
    Method.TREE: "exact, of its trees",
    Method.TREE_INTERVENTIONAL: "of its trees against background rows",
    Method.LINEAR: "of its coefficients",
    Method.PERMUTATION: "about, by repeated changes of its inputs",
}
UNITS: dict[str, str] = {Space.MARGIN: "log-odds", Space.PROBABILITY: "points of probability"}
# The order of features beyond this place interests nobody.
MOST_ORDERED = 6


def method_words(bins: PushBins) -> str:
    """Name a method and its units in a few words."""
    units = UNITS.get(bins.space, "")
    words = METHODS.get(bins.method, bins.method)
    return f"{words}, in {units}" if units else words


def figure(value: float, bins: PushBins, model: MonitoredModel) -> str:
    """Write a size: log-odds and numbers with two decimals or three digits, probability in points."""
    if bins.space == Space.PROBABILITY:
        return f"{fixed(100 * value, 1)} points"
    size = fixed(value, 2) if abs(value) < 100 else count(value)
    return f"{size} {model.unit}".strip() if model.is_regression else size


def signed(value: float, bins: PushBins, model: MonitoredModel) -> str:
    """Write a change with its sign."""
    text = figure(abs(value), bins, model)
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{text}"


def range_words(mean: Mean, bins: PushBins, model: MonitoredModel) -> str:
    return f"{figure(mean.low, bins, model)} to {figure(mean.high, bins, model)}"


def answer(found: Mapping[str, Mean], labels: Mapping[str, str], bins: PushBins, model: MonitoredModel) -> str:
    """Say which feature moves the model most and by how much."""
    first, mean = next(iter(found.items()))
    size, likely = figure(mean.value, bins, model), range_words(mean, bins, model)
    return f"{labels[first]} moves it most: {size} on average, likely {likely}."


def directions(model: MonitoredModel) -> tuple[str, str]:
    """Say where contributions left and right of zero push."""
    if model.is_regression:
        return "lower", "higher"
    if len(model.classes) == 2:
        return f"toward {model.label(1 - model.positive_index)}", f"toward {model.label(model.positive_index)}"
    return "toward another answer", "toward its answer"


def order_words(found: Mapping[str, Mean], labels: Mapping[str, str]) -> str:
    """Say how far the order of the first features is certain."""
    names = list(found)[: MOST_ORDERED + 1]
    ties = [not change(found[one], found[other]).is_certain for one, other in pairwise(names)]
    if not any(ties):
        return "The order of these features is certain." if len(names) > 1 else ""
    first = ties.index(True)
    last = first
    while last < len(ties) and ties[last]:
        last += 1
    tied = names[first : last + 1]
    if first == 0:
        return f"Whether it is that or {labels[names[1]]} is not certain."
    if len(tied) == 2:
        return f"Whether {labels[tied[0]]} or {labels[tied[1]]} comes next is not certain."
    return f"The order of the next {len(tied)}, {_listed([labels[each] for each in tied])}, is not certain."


def worth(size: float, usual: float | None, bins: PushBins, model: MonitoredModel) -> str:
    """Say what a size of log-odds is worth in probability at the model's usual score."""
    if bins.space == Space.PROBABILITY:
        return "Contributions are in points of probability: 5 points move the score from 30 % to 35 %."
    if model.is_regression:
        return f"Contributions are in the units of the prediction{f', {model.unit}' if model.unit else ''}."
    if bins.space != Space.MARGIN:
        return "The contributions come without a base, so their units are not known."
    if len(model.classes) > 2 or usual is None or not 0 < usual < 1:
        return "Contributions are in log-odds: zero moves nothing, and each unit multiplies the odds by 2.7."
    up, down = _moved(usual, size), _moved(usual, -size)
    return (
        f"Contributions are in log-odds. At the usual score, {_percent(usual)}, one of {fixed(size, 2)} moves the"
        f" answer up to {_percent(up)}, or down to {_percent(down)}."
    )


def change_words(found: Sequence[tuple[str, Change]], bins: PushBins, model: MonitoredModel) -> str:
    """Say which importance changed most, if any certainly did."""
    certain = [(label, each) for label, each in found if each.is_certain]
    if not certain:
        return "No feature certainly moves it more or less than then."
    label, most = certain[0]
    others = f" {len(certain) - 1} others changed as well." if len(certain) > 2 else ""
    how = "more" if most.value > 0 else "less"
    low, high = (signed(each, bins, model) for each in (most.low, most.high))
    return f"{label} moves it {how} than then: {signed(most.value, bins, model)}, likely {low} to {high}.{others}"


def value_names(bins: PushBins, name: str, feature: Feature) -> list[str]:
    """Name the bins of a feature's values; the last one is for missing values, the one before for all others."""
    found = bins.values.get(name, {})
    if "edges" in found:
        edges = [in_digits(float(f"{edge:.4g}")) for edge in found["edges"]]
        if not edges:
            return ["any", *[""] * (VALUE_BINS - 2), "missing"]
        inner = [f"{low} to {high}" for low, high in pairwise(edges)]
        names = [f"up to {edges[0]}", *inner, f"over {edges[-1]}"]
    else:
        names = [feature.meaning(code) for code in found.get("names", [])]
    padded = [*names, *["others"] * (VALUE_BINS - 1 - len(names))]
    return [*padded[: VALUE_BINS - 1], "missing"]


def _moved(share: float, size: float) -> float:
    return 1 / (1 + math.exp(-(math.log(share / (1 - share)) + size)))


def _percent(share: float) -> str:
    return f"{fixed(100 * share, 0) if 0.01 <= share <= 0.99 else localized(f'{100 * share:.2g}')} %"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
