"""Groups beside each other: who gets which answer how often, and for whom the model errs how.

Each declared slice is a division into groups. All ranges against the reference group hold at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from apps.reports.engine.baseline import effective
from apps.reports.engine.document import Figures, GroupSet, GroupsSection, GroupValue
from apps.reports.engine.estimating import BinaryFit, ClassFit, Fit, RegressionFit
from apps.reports.engine.evidence import Evidence, Selection, headline_part, slices_of, traffic_of
from apps.reports.engine.protocol import attempt, figure
from apps.stats.comparison.above_average import level_of_each
from apps.stats.comparison.differences import difference_of
from apps.stats.comparison.ratios import ratio_of
from apps.stats.estimate import Estimate, missing
from apps.stats.intervals import LEVEL, wilson_interval

# The largest groups of a slice; each further one widens the range of all.
MOST_GROUPS = 12
# The reference is a group of at least this many predictions, where there is one.
LEAST_OF_REFERENCE = 100

Measure = Callable[[Selection, float], Estimate]


@dataclass(frozen=True)
class Measures:
    """What is compared among groups, for one answer of the model (empty: of numbers)."""

    of_class: str
    measures: dict[str, Measure]
    # {figure against the reference: (measure, how the two are compared)}
    against: dict[str, tuple[str, Callable[[Estimate, Estimate], Estimate]]]


def groups(fit: Fit) -> GroupsSection | None:
    """Compare the groups of the headline's days; None where there are none to compare."""
    divisions = list(_divisions(fit.evidence))
    compared = list(_measures(fit))
    many = sum(len(pieces) - 1 for pieces in divisions) * max((len(each.against) for each in compared), default=0)
    if not many:
        return None
    level = level_of_each(many, level=LEVEL)
    sets = [_set(pieces, each, level=level) for pieces in divisions for each in compared]
    return {"compared": many, "sets": sets}


def _divisions(evidence: Evidence) -> Iterator[list[Selection]]:
    """Yield the groups of each slice, the largest first."""
    days = headline_part(evidence).days
    pieces = list(slices_of(evidence, days=days))
    for name in evidence.slice_names:
        found = [piece for piece in pieces if piece.slice_name == name and piece.size][:MOST_GROUPS]
        if len(found) > 1:
            yield found


def _measures(fit: Fit) -> Iterator[Measures]:
    """Yield what is compared, for each answer of the model."""
    if isinstance(fit, RegressionFit):
        yield _of_numbers(fit)
        return
    for label in (1, 0) if isinstance(fit, BinaryFit) else fit.main_classes:
        measures: dict[str, Measure] = {
            "selection_rate": partial(_selection_rate, fit, label=label),
            "found": partial(_rate, fit, label=label, is_found=True),
            "false_alarms": partial(_rate, fit, label=label, is_found=False),
        }
        yield Measures(
            fit.class_names[label],
            measures,
            {
                "selection_ratio": ("selection_rate", ratio_of),
                "found_gap": ("found", _gap),
                "false_alarms_gap": ("false_alarms", _gap),
            },
        )


def _of_numbers(fit: RegressionFit) -> Measures:
    names = ["bias", "within" if fit.has_tolerance else "mae"]
    measures: dict[str, Measure] = {name: partial(_error, fit, metric=name) for name in names}
    return Measures("", measures, {f"{name}_gap": (name, _gap) for name in names})


def _gap(group: Estimate, reference: Estimate) -> Estimate:
    return difference_of(reference, group)


def _error(fit: RegressionFit, selection: Selection, level: float, *, metric: str) -> Estimate:
    return replace(fit.of(selection), level=level).estimate(metric)


def _selection_rate(fit: ClassFit, selection: Selection, level: float, *, label: int) -> Estimate:
    """Count how often the model gives this answer, with the range of the process behind it."""
    cells = selection.cells
    n = effective(cells)
    if not n:
        return missing("no_population")
    is_chosen = fit.classes(cells["predicted"]) == label
    chosen, traffic = float(traffic_of(cells[is_chosen]).sum()), float(traffic_of(cells).sum())
    low, high = wilson_interval(chosen * (n / traffic), n, level=level)
    return Estimate(chosen / traffic, low, high, "wilson", int(cells["n"].sum()), n_eff=n)


def _rate(fit: ClassFit, selection: Selection, level: float, *, label: int, is_found: bool) -> Estimate:
    """Estimate how many of a class the model finds, or how many of the others it takes for it."""
    estimator = replace(fit.of(selection), level=level)
    metric = "recall" if is_found else "specificity"
    if isinstance(fit, BinaryFit):
        # Of the other class, what is found is what is no false alarm of the positive one.
        mirrored = {"recall": "specificity", "specificity": "recall"}
        estimate = estimator.estimate(metric if label == 1 else mirrored[metric])
    else:
        estimate = estimator.estimate(metric, label=label)  # type: ignore[call-arg]  # several classes have a label
    return estimate if is_found else estimate.scaled(-1).shifted(1)


def _set(pieces: list[Selection], compared: Measures, *, level: float) -> GroupSet:
    """Compare the groups with the one that gets this answer most often; of numbers, with the largest."""
    found = [
        {name: attempt("group", partial(measure, piece, level)) for name, measure in compared.measures.items()}
        for piece in pieces
    ]
    reference = _reference(pieces, found)
    values = [
        _value(piece, own, compared, reference=None if place == reference else found[reference])
        for place, (piece, own) in enumerate(zip(pieces, found, strict=True))
    ]
    return {
        "name": pieces[0].slice_name,
        "of_class": compared.of_class,
        "reference": pieces[reference].slice_value,
        "values": values,
    }


def _reference(pieces: list[Selection], found: list[dict[str, Estimate]]) -> int:
    """Choose the group that gets the answer most often, among those large enough; else the largest."""
    large = [place for place, piece in enumerate(pieces) if piece.size >= LEAST_OF_REFERENCE] or [0]
    rates = [each["selection_rate"].value if "selection_rate" in each else None for each in found]
    return max(large, key=lambda place: (rates[place] or 0.0, -place))


def _value(
    piece: Selection, own: dict[str, Estimate], compared: Measures, *, reference: dict[str, Estimate] | None
) -> GroupValue:
    against: Figures = {}
    if reference is not None:
        # How often an answer is given takes no truth.
        counted = replace(piece.basis, is_unseen=False)
        against = {
            name: figure(
                attempt("group", partial(how, own[measure], reference[measure])),
                counted if measure == "selection_rate" else piece.basis,
            )
            for name, (measure, how) in compared.against.items()
        }
    figures = {name: figure(estimate, piece.basis) for name, estimate in own.items()}
    return {"value": piece.slice_value, "n": int(piece.size), "figures": figures, "against": against}
