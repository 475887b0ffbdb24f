"""Numbers against a baseline: how often they differ, which one is closer then, and whose error is smaller."""

from functools import partial

import numpy as np
import pandas as pd

from apps.registry.models import MonitoredModel
from apps.reports.engine.estimating import RegressionFit
from apps.reports.engine.protocol import Compute
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.exact import uncorrected_figure
from apps.stats.estimators.number_losses import uncorrected_error
from apps.stats.estimators.regression import RegressionEstimator


def metrics(fit: RegressionFit, numbers: RegressionEstimator) -> dict[str, Compute]:
    """List the figures that need the truth; the share within the tolerance where the model declares one."""
    found: dict[str, Compute] = {
        "win_rate": partial(numbers.closer, "model"),
        "loss_rate": partial(numbers.closer, "baseline"),
        "tie_rate": partial(numbers.closer, None),
        "mae_gain": partial(numbers.gain, "mae"),
        "mae": partial(numbers.estimate, "mae"),
        "baseline_mae": partial(numbers.estimate, "mae", of="baseline"),
    }
    if fit.has_tolerance:
        found |= {
            "within_gain": partial(numbers.gain, "within"),
            "within": partial(numbers.estimate, "within"),
            "baseline_within": partial(numbers.estimate, "within", of="baseline"),
        }
    return found


def uncorrected(fit: RegressionFit, answered: pd.DataFrame, compared: pd.DataFrame) -> dict[str, Compute]:
    """List the figures of answered items alone; `compared` are those with a baseline."""
    allowed = fit.evidence.model.allowed
    error = partial(uncorrected_error, predicted=answered["predicted"], truth=answered["known"], tolerance=allowed)
    others = partial(uncorrected_error, predicted=compared["baseline"], truth=compared["known"], tolerance=allowed)
    own = partial(uncorrected_error, predicted=compared["predicted"], truth=compared["known"], tolerance=allowed)
    found: dict[str, Compute] = {
        "win_rate": partial(_share_closer, fit, compared),
        "mae": partial(error, "mae"),
        "baseline_mae": partial(others, "mae"),
        "mae_gain": lambda: _less(others("mae"), own("mae")),
    }
    if fit.has_tolerance:
        found |= {
            "within": partial(error, "within"),
            "baseline_within": partial(others, "within"),
            "within_gain": lambda: _less(own("within"), others("within")),
        }
    return found


def closer_counts(rows: pd.DataFrame) -> tuple[int, int]:
    """Count the rows in which the model, and in which the baseline, is closer to `true`."""
    own, others = ((rows[column] - rows["true"]).abs() for column in ("predicted", "baseline"))
    return int((own < others).sum()), int((others < own).sum())


def differing(model: MonitoredModel, rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows in which prediction and baseline are not the same answer."""
    same = model.agrees(rows["predicted"], rows["baseline"])
    return rows[~np.asarray(same, dtype=np.bool_)]


def _share_closer(fit: RegressionFit, compared: pd.DataFrame) -> Estimate:
    rows = differing(fit.evidence.model, compared)
    is_closer = (rows["predicted"] - rows["known"]).abs() < (rows["baseline"] - rows["known"]).abs()
    return uncorrected_figure("accuracy", predicted=np.ones(len(rows)), truth=is_closer)


def _less(one: Estimate, other: Estimate) -> Estimate:
    if one.value is None or other.value is None:
        return missing(one.code or other.code or "no_labels")
    return Estimate(one.value - other.value, None, None, "uncorrected", one.n)
