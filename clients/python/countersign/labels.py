"""Resolved labels with the probability of their draw: one by one, as a frame, or as a file."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from countersign.connection import Connection

if TYPE_CHECKING:
    import pandas as pd

PAGE = 2_000
FORMATS = {".csv": "csv", ".parquet": "parquet", ".ndjson": "ndjson", ".jsonl": "ndjson"}
MOMENTS = ("predicted_at", "resolved_at")


def labels(connection: Connection, path: str, *, seq: int | None) -> Iterator[dict[str, Any]]:
    """Yield all labels as of one resolution number. They come in pages, so a lost connection costs one page."""
    cursor = 0
    while cursor is not None:
        query = {"cursor": cursor, "limit": PAGE} | ({} if seq is None else {"seq": seq})
        page = connection.get(path, **query)
        yield from page["labels"]
        # Later pages keep the number of the first, so new labels do not appear halfway.
        cursor, seq = page["next"], page["seq"]


def labels_frame(connection: Connection, path: str, *, seq: int | None) -> "pd.DataFrame":
    """Return all labels, one per row."""
    import pandas as pd  # noqa: PLC0415  # an optional dependency

    frame = pd.DataFrame.from_records(list(labels(connection, path, seq=seq)))
    for name in MOMENTS:
        if name in frame:
            frame[name] = pd.to_datetime(frame[name], format="ISO8601", utc=True)
    return frame


def save_labels(connection: Connection, path: str, file: Path, **asked: Any) -> Path:
    """Stream the labels that are asked for into a file. Its suffix names the format. Raises ValueError for another."""
    form = FORMATS.get(file.suffix.lower())
    if form is None:
        raise ValueError(f"{file.name}: labels are saved as {', '.join(sorted(FORMATS))}.")
    query = {"format": form} | {name: value for name, value in asked.items() if value is not None}
    # The file gets its name only when it is complete.
    draft = file.with_name(file.name + ".part")
    try:
        with connection.stream(path, **query) as response, draft.open("wb") as out:
            for piece in response.iter_bytes():
                out.write(piece)
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)
    return file
