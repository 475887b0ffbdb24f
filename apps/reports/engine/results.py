"""The figures of a document as one flat list, the form that the API returns."""

from collections.abc import Iterator

from apps.reports.engine.document import Document, Figure, Part, Result, SliceKey
from apps.reports.engine.pictured import Pictures

PARTS: tuple[Part, ...] = ("all", "closed", "open")


def results_of(document: Document) -> Iterator[Result]:
    """Flatten the figures: the whole window, its parts, stretches of time, slices, and those of the pictures."""
    window = document["window"]
    whole = (window["start"], window["end"])
    spans = {part["part"]: (part["start"], part["end"]) for part in document["parts"]}
    for part in PARTS:
        for metric, figure in document["sections"].get(part, {}).items():
            yield _result(metric, figure, spans.get(part, whole), part=part)
    for point in document["series"]:
        for metric, figure in point["figures"].items():
            yield _result(metric, figure, (point["start"], point["end"]))
    for piece in document["slices"]:
        key: SliceKey = {"name": piece["name"], "value": piece["value"]}
        for metric, figure in piece["figures"].items():
            yield _result(metric, figure, whole, key=key)
    if pictures := document.get("pictures"):
        part = pictures["part"]
        for metric, figure in _of_pictures(pictures):
            yield _result(metric, figure, spans.get(part, whole), part=part)


def _of_pictures(pictures: Pictures) -> Iterator[tuple[str, Figure]]:
    """Name the figures of pictures: by classes, by the mean score or level of a group, by threshold."""
    yield from pictures["answers"]["figures"].items()
    if matrix := pictures["matrix"]:
        names = ["+".join(group) for group in matrix["groups"]]
        for said, row in zip(names, matrix["rows"], strict=True):
            for true, share in zip(names, row["shares"], strict=True):
                yield f"true_of_said:{said}:{true}", share
    for group in pictures["calibration"]:
        yield f"came_true:{group['stated']:.4g}", group["figure"]
    for bar in pictures["scores"]:
        yield f"positive_of_said:{bar['said']}:{bar['low']:.4g}", bar["positive"]
    for point in pictures["thresholds"]["points"] if pictures["thresholds"] else ():
        for metric, figure in point["figures"].items():
            yield f"{metric}_from:{point['score']:.4g}", figure
    for level in pictures["levels"]:
        yield f"bias_at:{level['stated']:.4g}", level["bias"]
        yield f"mae_at:{level['stated']:.4g}", level["error"]


def _result(
    metric: str, figure: Figure, span: tuple[str, str], *, part: Part = "all", key: SliceKey | None = None
) -> Result:
    start, end = span
    return {"metric": metric, "slice": key, "start": start, "end": end, "part": part, **figure}
