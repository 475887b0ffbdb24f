"""The figures of a document as one flat list, the form that the API returns."""

from collections.abc import Iterator

from apps.reports.engine.document import Document, Figure, Part, Result, SliceKey

PARTS: tuple[Part, ...] = ("all", "closed", "open")


def results_of(document: Document) -> Iterator[Result]:
    """Flatten the figures: the whole window, its parts, stretches of time, slices."""
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


def _result(
    metric: str, figure: Figure, span: tuple[str, str], *, part: Part = "all", key: SliceKey | None = None
) -> Result:
    start, end = span
    return {"metric": metric, "slice": key, "start": start, "end": end, "part": part, **figure}
