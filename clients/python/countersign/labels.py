"""Resolved labels, with the probability of their draw: one by one, as a frame, or as a file."""

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
    """All labels as of one number of the record, page by page, so that a lost connection costs a page."""
    cursor = 0
    while cursor is not None:
        asked = {"cursor": cursor, "limit": PAGE} | ({} if seq is None else {"seq": seq})
        page = connection.get(path, **asked)
        yield from page["labels"]
        # What comes in between two pages is not in the second either.
        cursor, seq = page["next"], page["seq"]


def labels_frame(connection: Connection, path: str, *, seq: int | None) -> "pd.DataFrame":
    """All labels, one a row."""
    import pandas as pd  # noqa: PLC0415  # an extra, needed here only

    frame = pd.DataFrame.from_records(list(labels(connection, path, seq=seq)))
    for name in MOMENTS:
        if name in frame:
            frame[name] = pd.to_datetime(frame[name], format="ISO8601", utc=True)
    return frame


def save_labels(connection: Connection, path: str, file: Path, *, seq: int | None) -> Path:
    """Stream all labels into a file, in the form that its name says. Raises ValueError for other names."""
    form = FORMATS.get(file.suffix.lower())
    if form is None:
        raise ValueError(f"{file.name}: labels come as {', '.join(sorted(FORMATS))}.")
    asked = {"format": form} | ({} if seq is None else {"seq": seq})
    # Under its name only once it is whole.
    draft = file.with_name(file.name + ".part")
    try:
        with connection.stream(path, **asked) as response, draft.open("wb") as out:
            for piece in response.iter_bytes():
                out.write(piece)
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)
    return file
