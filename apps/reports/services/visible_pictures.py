"""What a reader below engineer sees of a report's pictures: no single cases, and no sensitive features."""

from typing import TypeVar

from apps.reports.engine.document import Figure
from apps.reports.engine.pictured import (
    Answers,
    AtScore,
    Bar,
    Level,
    MatrixPicture,
    Pictures,
    Stated,
    ThresholdPicture,
    WeakPicture,
)
from apps.reports.services.small_cases import LEAST, NOTHING, figures_of, hidden_with, is_small, shows

Group = TypeVar("Group", Stated, Level)


def without_sensitive(pictures: Pictures, features: set[str]) -> Pictures:
    """Leave out weak spots of features that are sensitive, or were when the report was made."""
    weak = pictures.get("weak")
    if not weak:
        return pictures
    spots = [
        spot
        for spot in weak["spots"]
        if not any(part["is_sensitive"] or part["feature"] in features for part in spot["parts"])
    ]
    return {**pictures, "weak": {**weak, "spots": spots}}


def without_few(pictures: Pictures, *, hidden: set[str]) -> Pictures | None:
    """Hide parts of fewer than ten predictions or labels; nothing is left where the part itself has no more."""
    if pictures["part"] in hidden:
        return None
    matrix, thresholds, weak = pictures["matrix"], pictures["thresholds"], pictures.get("weak")
    return {
        **pictures,
        "answers": _answers(pictures["answers"]),
        "matrix": matrix and _matrix(matrix),
        "calibration": _groups(pictures["calibration"], "figure"),
        "scores": _bars(pictures["scores"]),
        "thresholds": thresholds and _thresholds(thresholds),
        "levels": _groups(pictures["levels"], "bias", "error"),
        "weak": weak and _weak(weak),
    }


def _answers(answers: Answers) -> Answers:
    return {**answers, "figures": figures_of(answers["figures"])}


def _matrix(matrix: MatrixPicture) -> MatrixPicture:
    """Hide small cells, and with each row the next smallest; a row or column then has no figure that gives it away."""
    counts = [[_count(row["n"], share) for share in row["shares"]] for row in matrix["rows"]]
    hidden = {(i, j) for i, row in enumerate(counts) for j in hidden_with(row)}
    for j in range(len(matrix["groups"])):
        hidden |= {(i, j) for i in hidden_with([row[j] for row in counts])}
    rows = [
        {
            **row,
            "shares": [
                NOTHING if (i, j) in hidden or not shows(share) else share for j, share in enumerate(row["shares"])
            ],
        }
        for i, row in enumerate(matrix["rows"])
    ]
    found = [
        NOTHING if any((i, j) in hidden for i in range(len(rows))) or not shows(figure) else figure
        for j, figure in enumerate(matrix["found"])
    ]
    return {**matrix, "rows": rows, "found": found}  # type: ignore[typeddict-item]  # rows keep their shape


def _count(n: int, share: Figure) -> int:
    return round(n * share["value"]) if share["value"] is not None else 0


def _groups(groups: list[Group], *figures: str) -> list[Group]:
    """Leave out groups of single cases: those of a picture are a partition of the part."""
    sizes = [min(group["n"], *(_labels(group[name]) for name in figures)) for group in groups]  # type: ignore[literal-required]  # names of its figures
    small = hidden_with(sizes)
    return [group for place, group in enumerate(groups) if place not in small]


def _labels(figure: Figure) -> int:
    return figure["n"] if figure["value"] is not None else LEAST


def _bars(bars: list[Bar]) -> list[Bar]:
    small = hidden_with([min(bar["n"], _labels(bar["positive"])) for bar in bars])
    left = [bar for place, bar in enumerate(bars) if place not in small]
    return [{**bar, "positive": NOTHING} if any(is_small(n) for n in _divided(bar)) else bar for bar in left]


def _divided(bar: Bar) -> tuple[int, int]:
    positive = _count(bar["n"], bar["positive"])
    return positive, bar["n"] - positive if bar["positive"]["value"] is not None else 0


def _thresholds(picture: ThresholdPicture) -> ThresholdPicture:
    """Keep thresholds with ten predictions between them: the step from one to the next is a figure of those."""
    kept: list[AtScore] = []
    for point in picture["points"]:
        if point["above"] >= LEAST and (not kept or kept[-1]["above"] - point["above"] >= LEAST):
            kept.append({**point, "figures": figures_of(point["figures"])})
    return {**picture, "points": kept}


def _weak(weak: WeakPicture) -> WeakPicture:
    spots = [spot for spot in weak["spots"] if spot["n"] >= LEAST and spot["labels"] >= LEAST]
    return {**weak, "spots": spots}
