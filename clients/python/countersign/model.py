"""One monitored model: registration, pushes, labels and reports."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from countersign import labels as exports
from countersign import training
from countersign.connection import Connection
from countersign.documents import Limits, part
from countersign.progress import Progress
from countersign.pushing import BATCH_ROWS, PushResult, push
from countersign.reports import ReportRequest, StoredReport, stored_reports
from countersign.sources import Source
from countersign.training import StudyRequest
from countersign.waiting import wait_until

if TYPE_CHECKING:
    import pandas as pd

# What the service waits at most in one call, and the pause before the next.
LONGEST_WAIT = 20.0
LOOK_SECONDS = 1.0
EVENTS_PER_PAGE = 1_000


class Model:
    """A model in the key's project, by name."""

    def __init__(self, connection: Connection, name: str, *, limits: Callable[[], Limits]) -> None:
        self.name = name
        self._connection = connection
        self._limits = limits
        self._path = f"models/{part(name)}"

    def register(self, document: dict[str, Any]) -> dict[str, Any]:
        """Register the model or change it, and return it. Fields that are left out keep their values."""
        answer: dict[str, Any] = self._connection.put(self._path, document)
        return answer

    def describe(self) -> dict[str, Any]:
        """Return the registered model with its queues."""
        answer: dict[str, Any] = self._connection.get(self._path)
        return answer

    def policies(self) -> dict[str, Any]:
        """Return what is drawn, and into which queues."""
        answer: dict[str, Any] = self._connection.get(f"{self._path}/policies")
        return answer

    def set_policies(self, document: dict[str, Any]) -> dict[str, Any]:
        """Change what is drawn from now on."""
        answer: dict[str, Any] = self._connection.put(f"{self._path}/policies", document)
        return answer

    def register_file(
        self, version: str, file: str | Path, *, document: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Register the file of a version, and return it: XGBoost JSON, LightGBM text, ONNX or skops.

        `document` says how to feed it: the order of its features, their encodings, and how to read its output.
        """
        path = Path(file)
        parts = {"document": json.dumps(document or {})}
        answer: dict[str, Any] = self._connection.call(
            "POST", self._file_path(version), data=parts, files={"file": (path.name, path.read_bytes())}
        )
        return answer

    def file(self, version: str) -> dict[str, Any]:
        """Return the file of a version, and how many stored predictions it reproduces."""
        answer: dict[str, Any] = self._connection.get(self._file_path(version))
        return answer

    def wait_until_checked(self, version: str, timeout: float = 600.0) -> dict[str, Any]:
        """Wait until the file of a version is compared with stored predictions, and return it. Raises TimeoutError."""
        return wait_until(
            lambda: self.file(version),
            lambda file: file["state"] != "checking",
            timeout=timeout,
            what=f"{self.name}: the check of the file of {version}",
        )

    def _file_path(self, version: str) -> str:
        return f"{self._path}/versions/{part(version)}/artifact"

    def push_predictions(
        self,
        source: Source,
        *,
        batch_rows: int = BATCH_ROWS,
        run: str | None = None,
        progress: Progress = False,
    ) -> PushResult:
        """Send predictions from dicts, a DataFrame, an Arrow table or reader, or a .parquet or .ndjson file.

        Rejected rows come back in `rejected`; all others are stored when this returns. Name the push with `run` to
        repeat it safely: after a crash, the same call stores nothing twice and returns the same counts.
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
        """Send outcomes: `id`, `outcome`, `occurred_at`. They may come early, repeat, or correct earlier ones."""
        return self._push("outcomes", source, batch_rows=batch_rows, run=run, progress=progress)

    def push_actions(
        self,
        source: Source,
        *,
        batch_rows: int = BATCH_ROWS,
        run: str | None = None,
        progress: Progress = False,
    ) -> PushResult:
        """Send what was really done: `id`, `action`, `taken_at`, and who did it in `by`."""
        return self._push("actions", source, batch_rows=batch_rows, run=run, progress=progress)

    def verdict(self, prediction: str, *, timeout: float = 0.0) -> dict[str, Any]:
        """Return the verdict on a prediction sent with `hold_until`, waiting for it up to `timeout` seconds.

        Its `status` is "human", "default", or "waiting" where nobody has settled it yet and its time is not over.
        """
        until = time.monotonic() + timeout
        while True:
            wait = min(max(until - time.monotonic(), 0.0), LONGEST_WAIT)
            answer: dict[str, Any] = self._connection.get(
                f"{self._path}/predictions/{part(prediction)}/verdict", wait=wait
            )
            if answer["status"] != "waiting" or time.monotonic() >= until:
                return answer
            time.sleep(min(LOOK_SECONDS, max(until - time.monotonic(), 0.0)))

    def events(self, *, after: int = 0) -> Iterator[dict[str, Any]]:
        """Iterate over what has been decided since the event with this number: settled reviews and more.

        Keep `event["data"]["seq"]` of the last one, to read on from there.
        """
        while True:
            page = self._connection.get(f"{self._path}/events", after=after, limit=EVENTS_PER_PAGE)
            yield from page["events"]
            if len(page["events"]) < EVENTS_PER_PAGE:
                return
            after = page["next"]

    def _push(self, kind: str, source: Source, *, batch_rows: int, run: str | None, progress: Progress) -> PushResult:
        path = f"{self._path}/{kind}"
        limits = self._limits()
        return push(self._connection, path, source, limits=limits, batch_rows=batch_rows, run=run, progress=progress)

    def wait_until_drawn(self, timeout: float = 600.0) -> None:
        """Wait until every prediction is drawn or left out, and drawn cases can be claimed. Raises TimeoutError."""
        self._wait_until_consumed("draw", "open_items", timeout=timeout)

    def wait_until_resolved(self, timeout: float = 600.0) -> None:
        """Wait until every outcome is joined with its prediction. Raises TimeoutError."""
        self._wait_until_consumed("resolve", timeout=timeout)

    def _wait_until_consumed(self, *stages: str, timeout: float) -> None:
        def due_batches() -> int:
            due = self._connection.get(f"{self._path}/batches")["due"]
            return sum(due[stage] for stage in stages)

        wait_until(due_batches, lambda batches: batches == 0, timeout=timeout, what=f"{self.name}: {', '.join(stages)}")

    def last_seq(self) -> int:
        """Return the number of the newest resolution. It rises with every change of what is believed true."""
        return int(self._connection.get(f"{self._path}/labels", limit=1)["seq"])

    def labels(self, *, seq: int | None = None) -> Iterator[dict[str, Any]]:
        """Iterate over all resolved labels with source and weight, as of `seq` or now."""
        return exports.labels(self._connection, f"{self._path}/labels", seq=seq)

    def labels_frame(self, *, seq: int | None = None) -> "pd.DataFrame":
        """Return all resolved labels as a DataFrame."""
        return exports.labels_frame(self._connection, f"{self._path}/labels", seq=seq)

    def save_labels(self, file: str | Path, *, seq: int | None = None) -> Path:
        """Stream all resolved labels into a .csv, .ndjson or .parquet file."""
        return exports.save_labels(self._connection, f"{self._path}/labels", Path(file), seq=seq)

    def training_frame(self, *, seq: int | None = None, test_share: float | None = None) -> "pd.DataFrame":
        """Return labels with their features, weight and split by subject as a DataFrame, as of `seq` or now.

        Train with `weight`, on the rows whose `split` is "train". A fifth of all subjects, or `test_share`, is "test".
        """
        return training.training_frame(self._connection, self._training_path, seq=seq, test_share=test_share)

    def save_training_set(self, file: str | Path, *, seq: int | None = None, test_share: float | None = None) -> Path:
        """Stream labels with their features into a .csv, .ndjson or .parquet file."""
        return exports.save_labels(self._connection, self._training_path, Path(file), seq=seq, test_share=test_share)

    @property
    def _training_path(self) -> str:
        return f"{self._path}/training-set"

    def card(self) -> dict[str, Any]:
        """Return the model card: what is known about the model, each figure with its range and its report."""
        answer: dict[str, Any] = self._connection.get(f"{self._path}/card")
        return answer

    def request_study(self, *, days: int = 180, without_sensitive: bool = False) -> StudyRequest:
        """Ask whether a new model would be better, from the labels of the last 90, 180 or 365 days.

        While a study of the model is under way, that one is returned.
        """
        body = {"days": days, "without_sensitive": without_sensitive}
        return self.study(self._connection.post(f"{self._path}/studies", body)["id"])

    def study(self, number: int) -> StudyRequest:
        """Return an earlier study by the number of its request."""
        return StudyRequest(self._connection, number)

    def request_report(
        self,
        kind: str,
        start: date | str | None = None,
        end: date | str | None = None,
        *,
        window: str | None = None,
        version: str | None = None,
        as_of: datetime | str | None = None,
        slices: Sequence[str] | None = None,
    ) -> ReportRequest:
        """Request a "performance", "baseline" or "value" report on the days in [start, end), or on a `window`.

        Windows are "final_month", "last_month", "this_month", "last_28_days", "this_quarter" and "last_quarter".
        With `version`, the report is about the predictions of this version alone.
        `as_of` leaves out what was drawn or known later; a moment of an earlier day means the end of that day.
        """
        body: dict[str, Any] = {"kind": kind}
        if window is not None:
            body["window"] = window
        if start is not None:
            body["start"] = str(start)
        if end is not None:
            body["end"] = str(end)
        if version is not None:
            body["version"] = version
        if as_of is not None:
            body["as_of"] = as_of.isoformat() if isinstance(as_of, datetime) else as_of
        if slices is not None:
            body["slices"] = list(slices)
        return self.report(self._connection.post(f"{self._path}/reports", body)["id"])

    def reports(self, *, kind: str | None = None, window: str | None = None) -> Iterator[StoredReport]:
        """Yield the stored reports, the newest first: of one kind, or on the present days of a window."""
        return stored_reports(self._connection, f"{self._path}/reports", kind=kind, window=window)

    def report(self, number: int) -> ReportRequest:
        """Return an earlier request by its number."""
        return ReportRequest(self._connection, number)
