"""The figures of a report as rows of a file: of the window, its parts, its course and its slices."""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.reports.engine.document import Result

# What each column holds: see `apps.common.exports`.
COLUMNS: Mapping[str, str] = {
    "metric": "text",
    "slice": "text",
    "slice_value": "text",
    "part": "text",
    "start": "text",
    "end": "text",
    "value": "number",
    "low": "number",
    "high": "number",
    "method": "text",
    "n": "integer",
    "n_eff": "number",
    "outcomes": "integer",
    "reviews": "integer",
    "response_rate": "number",
    "outcome_share": "number",
    "covered_share": "number",
    "code": "text",
}
NAMED = ("slice", "slice_value")


def figure_rows(results: list[Result]) -> Iterator[dict[str, Any]]:
    """Yield the results of a document that its reader may see."""
    for result in results:
        key = result["slice"]
        known = {name: result.get(name) for name in COLUMNS if name not in NAMED}
        yield known | {"slice": key["name"] if key else None, "slice_value": key["value"] if key else None}
