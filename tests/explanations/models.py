"""Models small enough to reason about, as files."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

FEATURES = ("age", "hours", "sex")


@cache
def trained() -> Any:
    """A booster of three numbers: the older and the busier, the likelier."""
    import xgboost as xgb  # slow to import

    rng = np.random.default_rng(7)
    rows = np.column_stack([rng.integers(17, 90, 800), rng.integers(0, 60, 800), rng.integers(1, 3, 800)])
    score = 0.06 * (rows[:, 0] - 50) + 0.05 * (rows[:, 1] - 30)
    labels = rng.random(800) < 1 / (1 + np.exp(-score))
    matrix = xgb.DMatrix(rows.astype(np.float32), labels, feature_names=list(FEATURES))
    return xgb.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1, "seed": 7}, matrix, 20)


@cache
def model_file() -> bytes:
    """The booster as JSON."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        trained().save_model(path)
        return path.read_bytes()


def scores(rows: list[dict[str, Any]]) -> list[float]:
    """What the booster says of rows, as xgboost computes it in this process."""
    import xgboost as xgb  # slow to import

    table = np.array(
        [[np.nan if row.get(name) is None else float(row[name]) for name in FEATURES] for row in rows], dtype=np.float32
    )
    return [float(each) for each in trained().predict(xgb.DMatrix(table, feature_names=list(FEATURES)))]
