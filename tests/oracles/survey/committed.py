"""The input of R's survey package, and its results."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

HERE = Path(__file__).parent


class Figure(NamedTuple):
    """A figure computed by R; low and high are nan where it gives no interval."""

    value: float
    se: float
    low: float
    high: float


def rows(name):
    """Read a table of this folder as an array with named columns."""
    return np.genfromtxt(HERE / f"{name}.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")


def figures():
    """Read every figure of `figures.R`, by name."""
    with (HERE / "figures.csv").open(encoding="utf-8", newline="") as lines:
        table = list(csv.DictReader(lines))
    return {row["name"]: Figure(*(float(row[part] or "nan") for part in Figure._fields)) for row in table}
