"""Reports: request one, wait for it, read its figures, list those stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from countersign.connection import Connection
from countersign.documents import read
from countersign.errors import ReportFailedError
from countersign.waiting import wait_until

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Report:
    """A report, or its progress. Each result has a value with its range, or a code if there is no number."""

    id: int
    status: str
    progress: float
    error: str
    kind: str
    start: str
    end: str
    as_of: str | None
    seq: int | None
    results: list[dict[str, Any]]
    caveats: list[Any]
    restatements: list[dict[str, Any]]

    @property
    def is_finished(self) -> bool:
        return self.status in {"done", "failed"}

    def frame(self) -> "pd.DataFrame":
        """Return the results, one per row. The columns `slice.name` and `slice.value` hold the slice."""
        import pandas as pd  # noqa: PLC0415  # an optional dependency

        rows = []
        for result in self.results:
            part = result["slice"] or {"name": None, "value": None}
            rest = {name: value for name, value in result.items() if name not in {"metric", "slice"}}
            rows.append({"metric": result["metric"], "slice.name": part["name"], "slice.value": part["value"]} | rest)
        return pd.DataFrame(rows)


@dataclass(frozen=True)
class StoredReport:
    """A stored report in a list. `Model.report(id)` reads its figures."""

    id: int | None
    report: int
    kind: str
    start: str
    end: str
    version: str | None
    as_of: str
    seq: int
    is_final: bool


def stored_reports(
    connection: Connection, path: str, *, kind: str | None, window: str | None
) -> Iterator[StoredReport]:
    """Yield the reports that these filters keep, page by page."""
    asked = {name: value for name, value in (("kind", kind), ("window", window)) if value is not None}
    cursor: dict[str, int] | None = {}
    while cursor is not None:
        page = connection.get(path, **asked, **cursor)
        yield from (read(StoredReport, each) for each in page["reports"])
        cursor = {"cursor": page["next"]} if page["next"] else None


class ReportRequest:
    """A requested report."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.id = number
        self._connection = connection

    def read(self) -> Report:
        """Return the report in its current state."""
        return read(Report, self._connection.get(f"reports/{self.id}"))

    def wait(self, timeout: float = 600.0) -> Report:
        """Wait for the report and return it. Raises ReportFailedError, TimeoutError."""
        report = wait_until(self.read, lambda each: each.is_finished, timeout=timeout, what=f"report {self.id}")
        if report.status != "done":
            raise ReportFailedError(f"{report.kind} report {report.id}: {report.error or report.status}")
        return report
