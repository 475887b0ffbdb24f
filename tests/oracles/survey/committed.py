"""The rows that R's survey package was given, and what it made of them."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

HERE = Path(__file__).parent


class Figure(NamedTuple):
    """A figure of R's; low and high are nan where it gives no interval."""

    value: float
    se: float
    low: float
    high: float


def rows(name):
    """A table of this folder, as an array with named columns."""
    return np.genfromtxt(HERE / f"{name}.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")


def figures():
    """Every figure of `figures.R`, by name."""
    with (HERE / "figures.csv").open(encoding="utf-8", newline="") as lines:
        table = list(csv.DictReader(lines))
    return {row["name"]: Figure(*(float(row[part] or "nan") for part in Figure._fields)) for row in table}
