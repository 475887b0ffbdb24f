"""Training again: whether a new model would be better, and the labels to make it from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from countersign.connection import Connection
from countersign.documents import read
from countersign.errors import StudyFailedError, StudyRefusedError
from countersign.waiting import wait_until

if TYPE_CHECKING:
    import pandas as pd

PAGE = 1_000


@dataclass(frozen=True)
class Study:
    """What a new model would gain over the present one, or the progress of finding out.

    `headline` is the advice in a sentence. `advice["gain"]` has the gain with its range; above 0 a new model is better.
    """

    id: int
    status: str
    progress: float
    error: str
    refusal: str
    days: int
    seq: int | None
    headline: str
    metric: str
    unit: str
    advice: dict[str, Any] | None
    curve: list[dict[str, Any]]
    money: dict[str, Any] | None
    slices: list[dict[str, Any]]
    weak: list[dict[str, Any]]

    @property
    def is_finished(self) -> bool:
        return self.status in {"done", "refused", "failed"}


class StudyRequest:
    """A requested study."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.id = number
        self._connection = connection

    def read(self) -> Study:
        """Return the study in its current state."""
        return read(Study, self._connection.get(f"studies/{self.id}"))

    def wait(self, timeout: float = 600.0) -> Study:
        """Wait for the study and return it. Raises StudyRefusedError, StudyFailedError, TimeoutError."""
        study = wait_until(self.read, lambda each: each.is_finished, timeout=timeout, what=f"study {self.id}")
        if study.status == "refused":
            raise StudyRefusedError(study.refusal)
        if study.status != "done":
            raise StudyFailedError(f"study {study.id}: {study.error or study.status}")
        return study


def training_rows(
    connection: Connection, path: str, *, seq: int | None, test_share: float | None
) -> Iterator[dict[str, Any]]:
    """Yield the rows of the training set as of one resolution number, page by page."""
    cursor = 0
    while cursor is not None:
        page = connection.get(path, cursor=cursor, limit=PAGE, **asked(seq, test_share))
        yield from page["rows"]
        # Later pages keep the number of the first, so new labels do not appear halfway.
        cursor, seq = page["next"], page["seq"]


def training_frame(connection: Connection, path: str, *, seq: int | None, test_share: float | None) -> "pd.DataFrame":
    """Return the training set, one row per label and one column `features.<name>` per feature."""
    import pandas as pd  # noqa: PLC0415  # an optional dependency

    rows = training_rows(connection, path, seq=seq, test_share=test_share)
    flat = [{f"features.{name}": value for name, value in each.pop("features").items()} | each for each in rows]
    frame = pd.DataFrame.from_records(flat)
    if "predicted_at" in frame:
        frame["predicted_at"] = pd.to_datetime(frame["predicted_at"], format="ISO8601", utc=True)
    return frame


def asked(seq: int | None, test_share: float | None) -> dict[str, Any]:
    """Return the query of a training set."""
    return {name: value for name, value in (("seq", seq), ("test_share", test_share)) if value is not None}
