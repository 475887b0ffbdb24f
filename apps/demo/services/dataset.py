"""The census data of the demo (see data/README.md)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from apps.demo.services.codebook import FEATURES

FOLDER = Path(__file__).resolve().parents[1] / "data"


@dataclass(frozen=True)
class People:
    """People of the census, one row each, sorted by id."""

    ids: NDArray[np.int64]
    # people × FEATURES
    features: NDArray[np.int16]
    # the truth; for production rows it becomes known weeks later
    employed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)


def load_reference() -> People:
    """Load the people of 2015, on whom the model is trained."""
    rows = pq.read_table(FOLDER / "reference.parquet")
    return _people(rows, employed=rows["employed"])


def load_production(*, limit: int | None = None) -> People:
    """Load the people of 2016 to 2018, for whom the model predicts."""
    rows = pq.read_table(FOLDER / "production.parquet")
    outcomes = pq.read_table(FOLDER / "outcomes.parquet")
    if not rows["id"].equals(outcomes["id"]):
        raise ValueError("outcomes.parquet and production.parquet have different ids")
    return _people(rows.slice(0, limit), employed=outcomes["employed"].slice(0, limit))


def _people(rows: Any, *, employed: Any) -> People:
    return People(
        ids=rows["id"].to_numpy().astype(np.int64),
        features=np.column_stack([rows[name].to_numpy() for name in FEATURES]),
        employed=employed.to_numpy() == 1,
    )
