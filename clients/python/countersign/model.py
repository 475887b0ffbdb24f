"""One monitored model: its registration, its traffic, its labels and its reports."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from countersign import labels as exports
from countersign.connection import Connection
from countersign.documents import Limits, part
from countersign.progress import Progress
from countersign.pushing import BATCH_ROWS, PushResult, push
from countersign.reports import ReportRequest
from countersign.sources import Source
from countersign.waiting import wait_until

if TYPE_CHECKING:
    import pandas as pd


class Model:
    """A model of the key's project, by its name."""

    def __init__(self, connection: Connection, name: str, *, limits: Callable[[], Limits]) -> None:
        self.name = name
        self._connection = connection
        self._limits = limits
        self._path = f"models/{part(name)}"

    def register(self, document: dict[str, Any]) -> dict[str, Any]:
        """Register the model or change it; fields left out keep what they were. The model as it is now."""
        answer: dict[str, Any] = self._connection.put(self._path, document)
        return answer

    def describe(self) -> dict[str, Any]:
        """The model as it is registered, with its queues."""
        answer: dict[str, Any] = self._connection.get(self._path)
        return answer

    def policies(self) -> dict[str, Any]:
        """What is drawn, and into which queues."""
        answer: dict[str, Any] = self._connection.get(f"{self._path}/policies")
        return answer

    def set_policies(self, document: dict[str, Any]) -> dict[str, Any]:
        """Change what is drawn from now on."""
        answer: dict[str, Any] = self._connection.put(f"{self._path}/policies", document)
        return answer

    def push_predictions(
        self,
        source: Source,
        *,
        batch_rows: int = BATCH_ROWS,
        run: str | None = None,
        progress: Progress = False,
    ) -> PushResult:
        """Send predictions from dicts, a DataFrame, an Arrow table or reader, or a .parquet or .ndjson file.

        Rows that are not acceptable come back in `rejected`; the others are stored when this returns. With a `run`
        (a name for this very push), the same call after a crash stores nothing twice and counts as the first one did.
        """
        return self._push("predictions", source, batch_rows=batch_rows, run=run, progress=progress)

    def push_outcomes(
        self,
        source: Source,
        *,
        batch_rows: int = BATCH_ROWS,
        run: str | None = None,
        progress: Progress = False,
    ) -> PushResult:
        """Send outcomes: `id`, `outcome`, `occurred_at`; also before their predictions, again, or corrected."""
        return self._push("outcomes", source, batch_rows=batch_rows, run=run, progress=progress)

    def _push(self, kind: str, source: Source, *, batch_rows: int, run: str | None, progress: Progress) -> PushResult:
        path = f"{self._path}/{kind}"
        limits = self._limits()
        return push(self._connection, path, source, limits=limits, batch_rows=batch_rows, run=run, progress=progress)

    def wait_until_drawn(self, timeout: float = 600.0) -> None:
        """Until every prediction is drawn or left out, and what is drawn can be claimed. Raises TimeoutError."""
        self._wait_until_consumed("draw", "open_items", timeout=timeout)

    def wait_until_resolved(self, timeout: float = 600.0) -> None:
        """Until every outcome has reached its prediction. Raises TimeoutError."""
        self._wait_until_consumed("resolve", timeout=timeout)

    def _wait_until_consumed(self, *stages: str, timeout: float) -> None:
        def due() -> int:
            waiting = self._connection.get(f"{self._path}/batches")["due"]
            return sum(waiting[stage] for stage in stages)

        wait_until(due, lambda batches: not batches, timeout=timeout, what=f"{self.name}: {', '.join(stages)}")

    def last_seq(self) -> int:
        """The newest number of the record of what is believed true; it rises with every change."""
        return int(self._connection.get(f"{self._path}/labels", limit=1)["seq"])

    def labels(self, *, seq: int | None = None) -> Iterator[dict[str, Any]]:
        """Every resolved label, with its source and weight, as of `seq` (now, if not given)."""
        return exports.labels(self._connection, f"{self._path}/labels", seq=seq)

    def labels_frame(self, *, seq: int | None = None) -> "pd.DataFrame":
        """The same as a DataFrame."""
        return exports.labels_frame(self._connection, f"{self._path}/labels", seq=seq)

    def save_labels(self, file: str | Path, *, seq: int | None = None) -> Path:
        """The same into a .csv, .ndjson or .parquet file, streamed."""
        return exports.save_labels(self._connection, f"{self._path}/labels", Path(file), seq=seq)

    def request_report(
        self,
        kind: str,
        start: date | str,
        end: date | str,
        *,
        as_of: datetime | str | None = None,
        slices: Sequence[str] | None = None,
    ) -> ReportRequest:
        """Ask for a "performance", "baseline" or "value" report on the days in [start, end)."""
        body: dict[str, Any] = {"kind": kind, "start": str(start), "end": str(end)}
        if as_of is not None:
            body["as_of"] = as_of.isoformat() if isinstance(as_of, datetime) else as_of
        if slices is not None:
            body["slices"] = list(slices)
        return self.report(self._connection.post(f"{self._path}/reports", body)["id"])

    def report(self, number: int) -> ReportRequest:
        """A report that was asked for earlier."""
        return ReportRequest(self._connection, number)
