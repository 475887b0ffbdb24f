"""The census rows that the demo lives on (see data/README.md)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parents[1] / "data"
FEATURES = (
    "AGEP", "SCHL", "MAR", "RELP", "DIS", "ESP", "CIT", "MIG",
    "MIL", "ANC", "NATIVITY", "DEAR", "DEYE", "DREM", "SEX", "RAC1P",
)  # fmt: skip


@dataclass(frozen=True)
class People:
    """One row a person, in the order of the ids."""

    ids: NDArray[np.int64]
    # people × FEATURES
    features: NDArray[np.int16]
    # the truth; of production rows it becomes known weeks later
    employed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)


def load_reference() -> People:
    """The people of 2015, on whom the model is trained."""
    rows = pq.read_table(FOLDER / "reference.parquet")
    return _people(rows, employed=rows["employed"])


def load_production(*, limit: int | None = None) -> People:
    """The people of 2016 to 2018, for whom it predicts."""
    rows = pq.read_table(FOLDER / "production.parquet")
    outcomes = pq.read_table(FOLDER / "outcomes.parquet")
    if not rows["id"].equals(outcomes["id"]):
        raise ValueError("outcomes.parquet does not belong to production.parquet")
    return _people(rows.slice(0, limit), employed=outcomes["employed"].slice(0, limit))


def _people(rows: Any, *, employed: Any) -> People:
    return People(
        ids=rows["id"].to_numpy().astype(np.int64),
        features=np.column_stack([rows[name].to_numpy() for name in FEATURES]),
        employed=employed.to_numpy() == 1,
    )
