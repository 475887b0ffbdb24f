"""Reports: ask for one, wait for it, read its figures."""

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
    """A report, or how far it is. Each result has its interval beside its value, or a code where there is no number."""

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
        """The results, one a row; the slice in two columns, `slice.name` and `slice.value`."""
        import pandas as pd  # noqa: PLC0415  # an extra, needed here only

        rows = []
        for result in self.results:
            where = result["slice"] or {"name": None, "value": None}
            rest = {name: value for name, value in result.items() if name not in {"metric", "slice"}}
            rows.append({"metric": result["metric"], "slice.name": where["name"], "slice.value": where["value"]} | rest)
        return pd.DataFrame(rows)


class ReportRequest:
    """A report that was asked for."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.id = number
        self._connection = connection

    def read(self) -> Report:
        """The report as it is now."""
        return read(Report, self._connection.get(f"reports/{self.id}"))

    def wait(self, timeout: float = 600.0) -> Report:
        """The report once it is done. Raises ReportFailedError, TimeoutError."""
        report = wait_until(self.read, lambda each: each.is_finished, timeout=timeout, what=f"report {self.id}")
        if report.status != "done":
            raise ReportFailedError(f"{report.kind} report {report.id}: {report.error or report.status}")
        return report
