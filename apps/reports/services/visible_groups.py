"""What readers below engineer see of groups: none of sensitive slices, and no figure of single cases."""

from apps.reports.engine.document import Figures, GroupSet, GroupsSection, GroupValue
from apps.reports.services.small_cases import NOTHING, hidden_with, labels_told

RATIO = "selection_ratio"


def without_slices(section: GroupsSection, hidden: set[str]) -> GroupsSection:
    """Leave out the groups of these slices."""
    return section | {"sets": [each for each in section["sets"] if each["name"] not in hidden]}


def without_few(section: GroupsSection, *, of: int, whole: Figures) -> GroupsSection:
    """Hide what tells about single cases, of groups that make up `of` predictions whose figures are known."""
    return section | {"sets": [_without_few(each, of=of, whole=whole) for each in section["sets"]]}


def _without_few(found: GroupSet, *, of: int, whole: Figures) -> GroupSet:
    values = found["values"]
    sizes = [each["n"] for each in values]
    small = hidden_with(sizes, rest=max(of - sum(sizes), 0))
    known = labels_told(whole.get("accuracy") or whole.get("mae"))
    hidden: dict[str, set[int]] = {}
    for measure in {name for each in values for name in each["figures"]}:
        told = [labels_told(each["figures"].get(measure)) for each in values]
        rest = 0 if measure == "selection_rate" else max(known - sum(told), 0)
        hidden[measure] = small | hidden_with(told, rest=rest)
    reference = next((place for place, each in enumerate(values) if each["value"] == found["reference"]), -1)
    return found | {"values": [_value(each, place, hidden, reference) for place, each in enumerate(values)]}


def _value(value: GroupValue, place: int, hidden: dict[str, set[int]], reference: int) -> GroupValue:
    def is_hidden(measure: str) -> bool:
        return bool({place, reference} & hidden.get(measure, set()))

    figures = {
        name: NOTHING if place in hidden.get(name, set()) else figure for name, figure in value["figures"].items()
    }
    against = {name: NOTHING if is_hidden(_measure_of(name)) else figure for name, figure in value["against"].items()}
    return value | {"figures": figures, "against": against}


def _measure_of(against: str) -> str:
    """Return the measure behind a figure against the reference."""
    return "selection_rate" if against == RATIO else against.removesuffix("_gap")
