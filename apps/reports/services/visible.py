"""What a reader sees of a report: engineers and validators all; others, neither sensitive slices nor single cases.

A figure of fewer than ten predictions tells about single cases, which reviewers may still have to judge blind. It is
hidden, and what would give it away with it: of a partition (days, values of a slice), more values are hidden until
those hidden hold ten predictions together; and where the closed or the open days hold fewer than ten, so are the
figures of the whole window.
"""

from copy import copy
from typing import TypeVar, cast

from apps.accounts.models import Role
from apps.registry.models import MonitoredModel
from apps.reports.engine.document import (
    BaselineSection,
    Caveat,
    ChecksSection,
    Document,
    Figures,
    Loss,
    Matrix,
    NaiveFigures,
    Override,
    Point,
    RevealGroup,
    SampleSection,
    SliceSection,
    ThresholdSection,
    ValueSection,
)
from apps.reports.engine.results import results_of
from apps.reports.models import Report
from apps.reports.services import visible_groups
from apps.reports.services.small_cases import (
    HIDDEN,
    LEAST,
    NOTHING,
    NOTHING_NAIVE,
    figures_of,
    hidden_with,
    is_small,
    labels_told,
    shows,
)
from apps.reports.services.visible_pictures import without_few, without_sensitive

# A stretch of time or the value of a slice.
Piece = TypeVar("Piece", Point, SliceSection)


def visible(report: Report, *, role: Role) -> Report:
    """Return the report as this role may see it; every reader of a document goes through here."""
    if role.reads(Role.ENGINEER):
        return report
    document = cast(Document, report.document)
    seen = copy(report)
    seen.document = without_single_cases(without_slices(document, sensitive_slices(document, report.model)))
    if pictures := seen.document.get("pictures"):
        seen.document["pictures"] = without_sensitive(pictures, _sensitive_features(report.model))
    return seen


def sensitive_slices(document: Document, model: MonitoredModel) -> set[str]:
    """Return the slices whose feature was declared sensitive when the report was made, or is now."""
    then = {name for name, names in document["names"]["slices"].items() if names["is_sensitive"]}
    return then | sensitive_now(model)


def sensitive_now(model: MonitoredModel) -> set[str]:
    """Return the slices whose feature is declared sensitive."""
    sensitive = _sensitive_features(model)
    return {piece.name for piece in model.slice_list if piece.feature in sensitive}


def _sensitive_features(model: MonitoredModel) -> set[str]:
    return {feature.name for feature in model.feature_list if feature.sensitive}


def without_slices(document: Document, hidden: set[str]) -> Document:
    """Leave out these slices, their names and all that is said of them."""
    kept: list[Caveat] = [entry for entry in document["caveats"] if entry["details"].get("slice") not in hidden]
    if hidden & {piece["name"] for piece in document["slices"]}:
        kept.append({"code": "sensitive_hidden", "details": {}})
    names = document["names"]
    left = document | {
        "names": names | {"slices": {name: each for name, each in names["slices"].items() if name not in hidden}},
        "slices": [piece for piece in document["slices"] if piece["name"] not in hidden],
        "caveats": kept,
    }
    if value := document.get("value"):
        left["value"] = value | {"losses": _losses([loss for loss in value["losses"] if loss["name"] not in hidden])}
    if compared := document.get("groups"):
        left["groups"] = visible_groups.without_slices(compared, hidden)
    if acted := document.get("overrides"):
        left["overrides"] = acted | {"groups": [group for group in acted["groups"] if group["name"] not in hidden]}
    left["results"] = list(results_of(left))
    return left


def without_single_cases(document: Document) -> Document:
    """Hide every figure of fewer than ten predictions, and what would give it away."""
    sizes = {str(part["part"]): part["n"] for part in document["parts"]}
    small = {part for part, n in sizes.items() if is_small(n)}
    is_whole_hidden = bool(small)
    hidden_parts = small | {"all"} if small else small
    sections = {part: figures_of(each, hide=part in hidden_parts) for part, each in document["sections"].items()}
    part = document["headline"]["part"]
    left = document | {
        "sections": sections,
        "headline": {"part": part, "figures": sections.get(part, {})},
        "naive": _naive(document["naive"], hide=is_whole_hidden),
        "series": _series(document, closed=sizes.get("closed", 0)),
        "slices": _slices(document, of=sizes.get("all", 0), hide=is_whole_hidden),
        "sample": _sample(document["sample"], sections.get("open", {})),
        "restatements": [
            entry
            for entry in document["restatements"]
            if not is_whole_hidden and shows(entry["was"]) and shows(entry["figure"])
        ],
    }
    if checks := document.get("checks"):
        left["checks"] = _checks(checks, hidden=hidden_parts)
    if both := document.get("baseline"):
        left["baseline"] = _baseline(both, hide=is_whole_hidden)
    if value := document.get("value"):
        left["value"] = _value(value, left)
    if acted := document.get("overrides"):
        left["overrides"] = acted | {"groups": _overrides(acted["groups"])}
    if revealed := document.get("reveals"):
        groups = _reveals(revealed["groups"])
        left["reveals"] = None if is_whole_hidden or not groups else revealed | {"groups": groups}
    if compared := document.get("groups"):
        few = visible_groups.without_few(compared, of=sizes.get(part, 0), whole=left["headline"]["figures"])
        left["groups"] = None if hidden_parts else few
    if pictures := document.get("pictures"):
        left["pictures"] = without_few(pictures, hidden=hidden_parts)
    left["results"] = list(results_of(left))
    left["caveats"] = _caveats(document["caveats"], left)
    return left


def _naive(figures: NaiveFigures, *, hide: bool = False) -> NaiveFigures:
    return {metric: NOTHING_NAIVE if hide or is_small(figure["n"]) else figure for metric, figure in figures.items()}


def _partition(pieces: list[Piece], *, of: int, whole: Figures, naive: NaiveFigures) -> list[Piece]:
    """Hide the figures of pieces that make up `of` predictions, whose figures are known."""
    sizes = [piece["n"] for piece in pieces]
    hidden = hidden_with(sizes, rest=max(of - sum(sizes), 0))
    left = [
        piece
        | {
            "figures": figures_of(piece["figures"], hide=place in hidden),
            "naive": _naive(piece["naive"], hide=place in hidden),
        }
        for place, piece in enumerate(pieces)
    ]
    for metric in {metric for piece in pieces for metric in piece["figures"]}:
        told = [labels_told(piece["figures"].get(metric)) for piece in pieces]
        for place in hidden_with(told, rest=max(labels_told(whole.get(metric)) - sum(told), 0)):
            left[place]["figures"][metric] = NOTHING
    for metric in {metric for piece in pieces for metric in piece["naive"]}:
        told = [piece["naive"][metric]["n"] if metric in piece["naive"] else 0 for piece in pieces]
        of_whole = naive[metric]["n"] if metric in naive else 0
        for place in hidden_with(told, rest=max(of_whole - sum(told), 0)):
            left[place]["naive"][metric] = NOTHING_NAIVE
    return left


def _series(document: Document, *, closed: int) -> list[Point]:
    """Hide days among the closed ones and among the others: the figures of both parts are known as well."""
    series = document["series"]
    settled = [point for point in series if point["is_closed"]]
    others = [point for point in series if not point["is_closed"]]
    # A week that is not all closed may hold closed days too; they are in none of the closed points.
    left = [
        *_partition(settled, of=closed, whole=document["sections"].get("closed", {}), naive={}),
        *_partition(others, of=0, whole={}, naive={}),
    ]
    return sorted(left, key=lambda point: point["start"])


def _slices(document: Document, *, of: int, hide: bool) -> list[SliceSection]:
    whole, naive = document["sections"].get("all", {}), document["naive"]
    left: dict[tuple[str, str], SliceSection] = {}
    for name in dict.fromkeys(piece["name"] for piece in document["slices"]):
        pieces = [piece for piece in document["slices"] if piece["name"] == name]
        left |= {
            (piece["name"], piece["value"]): piece for piece in _partition(pieces, of=of, whole=whole, naive=naive)
        }
    return [_tested(left[piece["name"], piece["value"]], hide=hide) for piece in document["slices"]]


def _tested(piece: SliceSection, *, hide: bool) -> SliceSection:
    """Drop the test against the rest where a figure of the slice is hidden."""
    if hide:
        figures, naive = figures_of(piece["figures"], hide=True), _naive(piece["naive"], hide=True)
        piece = piece | {"figures": figures, "naive": naive}
    if NOTHING not in piece["figures"].values():
        return piece
    return piece | {"q_value": None, "differs": False, "joint": None}


def _sample(sample: SampleSection, opened: Figures) -> SampleSection:
    left = sample | {"bounds": {name: ends for name, ends in sample["bounds"].items() if opened.get(name) != NOTHING}}
    if is_small(sample["adjudicated"]):
        left |= {"adjudication_chosen": 0, "adjudicated": 0, "overturned": 0}
    return left


def _checks(checks: ChecksSection, *, hidden: set[str]) -> ChecksSection:
    both, then, so_far = checks["second_opinions"], checks["hindsight"], checks["so_far"]
    left = checks | {
        "drift": [entry for entry in checks["drift"] if entry["part"] not in hidden and shows(entry["measured"])],
        "plan": None if "open" in hidden else checks["plan"],
    }
    if both:
        hide = "open" in hidden
        corrected, at_word = (figures_of(both[column], hide=hide) for column in ("corrected", "at_word"))
        left["second_opinions"] = {"corrected": corrected, "at_word": at_word}
    if then:
        left["hindsight"] = None
        if "closed" not in hidden and then["answered"] >= LEAST:
            from_reviews, from_outcomes = figures_of(then["from_reviews"]), figures_of(then["from_outcomes"])
            left["hindsight"] = then | {"from_reviews": from_reviews, "from_outcomes": from_outcomes}
    if so_far:
        left["so_far"] = None
        if "all" not in hidden and so_far["known"] >= LEAST:
            bounds = so_far["bounds"] if so_far["due"] >= LEAST else {}
            left["so_far"] = so_far | {"figures": figures_of(so_far["figures"]), "bounds": bounds}
    return left


def _baseline(both: BaselineSection, *, hide: bool) -> BaselineSection:
    matrix = both["matrix"]
    left = both | {"matrix": None if matrix is None else _matrix(matrix, hide=hide)}
    known = sum(both[who] or 0 for who in ("model_right", "baseline_right", "neither_right"))
    if hide or is_small(known):
        left |= {"model_right": None, "baseline_right": None, "neither_right": None}
        left |= {"mcnemar_z": None, "mcnemar_p": None}
    return left


def _matrix(matrix: Matrix, *, hide: bool) -> Matrix:
    """Hide small counts, on the diagonal and beside it each for themselves: how often both agree is known."""
    counts = [list(row) for row in matrix["counts"]]
    places = [(i, j) for i, row in enumerate(counts) for j in range(len(row))]
    for is_diagonal in (True, False):
        group = [(i, j) for i, j in places if (i == j) is is_diagonal]
        for place in hidden_with([counts[i][j] or 0 for i, j in group]) if not hide else range(len(group)):
            i, j = group[place]
            counts[i][j] = None
    return matrix | {"counts": counts}


def _value(value: ValueSection, left: Document) -> ValueSection:
    """Hide the advice where its figures are hidden, and losses of slices whose figures are."""
    hidden = {(piece["name"], piece["value"]) for piece in left["slices"] if NOTHING in piece["figures"].values()}
    of_whole, of_open = left["sections"].get("all", {}), left["sections"].get("open", {})
    threshold, accuracy = value.get("threshold"), left["headline"]["figures"].get("accuracy")
    is_difference_hidden = NOTHING in (of_whole.get("value_difference"), of_open.get("value_difference"))
    kept = [
        loss
        for loss in value["losses"]
        if (loss["name"], loss["value"]) not in hidden and shows(loss["lost"], hide=is_small(loss["n"]))
    ]
    left_value = value | {"losses": _losses(kept)}
    shift, of_headline = value.get("shift"), left["headline"]["figures"]
    if shift and (not shows(shift["shift"]) or of_headline.get("value_total") == NOTHING):
        left_value["shift"] = None
    if "decisions" in value:
        left_value["decisions"] = None
    average = value.get("loss_average")
    if average and (not shows(average) or of_headline.get("value_total") == NOTHING):
        left_value["loss_average"] = NOTHING
    return left_value | {
        "by_error": [] if of_whole.get("accuracy_point_value") == NOTHING else value["by_error"],
        "threshold": _threshold(threshold) if threshold and accuracy != NOTHING else None,
        "next_labels": None if is_difference_hidden else value.get("next_labels"),
    }


def _losses(kept: list[Loss]) -> list[Loss]:
    """Drop from each loss the overlaps with slices that are not shown."""
    names = {(loss["name"], loss["value"]) for loss in kept}
    return [
        loss | {"overlaps": [each for each in loss.get("overlaps", []) if (each["name"], each["value"]) in names]}
        for loss in kept
    ]


def _overrides(groups: list[Override]) -> list[Override]:
    """Hide groups of single cases: each kind of group is a partition of all predictions with an action."""
    whole = groups[0]
    left: list[Override] = []
    for kind in dict.fromkeys((group["kind"], group["name"]) for group in groups):
        pieces = [group for group in groups if (group["kind"], group["name"]) == kind]
        small = hidden_with([each["n"] for each in pieces], rest=max(whole["n"] - sum(each["n"] for each in pieces), 0))
        told = [each["known"] for each in pieces]
        small_known = hidden_with(told, rest=max(whole["known"] - sum(told), 0))
        for place, piece in enumerate(pieces):
            hide = {"known": 0, "right": NOTHING, "worth": NOTHING} if place in small | small_known else {}
            hide |= {"departures": 0, "departed": NOTHING} if place in small else {}
            left.append(cast(Override, {**piece, **hide}))
    return left


def _reveals(groups: list[RevealGroup]) -> list[RevealGroup]:
    """Leave out groups of single cases, and figures that few answers of the others give. Each kind is a partition."""
    whole, *others = groups
    if is_small(whole["cases"]):
        return []
    kinds = dict.fromkeys(each["kind"] for each in others)
    left = [_reveals_of([each for each in others if each["kind"] == kind], whole) for kind in kinds]
    return [whole | {"figures": figures_of(whole["figures"])}, *(each for pieces in left for each in pieces)]


def _reveals_of(pieces: list[RevealGroup], whole: RevealGroup) -> list[RevealGroup]:
    # Answers of which nobody noted what was looked at are in no piece of their kind.
    rest = max(0, whole["answers"] - sum(each["answers"] for each in pieces))
    small = hidden_with([each["cases"] for each in pieces], rest=rest)
    left = [each | {"figures": dict(each["figures"])} for each in pieces]
    for metric, figure in whole["figures"].items():
        told = [labels_told(each["figures"][metric]) for each in left]
        rest = max(0, labels_told(figure) - sum(told))
        for place in range(len(left)) if is_small(labels_told(figure)) else hidden_with(told, rest=rest):
            left[place]["figures"][metric] = NOTHING
    return [each for place, each in enumerate(left) if place not in small]


def _threshold(curve: ThresholdSection) -> ThresholdSection:
    """Keep thresholds with ten predictions between them: the step from one to the next is a figure of those."""
    kept: list[int] = []
    for place, above in enumerate(curve["above"]):
        if not kept or curve["above"][kept[-1]] - above >= LEAST:
            kept.append(place)
    return cast(
        ThresholdSection,
        {
            **curve,
            **{
                column: [curve[column][place] for place in kept]
                for column in ("scores", "above", "value", "band_low", "band_high")
            },
        },
    )


def _caveats(caveats: list[Caveat], left: Document) -> list[Caveat]:
    """Leave out what few labels say, and add that figures are hidden."""
    by_chance = [entry["details"]["labels"] for entry in caveats if entry["code"] == "few_floor_labels"]
    if any(labels < LEAST for labels in by_chance):
        caveats = [entry for entry in caveats if entry["code"] != "missed_errors"]
    is_hidden = any(result["code"] == HIDDEN for result in left["results"])
    return [*caveats, {"code": "small_hidden", "details": {}}] if is_hidden else caveats
